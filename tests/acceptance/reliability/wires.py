"""A network connection that can be cut: it passes bytes between clients and one server until it is told otherwise.

`cut("closed")` ends all connections and lets no new one come about, as a server does that has gone; `cut("silent")`
lets them stand and swallows every byte, as a network does that has lost its way. `mend` ends both.
"""

import contextlib
import selectors
import socket
import threading

import sqlalchemy as sa

_PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306, "rabbit": 5672}


class Wire:
    """A way to the server of a URL (of a database, or a transport URL). `url` leads through it."""

    def __init__(self, url: str) -> None:
        address = sa.make_url(url)
        self._server = (address.host or "127.0.0.1", address.port or _PORTS[address.drivername.split("+")[0]])
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = address.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
        self._state = "whole"
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._closed = False
        threading.Thread(target=self._carry, daemon=True).start()

    def cut(self, how: str) -> None:
        """Let nothing through: `closed` or `silent`."""
        self._state = how
        if how == "closed":
            self._drop_all()

    def mend(self) -> None:
        """Let everything through again. Connections that were silent have lost bytes, and end."""
        lost, self._state = self._state == "silent", "whole"
        if lost:
            self._drop_all()

    def close(self) -> None:
        """Give it up."""
        self._closed = True
        self._drop_all()
        self._listener.close()

    def _carry(self) -> None:
        while not self._closed:
            with contextlib.suppress(OSError, ValueError, KeyError):
                for key, _ in self._selector.select(0.5):
                    if key.fileobj is self._listener:
                        self._accept()
                    else:
                        self._pass(key.fileobj)  # type: ignore[arg-type]

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        if self._state == "closed":
            client.close()
            return
        try:
            server = socket.create_connection(self._server, timeout=5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._pairs[client], self._pairs[server] = server, client
            for one in (client, server):
                self._selector.register(one, selectors.EVENT_READ)

    def _pass(self, source: socket.socket) -> None:
        target = self._pairs[source]
        try:
            data = source.recv(262144)
            if self._state == "silent" and data:
                return
            if data:
                target.sendall(data)
                return
        except OSError:
            pass
        self._drop(source)

    def _drop(self, one: socket.socket) -> None:
        with self._lock:
            other = self._pairs.pop(one, None)
            for each in (one, other):
                if each is None:
                    continue
                self._pairs.pop(each, None)
                with contextlib.suppress(KeyError, ValueError, OSError):
                    self._selector.unregister(each)
                each.close()

    def _drop_all(self) -> None:
        for one in list(self._pairs):
            self._drop(one)
