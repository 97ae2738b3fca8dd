"""How xAI is reached: the SDK's generated services on a channel of our own.

The SDK's clients are left out: they put prompts into traces, read the environment, and lose what was paid for when an
answer holds less than was asked.
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

from mediasmith.plugin.contract import Access
from mediasmith.plugin.errors import InvalidRequest, MissingKey, Unreachable
from mediasmith_backends.xai.errors import KEYS, TITLE, nonsense

_HOST = "api.x.ai"
_BASE_URL = "MEDIASMITH_XAI_BASE_URL"
_ADDRESS = re.compile(r"(?:(?P<scheme>https|grpc|http)://)?(?P<host>(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?)/?")

_CONNECT_SECONDS = 10.0
_MESSAGE_BYTES = 64 << 20
"""Ten large pictures come in one message, as text."""

_OPTIONS = (
    ("grpc.max_send_message_length", _MESSAGE_BYTES),
    ("grpc.max_receive_message_length", _MESSAGE_BYTES),
    ("grpc.enable_retries", 0),  # what is paid for is never sent twice
    ("grpc.use_local_subchannel_pool", 1),  # a new channel tries at once, however often others have failed
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),  # an answer is waited for in silence, minutes long
    ("grpc.client_idle_timeout_ms", 60_000),  # one that was left alone for long may be dead without a sign
)

Method = Callable[[Any], Any]
"""A method of a service, given the channel."""


@dataclass(eq=False)
class _Line:
    """A channel, and how many requests are on it."""

    channel: Any
    users: int = 0


@dataclass(kw_only=True, eq=False)
class Grok:
    """xAI, signed in.

    `dial` opens a channel; `signed` is the metadata of every request; `remedy` is what to do without a connection.
    """

    dial: Callable[[], Any] = field(repr=False)
    signed: tuple[tuple[str, str], ...] = field(repr=False)
    remedy: str = ""
    _line: _Line = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._line = _Line(self.dial())

    async def ask(self, method: Method, request: object, *, seconds: float) -> Any:
        """Send one request, once; its answer.

        Raises:
            Unreachable: there is no connection, so nothing was sent.
            ProviderError: the answer cannot be read.
        """
        async with self._connected() as channel:
            return _read(await method(channel)(request, timeout=seconds, metadata=self.signed))

    async def pour(self, method: Method, messages: AsyncGenerator[object], *, seconds: float) -> Any:
        """Send one request of many messages; its answer. Raises what `ask` does."""
        async with aclosing(messages), self._connected() as channel:
            call = method(channel)(timeout=seconds, metadata=self.signed)
            try:
                with suppress(asyncio.InvalidStateError):  # it was answered early, and is not listened to
                    async for message in messages:
                        await call.write(message)
                    await call.done_writing()
                return _read(await call)
            finally:
                call.cancel()

    async def close(self) -> None:
        """Hang up."""
        await self._line.channel.close()

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[Any]:
        """A channel that is known to be connected: what breaks from here on may have been received.

        One that could not connect is given up, since it would not say when it tries again.
        """
        line = self._line
        line.users += 1
        try:
            if not await _connects(line.channel):
                if self._line is line:
                    self._line = _Line(self.dial())
                raise Unreachable(f"{TITLE} cannot be reached.", self.remedy, billed="no")
            yield line.channel
        finally:
            line.users -= 1
            if line is not self._line and not line.users:
                await line.channel.close()


@asynccontextmanager
async def connect(access: Access) -> AsyncGenerator[Grok]:
    """A client that is signed in; nothing is sent yet.

    Raises:
        MissingKey: the key cannot be one.
        InvalidRequest: the base URL cannot be one.
    """
    if not (access.key.isascii() and access.key.isprintable()):
        raise MissingKey(TITLE, KEYS, rejected=True)
    host, tls = _address(access.base_url)
    client = Grok(
        dial=partial(_dial, host, tls),
        signed=(("authorization", f"Bearer {access.key}"),),
        remedy=_remedy(access.base_url, tls),
    )
    try:
        yield client
    finally:
        await client.close()


def _address(base_url: str) -> tuple[str, bool]:
    """The host, and whether it is spoken to over TLS."""
    found = _ADDRESS.fullmatch(base_url or _HOST)
    if not found:
        raise InvalidRequest(
            f"The base URL of {TITLE} is not one.",
            f"Set {_BASE_URL} to host:port, or grpc://host:port for one without TLS; it has no path.",
            billed="no",
        )
    return found["host"], found["scheme"] in {None, "https"}


def _remedy(base_url: str, tls: bool) -> str:
    """What to do without a connection. gRPC reads the file of certificates that it trusts from its own variable."""
    places = f"{_BASE_URL}, the network and the proxy" if base_url else "the network and the proxy"
    private = " A private certificate is trusted where GRPC_DEFAULT_SSL_ROOTS_FILE_PATH names its file." if tls else ""
    return f"Check {places}.{private}"


def _dial(host: str, tls: bool) -> Any:
    import grpc  # noqa: PLC0415 - heavy: the SDK loads it

    if tls:
        return grpc.aio.secure_channel(host, grpc.ssl_channel_credentials(), options=_OPTIONS)
    return grpc.aio.insecure_channel(host, options=_OPTIONS)


async def _connects(channel: Any) -> bool:
    from grpc import ChannelConnectivity as State  # noqa: PLC0415 - heavy: the SDK loads it

    with anyio.move_on_after(_CONNECT_SECONDS):
        while (state := channel.get_state(try_to_connect=True)) in {State.IDLE, State.CONNECTING}:
            await channel.wait_for_state_change(state)
        return state is State.READY
    return False


def _read(answer: Any) -> Any:
    """An answer, if it could be read: gRPC gives None for one that could not."""
    if answer is None:
        raise nonsense()
    return answer
