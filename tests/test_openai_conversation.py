"""Pictures in a conversation: named from the start, polled for, cancelled, collected later, and gone on from."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.engines import HASTY, PATIENT, collected, edited, made, saved
from fakes.openai import KEY, FakeOpenAI, running
from fakes.openai.catalogue import FORBIDDEN, WITHHELD
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.engine.bootstrap import open_engine
from mediasmith.engine.use_cases import Engine
from mediasmith.plugin.contract import Pending, Result
from mediasmith.plugin.errors import Cancelled, MediaError, ProviderError, Refused, StateGone
from mediasmith.runtime.clock import SystemClock
from mediasmith.testing import AdapterHarness, MemorySource, png, signed_in
from mediasmith_backends.openai import backend

GENERATE, EDIT, RESPOND = "POST /v1/images/generations", "POST /v1/images/edits", "POST /v1/responses"
POLL = "GET /v1/responses/{id}"
IMAGE = backend.capabilities[0]
SMALL = "1024x640"

PROVIDER = running


@pytest.fixture
def fake(fake: FakeOpenAI) -> FakeOpenAI:
    fake.settings(polls=1)
    return fake


@pytest.fixture
async def hands(fake: FakeOpenAI) -> AsyncGenerator[AdapterHarness]:
    async with signed_in(backend, fake.base_url, KEY, capability=IMAGE) as hands:
        yield hands


@asynccontextmanager
async def server(fake: FakeOpenAI, folder: Path) -> AsyncGenerator[Engine]:
    """The engine with this backend's pictures; it polls as fast as the fake answers."""
    swift = replace(backend, capabilities=(replace(IMAGE, every=0.01),))
    async with open_engine(
        settings=Settings(data_dir=folder / "data", output_dir=folder / "out", allowed_dirs=(folder,)),
        env=fake.env(),
        backends=Registry(backends={"openai": swift}, broken={}),
        clock=SystemClock(),
    ) as engine:
        yield engine


async def finished(hands: AdapterHarness, **given: Any) -> Result:
    return await hands.finish(await hands.start(size=SMALL, **given))


def bodies(fake: FakeOpenAI, path: str) -> list[Any]:
    return [request["body"] for request in fake.log() if request["method"] == "POST" and request["path"] == path]


async def test_a_picture_has_a_name_before_it_is_made(fake: FakeOpenAI, hands: AdapterHarness) -> None:
    handle = await hands.submit(size=SMALL, quality="low", output_format="webp", moderation="low", complexity="low")
    assert isinstance(handle, Mapping)
    assert list(handle) == ["response"]
    sent = bodies(fake, "/v1/responses")[0]
    assert sent.pop("instructions")
    assert sent == {
        "model": "gpt-6-luna",
        "input": "a red kite",
        "background": True,
        "tool_choice": {"type": "image_generation"},
        "tools": [
            {
                "type": "image_generation",
                "model": "gpt-image-2.6-sunburst",
                "size": SMALL,
                "quality": "low",
                "output_format": "webp",
                "moderation": "low",
                "complexity": "low",
            }
        ],
    }


async def test_it_is_polled_for_until_it_is_done_and_tells_what_was_made_of_the_prompt(
    fake: FakeOpenAI, hands: AdapterHarness
) -> None:
    handle = await hands.submit(size=SMALL)
    assert await hands.poll(handle) == Pending(message="queued")
    done = await hands.poll(handle)
    assert isinstance(done, Result)
    assert (done.outputs[0].mime, done.outputs[0].state) == ("image/png", handle)
    assert done.details["revised_prompt"] == "a red kite, in fine detail"
    assert done.details["size"] == SMALL
    assert {"usage", "tool_usage"} <= done.details.keys()
    assert done.cost_usd is None
    assert fake.counts() == {RESPOND: 1, POLL: 2}


async def test_references_go_with_the_words(fake: FakeOpenAI, hands: AdapterHarness) -> None:
    one, other = MemorySource(), MemorySource(b"\xff\0\0")
    await hands.submit(inputs={"image": [one, other]}, size=SMALL)
    assert bodies(fake, "/v1/responses")[0]["input"] == [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "a red kite"},
                {"type": "input_image", "detail": "auto", "image_url": await one.data_uri()},
                {"type": "input_image", "detail": "auto", "image_url": await other.data_uri()},
            ],
        }
    ]


