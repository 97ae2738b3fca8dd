"""HTTP transports that connect as the user's network requires: directly or through a proxy."""

from __future__ import annotations

from collections.abc import Mapping
from ssl import SSLContext
from typing import Any

import httpx2
from anyio import to_thread
from socksio.exceptions import SOCKSError

from mediasmith.plugin.access import Network
from mediasmith.plugin.errors import MediaError, Misconfigured, Unreachable
from mediasmith.plugin.http_errors import tls_error
from mediasmith.runtime.proxies import Proxy

_LIMITS = httpx2.Limits(
    max_connections=1000,  # more than concurrency allows: a call waits for a slot, never for a connection
    max_keepalive_connections=100,
)

_CONNECTION_ERRORS = (
    httpx2.NetworkError,
    httpx2.RemoteProtocolError,
    httpx2.ConnectTimeout,
    httpx2.ReadTimeout,
    httpx2.WriteTimeout,
)
"""How a connection fails, to a proxy or through it. A proxy that refuses has an error of its own."""


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
        """Send a request.

        Raises:
            Unreachable: the proxy made no connection, which says nothing of the host behind it.
            Misconfigured: TLS with the proxy itself does not work.
        """
        way = _Way()
        request.extensions = {**request.extensions, "trace": way.trace}
        try:
            return await super().handle_async_request(request)
        except SOCKSError as error:
            raise httpx2.ProxyError("it does not speak SOCKS5") from error
        except _CONNECTION_ERRORS as error:
            of_tls = tls_error(error, request.url.host) is not None
            if way.through and (of_tls or not isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout))):
                raise  # it is the host's, or came after the request was sent
            raise _proxy_failed(self._proxy, request.url.host, error) from error


class _Way:
    """How far a request has come: `through` the proxy as soon as its host could be at fault."""

    def __init__(self) -> None:
        self.through = False

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of an event of the HTTP library. It sends one request of its own, which asks for a tunnel."""
        sends = event.endswith(".send_request_headers.started") and info["request"].method != b"CONNECT"
        self.through = self.through or sends or event in {"proxy.start_tls.started", "socks.start_tls.started"}


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
        """Send a request.

        Raises:
            Misconfigured: the variable that names the proxy, or TLS with the proxy itself, cannot be used.
            Unreachable: the proxy made no connection, which says nothing of the host behind it.
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


def _proxy_failed(proxy: str, host: str, error: Exception) -> MediaError:
    address = Proxy(variable="", value=proxy).address
    of_tls = tls_error(error, f"the proxy {address}")
    if of_tls and of_tls.variables:
        return of_tls  # its certificate is not accepted
    if of_tls:
        return Misconfigured(
            f"The proxy {address} does not answer with TLS.",
            "Most proxies are asked without it: write http:// in HTTPS_PROXY or ALL_PROXY, and restart the server.",
            variables=["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"],
        )
    return Unreachable(
        f"No connection to {host} could be made through the proxy {address}.",
        "Check HTTPS_PROXY, HTTP_PROXY or ALL_PROXY; hosts that NO_PROXY names are reached without it.",
        billed="no",
    )
