"""Download files over HTTPS without being led into a private network, whatever the URL."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio
from anyio import to_thread

from mediasmith.plugin.access import Network
from mediasmith.plugin.errors import MediaError, Misconfigured, NotAllowed, ProviderError, TimedOut, Unreachable
from mediasmith.plugin.http_errors import tls_error, transport_error
from mediasmith.storage.ssrf import check_addresses, check_host, parse_ip

if TYPE_CHECKING:
    import httpx2

Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[tuple[Any, ...]]]]
"""Resolves a host and port, as `socket.getaddrinfo` does."""

_RETRY_LATER = {408, 425, 429}  # the statuses below 500 that ask the client to try again

_MAX_REDIRECTS = 5
_MAX_PORT = 65535


@dataclass(frozen=True, kw_only=True)
class Downloader:
    """Fetches files over HTTPS from public addresses only.

    Hosts in `trusted` (names or addresses in lower case, any port) may also be private and reached over plain HTTP.
    `network` has the certificates to trust and the proxies. Without a proxy, the host is resolved here and every
    address it has is checked. A proxy resolves the host itself, so that only the URL can be checked: a name of the
    local network and a private address are refused, but not a name that leads to one, which is up to the proxy.

    `timeout` is in seconds, for connecting and for each read; limiting the whole download is up to the caller. No
    request is retried, and no cookie or netrc file is used.
    """

    trusted: frozenset[str]
    network: Network
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
        """Pass the body to `write` in chunks, and return the MIME type that its server claims, or "".

        `headers` are sent to the URL's own origin, never to one it redirects to. Messages name only the host, since a
        URL may contain secrets.

        Raises:
            NotAllowed: the URL, or one it redirects to, is not HTTPS or leads to a private address.
            Misconfigured: the host's certificate is not accepted, or the proxy or the certificates cannot be used.
            Unreachable: the proxy or the connection failed, or the host asks to be tried again later.
            TimedOut: nothing arrived for `timeout` seconds.
            ProviderError: the answer is an error, invalid, or larger than `max_bytes`.
        """
        current = self._check_url(url)
        origin = current.origin
        for _ in range(_MAX_REDIRECTS + 1):
            async with self._get(current, headers if current.origin == origin else {}) as response:
                if not response.has_redirect_location:
                    return await _save(response, _host(current), write, max_bytes)
                location = response.headers["location"]
            current = self._check_url(location, base=current)
        raise ProviderError(f"{_host(current)} redirected more than {_MAX_REDIRECTS} times.")

    def _check_url(self, text: str, *, base: httpx2.URL | None = None) -> httpx2.URL:
        """Return the URL that `text` is, checked as far as possible without resolving its host."""
        url = _parse(text, base)
        if url.scheme not in {"http", "https"}:
            raise NotAllowed("Only HTTPS URLs can be downloaded.")
        if url.userinfo:
            raise NotAllowed("A URL with a user name or password is not downloaded.")
        host = _host(url)
        if not 0 < _port(url) <= _MAX_PORT:
            raise NotAllowed(f"The port of a URL must be from 1 to {_MAX_PORT}.")
        if host not in self.trusted:
            check_host(host)
            if parse_ip(host):
                check_addresses(host, [host])
            if url.scheme == "http":
                raise NotAllowed(
                    f"{host} would be reached over plain HTTP; HTTPS is required.",
                    "Use an https:// URL, or add the host to MEDIASMITH_TRUSTED_HOSTS and restart the server.",
                )
        return url

    async def _addresses(self, url: httpx2.URL, proxy: str | None) -> list[str]:
        """Return the addresses to connect to, once they are checked; with a proxy, the host as it is."""
        host = _host(url)
        try:
            found = [host] if proxy or parse_ip(host) else await self._resolve(host, _port(url))
        except (OSError, UnicodeError) as error:
            raise Unreachable(f"The host {host} was not found.") from error
        if not found:
            raise Unreachable(f"The host {host} has no address.")
        if host not in self.trusted and not proxy:
            check_addresses(host, found)
        return found

    async def _resolve(self, host: str, port: int) -> list[str]:
        return list(dict.fromkeys(str(entry[4][0]) for entry in await self.resolver(host, port)))

    @asynccontextmanager
    async def _get(self, url: httpx2.URL, headers: Mapping[str, str]) -> AsyncGenerator[httpx2.Response]:
        """Yield the response to one request, its body unread."""
        from mediasmith.runtime.transports import open_transport  # noqa: PLC0415 - heavy: needed for a download only

        # A transport knows neither cookies nor redirects. It is not reused: it identifies a connection by its address,
        # which two hosts may share.
        with _translate_errors(_host(url), self.timeout):
            proxy = await to_thread.run_sync(self.network.proxy_for, str(url))
            addresses = await self._addresses(url, proxy)
            async with await to_thread.run_sync(open_transport, self.network, proxy) as transport:
                requests = [_request(url, address, headers, self.timeout) for address in addresses]
                async with aclosing(await _send(transport, requests)) as response:
                    yield response


def _parse(text: str, base: httpx2.URL | None) -> httpx2.URL:
    import httpx2  # noqa: PLC0415 - heavy: needed for a download only

    try:
        return base.join(text) if base else httpx2.URL(text)
    except (httpx2.InvalidURL, ValueError) as error:
        message = f"{_host(base)} redirects to an invalid URL." if base else "This is not a valid URL."
        raise NotAllowed(message) from error


def _host(url: httpx2.URL) -> str:
    return url.raw_host.decode("ascii")


def _port(url: httpx2.URL) -> int:
    return (443 if url.scheme == "https" else 80) if url.port is None else url.port


def _request(url: httpx2.URL, address: str, headers: Mapping[str, str], timeout: float) -> httpx2.Request:
    """Return a request to the very address that was checked; `Host` and the TLS handshake carry the host's name."""
    import httpx2  # noqa: PLC0415 - heavy: needed for a download only

    given = httpx2.Headers({"User-Agent": "mediasmith", "Accept": "*/*"})
    given.update(headers)
    # A compressed body may expand to far more bytes than were received.
    given.update({"Host": url.netloc.decode("ascii"), "Accept-Encoding": "identity"})
    return httpx2.Request(
        "GET",
        url.copy_with(host=address),
        headers=given,
        extensions={"sni_hostname": _host(url).rstrip("."), "timeout": httpx2.Timeout(timeout).as_dict()},
    )