async def test_a_picture_is_continued_again_and_again_and_in_branches(fake: FakeOpenAI, tmp_path: Path) -> None:
    async with server(fake, tmp_path) as engine:
        first = await made(engine, size=SMALL)
        second = await edited(engine, first.continuation_id)
        branch = await edited(engine, first.continuation_id, "make it green")
        await edited(engine, second.continuation_id, "make it round")
    start, blue, green, circle = bodies(fake, "/v1/responses")
    assert "previous_response_id" not in start
    assert blue["previous_response_id"] == green["previous_response_id"] != circle["previous_response_id"]
    assert [one["input"] for one in (blue, green, circle)] == ["make it blue", "make it green", "make it round"]
    assert [one["tools"][0]["size"] for one in (blue, green, circle)] == [SMALL] * 3
    assert len({*saved(first), *saved(second), *saved(branch)}) == 3
    assert fake.paid() == 4
    assert not [one.warnings for one in (first, second, branch) if one.warnings]


async def test_when_the_conversation_is_gone_the_saved_file_is_sent(fake: FakeOpenAI, tmp_path: Path) -> None:
    async with server(fake, tmp_path) as engine:
        first = await made(engine, size=SMALL)
        fake.expire(fake.log()[-1]["path"].rpartition("/")[2])
        second = await edited(engine, first.continuation_id)
        third = await edited(engine, second.continuation_id)
    _, lost, again, going_on = bodies(fake, "/v1/responses")
    assert lost["previous_response_id"]
    assert "previous_response_id" not in again
    sent = again["input"][0]["content"][1]["image_url"].partition(",")[2]
    assert base64.b64decode(sent) == saved(first)[0]
    assert "The saved file was sent in its place." in second.warnings[0]
    assert going_on["previous_response_id"]
    assert not third.warnings


async def test_a_picture_that_was_made_at_once_is_continued_from_its_file(fake: FakeOpenAI, tmp_path: Path) -> None:
    async with server(fake, tmp_path) as engine:
        pair = await made(engine, size=SMALL, n=2)
        await edited(engine, pair.files[1].id)
    assert fake.counts()[GENERATE] == 1
    sent = bodies(fake, "/v1/responses")[0]["input"][0]["content"][1]["image_url"].partition(",")[2]
    assert base64.b64decode(sent) == saved(pair)[1]


async def test_what_no_conversation_can_do_is_done_with_the_file(fake: FakeOpenAI, tmp_path: Path) -> None:
    mask = tmp_path / "mask.png"
    mask.write_bytes(png(1024, 640, b"\0\0\0\0"))
    async with server(fake, tmp_path) as engine:
        first = await made(engine, size=SMALL)
        masked = await edited(engine, first.continuation_id, mask=str(mask))
        moving = await edited(engine, first.continuation_id, output_format="gif")
    assert fake.counts()[EDIT] == 2
    assert fake.counts()[RESPOND] == 1
    assert [file["field"] for file in bodies(fake, "/v1/images/edits")[0]["files"]] == ["image[]", "mask"]
    for result, mime in ((masked, "image/png"), (moving, "image/gif")):
        assert result.files[0].mime == mime
        assert "The saved file was sent in its place." in result.warnings[0]


async def test_several_that_continue_one_picture_are_as_many_conversations(fake: FakeOpenAI, tmp_path: Path) -> None:
    async with server(fake, tmp_path) as engine:
        first = await made(engine, size=SMALL)
        three = await edited(engine, first.continuation_id, n=3)
    assert len(three.files) == 3
    begun = [body["previous_response_id"] for body in bodies(fake, "/v1/responses")[1:]]
    assert len(begun) == 3
    assert len(set(begun)) == 1


async def test_another_server_collects_a_picture_and_a_cancel_reaches_it(fake: FakeOpenAI, tmp_path: Path) -> None:
    fake.settings(polls=1_000_000)
    async with server(fake, tmp_path) as engine:
        kept = (await made(engine, caller=HASTY, size=SMALL)).job_id
        dropped = (await made(engine, "a green kite", caller=HASTY, size=SMALL)).job_id
        await fake.seen(RESPOND, 2)
        await fake.seen(POLL, 2)
        assert (await collected(engine, dropped, HASTY, cancel=True)).status == "cancelled"
    fake.finish()
    async with server(fake, tmp_path) as engine:
        assert (await collected(engine, kept, PATIENT)).status == "done"
    assert fake.counts()["POST /v1/responses/{id}/cancel"] == 1
    assert fake.paid() == 2


