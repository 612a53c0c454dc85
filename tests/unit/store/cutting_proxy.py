"""A way to a database that can be cut: before a commit reaches it, or before the client hears that it is done."""

import contextlib
import re
import socket
import threading

import sqlalchemy as sa

#: Not the level of isolation with which a transaction begins.
_COMMIT = re.compile(rb"COMMIT(?!TED)")


class CuttingProxy:
    """Passes bytes between clients and one server. Use as a context; `url` leads through it."""

    def __init__(self, url: str) -> None:
        address = sa.make_url(url)
        default = 5432 if address.get_backend_name() == "postgresql" else 3306
        self._server = (address.host, address.port or default)
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = address.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
        self.cut: str | None = None  # "before" or "after" the next commit
        self.hangs_up = 0  # on so many clients, before it lets any through
        self._open: list[socket.socket] = []

    def __enter__(self) -> "CuttingProxy":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        for one in self._open:
            _close(one)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.hangs_up:
                    self.hangs_up -= 1
                    _close(client)
                    continue
                server = socket.create_connection(self._server)
                self._open += [client, server]
                lost = threading.Event()
                threading.Thread(target=self._ask, args=(client, server, lost), daemon=True).start()
                threading.Thread(target=self._answer, args=(client, server, lost), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket, lost: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                if self.cut is not None and _COMMIT.search(data):
                    when, self.cut = self.cut, None
                    lost.set()
                    if when == "before":
                        break
                server.sendall(data)
        if not lost.is_set():
            _close(server)
        elif self.cut is None and _COMMIT.search(data):
            _close(server)
            _close(client)

    def _answer(self, client: socket.socket, server: socket.socket, lost: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if lost.is_set():
                    break
                client.sendall(data)
        _close(server)
        _close(client)


def _close(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
