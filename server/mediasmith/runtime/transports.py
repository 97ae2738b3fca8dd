"""HTTP transports that connect as the user's network requires: directly or through a proxy."""

from __future__ import annotations

from ssl import SSLContext

import httpx2
from anyio import to_thread
from socksio.exceptions import SOCKSError

from mediasmith.plugin.access import Network
from mediasmith.plugin.proxy_errors import send_through_proxy

_LIMITS = httpx2.Limits(
    max_connections=1000,  # more than concurrency allows: a call waits for a slot, never for a connection
    max_keepalive_connections=100,
)


class _Transport(httpx2.AsyncHTTPTransport):
    """A transport through one proxy, which tells the proxy's failures from those of the host behind it."""

    def __init__(self, proxy: str, context: SSLContext) -> None:
        super().__init__(
            verify=context,
            proxy=httpx2.Proxy(proxy, ssl_context=context if proxy.startswith("https:") else None),
            limits=_LIMITS,
        )
        self._proxy = proxy

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request. Raises what `send_through_proxy` does."""
        try:
            return await send_through_proxy(super().handle_async_request, request, self._proxy)
        except SOCKSError as error:
            raise httpx2.ProxyError("it does not speak SOCKS5") from error


def open_transport(network: Network, proxy: str | None) -> httpx2.AsyncHTTPTransport:
    """Return a transport that sends through this proxy, or directly if it is None; blocking at the first use."""
    context = network.ssl_context
    return _Transport(proxy, context) if proxy else httpx2.AsyncHTTPTransport(verify=context, limits=_LIMITS)


class NetworkTransport(httpx2.AsyncBaseTransport):
    """A transport that asks the network which proxy to use for each request. Creating it blocks at the first use."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._transports: dict[str | None, httpx2.AsyncHTTPTransport] = {None: open_transport(network, None)}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request. Raises what `send_through_proxy` does.

        Raises:
            Misconfigured: also where the variable that names the proxy cannot be used.
        """
        # In a thread: where the system names the proxy, it may resolve the host.
        proxy = await to_thread.run_sync(self._network.proxy_for, str(request.url))
        if proxy not in self._transports:
            self._transports[proxy] = open_transport(self._network, proxy)
        return await self._transports[proxy].handle_async_request(request)

    async def aclose(self) -> None:
        """Close every connection."""
        for transport in self._transports.values():
            await transport.aclose()
