"""Images in a conversation through OpenRouter: what is kept of it, and how it continues."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from fakes.openrouter import FakeOpenRouter
from mediasmith.plugin.contract import Model, Remote
from mediasmith.plugin.errors import MediaError, ProviderError, RateLimited, Refused
from mediasmith.testing import AdapterHarness, MemorySource, png
from mediasmith_backends.openrouter.chat import ChatState

TALK = "POST /api/v1/chat/completions"
KITE = MemorySource()
IMAGE = base64.b64encode(png()).decode()
THOUGHT = {"type": "reasoning.encrypted", "data": "x", "format": "google-gemini-v1", "index": 0}


def sent(fake: FakeOpenRouter) -> Any:
    """Return the body of the last request."""
    return fake.log()[-1]["body"]


def answer(*images: str, **more: Any) -> dict[str, Any]:
    """Return a script with these images, as base64 or URLs."""
    urls = [one if ":" in one else f"data:image/png;base64,{one}" for one in images]
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    message = {"role": "assistant", "content": "Here.", "images": parts, "reasoning_details": [THOUGHT], **more}
    body = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": {"cost": 0.04}}
    return {"status": 200, "body": body}


async def test_a_conversation_continues_with_its_image_and_the_models_reasoning(
    fake: FakeOpenRouter, chat: AdapterHarness
) -> None:
    fake.script(TALK, answer(IMAGE))
    first = await chat.generate(aspect_ratio="16:9", size="2K")
    assert sent(fake)["image_config"] == {"aspect_ratio": "16:9", "image_size": "2K"}
    assert (first.cost_usd, first.details) == (0.04, {"text": "Here."})
    (output,) = first.outputs
    assert isinstance(output.state, ChatState)
    await chat.generate(state=ChatState.model_validate_json(output.state.model_dump_json()))
    user, model, again = sent(fake)["messages"]
    assert (user["role"], model["role"], again["role"]) == ("user", "assistant", "user")
    assert model["reasoning_details"] == [THOUGHT]
    assert model["images"] == [{"image_url": {"url": f"data:image/png;base64,{IMAGE}"}}]


async def test_a_conversation_too_long_to_be_kept_continues_from_the_file(
    fake: FakeOpenRouter, chat: AdapterHarness
) -> None:
    fake.script(TALK, {"fixed": "jpeg"})
    (output,) = (await chat.generate()).outputs
    assert (output.state, output.mime) == (None, "image/jpeg")
    await chat.generate(prompt="at night", inputs={"image": [KITE]}, lineage=["a red kite"])
    (message,) = sent(fake)["messages"]
    assert "\n- a red kite\n" in message["content"][0]["text"]
    assert [part["type"] for part in message["content"]] == ["text", "image_url"]


async def test_of_several_images_none_has_the_conversation(fake: FakeOpenRouter, chat: AdapterHarness) -> None:
    fake.script(TALK, answer(IMAGE, IMAGE))
    assert [output.state for output in (await chat.generate()).outputs] == [None, None]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (f"Here: ![a kite](data:image/png;base64,{IMAGE})", "Here:"),
        (f"data:image/png;base64,{IMAGE}", "[data]"),
        ([{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{IMAGE}"}}], None),
        ([{"type": "text", "text": "Here."}, {"type": "image_url", "image_url": f"data:,{IMAGE}"}], None),
    ],
    ids=["Markdown", "URI", "part", "plain part"],
)
async def test_an_image_among_the_words_is_found_and_not_told(
    fake: FakeOpenRouter, chat: AdapterHarness, content: object, text: str | None
) -> None:
    fake.script(TALK, answer(content=content))
    result = await chat.generate()
    assert [(output.body, output.mime) for output in result.outputs] == [(png(), "image/png")]
    assert result.details.get("text") == text


async def test_a_path_below_the_base_url_is_left_to_the_server(fake: FakeOpenRouter, chat: AdapterHarness) -> None:
    fake.script(TALK, answer(content="![kite](/files/kite.png)"))
    (output,) = (await chat.generate()).outputs
    assert isinstance(output.body, Remote)
    assert output.body.url.endswith("/files/kite.png")


async def test_an_answer_without_an_image_says_what_the_model_said_and_what_was_charged(
    fake: FakeOpenRouter, chat: AdapterHarness
) -> None:
    fake.script(TALK, answer(content="I would rather talk."))
    error = await chat.failure_of()
    assert isinstance(error, ProviderError)
    assert "I would rather talk" in error.message
    assert error.billed == "yes"
    assert b"I would rather talk" in error.answer


async def test_an_image_at_a_url_is_left_to_the_server(fake: FakeOpenRouter, chat: AdapterHarness) -> None:
    fake.script(TALK, answer("https://example.com/a.png"))
    (output,) = (await chat.generate()).outputs
    assert output.body == Remote(url="https://example.com/a.png")
    assert output.state


def ended(reason: str = "stop", **message: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", **message}, "finish_reason": reason}]}


WITHOUT_IMAGE: Mapping[str, tuple[dict[str, Any], type[MediaError], str]] = {
    "in words": (ended(content="I would rather not."), ProviderError, "I would rather not"),
    "declined": (ended(refusal="Not that."), Refused, "Not that"),
    "filtered": (ended("content_filter"), Refused, "declined"),
    "broken off": ({"choices": [{"error": {"code": 502, "message": "Gone."}}]}, ProviderError, "Gone"),
    "beside": ({**ended(), "error": {"code": 429, "message": "Busy."}}, RateLimited, "Busy"),
    "nothing": (ended(), ProviderError, "without an image"),
    "no choice": ({"choices": []}, ProviderError, "without an image"),
    "parts": (ended(content=[{"type": "text"}], images=[7, {"image_url": "x"}]), ProviderError, "without an image"),
    "of no kind": (answer("ftp://example.com/a.png")["body"], ProviderError, "Here"),
    "no message": ({"choices": [{"message": None}]}, ProviderError, "without an image"),
}


@pytest.mark.parametrize("case", WITHOUT_IMAGE)
async def test_an_answer_without_an_image_says_why(fake: FakeOpenRouter, chat: AdapterHarness, case: str) -> None:
    body, kind, words = WITHOUT_IMAGE[case]
    fake.script(TALK, {"status": 200, "body": body, "times": 5})
    error = await chat.failure_of()
    assert isinstance(error, kind)
    assert words in error.message
    assert "{" not in error.message
    assert fake.paid() == 1


async def test_an_unlisted_model_may_ignore_words(fake: FakeOpenRouter, chat: AdapterHarness) -> None:
    fake.settings()
    await chat.generate(model=Model(id="google/gemini-3-pro-image"), size="1K")
    assert ["ignore size" in warning for warning in chat.warnings] == [True]
