"""HTTP transports that connect as the user's network requires: directly or through a proxy."""

from __future__ import annotations

from ssl import SSLError

import httpx2
from anyio import to_thread
from socksio.exceptions import SOCKSError

from mediasmith.plugin.access import Network
from mediasmith.plugin.errors import Unreachable
from mediasmith.runtime.proxies import Proxy

_LIMITS = httpx2.Limits(
    max_connections=1000,  # more than concurrency allows: a call waits for a slot, never for a connection
    max_keepalive_connections=100,
)


class _Transport(httpx2.AsyncHTTPTransport):
    """The library's own, which lets the exceptions of the SOCKS protocol through."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            return await super().handle_async_request(request)
        except SOCKSError as error:
            raise httpx2.ProxyError("it does not speak SOCKS5") from error


def open_transport(network: Network, proxy: str | None) -> httpx2.AsyncHTTPTransport:
    """Return a transport that sends through this proxy, or directly if it is None; blocking at the first use."""
    context = network.ssl_context
    tls_to_proxy = context if proxy and proxy.startswith("https:") else None
    through = httpx2.Proxy(proxy, ssl_context=tls_to_proxy) if proxy else None
    return _Transport(verify=context, proxy=through, limits=_LIMITS)


class NetworkTransport(httpx2.AsyncBaseTransport):
    """A transport that asks the network which proxy to use for each request. Creating it blocks at the first use."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._transports: dict[str | None, httpx2.AsyncHTTPTransport] = {None: open_transport(network, None)}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request.

        Raises:
            Misconfigured: the variable that names the proxy cannot be used.
            Unreachable: the proxy cannot be reached, which says nothing of the host behind it.
        """
        # In a thread: where the system names the proxy, it may resolve the host.
        proxy = await to_thread.run_sync(self._network.proxy_for, str(request.url))
        if proxy not in self._transports:
            self._transports[proxy] = open_transport(self._network, proxy)
        try:
            return await self._transports[proxy].handle_async_request(request)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            if proxy is None or _is_about_tls(error):
                raise
            raise _unreachable(proxy, request.url.host) from error

    async def aclose(self) -> None:
        """Close every connection."""
        for transport in self._transports.values():
            await transport.aclose()


def _is_about_tls(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, SSLError):
        error = error.__cause__ or error.__context__
    return error is not None


def _unreachable(proxy: str, host: str) -> Unreachable:
    return Unreachable(
        f"No connection to {host} could be made through the proxy {Proxy(variable='', value=proxy).address}.",
        "Check HTTPS_PROXY, HTTP_PROXY or ALL_PROXY; hosts that NO_PROXY names are reached without it.",
        billed="no",
    )
