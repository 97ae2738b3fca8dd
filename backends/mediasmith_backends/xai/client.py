"""Talk to xAI: the SDK's generated services, on a gRPC channel of our own.

The SDK's clients are not used: they put prompts into traces, read the environment, and lose the images that were paid
for when an answer holds fewer than were asked for.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio
from anyio import to_thread

from mediasmith.plugin.access import Access
from mediasmith.plugin.errors import Misconfigured, Unreachable
from mediasmith.plugin.http_errors import malformed
from mediasmith_backends.xai.errors import BASE_URL, TITLE, connection_error, explain

_HOST = "api.x.ai"
_ADDRESS = re.compile(r"(?:(?P<scheme>https|grpc|http)://)?(?P<host>(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?)/?")

_CONNECT_SECONDS = 10.0
_WHY_SECONDS = 1.0
_HEALTH = "/grpc.health.v1.Health/Check"
"""A method that is free anywhere, and served by few."""

_MESSAGE_BYTES = 64 << 20
"""Ten large images come in one message, as text."""

_OPTIONS = (
    ("grpc.max_send_message_length", _MESSAGE_BYTES),
    ("grpc.max_receive_message_length", _MESSAGE_BYTES),
    ("grpc.enable_retries", 0),  # a request that is paid for is never sent twice
    ("grpc.use_local_subchannel_pool", 1),  # a new channel connects at once, however often others have failed
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),  # an answer may take minutes, without a byte before it
    ("grpc.client_idle_timeout_ms", 60_000),  # a connection that was idle for long may be dead without a sign
)

Method = Callable[[Any], Any]
"""Returns a method of a service, given the channel."""


@dataclass(eq=False)
class _Connection:
    """A channel, and the number of requests that use it."""

    channel: Any
    users: int = 0


@dataclass(kw_only=True, eq=False)
class XAIClient:
    """A client that is signed in.

    `metadata` goes with every request; `hint` says what to check when no connection can be made.
    """

    open_channel: Callable[[], Any] = field(repr=False)
    metadata: tuple[tuple[str, str], ...] = field(repr=False)
    hint: str = ""
    _connection: _Connection = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._connection = _Connection(self.open_channel())

    async def send(self, method: Method, request: object, *, seconds: float) -> Any:
        """Send one request, once, and return its answer.

        Raises:
            Unreachable: no connection could be made, so nothing was sent.
            ProviderError: the answer cannot be read.
        """
        async with self._connected() as channel:
            return _answer(await method(channel)(request, timeout=seconds, metadata=self.metadata))

    async def send_stream(self, method: Method, messages: AsyncGenerator[object], *, seconds: float) -> Any:
        """Send one request of many messages and return its answer. Raises what `send` does."""
        async with aclosing(messages), self._connected() as channel:
            call = method(channel)(timeout=seconds, metadata=self.metadata)
            try:
                with suppress(asyncio.InvalidStateError):  # it was answered early, and takes no more messages
                    async for message in messages:
                        await call.write(message)
                    await call.done_writing()
                return _answer(await call)
            finally:
                call.cancel()

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.channel.close()

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[Any]:
        """Yield a channel that is known to be connected: a request that fails from here on may have been received.

        A channel that could not connect, or broke, is replaced: gRPC decides alone when it would connect again, and
        the state of a channel may be that of a moment ago.
        """
        connection = self._connection
        connection.users += 1
        try:
            await _connect(connection.channel, self.hint)
            yield connection.channel
        except Exception as error:
            if isinstance(explain(error) or error, Unreachable | Misconfigured) and self._connection is connection:
                self._connection = _Connection(self.open_channel())
            raise
        finally:
            connection.users -= 1
            if connection is not self._connection and not connection.users:
                await connection.channel.close()


@asynccontextmanager
async def connect(access: Access) -> AsyncGenerator[XAIClient]:
    """Yield a client that is signed in; nothing is sent yet.

    Raises:
        Misconfigured: the base URL, the proxy or the certificates cannot be used.
    """
    host, tls = _parse_address(access.base_url)
    options = (*_OPTIONS, await to_thread.run_sync(_proxy_option, access))
    certificates = await to_thread.run_sync(lambda: access.network.certificates) if tls else None
    client = XAIClient(
        open_channel=partial(_open_channel, host, options, tls=tls, certificates=certificates),
        metadata=(("authorization", f"Bearer {access.key}"),),
        hint=_hint(access.base_url, tls=tls),
    )
    try:
        yield client
    finally:
        await client.close()


def _parse_address(base_url: str) -> tuple[str, bool]:
    """Return the host, and whether to use TLS."""
    found = _ADDRESS.fullmatch(base_url or _HOST)
    if not found:
        raise Misconfigured(
            f"{BASE_URL} cannot be used for {TITLE}.",
            "Set it to host:port, or to grpc://host:port without TLS; it has no path. Then restart the server.",
            variables=[BASE_URL],
        )
    return found["host"], found["scheme"] in {None, "https"}


def check_network(access: Access) -> None:
    """Raise Misconfigured if the base URL or the user's proxy cannot be used; nothing is sent."""
    _proxy_option(access)


