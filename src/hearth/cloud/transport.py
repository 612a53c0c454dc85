"""One HTTP exchange with a cloud: the only place that knows the HTTP library.

`Transport` is shared by all sessions of a process, so connections are reused over stacks and users. It knows
nothing of tokens or catalogs; it turns "no answer" into `errors.Unavailable` and gives back every answer it gets.
"""

import functools
import logging
import re
import ssl
import time
from collections.abc import AsyncIterable, Mapping
from typing import Any

import aiohttp
import msgspec
import yarl

from hearth.cloud import addresses, answers, call_log, catalog, errors, gates, settings
from hearth.telemetry import metrics, spans, trail

# Apache closes idle connections after 5 s; reusing one at that moment loses the request without a trace.
_IDLE_SECONDS = 4.0
_REQUEST_ID = re.compile(r"req-[0-9a-fA-F-]{36}")
#: Services of which it is remembered how they fare; the one known for longest goes first.
_MOST_GATES = 500
_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Transport:
    """A pool of connections. Used inside one event loop; `close` it at the end."""

    def __init__(self, options: settings.CloudSettings, guard: addresses.FetchRules | None = None) -> None:
        """`guard`: rules for the addresses it may connect to; None: no rules."""
        self._options = options
        self._guard = guard
        self._client: aiohttp.ClientSession | None = None
        self._gates: dict[tuple[str, str], gates.Gate] = {}
        self._timeout = aiohttp.ClientTimeout(
            total=options.request_timeout, connect=None, sock_connect=options.connect_timeout
        )

    async def exchange(
        self,
        service: str,
        method: str,
        url: str,
        headers: dict[str, str],
        *,
        json: Any = None,
        data: answers.Body | None = None,
        tls: settings.Tls | None = None,
        seconds: float | None = None,
        project_id: str | None = None,
        further: bool = False,
    ) -> answers.Response:
        """Send a request and read the whole answer. Raises CloudError for a status from 400 up and for no answer.

        `project_id`: whose turn it takes. `further`: it is part of another attempt after a failure.
        """
        if json is not None:
            data = _encode(json)
            headers.setdefault("Content-Type", "application/json")
        # One id for all calls of one request, so that the services' logs can be joined with ours.
        if (current := trail.current()) is not None:
            headers.setdefault(trail.HEADER, current.global_id)
        async with self._gate(service, url).passing(project_id, further=further):
            return await self._exchanged(service, method, url, headers, data, tls, seconds)

    def troubles(self) -> list[str]:
        """What there is to tell of services that do not work."""
        return [told for gate in self._gates.values() if (told := gate.trouble()) is not None]

    def _gate(self, service: str, url: str) -> gates.Gate:
        key = service, _host(url)
        gate = self._gates.get(key)
        if gate is None:
            while len(self._gates) >= _MOST_GATES:  # users may name hosts of other clouds
                self._gates.pop(next(iter(self._gates))).forget()
            most = self._options.connections_by_service.get(
                catalog.official(service), self._options.connections_per_host
            )
            gate = self._gates[key] = gates.Gate(service, key[1], most, self._options.rests)
        return gate

    async def _exchanged(
        self,
        service: str,
        method: str,
        url: str,
        headers: dict[str, str],
        data: answers.Body | None,
        tls: settings.Tls | None,
        seconds: float | None,
    ) -> answers.Response:
        attempts = 1 + self._options.retries
        while True:
            attempts -= 1
            try:
                with spans.span(f"{method} {service}", spans.Kind.CLIENT) as told:
                    if (traceparent := spans.here.get()) is not None:
                        headers[spans.HEADER] = traceparent
                    answer = await self._once(service, method, url, headers, data, tls, seconds)
                    told.note("http.response.status_code", answer.status)
                    return answer
            except _Lost as lost:
                # Nothing was sent, or a GET changes nothing: another try is safe. An iterator is spent, though.
                repeatable = lost.unsent or method in ("GET", "HEAD")
                if attempts and repeatable and not isinstance(data, AsyncIterable):
                    continue
                maybe_done = not lost.unsent and method not in ("GET", "HEAD")
                raise errors.Unavailable(0, service, lost.reason, None, maybe_done) from lost.__cause__

    async def _once(
        self,
        service: str,
        method: str,
        url: str,
        headers: dict[str, str],
        data: answers.Body | None,
        tls: settings.Tls | None,
        seconds: float | None,
    ) -> answers.Response:
        limit = self._timeout
        if seconds is not None:
            limit = aiohttp.ClientTimeout(total=seconds, sock_connect=self._options.connect_timeout)
        host = _host(url)
        is_logged = catalog.official(service) in self._options.logged and call_log.wanted()
        if is_logged:
            call_log.asked(service, method, url, headers, data)
        began, status = time.perf_counter(), "none"
        try:
            async with self._pool().request(
                method,
                yarl.URL(url, encoded=True),
                headers=headers,
                data=data,
                timeout=limit,
                ssl=ssl_context(tls or self._options.tls) if url.startswith("https") else True,
                allow_redirects=method in ("GET", "HEAD"),
            ) as answer:
                raw = await answer.read()
                status = str(answer.status)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, addresses.Refused):
                raise errors.Forbidden(0, service, f"{host} is not called: {error.os_error.strerror}") from error
            raise _Lost(f"cannot connect to {host}: {_words(error)}", unsent=True) from error
        except (aiohttp.InvalidURL, UnicodeError) as error:
            raise errors.CloudError(0, service, f"the URL {url!r} cannot be used: {error}") from error
        except TimeoutError as error:
            # A second try would only double the wait.
            raise errors.Unavailable(
                0, service, f"no answer from {host} within {limit.total:g} s", None, method not in ("GET", "HEAD")
            ) from error
        except aiohttp.ClientError as error:
            raise _Lost(f"the connection to {host} was lost: {_words(error)}") from error
        finally:
            metrics.CLOUD_CALLS.labels(service, method, status).inc()
            metrics.CLOUD_SECONDS.labels(service, method).observe(time.perf_counter() - began)
        request_id = _request_id(answer.headers)
        _log.debug("%s of the %s service: %s %s", method, service, answer.status, request_id or "")
        if is_logged:
            call_log.answered(service, method, url, answer.status, answer.headers, raw)
        if answer.status >= 400:
            raise errors.from_answer(service, method, answer.status, raw, answer.headers, request_id)
        return answers.Response(answer.status, _body(raw, answer.headers), answer.headers, request_id, raw)

    def _pool(self) -> aiohttp.ClientSession:
        if self._client is None:
            self._client = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,
                    limit_per_host=0,  # gates are the limit
                    keepalive_timeout=_IDLE_SECONDS,
                    socket_factory=None if self._guard is None else addresses.guard(self._guard),
                ),
                # Cookies of load balancers would tie all users of the process to one back end.
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=True,
                headers={"User-Agent": "hearth", "Accept": "application/json"},
            )
        return self._client

    async def close(self) -> None:
        """Close all connections."""
        while self._gates:
            self._gates.popitem()[1].forget()
        if self._client is not None:
            await self._client.close()
            self._client = None


