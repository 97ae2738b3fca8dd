"""How xAI is reached, what its refusals mean, and what continues from what."""

from __future__ import annotations

import asyncio
import base64
import importlib
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import anyio
import grpc
import pytest
from grpc import ChannelConnectivity
from xai_sdk.proto import image_pb2, image_pb2_grpc

from fakes.engines import HASTY, PATIENT, edited, made
from fakes.xai import EXTENSION, IMAGE, KEY, POLL, UPLOAD, VIDEO, FakeXAI, running
from fakes.xai.catalogue import FORBIDDEN
from fakes.xai.errors import MISTYPED_KEY, WRONG_KEY
from fakes.xai.gate import Gate
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.engine.bootstrap import open_engine
from mediasmith.engine.results import MediaResult
from mediasmith.engine.use_cases import Engine
from mediasmith.plugin.contract import Access
from mediasmith.plugin.errors import (
    InvalidRequest,
    MediaError,
    MissingKey,
    ModelGone,
    OutOfCredit,
    OverBudget,
    ProviderError,
    RateLimited,
    Refused,
    TimedOut,
    Unreachable,
)
from mediasmith.runtime.clock import SystemClock
from mediasmith.testing import AdapterHarness, MemorySource, signed_in
from mediasmith_backends.xai import backend, client
from mediasmith_backends.xai.client import Grok, connect
from mediasmith_backends.xai.image import image
from mediasmith_backends.xai.video import video

PROVIDER = running

pytestmark = pytest.mark.usefixtures("one_loop")


@pytest.fixture
def fake(fake: FakeXAI) -> FakeXAI:
    fake.settings(polls=1, shortest=0)
    return fake


@pytest.fixture
async def hands(fake: FakeXAI) -> AsyncGenerator[AdapterHarness]:
    async with signed_in(backend, fake.base_url, KEY, capability=image) as hands:
        yield hands


# Signing in


