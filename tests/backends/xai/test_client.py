"""How xAI is reached: addresses, certificates, proxies, and connections that fail."""

from __future__ import annotations

import asyncio
import importlib
import socket
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

import anyio
import grpc
import pytest
from grpc import ChannelConnectivity

from fakes.proxies import http_proxy
from fakes.tls import certificate
from fakes.xai.gate import gate
from fakes.xai.server import running
from fakes.xai.state import IMAGE, KEY, MODELS, FakeXAI, Reply
from mediasmith.plugin.access import Access
from mediasmith.plugin.errors import (
    InvalidRequest,
    MediaError,
    Misconfigured,
    MissingKey,
    ProviderError,
    TimedOut,
    Unreachable,
)
from mediasmith.runtime.network import SystemNetwork
from mediasmith.testing import AdapterHarness, MemorySource, signed_in
from mediasmith_backends.xai import backend, client
from mediasmith_backends.xai.client import XAIClient, check_network, connect
from mediasmith_backends.xai.image import image
from mediasmith_backends.xai.video import video

_grpc: Any = grpc  # it has no types


def access(base_url: str = "", key: str = KEY, **env: str) -> Access:
    return Access(key=key, env={}, base_url=base_url, network=SystemNetwork(env))


@dataclass
class FakeChannel:
    """A channel in this state."""

    state: ChannelConnectivity = ChannelConnectivity.READY
    closed: bool = False

    def get_state(self, *, try_to_connect: bool) -> ChannelConnectivity:
        assert try_to_connect
        return self.state

    def unary_unary(self, _method: str) -> Any:
        async def ask(_message: bytes, *, timeout: float) -> bytes:  # noqa: ASYNC109 - as gRPC calls it
            return b""

        return ask

    async def close(self) -> None:
        self.closed = True


@dataclass
class Opened:
    """What channels were opened to, instead of opening them."""

    state: ChannelConnectivity = ChannelConnectivity.READY
    hosts: list[tuple[str, bool]] = field(default_factory=list[tuple[str, bool]])
    options: dict[str, object] = field(default_factory=dict[str, object])

    def secure(self, host: str, _credentials: object, options: Any) -> FakeChannel:
        self.hosts.append((host, True))
        self.options = dict(options)
        return FakeChannel(self.state)

    def insecure(self, host: str, options: Any) -> FakeChannel:
        self.hosts.append((host, False))
        self.options = dict(options)
        return FakeChannel(self.state)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    opened = Opened()
    monkeypatch.setattr("grpc.aio.secure_channel", opened.secure)
    monkeypatch.setattr("grpc.aio.insecure_channel", opened.insecure)
    return opened


# Signing in


@pytest.mark.parametrize(
    ("base_url", "host", "tls"),
    [
        ("", "api.x.ai", True),
        ("gateway.example:443", "gateway.example:443", True),
        ("https://gateway.example", "gateway.example", True),
        ("https://gateway.example:8443/", "gateway.example:8443", True),
        ("grpc://127.0.0.1:5000", "127.0.0.1:5000", False),
        ("http://[::1]:5000", "[::1]:5000", False),
    ],
)
async def test_base_url_decides_host_and_tls(opened: Opened, base_url: str, host: str, tls: bool) -> None:
    async with connect(access(base_url)):
        assert opened.hosts == [(host, tls)]


@pytest.mark.parametrize(
    "base_url", ["https://api.x.ai/v1", "ftp://api.x.ai", "api.x.ai:port", "grpc://", "a b", "https://u:p@api.x.ai"]
)
async def test_invalid_base_url_is_refused_with_the_variable(base_url: str) -> None:
    with pytest.raises(Misconfigured, match="MEDIASMITH_XAI_BASE_URL"):
        async with connect(access(base_url)):
            pass