async def test_a_picture_that_is_gone_from_the_provider_is_waited_for_no_worse_than_any_trouble(
    fake: FakeOpenAI, hands: AdapterHarness
) -> None:
    handle = await hands.submit(size=SMALL)
    assert isinstance(handle, Mapping)
    fake.expire(str(handle["response"]))
    with pytest.raises(Exception, match="404") as caught:
        await hands.poll(handle)
    assert not isinstance(caught.value, MediaError)
    told = backend.explain(caught.value)
    assert isinstance(told, StateGone)
    assert "not found" in told.message


async def failing(hands: AdapterHarness, **given: Any) -> MediaError:
    with pytest.raises(MediaError) as caught:
        await finished(hands, **given)
    return caught.value


@pytest.mark.parametrize("word", [FORBIDDEN, WITHHELD])
async def test_what_is_against_the_rules_is_a_refusal(hands: AdapterHarness, word: str) -> None:
    asked = replace(hands.call(size=SMALL), prompt=f"a {word} thing")
    with pytest.raises(Refused) as caught:
        await hands.finish(await IMAGE.start(asked))
    assert "safety system" in caught.value.message


def describe_progress(status: str, **more: Any) -> dict[str, Any]:
    return {"body": {"id": "resp_1", "status": status, **more}}


def message(**part: str) -> dict[str, Any]:
    return {"type": "message", "content": [part]}


ENDS: Mapping[str, tuple[dict[str, Any], type[MediaError], str]] = {
    "an error": (
        describe_progress("failed", error={"code": "server_error", "message": "It fell over."}),
        ProviderError,
        "fell",
    ),
    "a busy provider": (
        describe_progress("failed", error={"code": "rate_limit_exceeded", "message": "Busy."}),
        ProviderError,
        "Busy",
    ),
    "an error without words": (describe_progress("failed", error=None), ProviderError, "could not make"),
    "a filter": (describe_progress("incomplete", incomplete_details={"reason": "content_filter"}), Refused, "declined"),
    "no tokens left": (
        describe_progress("incomplete", incomplete_details={"reason": "max_output_tokens"}),
        ProviderError,
        "broke",
    ),
    "a cancel": (describe_progress("cancelled"), Cancelled, "cancelled"),
    "words": (
        describe_progress("completed", output=[message(type="output_text", text="I had rather not.")]),
        ProviderError,
        "rather not",
    ),
    "a refusal": (describe_progress("completed", output=[message(type="refusal", refusal="No.")]), ProviderError, "No"),
    "a failed call": (
        describe_progress(
            "completed",
            output=[{"type": "image_generation_call", "status": "failed", "error": {"message": "Ink is out."}}],
        ),
        ProviderError,
        "Ink",
    ),
    "nothing": (describe_progress("completed", output=None), ProviderError, "could not make"),
    "no picture": (
        describe_progress("completed", output=[{"type": "image_generation_call", "result": "%"}]),
        ProviderError,
        "no sense",
    ),
    "a new word": (describe_progress("hibernating"), ProviderError, "status"),
}


@pytest.mark.parametrize("case", ENDS)
async def test_however_it_ends_it_ends(fake: FakeOpenAI, hands: AdapterHarness, case: str) -> None:
    answer, kind, word = ENDS[case]
    fake.script(POLL, answer)
    told = await failing(hands)
    assert type(told) is kind
    assert word in told.message


async def test_every_picture_of_a_response_is_kept(fake: FakeOpenAI, hands: AdapterHarness) -> None:
    call = {"type": "image_generation_call", "result": base64.b64encode(png()).decode()}
    fake.script(
        POLL, describe_progress("completed", output=[{"type": "reasoning", "content": None}, call, call], usage=None)
    )
    result = await finished(hands)
    assert [output.body for output in result.outputs] == [png(), png()]
    assert result.outputs[1].state == {"response": "resp_1"}


async def test_when_the_model_that_leads_conversations_is_gone_pictures_are_made_at_once(
    fake: FakeOpenAI, hands: AdapterHarness
) -> None:
    fake.settings(retired=["gpt-6-luna"])
    assert isinstance(await hands.start(size=SMALL), Result)
    assert fake.counts() == {RESPOND: 1, GENERATE: 1}
