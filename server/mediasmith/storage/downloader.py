"""The one downloader. A URL written by a stranger must not lead it into a private network."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio
from anyio import to_thread

from mediasmith.plugin.errors import NotAllowed, ProviderError, TimedOut, Unreachable
from mediasmith.storage.ssrf import check_host, is_public, parse_ip, private_host_error

if TYPE_CHECKING:
    import httpx2

Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[tuple[Any, ...]]]]
"""Finds the addresses of a host and port, in the form of `socket.getaddrinfo`."""

_LATER = {408, 425, 429}
"""Statuses below 500 that say to ask again later."""

_MAX_REDIRECTS = 5
_MAX_PORT = 65535


@dataclass(frozen=True, kw_only=True)
class Downloader:
    """Fetches files over https from public addresses only.

    Hosts in `trusted` (names or addresses in small letters, any port) may also be private, and be spoken to over
    plain http. `timeout` is in seconds, for connecting and for each read; a limit on the whole is the caller's.
    Nothing is sent twice, and no proxy, cookie or netrc is used.
    """

    trusted: frozenset[str]
    timeout: float = 30.0
    resolver: Resolver = anyio.getaddrinfo

    async def fetch(
        self,
        url: str,
        write: Callable[[bytes], Awaitable[None]],
        *,
        max_bytes: int,
        headers: Mapping[str, str] = {},
    ) -> str:
        """Hand the body to `write`, piece by piece, and return the MIME type its server claims, or "".

        `headers` go to the URL's own origin, never to one it redirects to. Messages name the host only, since a
        URL may carry secrets.

        Raises:
            NotAllowed: the URL, or one it redirects to, is not https or leads to a private address.
            Unreachable: no connection was made, it broke, or the host has trouble of its own.
            TimedOut: nothing came for `timeout` seconds.
            ProviderError: the answer is an error, larger than `max_bytes`, or makes no sense.
        """
        here = self._checked(url)
        origin = here.origin
        for _ in range(_MAX_REDIRECTS + 1):
            async with self._answer(here, headers if here.origin == origin else {}) as response:
                if not response.has_redirect_location:
                    return await _save(response, _host(here), write, max_bytes)
                location = response.headers["location"]
            here = self._checked(location, base=here)
        raise ProviderError(f"{_host(here)} redirected more than {_MAX_REDIRECTS} times.")

    def _checked(self, text: str, *, base: httpx2.URL | None = None) -> httpx2.URL:
        """The URL, once all that can be said without asking the network speaks for it."""
        url = _parsed(text, base)
        if url.scheme not in {"http", "https"}:
            raise NotAllowed("Only https URLs can be downloaded.")
        if url.userinfo:
            raise NotAllowed("A URL with a user name or password in it is not downloaded.")
        host = _host(url)
        if not 0 < _port(url) <= _MAX_PORT:
            raise NotAllowed(f"A port is a number from 1 to {_MAX_PORT}.")
        if host not in self.trusted:
            check_host(host)
            if url.scheme == "http":
                raise NotAllowed(
                    f"{host} is to be reached over plain http; https is required.",
                    "Use https, or add the host to MEDIASMITH_TRUSTED_HOSTS and restart the server.",
                )
        return url

    async def _addresses(self, url: httpx2.URL) -> list[str]:
        """Where the host can be reached. One private address refuses all: the next answer might be that one."""
        host = _host(url)
        try:
            found = [host] if parse_ip(host) else await self._resolve(host, _port(url))
        except (OSError, UnicodeError) as error:
            raise Unreachable(f"The host {host} was not found.") from error
        if not found:
            raise Unreachable(f"The host {host} has no address.")
        if host not in self.trusted and not all(is_public(address) for address in found):
            raise private_host_error(host)
        return found

    async def _resolve(self, host: str, port: int) -> list[str]:
        return list(dict.fromkeys(str(entry[4][0]) for entry in await self.resolver(host, port)))

    @asynccontextmanager
    async def _answer(self, url: httpx2.URL, headers: Mapping[str, str]) -> AsyncGenerator[httpx2.Response]:
        """The answer to one request, its body unread."""
        import httpx2  # noqa: PLC0415 - heavy: needed for a download only

        addresses = await self._addresses(url)
        # A transport has no cookies, proxies or redirects of its own. It is not kept: it knows a connection by its
        # address, and two hosts may share one.
        tls = await to_thread.run_sync(lambda: self._tls)
        with _explained(_host(url), self.timeout):
            async with httpx2.AsyncHTTPTransport(verify=tls) as transport:
                requests = [_request(url, address, headers, self.timeout) for address in addresses]
                async with aclosing(await _first_answer(transport, requests)) as response:
                    yield response

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """The system's certificates, or those of SSL_CERT_FILE; reading them takes tens of milliseconds."""
        import httpx2  # noqa: PLC0415 - heavy: needed for a download only

        return httpx2.create_ssl_context()