async def _send(transport: httpx2.AsyncHTTPTransport, requests: Sequence[httpx2.Request]) -> httpx2.Response:
    """Return the response of the first address that accepts a connection."""
    import httpx2  # noqa: PLC0415 - heavy: needed for a download only

    *others, last = requests
    for request in others:
        try:
            return await transport.handle_async_request(request)
        except (httpx2.ConnectError, httpx2.ConnectTimeout):
            continue
    return await transport.handle_async_request(last)


@contextmanager
def _translate_errors(host: str, timeout: float) -> Generator[None]:
    """Raise the errors of the HTTP library as ours. Its own messages may be empty or reveal an address."""
    import httpx2  # noqa: PLC0415 - heavy: needed for a download only

    try:
        yield
    except (Misconfigured, Unreachable) as error:
        error.billed = None  # of the network, which does not know what this download belongs to
        raise
    except httpx2.TimeoutException as error:
        raise TimedOut(f"{host} did not answer within {timeout:g} seconds.") from error
    except httpx2.DecodingError as error:
        raise ProviderError(f"{host} sent a body that cannot be decompressed.") from error
    except (httpx2.ConnectError, httpx2.ProxyError) as error:
        raise _not_connected(host, error) from error
    except (httpx2.TransportError, ssl.SSLError) as error:
        raise Unreachable(f"The connection to {host} broke before the whole answer had arrived.") from error


def _not_connected(host: str, error: httpx2.TransportError) -> MediaError:
    import httpx2  # noqa: PLC0415 - heavy: needed for a download only

    found = tls_error(error, host) or (transport_error(error, host) if isinstance(error, httpx2.ProxyError) else None)
    found = found or Unreachable(f"Could not connect to {host}.")
    found.billed = None  # as above
    return found


async def _save(response: httpx2.Response, host: str, write: Callable[[bytes], Awaitable[None]], max_bytes: int) -> str:
    if response.is_server_error or response.status_code in _RETRY_LATER:
        raise Unreachable(f"{host} cannot serve the file at the moment (status {response.status_code}).")
    if not response.is_success:
        raise ProviderError(f"{host} answered with status {response.status_code}.")
    codings = {coding.lower() for coding in response.headers.get_list("content-encoding", split_commas=True)}
    if not codings <= {"identity", "gzip", "deflate"}:
        raise ProviderError(f"{host} sent a body in an encoding that was not requested.")
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