def _proxy_option(access: Access) -> tuple[str, str | int]:
    """Return the option that sends a channel through the user's proxy, or past those that gRPC would read by itself.

    gRPC knows HTTP proxies alone, which it asks without TLS.
    """
    host, tls = _parse_address(access.base_url)
    proxy = access.network.proxy_for(f"{'https' if tls else 'http'}://{host}")
    if not proxy:
        return ("grpc.enable_http_proxy", 0)
    scheme = proxy.partition(":")[0]
    if scheme != "http":
        raise Misconfigured(
            f"{TITLE} is reached over gRPC, which cannot use the {scheme} proxy that HTTPS_PROXY or ALL_PROXY names.",
            f"Set HTTPS_PROXY to an http:// proxy, or add {_HOST} to NO_PROXY, and restart the server.",
            variables=["HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"],
        )
    return ("grpc.http_proxy", proxy)


def _hint(base_url: str, *, tls: bool) -> str:
    """Return what to check when no connection can be made; gRPC does not say why."""
    network = "the network and the proxy, if HTTPS_PROXY or ALL_PROXY names one"
    places = f"{BASE_URL}, {network}" if base_url else network
    private = " Private certificates belong in the file that SSL_CERT_FILE names." if tls else ""
    return f"Check {places}.{private}"


def _open_channel(
    host: str, options: tuple[tuple[str, str | int], ...], *, tls: bool, certificates: bytes | None
) -> Any:
    import grpc  # noqa: PLC0415 - heavy: the SDK loads it

    if tls:
        return grpc.aio.secure_channel(host, grpc.ssl_channel_credentials(certificates), options=options)
    return grpc.aio.insecure_channel(host, options=options)


async def _connect(channel: Any, hint: str) -> None:
    """Return when a channel is connected.

    Raises:
        Misconfigured: a certificate was not accepted, or the proxy refused.
        Unreachable: any other reason.
    """
    from grpc import ChannelConnectivity as State  # noqa: PLC0415 - heavy: the SDK loads it

    with anyio.move_on_after(_CONNECT_SECONDS):
        while (state := channel.get_state(try_to_connect=True)) in {State.IDLE, State.CONNECTING}:
            await channel.wait_for_state_change(state)
        if state is State.READY:
            return
    raise connection_error(await _why(channel), hint)


async def _why(channel: Any) -> str:
    """Return gRPC's own words for why a channel could not connect, which only a request gets.

    This one is free and harmless, in case the channel is connected after all.
    """
    from grpc.aio import AioRpcError  # noqa: PLC0415 - heavy: the SDK loads it

    try:
        await channel.unary_unary(_HEALTH)(b"", timeout=_WHY_SECONDS)
    except AioRpcError as error:
        return error.details() or ""
    return ""


def _answer(answer: Any) -> Any:
    """Return an answer that could be read: gRPC gives None for bytes that are no message."""
    if answer is None:
        raise malformed(TITLE)
    return answer