def _parsed(text: str, base: httpx2.URL | None) -> httpx2.URL:
    import httpx2  # noqa: PLC0415 - heavy: needed for a download only

    try:
        return base.join(text) if base else httpx2.URL(text)
    except (httpx2.InvalidURL, ValueError) as error:
        redirected = f"{_host(base)} redirects to something that" if base else "That"
        raise NotAllowed(f"{redirected} is not a valid URL.") from error


def _host(url: httpx2.URL) -> str:
    return url.raw_host.decode("ascii")


def _port(url: httpx2.URL) -> int:
    return (443 if url.scheme == "https" else 80) if url.port is None else url.port


def _request(url: httpx2.URL, address: str, headers: Mapping[str, str], timeout: float) -> httpx2.Request:
    """The request to the very address that was checked. The host's name goes into `Host` and the TLS handshake."""
    import httpx2  # noqa: PLC0415 - heavy: needed for a download only

    given = httpx2.Headers({"User-Agent": "mediasmith", "Accept": "*/*"})
    given.update(headers)
    # A compressed body would arrive as few bytes and become many.
    given.update({"Host": url.netloc.decode("ascii"), "Accept-Encoding": "identity"})
    return httpx2.Request(
        "GET",
        url.copy_with(host=address),
        headers=given,
        extensions={"sni_hostname": _host(url).rstrip("."), "timeout": httpx2.Timeout(timeout).as_dict()},
    )


async def _first_answer(transport: httpx2.AsyncHTTPTransport, requests: Sequence[httpx2.Request]) -> httpx2.Response:
    """The answer of the first address that can be connected to."""
    import httpx2  # noqa: PLC0415 - heavy: needed for a download only

    *others, last = requests
    for request in others:
        try:
            return await transport.handle_async_request(request)
        except (httpx2.ConnectError, httpx2.ConnectTimeout):
            continue
    return await transport.handle_async_request(last)


@contextmanager
def _explained(host: str, timeout: float) -> Generator[None]:
    """The library's errors as ours; its own messages may be empty or show an address."""
    import httpx2  # noqa: PLC0415 - heavy: needed for a download only

    try:
        yield
    except httpx2.TimeoutException as error:
        raise TimedOut(f"{host} did not answer within {timeout:g} seconds.") from error
    except httpx2.DecodingError as error:
        raise ProviderError(f"{host} sent a body that cannot be decoded.") from error
    except httpx2.ConnectError as error:
        raise Unreachable(f"No connection to {host} was made, or its certificate is not valid.") from error
    except (httpx2.TransportError, ssl.SSLError) as error:
        raise Unreachable(f"The connection to {host} broke before the whole answer had come.") from error


async def _save(response: httpx2.Response, host: str, write: Callable[[bytes], Awaitable[None]], max_bytes: int) -> str:
    if response.is_server_error or response.status_code in _LATER:
        raise Unreachable(f"{host} cannot serve it now (status {response.status_code}).")
    if not response.is_success:
        raise ProviderError(f"{host} answered with status {response.status_code}.")
    codings = {coding.lower() for coding in response.headers.get_list("content-encoding", split_commas=True)}
    if not codings <= {"identity", "gzip", "deflate"}:
        raise ProviderError(f"{host} sent a body in an encoding that was not asked for.")
    size = int(response.headers.get("content-length", "0"))
    if size > max_bytes:
        raise _too_large(host, max_bytes)
    size = 0
    async with aclosing(response.aiter_bytes()) as chunks:
        async for chunk in chunks:
            size += len(chunk)
            if size > max_bytes:
                raise _too_large(host, max_bytes)
            await write(chunk)
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _too_large(host: str, max_bytes: int) -> ProviderError:
    return ProviderError(f"{host} sent more than the {max_bytes:,} bytes that are accepted.")
