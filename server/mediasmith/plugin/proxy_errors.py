"""Tell the failures of a proxy from those of the host behind it, for the requests of httpx2 and httpx."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from mediasmith.plugin.errors import MediaError, Misconfigured, Unreachable
from mediasmith.plugin.http_errors import shown_url, tls_error

_CONNECTION = {"NetworkError", "RemoteProtocolError", "ConnectTimeout", "ReadTimeout", "WriteTimeout"}
"""The classes of errors in which a connection fails. A proxy that refuses has one of its own."""

_NOT_CONNECTED = {"ConnectError", "ConnectTimeout"}
_VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")

R = TypeVar("R")


async def send_through_proxy(send: Callable[[Any], Awaitable[R]], request: Any, proxy: str) -> R:
    """Send a request with a transport's `handle_async_request`, and raise what is the fault of its proxy as that.

    Raises:
        Unreachable: the proxy made no connection, which says nothing of the host behind it.
        Misconfigured: TLS with the proxy itself does not work.
    """
    way = _Way()
    request.extensions = {**request.extensions, "trace": way.trace}
    try:
        return await send(request)
    except Exception as error:
        names, host = {kind.__name__ for kind in type(error).__mro__}, request.url.host
        of_host = way.through and (not names & _NOT_CONNECTED or tls_error(error, host))
        if of_host or not names & _CONNECTION:
            raise
        raise _proxy_failed(proxy, host, error) from error


class _Way:
    """How far a request has come: `through` the proxy as soon as the host behind it could be at fault."""

    def __init__(self) -> None:
        self.through = False

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of an event of the HTTP library. It sends one request of its own, which asks for a tunnel."""
        sends = event.endswith(".send_request_headers.started") and info["request"].method != b"CONNECT"
        self.through = self.through or sends or event in {"proxy.start_tls.started", "socks.start_tls.started"}


def _proxy_failed(proxy: str, host: str, error: Exception) -> MediaError:
    address = shown_url(proxy).rstrip("/")
    of_tls = tls_error(error, f"the proxy {address}")
    if of_tls and of_tls.variables:
        return of_tls  # its certificate is not accepted
    if of_tls:
        return Misconfigured(
            f"The proxy {address} does not answer with TLS.",
            "Most proxies are asked without it: write http:// in HTTPS_PROXY or ALL_PROXY, and restart the server.",
            variables=_VARIABLES,
        )
    return Unreachable(
        f"No connection to {host} could be made through the proxy {address}.",
        "Check HTTPS_PROXY, HTTP_PROXY or ALL_PROXY; hosts that NO_PROXY names are reached without it.",
        billed="no",
    )
