"""Fetching what users name by URL: templates and files, from anywhere but where the operator forbids it.

Called by the API for `template_url` and by the engine for nested templates. The process fetches with its own network
position, so a user must not be able to reach its loopback services or a metadata service through it: each address is
checked at the moment it is connected to, after name resolution and after every redirect.
"""

from urllib.parse import urljoin, urlsplit

import aiohttp

from hearth.cloud import addresses
from hearth.model import errors

_MAX_REDIRECTS = 5


async def fetch(url: str, rules: addresses.FetchRules, max_bytes: int) -> str:
    """The text behind a http or https URL.

    Raises BadRequest when it cannot be had or is no text, LimitExceeded when it is longer than `max_bytes`.
    """
    connector = aiohttp.TCPConnector(socket_factory=addresses.guard(rules))
    limit = aiohttp.ClientTimeout(total=rules.timeout)
    try:
        async with aiohttp.ClientSession(connector=connector, timeout=limit) as client:
            raw = await _follow(client, url, max_bytes)
    except TimeoutError as error:
        raise errors.BadRequest(f"Cannot fetch {url}: no answer within {rules.timeout:g} seconds.") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, addresses.Refused):
            raise _forbidden(error.host) from error
        raise errors.BadRequest(f"Cannot fetch {url}: {_reason(error)}.") from error
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise errors.BadRequest(f"Cannot use {url}: it is not UTF-8 text.") from error


async def _follow(client: aiohttp.ClientSession, url: str, max_bytes: int) -> bytes:
    current = url
    for _ in range(_MAX_REDIRECTS + 1):
        _check_url(url, current)
        async with client.get(current, allow_redirects=False) as answer:
            if answer.status in (301, 302, 303, 307, 308) and "Location" in answer.headers:
                current = urljoin(current, answer.headers["Location"])
                continue
            if answer.status != 200:
                raise errors.BadRequest(f"Cannot fetch {url}: the server answered {answer.status}.")
            parts: list[bytes] = []
            size = 0
            async for chunk in answer.content.iter_chunked(65536):
                size += len(chunk)
                if size > max_bytes:
                    raise errors.LimitExceeded(f"{url} is larger than the {max_bytes} bytes allowed.")
                parts.append(chunk)
            return b"".join(parts)
    raise errors.BadRequest(f"Cannot fetch {url}: more than {_MAX_REDIRECTS} redirects.")


def _check_url(named: str, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise errors.BadRequest(f"Cannot fetch {named}: only http and https URLs can be fetched, {url!r} is none.")


def _forbidden(host: str) -> errors.BadRequest:
    return errors.BadRequest(
        f"The address of {host} must not be fetched from: the operator's rules forbid it "
        "(template_fetch_allowed_networks, template_fetch_denied_networks)."
    )


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.strerror:
        return error.os_error.strerror
    return str(error) or type(error).__name__