async def test_key_is_the_given_one_and_hidden_from_repr(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XAI_API_KEY", "xai-of-somebody-else")
    async with connect(access()) as signed:
        assert signed.metadata == (("authorization", f"Bearer {KEY}"),)
        assert KEY not in repr(signed)
    assert len(opened.hosts) == 1


async def test_retries_are_off_and_large_messages_allowed(opened: Opened) -> None:
    async with connect(access()):
        options = opened.options
    assert options["grpc.enable_retries"] == 0
    assert options["grpc.use_local_subchannel_pool"] == 1
    assert options["grpc.max_send_message_length"] == options["grpc.max_receive_message_length"] == 64 << 20
    assert "grpc.service_config" not in options
    assert cast("int", options["grpc.client_idle_timeout_ms"]) <= 60_000


async def test_nothing_is_traced(fake: FakeXAI, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("image", "video", "files", "models"):
        monkeypatch.setattr(importlib.import_module(f"xai_sdk.aio.{name}"), "tracer", None)
    async with signed_in(backend, fake.base_url, KEY, capability=image) as harness:
        await harness.generate()
        assert image.discover
        await image.discover(harness.client)
        harness.capability = video
        await harness.finish(
            await harness.start(model=video.models[1], inputs={"video": [MemorySource(mime="video/mp4")]})
        )
    assert fake.paid() == 2


# The user's network


async def test_proxy_of_the_network_is_used(opened: Opened) -> None:
    async with connect(access(HTTPS_PROXY="http://proxy.example:3128")):
        assert opened.options["grpc.http_proxy"] == "http://proxy.example:3128"


@pytest.mark.parametrize("scheme", ["socks5", "https"])
async def test_a_proxy_that_gRPC_cannot_use_is_named(opened: Opened, scheme: str) -> None:  # noqa: N802
    with pytest.raises(Misconfigured, match=f"cannot use the {scheme} proxy that HTTPS_PROXY or ALL_PROXY names"):
        async with connect(access(ALL_PROXY=f"{scheme}://ann:secret@proxy.example:1")):
            pass
    assert opened.hosts == []


def test_the_network_is_checked_without_connecting(opened: Opened) -> None:
    with pytest.raises(Misconfigured, match="cannot use the socks5 proxy"):
        check_network(access(ALL_PROXY="socks5://proxy.example:1"))
    check_network(access(ALL_PROXY="socks5://proxy.example:1", NO_PROXY="x.ai"))
    check_network(access(ALL_PROXY="http://proxy.example:1"))
    assert opened.hosts == []


async def test_without_a_proxy_gRPC_looks_for_none(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: N802
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    async with connect(access()):
        assert opened.options["grpc.enable_http_proxy"] == 0


async def failure(base_url: str, **env: str) -> MediaError:
    async with connect(access(base_url, **env)) as signed:
        with pytest.raises(MediaError) as caught:
            await signed.send(lambda _channel: None, None, seconds=1)
    assert caught.value.billed == "no"
    return caught.value


@pytest.mark.parametrize(
    ("refuses", "kind", "words"),
    [(407, Misconfigured, "refused the connection to xAI (status 407)"), (502, Unreachable, "cannot be")],
)
async def test_connection_is_tunnelled_through_the_proxy(
    monkeypatch: pytest.MonkeyPatch, refuses: int, kind: type[MediaError], words: str
) -> None:
    for name in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with http_proxy(9, refuses=refuses) as proxy:
        error = await failure("https://gateway.example", HTTPS_PROXY=proxy.url(login="ann:secret-word"))
    assert type(error) is kind
    assert words in error.message
    assert "HTTPS_PROXY" in error.hint
    assert "secret-word" not in str(error)
    assert proxy.asked == ["CONNECT gateway.example:443"]


OWN = certificate("localhost")


@pytest.fixture(scope="module")
def tls_fake() -> Generator[FakeXAI]:
    with running(credentials=_grpc.ssl_server_credentials([(OWN.key, OWN.pem)])) as fake:
        yield fake


async def test_certificates_of_the_network_are_trusted(tls_fake: FakeXAI, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(OWN.pem)
    async with connect(access(tls_fake.base_url, SSL_CERT_DIR=str(tmp_path))) as signed:
        await AdapterHarness(backend, signed, image).generate()


async def test_unknown_certificate_is_refused_with_the_variable_that_helps(tls_fake: FakeXAI, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(certificate("other.example").pem)
    error = await failure(tls_fake.base_url, SSL_CERT_FILE=str(tmp_path / "ca.pem"))
    assert isinstance(error, Misconfigured)
    assert "certificate" in error.message
    assert "SSL_CERT_FILE" in error.hint


async def test_without_a_list_of_certificates_gRPC_uses_its_own(  # noqa: N802
    tls_fake: FakeXAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[object] = []
    monkeypatch.setattr("grpc.ssl_channel_credentials", used.append)
    monkeypatch.setattr(SystemNetwork, "certificates", None)
    with pytest.raises(AttributeError):  # there are no credentials in this test
        await failure(tls_fake.base_url)
    assert used == [None]


async def test_the_check_asks_for_models_and_finds_a_wrong_key(fake: FakeXAI) -> None:
    assert backend.check
    async with signed_in(backend, fake.base_url, KEY) as harness:
        assert await backend.check(harness.client) == ""
    fake.script(MODELS, Reply(code="INVALID_ARGUMENT", details="Incorrect API key provided."))
    async with signed_in(backend, fake.base_url, KEY) as harness:
        with pytest.raises(grpc.RpcError) as caught:
            await backend.check(harness.client)
    assert isinstance(backend.explain(caught.value), MissingKey)
    assert fake.paid() == 0


# Connections that fail


@pytest.mark.parametrize(("base_url", "named"), [("", False), ("https://gateway.example", True)], ids=["own", "other"])
async def test_unreachable_provider_says_what_to_check(opened: Opened, base_url: str, named: bool) -> None:
    opened.state = ChannelConnectivity.TRANSIENT_FAILURE
    async with connect(access(base_url)) as signed:
        with pytest.raises(Unreachable) as caught:
            await signed.send(lambda _channel: None, None, seconds=1)
    assert len(opened.hosts) == 2
    assert "the network and the proxy" in caught.value.hint
    assert ("MEDIASMITH_XAI_BASE_URL" in caught.value.hint) is named


async def test_unreachable_provider_is_free_and_connected_to_as_soon_as_it_is_there(fake: FakeXAI) -> None:
    with socket.create_server(("127.0.0.1", 0)) as once:
        port = once.getsockname()[1]
    async with signed_in(backend, f"grpc://127.0.0.1:{port}", KEY, capability=image) as harness:
        for _ in range(2):
            error = await harness.failure_of()
            assert isinstance(error, Unreachable)
            assert error.billed == "no"
        with gate(port) as opened:
            opened.server_port = int(fake.base_url.rpartition(":")[2])
            await harness.generate()
    assert fake.paid() == 1


async def test_silent_server_is_given_up(fake: FakeXAI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_CONNECT_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"grpc://127.0.0.1:{silent.getsockname()[1]}"
        async with signed_in(backend, url, KEY, capability=image) as harness:
            error = await harness.failure_of()
    assert isinstance(error, Unreachable)
    assert error.billed == "no"
    assert fake.log == []


@pytest.mark.parametrize("reply", [Reply(code="UNAVAILABLE"), Reply(fault="reset"), Reply(fault="truncate")], ids=repr)
async def test_request_that_breaks_may_be_billed_and_is_sent_once(
    fake: FakeXAI, images: AdapterHarness, reply: Reply
) -> None:
    fake.script(IMAGE, *[reply] * 5)
    error = await images.failure_of()
    assert isinstance(error, Unreachable)
    assert error.billed is None
    assert fake.counts() == {IMAGE: 1}
    fake.clear()
    assert (await images.generate()).outputs


async def test_replaced_channel_is_closed_after_its_last_request() -> None:
    channels: list[FakeChannel] = []
    release, sent = anyio.Event(), anyio.Event()

    def open_channel() -> FakeChannel:
        channels.append(FakeChannel())
        return channels[-1]

    def waiting(_channel: object) -> Any:
        async def call(_request: object, **given: object) -> str:
            assert given == {"timeout": 1, "metadata": (("authorization", "Bearer 1"),)}
            sent.set()
            await release.wait()
            return "an answer"

        return call

    signed = XAIClient(open_channel=open_channel, metadata=(("authorization", "Bearer 1"),))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(signed.send, waiting, None, seconds=1))
        await sent.wait()
        channels[0].state = ChannelConnectivity.TRANSIENT_FAILURE
        with pytest.raises(Unreachable):
            await signed.send(waiting, None, seconds=1)
        assert not channels[0].closed
        release.set()
    assert [channel.closed for channel in channels] == [True, False]
    await signed.close()
    assert channels[1].closed


async def test_upload_that_is_answered_early_stops() -> None:
    events: list[str] = []

    async def pieces() -> AsyncGenerator[object]:
        try:
            yield "first"
            yield "second"
        finally:
            events.append("closed")

    class Call:
        """A call that ends after the first piece."""

        async def write(self, piece: object) -> None:
            events.append(str(piece))
            if piece == "second":
                raise asyncio.InvalidStateError

        def cancel(self) -> None:
            events.append("cancelled")

        def __await__(self) -> Generator[None, None, str]:
            yield from asyncio.sleep(0).__await__()
            return "an answer"

    def method(_channel: object) -> Callable[..., Call]:
        def call(**_given: object) -> Call:
            return Call()

        return call

    signed = XAIClient(open_channel=FakeChannel, metadata=())
    assert await signed.send_stream(method, pieces(), seconds=1) == "an answer"
    assert events == ["first", "second", "cancelled", "closed"]


# Messages and time


async def test_large_messages_pass_both_ways(fake: FakeXAI, images: AdapterHarness) -> None:
    sources = [MemorySource(), MemorySource(b"\xff\0\0")]
    for source in sources:
        source.data += bytes(9 << 20)
    answers = [{"base64": await source.data_uri(), "respect_moderation": True} for source in sources]
    fake.script(IMAGE, Reply(message={"images": answers}))
    result = await images.generate(inputs={"image": sources})
    assert [output.body for output in result.outputs] == [source.data for source in sources]


async def test_messages_over_the_limit_are_not_taken_for_a_rate_limit(
    fake: FakeXAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = (("grpc.max_send_message_length", 1000), ("grpc.max_receive_message_length", 500))
    monkeypatch.setattr(client, "_OPTIONS", limits)
    source = MemorySource()
    source.data += bytes(1000)
    async with signed_in(backend, fake.base_url, KEY, capability=image) as harness:
        sent = await harness.failure_of(inputs={"image": [source]})
        received = await harness.failure_of()
    assert isinstance(sent, InvalidRequest)
    assert sent.billed == "no"
    assert isinstance(received, ProviderError)
    assert received.billed is None
    assert fake.paid() == 1


async def test_answer_that_does_not_come_times_out(
    fake: FakeXAI, images: AdapterHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.import_module("mediasmith_backends.xai.image"), "_ANSWER_SECONDS", 0.05)
    fake.script(IMAGE, Reply(fault="silence"))
    error = await images.failure_of()
    assert isinstance(error, TimedOut)
    assert error.billed is None


async def test_bytes_that_are_no_message_are_malformed(fake: FakeXAI, images: AdapterHarness) -> None:
    fake.script(IMAGE, Reply(raw=b"\xff\xff\xff"))
    error = await images.failure_of()
    assert isinstance(error, ProviderError)
    assert error.message == "xAI sent an answer that cannot be read."
    assert error.billed is None