class Dialled:
    """What channels are opened to, instead of opening them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, state: ChannelConnectivity = ChannelConnectivity.READY) -> None:
        self.state = state
        self.hosts: list[tuple[str, bool]] = []
        self.options: dict[str, object] = {}
        monkeypatch.setattr("grpc.aio.secure_channel", self.secure)
        monkeypatch.setattr("grpc.aio.insecure_channel", self.insecure)

    def secure(self, host: str, _credentials: object, options: Any) -> Channel:
        self.hosts.append((host, True))
        self.options = dict(options)
        return Channel(self.state)

    def insecure(self, host: str, options: Any) -> Channel:
        self.hosts.append((host, False))
        self.options = dict(options)
        return Channel(self.state)


class Channel:
    """A channel that is as it is said to be."""

    def __init__(self, state: ChannelConnectivity = ChannelConnectivity.READY) -> None:
        self.state = state
        self.closed = False

    def get_state(self, *, try_to_connect: bool) -> ChannelConnectivity:
        assert try_to_connect
        return self.state

    async def close(self) -> None:
        self.closed = True


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
async def test_an_address_says_where_and_whether_over_tls(
    monkeypatch: pytest.MonkeyPatch, base_url: str, host: str, tls: bool
) -> None:
    dialled = Dialled(monkeypatch)
    async with connect(Access(key=KEY, env={}, base_url=base_url)):
        assert dialled.hosts == [(host, tls)]


@pytest.mark.parametrize(
    ("base_url", "named"), [("", False), ("https://gateway.example", True)], ids=["its own", "another"]
)
async def test_who_cannot_be_reached_says_what_to_check(
    monkeypatch: pytest.MonkeyPatch, base_url: str, named: bool
) -> None:
    dialled = Dialled(monkeypatch, ChannelConnectivity.TRANSIENT_FAILURE)
    async with connect(Access(key=KEY, env={}, base_url=base_url)) as opened:
        with pytest.raises(Unreachable) as caught:
            await opened.ask(lambda _channel: None, None, seconds=1)
    assert len(dialled.hosts) == 2
    assert "the network and the proxy" in caught.value.hint
    assert "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH" in caught.value.hint
    assert ("MEDIASMITH_XAI_BASE_URL" in caught.value.hint) is named


@pytest.mark.parametrize(
    "base_url", ["https://api.x.ai/v1", "ftp://api.x.ai", "api.x.ai:port", "grpc://", "a b", "https://u:p@api.x.ai"]
)
async def test_what_is_no_address_is_told(base_url: str) -> None:
    with pytest.raises(InvalidRequest, match="MEDIASMITH_XAI_BASE_URL"):
        async with connect(Access(key=KEY, env={}, base_url=base_url)):
            pass


@pytest.mark.parametrize("key", ["xai-\N{EURO SIGN}", "xai-1\nx: y", "xai-1\x7f"])
async def test_what_is_no_key_is_told_before_anything_is_sent(key: str) -> None:
    with pytest.raises(MissingKey) as caught:
        async with connect(Access(key=key, env={}, base_url="")):
            pass
    assert key not in str(caught.value)


async def test_nothing_is_sent_twice_and_messages_may_be_large(monkeypatch: pytest.MonkeyPatch) -> None:
    dialled = Dialled(monkeypatch)
    async with connect(Access(key=KEY, env={}, base_url="")):
        options = dialled.options
    assert options["grpc.enable_retries"] == 0
    assert options["grpc.use_local_subchannel_pool"] == 1
    assert options["grpc.max_send_message_length"] == options["grpc.max_receive_message_length"] == 64 << 20
    assert "grpc.service_config" not in options
    assert cast("int", options["grpc.client_idle_timeout_ms"]) <= 60_000


async def test_nothing_of_the_environment_goes_out(fake: FakeXAI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XAI_API_KEY", "xai-of-somebody-else")
    monkeypatch.setenv("XAI_MANAGEMENT_KEY", "xai-management")
    dialled = Dialled(monkeypatch)
    async with connect(Access(key=KEY, env={}, base_url="")) as opened:
        assert opened.signed == (("authorization", f"Bearer {KEY}"),)
        assert KEY not in repr(opened)
    assert len(dialled.hosts) == 1
    assert fake.log() == []


async def test_nothing_is_traced(fake: FakeXAI, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("image", "video", "files", "models"):
        monkeypatch.setattr(importlib.import_module(f"xai_sdk.aio.{name}"), "tracer", None)
    async with signed_in(backend, fake.base_url, KEY, capability=image) as hands:
        await hands.make()
        assert image.discover
        await image.discover(hands.client)
    async with signed_in(backend, fake.base_url, KEY, capability=replace(video, models=video.models[::-1])) as hands:
        await hands.finish(await hands.start(inputs={"video": [MemorySource(mime="video/mp4")]}))
    assert fake.paid() == 2


# The connection


async def test_who_cannot_be_reached_costs_nothing_and_is_tried_anew(fake: FakeXAI) -> None:
    with socket.create_server(("127.0.0.1", 0)) as once:
        port = once.getsockname()[1]
    async with signed_in(backend, f"grpc://127.0.0.1:{port}", KEY, capability=image) as hands:
        for _ in range(2):
            error = await hands.fails()
            assert isinstance(error, Unreachable)
            assert error.billed == "no"
            assert error.hint == "Check MEDIASMITH_XAI_BASE_URL, the network and the proxy."
        gate = Gate(int(fake.base_url.rpartition(":")[2]))
        async with await asyncio.start_server(gate.pass_on, "127.0.0.1", port):
            assert (await hands.make()).outputs
    assert fake.paid() == 1


async def test_who_does_not_answer_the_call_is_left(fake: FakeXAI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_CONNECT_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"grpc://127.0.0.1:{silent.getsockname()[1]}"
        async with signed_in(backend, url, KEY, capability=image) as hands:
            error = await hands.fails()
    assert isinstance(error, Unreachable)
    assert error.billed == "no"
    assert fake.log() == []


@pytest.mark.parametrize("answer", [{"code": "UNAVAILABLE"}, {"reset": True}, {"truncate": True}], ids=str)
async def test_what_breaks_afterwards_may_have_been_paid_and_is_sent_once(
    fake: FakeXAI, hands: AdapterHarness, answer: Mapping[str, object]
) -> None:
    fake.script(IMAGE, {**answer, "times": 5})
    error = await hands.fails()
    assert isinstance(error, Unreachable)
    assert error.billed is None
    assert fake.counts() == {IMAGE: 1}


async def test_a_channel_that_is_given_up_is_closed_when_its_last_request_is_done() -> None:
    channels: list[Channel] = []
    answered, asked = anyio.Event(), anyio.Event()

    def dial() -> Channel:
        channels.append(Channel())
        return channels[-1]

    def waits(_channel: object) -> Any:
        async def call(_request: object, **told: object) -> str:
            assert told == {"timeout": 1, "metadata": (("authorization", "Bearer 1"),)}
            asked.set()
            await answered.wait()
            return "an answer"

        return call

    grok = Grok(dial=dial, signed=(("authorization", "Bearer 1"),))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: grok.ask(waits, None, seconds=1))
        await asked.wait()
        channels[0].state = ChannelConnectivity.TRANSIENT_FAILURE
        with pytest.raises(Unreachable):
            await grok.ask(waits, None, seconds=1)
        assert not channels[0].closed
        answered.set()
    assert [channel.closed for channel in channels] == [True, False]
    await grok.close()
    assert channels[1].closed


async def test_an_upload_that_is_answered_early_is_not_gone_on_with() -> None:
    told: list[str] = []

    async def pieces() -> AsyncGenerator[object]:
        try:
            yield "first"
            yield "second"
        finally:
            told.append("closed")

    class Call:
        """A call that is over after the first piece."""

        async def write(self, piece: object) -> None:
            told.append(str(piece))
            if piece == "second":
                raise asyncio.InvalidStateError

        def cancel(self) -> None:
            told.append("cancelled")

        def __await__(self) -> Generator[None, None, str]:
            yield from asyncio.sleep(0).__await__()
            return "an answer"

    def begins(_channel: object) -> Callable[..., Call]:
        def call(**_told: object) -> Call:
            return Call()

        return call

    grok = Grok(dial=Channel, signed=())
    assert await grok.pour(begins, pieces(), seconds=1) == "an answer"
    assert told == ["first", "second", "cancelled", "closed"]


class Echo(image_pb2_grpc.ImageServicer):
    """Answers with what it was given."""

    async def GenerateImage(self, request: Any, context: object) -> Any:  # noqa: ARG002, N802 - its names in the service
        """The pictures of the request."""
        return image_pb2.ImageResponse(
            images=[image_pb2.GeneratedImage(base64=one.image_url, respect_moderation=True) for one in request.images]
        )


async def test_large_messages_pass_both_ways() -> None:
    sources = [MemorySource(), MemorySource(b"\xff\0\0")]
    for source in sources:
        source.data += bytes(9 << 20)
    server = cast("Any", grpc).aio.server(options=[("grpc.max_receive_message_length", -1)])
    cast("Any", image_pb2_grpc).add_ImageServicer_to_server(Echo(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with signed_in(backend, f"grpc://127.0.0.1:{port}", KEY, capability=image) as hands:
        result = await hands.make(inputs={"image": sources})
    await server.stop(0)
    assert [output.body for output in result.outputs] == [source.data for source in sources]


async def test_messages_that_are_too_large_are_not_taken_for_haste(
    fake: FakeXAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = (("grpc.max_send_message_length", 1000), ("grpc.max_receive_message_length", 1000))
    monkeypatch.setattr(client, "_OPTIONS", limits)
    source = MemorySource()
    source.data += bytes(1000)
    async with signed_in(backend, fake.base_url, KEY, capability=image) as hands:
        sent = await hands.fails(inputs={"image": [source]})
        received = await hands.fails()
    assert isinstance(sent, InvalidRequest)
    assert sent.billed == "no"
    assert isinstance(received, ProviderError)
    assert received.billed is None
    assert fake.paid() == 1


async def test_an_answer_that_does_not_come_is_waited_for_so_long(
    fake: FakeXAI, hands: AdapterHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.import_module("mediasmith_backends.xai.image"), "_ANSWER_SECONDS", 0.05)
    fake.script(IMAGE, {"hang": True})
    error = await hands.fails()
    fake.release()
    assert isinstance(error, TimedOut)
    assert error.billed is None


# What refusals mean


@pytest.mark.parametrize(
    ("answer", "kind", "billed"),
    [
        ("UNAUTHENTICATED ", MissingKey, "no"),
        ("INVALID_ARGUMENT Incorrect API key provided: xa***ef.", MissingKey, "no"),
        ("PERMISSION_DENIED The team has no licence.", OutOfCredit, "no"),
        ("RESOURCE_EXHAUSTED The team has used all available credits.", OutOfCredit, "no"),
        ("RESOURCE_EXHAUSTED Too many requests.", RateLimited, "no"),
        ("NOT_FOUND The model is not there.", ModelGone, "no"),
        ("INVALID_ARGUMENT n: it must be from 1 to 10.", InvalidRequest, "no"),
        ("INVALID_ARGUMENT Generated image rejected by content moderation.", Refused, None),
        ("PERMISSION_DENIED Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_X", Refused, None),
        ("RESOURCE_EXHAUSTED SERVER: Received message larger than max (2 vs. 1)", InvalidRequest, "no"),
        ("DEADLINE_EXCEEDED ", TimedOut, None),
        ("UNIMPLEMENTED ", ProviderError, "no"),
        ("INTERNAL Traceback", ProviderError, None),
        ("CANCELLED ", ProviderError, None),
        ("UNKNOWN ", ProviderError, None),
    ],
)
async def test_a_status_says_what_it_means(
    fake: FakeXAI, hands: AdapterHarness, answer: str, kind: type[MediaError], billed: str | None
) -> None:
    code, _, details = answer.partition(" ")
    fake.script(IMAGE, {"code": code, "details": details})
    error = await hands.fails()
    assert type(error) is kind
    assert error.billed == billed
    assert "Traceback" not in str(error)


@pytest.mark.parametrize(("told", "pause"), [("7", 7.0), ("soon", None), (None, None)])
async def test_a_rate_limit_says_how_long_to_wait(
    fake: FakeXAI, hands: AdapterHarness, told: str | None, pause: float | None
) -> None:
    fake.script(IMAGE, {"code": "RESOURCE_EXHAUSTED", "metadata": {"retry-after": told} if told else {}})
    error = await hands.fails()
    assert isinstance(error, RateLimited)
    assert error.retry_after == pause


@pytest.mark.parametrize("key", [WRONG_KEY, MISTYPED_KEY])
async def test_a_key_that_is_not_taken_is_told(fake: FakeXAI, key: str) -> None:
    async with signed_in(backend, fake.base_url, key, capability=image) as hands:
        error = await hands.fails()
    assert isinstance(error, MissingKey)
    assert error.variables == ("XAI_API_KEY",)


@pytest.mark.parametrize("credit", ["spent", "none"])
async def test_an_account_without_credit_is_told(fake: FakeXAI, hands: AdapterHarness, credit: Any) -> None:
    fake.settings(credit=credit)
    error = await hands.fails()
    assert isinstance(error, OutOfCredit)
    assert "console.x.ai" in error.hint


def test_other_exceptions_are_left_to_others() -> None:
    assert backend.explain(KeyError("no")) is None


# Through the engine


@asynccontextmanager
async def server(fake: FakeXAI, folder: Path) -> AsyncGenerator[Engine]:
    """The engine with this backend; it polls as fast as the fake answers."""
    swift = replace(backend, capabilities=(image, replace(video, every=0.01)))
    async with open_engine(
        settings=Settings(data_dir=folder / "data", output_dir=folder / "out", allowed_dirs=(folder,)),
        env=fake.env(),
        backends=Registry(backends={"xai": swift}, broken={}),
        clock=SystemClock(),
    ) as engine:
        yield engine


def uri_of(result: MediaResult, number: int = 0) -> str:
    data = Path(result.files[number].path).read_bytes()
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"


async def test_one_of_several_pictures_is_edited_and_again_after_a_restart(fake: FakeXAI, tmp_path: Path) -> None:
    async with server(fake, tmp_path) as engine:
        four = await made(engine, n=4, aspect_ratio="16:9", backend="grok")
        blue = await edited(engine, four.files[2].id)
    async with server(fake, tmp_path) as engine:
        green = await edited(engine, blue.continuation_id, "make it green")
    first, second, third = fake.bodies(IMAGE)
    assert (four.status, len(four.files), first["n"]) == ("done", 4, 4)
    assert four.cost
    assert (four.cost.usd, four.cost.basis) == (0.24, "reported")
    assert second["image"]["image_url"] == uri_of(four, 2)
    assert third["image"]["image_url"] == uri_of(blue)
    assert green.warnings == ()
    assert fake.paid() == 3


async def test_a_picture_becomes_a_video_that_is_edited_and_extended(fake: FakeXAI, tmp_path: Path) -> None:
    async with server(fake, tmp_path) as engine:
        still = await made(engine, size="1K")
        film = await made(engine, kind="video", first_frame=f"media://{still.continuation_id}", duration=2, size="480p")
        blue = await edited(engine, film.continuation_id)
        longer = await edited(engine, film.continuation_id, "and on", options={"extend": 1})
    assert [one.model for one in (film, blue, longer)] == [
        "grok-imagine-video-1.5",
        "grok-imagine-video",
        "grok-imagine-video",
    ]
    assert [round(one.files[0].duration_seconds or 0) for one in (film, blue, longer)] == [2, 2, 3]
    assert film.files[0].mime == "video/mp4"
    assert fake.bodies(VIDEO)[0]["image"]["image_url"] == uri_of(still)
    assert list(fake.bodies(VIDEO)[1]["video"]) == list(fake.bodies(EXTENSION)[0]["video"]) == ["url"]
    assert blue.warnings == longer.warnings == ()
    assert not {"duration", "resolution"} & fake.bodies(VIDEO)[1].keys()
    assert UPLOAD not in fake.counts()
    assert not any("authorization" in entry["headers"] for entry in fake.log() if entry["method"] == "GET")


async def test_a_video_whose_address_is_gone_is_edited_by_its_file(fake: FakeXAI, tmp_path: Path) -> None:
    async with server(fake, tmp_path) as engine:
        film = await made(engine, kind="video", duration=2, size="480p")
        [entry] = [entry for entry in fake.log() if entry["path"].endswith("GetDeferredVideo")][:1]
        fake.expire(entry["body"]["request_id"])
        blue = await edited(engine, film.continuation_id)
    assert blue.status == "done"
    assert list(fake.bodies(VIDEO)[-1]["video"]) == ["file_id"]
    [upload] = fake.bodies(UPLOAD)
    assert upload["size"] == film.files[0].bytes
    assert blue.warnings


async def test_a_job_of_a_server_that_is_gone_is_collected(fake: FakeXAI, tmp_path: Path) -> None:
    fake.script(POLL, {"body": {"status": "PENDING"}, "times": 10_000})
    async with server(fake, tmp_path) as engine:
        begun = await engine.generate({"prompt": "a red kite", "kind": "video", "duration": 2}, HASTY)
        await fake.seen(POLL)
    fake.clear()
    async with server(fake, tmp_path) as engine:
        result = await engine.get_job({"job_id": begun.job_id}, PATIENT)
    assert isinstance(result, MediaResult)
    assert result.status == "done"
    assert fake.paid() == 0


async def test_an_estimate_counts_what_is_given_and_what_is_usual(fake: FakeXAI, tmp_path: Path) -> None:
    async def estimated(tool: Callable[..., Awaitable[object]], **arguments: object) -> float | None:
        answer = await tool({"prompt": "a red kite", "backend": "xai", "dry_run": True, **arguments}, PATIENT)
        assert isinstance(answer, MediaResult)
        assert answer.cost
        return answer.cost.usd

    async with server(fake, tmp_path) as engine:
        still = await made(engine, size="1K", quality="medium")
        film = await made(engine, kind="video", duration=1)
        first_frame = f"media://{still.continuation_id}"
        of_three = partial(estimated, engine.generate, size="1K", quality="medium", image=[first_frame] * 3)
        assert await estimated(engine.continue_edit, continuation_id=still.continuation_id) == 0.07
        assert await of_three(n=2) == 0.15
        with pytest.raises(OverBudget):
            await of_three(max_cost_usd=0.06, model="grok-imagine-image-2.0")
        assert await of_three(max_cost_usd=0.06) == 0.026  # of the model that keeps to the limit
        assert await estimated(engine.generate, kind="video", max_cost_usd=0.64) == 0.64
        assert await estimated(engine.generate, kind="video", first_frame=first_frame) == 0.65
        assert await estimated(engine.generate, kind="video", draft=True, first_frame=first_frame) == 0.402
        # An edited video is as large and as long as the earlier one, of which this knows nothing.
        assert await estimated(engine.continue_edit, continuation_id=film.continuation_id) == 1.05
        assert fake.paid() == 2


async def test_a_declined_prompt_goes_nowhere_else(fake: FakeXAI, tmp_path: Path) -> None:
    async with server(fake, tmp_path) as engine:
        with pytest.raises(Refused):
            await made(engine, f"a {FORBIDDEN} kite")
    assert fake.paid() == 1
