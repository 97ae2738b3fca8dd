"""The fake of xAI as the contract suite sees it, and against what the provider publishes, where that is at hand."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, TypeAlias

import anyio
import grpc
import pytest
from xai_sdk import AsyncClient
from xai_sdk.proto import deferred_pb2

from fakes.xai import IMAGE, KEY
from fakes.xai.__main__ import METHODS
from fakes.xai.contract import CONTRACT, Messages
from fakes.xai.wire import CODES, CallWire, wire
from mediasmith.testing import Answer
from mediasmith.testing.check_failures import EDITS, UNKNOWN_WORDS

Sdk: TypeAlias = Any
"""The SDK: its types know too well what can be asked to be asked anything else."""

_grpc: Any = grpc  # it has no types

pytestmark = pytest.mark.usefixtures("one_loop")

NEWER = "grok-imagine-video-1.5"


@pytest.fixture(scope="module")
def opened() -> Generator[CallWire]:
    with wire() as opened:
        yield opened


@pytest.fixture
def line(opened: CallWire) -> CallWire:
    opened.clear()
    return opened


@pytest.fixture
async def client(line: CallWire) -> AsyncGenerator[Sdk]:
    options = [("grpc.enable_retries", 0)]
    host = line.url.removeprefix("grpc://")
    async with AsyncClient(
        api_key=KEY, api_host=host, use_insecure_channel=True, channel_options=options, timeout=30
    ) as client:
        yield client


async def drawn(client: Sdk) -> Any:
    return await client.image.sample("a red kite", "grok-imagine-image", image_format="base64")


async def status(client: Sdk) -> tuple[str, str]:
    with pytest.raises(_grpc.aio.AioRpcError) as caught:
        await drawn(client)
    error: Any = caught.value
    return error.code().name, error.details()


def fetch(url: str) -> None:
    urllib.request.urlopen(url).close()


def changed(**fields: object) -> Callable[[bytes], bytes]:
    return lambda body: json.dumps({**json.loads(body), **fields}).encode()


async def test_what_goes_out_is_told_without_the_key(line: CallWire, client: Sdk) -> None:
    await drawn(client)
    await client.models.list_image_generation_models()
    drawing, listing = line.requests()
    assert (drawing.method, drawing.path, drawing.pays) == (*IMAGE.split(), True)
    assert drawing.body == {
        "prompt": "a red kite",
        "model": "grok-imagine-image",
        "n": 1,
        "format": "IMG_FORMAT_BASE64",
    }
    assert drawing.headers["xai-sdk-version"]
    assert "authorization" not in drawing.headers
    assert not listing.pays


async def test_a_download_is_told_and_costs_nothing(line: CallWire, client: Sdk) -> None:
    started = await client.video.start("a red kite", NEWER, duration=1)
    answers = [await client.video.get(started.request_id) for _ in range(3)]
    assert [answer.status for answer in answers] == [deferred_pb2.PENDING, deferred_pb2.DONE, deferred_pb2.DONE]
    fetch(answers[-1].response.video.url)
    *_, last = line.requests()
    assert (last.method, last.pays) == ("GET", False)
    assert last.headers["host"].startswith("127.0.0.1:")


async def test_what_was_made_outlives_the_log(line: CallWire, client: Sdk) -> None:
    started = await client.video.start("a red kite", NEWER)
    line.script(Answer(status=500))
    line.clear()
    assert not line.requests()
    assert (await client.video.get(started.request_id)).status == deferred_pb2.PENDING
    assert await drawn(client)


@pytest.mark.parametrize("code", CODES)
async def test_a_status_of_http_becomes_one_of_grpc(line: CallWire, client: Sdk, code: int) -> None:
    line.script(Answer(status=code, body=b"scripted"))
    assert await status(client) == (CODES[code], "scripted")
    assert await drawn(client)


async def test_paying_calls_and_others_have_scripts_of_their_own(line: CallWire, client: Sdk) -> None:
    line.script(Answer(status=500), pays=False)
    assert await drawn(client)
    with pytest.raises(_grpc.aio.AioRpcError):
        await client.models.list_image_generation_models()
    line.script(Answer(status=500))
    assert await client.models.list_image_generation_models()
    assert (await status(client))[0] == "INTERNAL"


@pytest.mark.parametrize("body", [b"{", b"null", b'"text"', b"<html></html>"])
async def test_a_body_that_is_no_message_cannot_be_read(line: CallWire, client: Sdk, body: bytes) -> None:
    line.script(Answer(status=200, body=body))
    with pytest.raises(AttributeError):
        await drawn(client)


async def test_an_empty_body_is_an_empty_message(line: CallWire, client: Sdk) -> None:
    line.script(Answer(status=200))
    with pytest.raises(IndexError):
        await drawn(client)


async def test_an_edit_changes_the_normal_answer(line: CallWire, client: Sdk) -> None:
    line.script(Answer(edit=changed(model="another")), Answer(edit=changed(images=[])))
    made = await drawn(client)
    assert (made.model, made.respect_moderation) == ("another", True)
    with pytest.raises(IndexError):
        await drawn(client)


@pytest.mark.parametrize("name", EDITS)
async def test_every_edit_of_the_suite_leaves_a_message(line: CallWire, client: Sdk, name: str) -> None:
    started = await client.video.start("a red kite", NEWER)
    line.script(Answer(edit=EDITS[name]), pays=False)
    assert (await client.video.get(started.request_id)).ByteSize() >= 0


async def test_a_word_that_nobody_knows_is_a_number_that_nobody_knows(line: CallWire, client: Sdk) -> None:
    started = await client.video.start("a red kite", NEWER)
    line.script(Answer(edit=UNKNOWN_WORDS), pays=False)
    answer = await client.video.get(started.request_id)
    assert answer.status not in deferred_pb2.DeferredStatus.values()
    assert answer.response.model == "somersault"


@pytest.mark.parametrize("fault", ["reset", "truncate"])
async def test_a_connection_breaks(line: CallWire, client: Sdk, fault: Any) -> None:
    line.script(Answer(fault=fault))
    assert (await status(client))[0] == "UNAVAILABLE"


@pytest.mark.parametrize("fault", ["silence", "drip"])
async def test_no_answer_comes_to_its_end(line: CallWire, client: Sdk, fault: Any) -> None:
    line.script(Answer(status=200 if fault == "drip" else 0, fault=fault))
    answers: list[Any] = []

    async def ask() -> None:
        answers.append(await drawn(client))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        while not line.requests():
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert not answers


# What is published


@pytest.fixture(scope="module")
def contract() -> Messages:
    if not isinstance(CONTRACT, Messages):
        pytest.skip("what the provider publishes is not at hand")
    return CONTRACT


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_as_it_is_published(contract: Messages, name: str) -> None:
    assert not list(contract.differences(name))


def test_what_is_published_knows_no_other_method(contract: Messages) -> None:
    with pytest.raises(KeyError):
        list(contract.differences("POST /xai_api.Image/Draw"))