class _Lost(Exception):
    """A connection that failed. `unsent`: before anything of the request could reach the service."""

    def __init__(self, reason: str, *, unsent: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.unsent = unsent


@functools.lru_cache(maxsize=256)
def ssl_context(tls: settings.Tls) -> ssl.SSLContext | bool:
    """What the HTTP library takes for these settings. Raises OSError when a file cannot be read or holds nothing."""
    if tls == settings.Tls():
        return True
    context = ssl.create_default_context(cafile=tls.ca_file, cadata=tls.ca_data)
    if tls.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.cert_file:
        context.load_cert_chain(tls.cert_file, tls.key_file)
    return context


def _host(url: str) -> str:
    return url.split("/", 3)[2] if url.count("/") > 1 else url


def _body(raw: bytes, headers: Mapping[str, str]) -> Any:
    if not raw:
        return None
    if "json" in headers.get("Content-Type", ""):
        try:
            return _decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return raw
    return raw


def _request_id(headers: Mapping[str, str]) -> str | None:
    for name in ("X-Openstack-Request-Id", "X-Compute-Request-Id"):
        if (value := headers.get(name)) and _REQUEST_ID.fullmatch(value):
            return value
    # Swift has its own form of identifier.
    return headers.get("X-Trans-Id")


def _words(error: Exception) -> str:
    # The library's own sentence repeats host and port.
    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.strerror:
        return error.os_error.strerror
    return str(error) or type(error).__name__
