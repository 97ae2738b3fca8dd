"""Pictures of a conversation through OpenRouter: what is kept of it, and how it goes on."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any

import pytest

from fakes.engines import PATIENT, opened
from fakes.openrouter import KEY, FakeOpenRouter, running
from mediasmith.plugin.contract import Remote
from mediasmith.plugin.errors import MediaError, ProviderError, RateLimited, Refused, StateGone
from mediasmith.testing import AdapterHarness, MemorySource, png, signed_in
from mediasmith_backends.openrouter import backend

TALK, LIST = "POST /api/v1/chat/completions", "GET /api/v1/images/models"
CHAT = backend.capabilities[1]
KITE = MemorySource()
PICTURE = base64.b64encode(png()).decode()
THOUGHT = {"type": "reasoning.encrypted", "data": "x", "format": "google-gemini-v1", "index": 0}

PROVIDER = running


@pytest.fixture
async def hands(fake: FakeOpenRouter) -> AsyncGenerator[AdapterHarness]:
    async with signed_in(backend, fake.base_url, KEY, capability=CHAT) as hands:
        yield hands


def sent(fake: FakeOpenRouter) -> Any:
    """The body of the last request."""
    return fake.log()[-1]["body"]


def said(*pictures: str, **more: Any) -> dict[str, Any]:
    """An answer with these pictures, in base64 or by their addresses."""
    urls = [one if ":" in one else f"data:image/png;base64,{one}" for one in pictures]
    images = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    message = {"role": "assistant", "content": "Here.", "images": images, "reasoning_details": [THOUGHT], **more}
    return {"choices": [{"message": message, "finish_reason": "stop"}], "usage": {"cost": 0.04}}


async def test_a_conversation_is_kept_with_its_picture_and_what_the_model_thought(
    fake: FakeOpenRouter, hands: AdapterHarness
) -> None:
    fake.script(TALK, {"status": 200, "body": said(PICTURE)})
    first = await hands.make(aspect_ratio="16:9", size="2K")
    assert sent(fake)["image_config"] == {"aspect_ratio": "16:9", "image_size": "2K"}
    assert (first.cost_usd, first.details) == (0.04, {"text": "Here."})
    (output,) = first.outputs
    kept = json.loads(json.dumps(output.state))
    await hands.make(state=kept)
    user, model, again = sent(fake)["messages"]
    assert (user["role"], model["role"], again["role"]) == ("user", "assistant", "user")
    assert model["reasoning_details"] == [THOUGHT]
    assert model["images"] == [{"image_url": {"url": f"data:image/png;base64,{PICTURE}"}}]


async def test_a_conversation_too_long_to_be_kept_goes_on_from_the_file(
    fake: FakeOpenRouter, hands: AdapterHarness
) -> None:
    fake.script(TALK, {"fixed": "jpeg"})
    (output,) = (await hands.make()).outputs
    assert (output.state, output.mime) == (None, "image/jpeg")
    await hands.make(inputs={"image": [KITE]})
    (message,) = sent(fake)["messages"]
    assert [part["type"] for part in message["content"]] == ["text", "image_url"]


async def test_of_several_pictures_none_has_the_conversation(fake: FakeOpenRouter, hands: AdapterHarness) -> None:
    fake.script(TALK, {"status": 200, "body": said(PICTURE, PICTURE)})
    result = await hands.make()
    assert [output.state for output in result.outputs] == [None, None]


async def test_a_picture_at_an_address_is_left_to_the_server(fake: FakeOpenRouter, hands: AdapterHarness) -> None:
    fake.script(TALK, {"status": 200, "body": said("https://example.com/a.png")})
    (output,) = (await hands.make()).outputs
    assert isinstance(output.body, Remote)
    assert (output.body.url, output.body.headers) == ("https://example.com/a.png", {})
    assert output.state


@pytest.mark.parametrize("state", [{"messages": []}, {"messages": ["text"]}, {"video": "x"}, []])
async def test_a_conversation_that_is_none_is_told_before_paying(
    fake: FakeOpenRouter, hands: AdapterHarness, state: Any
) -> None:
    assert isinstance(await hands.fails(state=state), StateGone)
    assert fake.counts() == {}


def ended(reason: str = "stop", **message: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", **message}, "finish_reason": reason}]}


WITHOUT: Mapping[str, tuple[dict[str, Any], type[MediaError], str]] = {
    "in words": (ended(content="I would rather not."), ProviderError, "I would rather not"),
    "declined": (ended(refusal="Not that."), Refused, "Not that"),
    "filtered": (ended("content_filter"), Refused, "declined"),
    "broken off": ({"choices": [{"error": {"code": 502, "message": "Gone."}}]}, ProviderError, "Gone"),
    "beside": ({**ended(), "error": {"code": 429, "message": "Busy."}}, RateLimited, "Busy"),
    "nothing": (ended(), ProviderError, "without a picture"),
    "no choice": ({"choices": []}, ProviderError, "without a picture"),
    "parts": (ended(content=[{"type": "text"}], images=[7, {"image_url": "x"}]), ProviderError, "without a picture"),
    "of no kind": (said("ftp://example.com/a.png"), ProviderError, "without a picture"),
    "no message": ({"choices": [{"message": None}]}, ProviderError, "without a picture"),
}


@pytest.mark.parametrize("case", WITHOUT)
async def test_an_answer_without_a_picture_says_why(fake: FakeOpenRouter, hands: AdapterHarness, case: str) -> None:
    body, kind, words = WITHOUT[case]
    fake.script(TALK, {"status": 200, "body": body, "times": 5})
    told = await hands.fails()
    assert isinstance(told, kind)
    assert words in told.message
    assert "{" not in told.message
    assert fake.paid() == 1


async def test_more_pictures_than_a_model_looks_at_are_refused(fake: FakeOpenRouter, hands: AdapterHarness) -> None:
    many = {"image": [KITE] * 15}
    assert "at most 14 image" in CHAT.refuses(hands.call(inputs=many))  # pyright: ignore[reportArgumentType] - roles
    assert fake.counts() == {}


async def test_a_model_that_only_converses_is_found_by_its_name_alone(fake: FakeOpenRouter, tmp_path: Path) -> None:
    fake.script(TALK, {"status": 200, "body": said(PICTURE)})
    asked = {"prompt": "a kite", "kind": "image", "backend": "openrouter", "model": "acme/talks", "size": "1K"}
    async with opened(tmp_path, backend, env=fake.env()) as engine:
        result = await engine.generate(asked, PATIENT)
    assert (result.status, result.model) == ("done", "acme/talks")
    assert fake.counts() == {LIST: 1, TALK: 1}
    assert any("size" in warning for warning in result.warnings)


async def test_an_edit_goes_on_with_the_conversation_that_made_the_file(fake: FakeOpenRouter, tmp_path: Path) -> None:
    fake.script(TALK, {"status": 200, "body": said(PICTURE)})
    asked = {"prompt": "a kite", "kind": "image", "backend": "openrouter", "model": "acme/talks"}
    async with opened(tmp_path, backend, env=fake.env()) as engine:
        first = await engine.generate(asked, PATIENT)
        fake.script(TALK, {"status": 200, "body": said(PICTURE)})
        again = await engine.continue_edit(
            {"continuation_id": first.continuation_id, "prompt": "make it blue"}, PATIENT
        )
    assert again.status == "done"
    assert [message["role"] for message in sent(fake)["messages"]] == ["user", "assistant", "user"]
    assert fake.paid() == 2
