"""Pictures by Google: what goes out, what comes of what is answered, and what an edit goes on from."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.engines import PATIENT, collected, opened, saved
from fakes.google import KEY, FakeGoogle, running
from fakes.trying import failure, made
from mediasmith.plugin.contract import JSON, Accepted, Request, Result
from mediasmith.plugin.errors import (
    Cancelled,
    MediaError,
    MissingKey,
    ModelGone,
    OutOfCredit,
    ProviderError,
    Refused,
    StateGone,
    Unreachable,
    Unsuitable,
)
from mediasmith.plugin.media import sniff
from mediasmith.testing import AdapterHarness, MemorySource, png, signed_in
from mediasmith_backends.google import backend
from mediasmith_backends.google.images import ImageParams, image

MADE, LOOKED = "POST /v1/interactions", "GET /v1/interactions/{id}"
DRAFT = image.models[-1]

PROVIDER = running


@pytest.fixture
async def hands(fake: FakeGoogle) -> AsyncGenerator[AdapterHarness]:
    async with signed_in(backend, fake.url, KEY, capability=image) as hands:
        yield hands


def ask(
    prompt: str = "a red kite", *, state: JSON = None, images: Any = (), draft: bool = False, **params: Any
) -> Request[Any]:
    model = DRAFT if draft else image.models[0]
    return Request(model=model, prompt=prompt, params=ImageParams(**params), inputs={"image": images}, state=state)


async def test_a_picture_is_begun_in_the_background_with_everything_that_was_asked(
    fake: FakeGoogle, hands: AdapterHarness
) -> None:
    pictures = [MemorySource(), MemorySource(b"\xff\0\0")]
    answer = await image.start(
        hands.of(ask(images=pictures, aspect_ratio="16:9", size="2K", output_format="jpeg", seed=7))
    )
    assert isinstance(answer, Accepted)
    [body] = fake.bodies(MADE)
    shown = [base64.b64encode(picture.data).decode() for picture in pictures]
    assert body == {
        "model": "gemini-nano-banana-2.1",
        "background": True,
        "store": True,
        "input": [
            {
                "type": "user_input",
                "content": [
                    *({"type": "image", "data": data, "mime_type": "image/png"} for data in shown),
                    {"type": "text", "text": "a red kite"},
                ],
            }
        ],
        "response_format": {"type": "image", "aspect_ratio": "16:9", "image_size": "2K", "mime_type": "image/jpeg"},
        "generation_config": {"seed": 7},
    }
    result = await hands.finish(answer)
    assert [output.mime for output in result.outputs] == ["image/jpeg"]
    assert fake.paid() == 1


async def test_a_draft_is_answered_at_once(fake: FakeGoogle, hands: AdapterHarness) -> None:
    result = await image.start(hands.of(ask(draft=True)))
    assert isinstance(result, Result)
    assert (fake.counts(), len(result.outputs)) == ({MADE: 1}, 1)
    assert "background" not in fake.bodies(MADE)[0]


async def test_an_answer_that_stops_early_is_not_gone_on_with_by_itself(
    fake: FakeGoogle, hands: AdapterHarness
) -> None:
    fake.script(MADE, {"body": {"id": "v1_1", "status": "requires_continuation", "continuation_token": "more"}})
    assert isinstance(await failure(hands, ask(draft=True)), ProviderError)
    assert fake.counts() == {MADE: 1}


@pytest.mark.parametrize("draft", [False, True])
async def test_all_pictures_of_all_steps_are_collected(hands: AdapterHarness, *, draft: bool) -> None:
    result = await made(hands, ask("a kite, step by step", draft=draft))
    assert [sniff(output.body) for output in result.outputs if isinstance(output.body, bytes)] == ["image/png"] * 2
    assert len({output.body for output in result.outputs}) == 2
    assert result.details == {"text": "These are the two steps."}
    # An interaction of two pictures does not say which one an edit is of.
    assert [output.state for output in result.outputs] == [None, None]


@pytest.mark.parametrize("draft", [False, True])
@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ("a forbidden thing", "The request was blocked because it may be harmful."),
        ("an unmentioned thing", "I cannot help with that."),
    ],
)
async def test_no_picture_is_a_refusal_with_the_reason(
    fake: FakeGoogle, hands: AdapterHarness, prompt: str, reason: str, *, draft: bool
) -> None:
    error = await failure(hands, ask(prompt, draft=draft))
    assert isinstance(error, Refused)
    assert (error.reason, error.billed) == (reason, "unknown")
    assert reason.rstrip(".") in str(error)
    assert fake.paid() == 1


PIXELS = base64.b64encode(png()).decode()


def answer(status: str = "completed", **more: Any) -> dict[str, Any]:
    return {"body": {"id": "v1_1", "status": status, **more}}


def shown(data: Any, **more: Any) -> list[dict[str, Any]]:
    content = [{"type": "image", "mime_type": "image/png", "data": data, **more}]
    return [{"type": "model_output", "content": content}]


ENDINGS: Mapping[str, tuple[dict[str, Any], type[MediaError]]] = {
    "unsafe": (answer("failed", errors=[{"code": "https://errors/SAFETY", "message": "No."}]), Refused),
    "failed": (answer("failed", errors=[{"code": "internal", "message": "Oh."}]), ProviderError),
    "failed with a picture": (answer("failed", steps=shown(PIXELS)), ProviderError),
    "incomplete": (answer("incomplete"), ProviderError),
    "unsafe, and incomplete": (answer("incomplete", errors=[{"code": "image_safety", "message": "No."}]), Refused),
    "cancelled": (answer("cancelled"), Cancelled),
    "no budget": (answer("budget_exceeded"), OutOfCredit),
    "a question": (answer("requires_action"), ProviderError),
    "an unknown status": (answer("somersault", steps=shown(PIXELS)), ProviderError),
    "under way": (answer("in_progress"), ProviderError),
    "nothing": (answer(steps=[]), Refused),
    "no base64": (answer(steps=shown("?!")), ProviderError),
    "an unsafe step": (answer(steps=[{"type": "model_output", "error": {"code": 3, "message": "Unsafe."}}]), Refused),
    "what was sent": (answer(steps=[{"type": "user_input", "content": shown(PIXELS)[0]["content"]}]), Refused),
}


MADE_NONETHELESS = {"no base64", "under way"}


@pytest.mark.parametrize("draft", [False, True])
@pytest.mark.parametrize("ending", ENDINGS)
async def test_every_ending_is_told(fake: FakeGoogle, hands: AdapterHarness, ending: str, *, draft: bool) -> None:
    scripted, kind = ENDINGS[ending]
    fake.script(MADE if draft or ending == "under way" else LOOKED, scripted)
    error = await failure(hands, ask(draft=draft or ending == "under way"))
    assert type(error) is kind
    assert error.billed == (None if ending in MADE_NONETHELESS else "unknown")


BAD_KEY: Mapping[str, Any] = {
    "status": 400,
    "body": {"error": {"code": 400, "status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}},
}


NOT_A_VERDICT: Mapping[str, tuple[Mapping[str, Any], type[MediaError]]] = {
    "a bad key": (BAD_KEY, MissingKey),
    "not allowed": ({"status": 403, "body": {}}, Unsuitable),
    "a page": ({"html": True}, Unreachable),
    "a list": ({"body": []}, Unreachable),
}


@pytest.mark.parametrize("trouble", NOT_A_VERDICT)
async def test_a_picture_that_is_paid_for_can_be_collected_after_trouble(
    fake: FakeGoogle, hands: AdapterHarness, tmp_path: Path, trouble: str
) -> None:
    scripted, kind = NOT_A_VERDICT[trouble]
    fake.settings(polls=0)
    fake.script(LOOKED, {**scripted, "times": 2})
    assert type(await failure(hands, ask())) is kind
    restless = replace(backend, capabilities=(replace(image, every=0.0),))
    async with opened(tmp_path, restless, env=fake.env()) as engine:
        begun = await engine.generate({"prompt": "a red kite"}, PATIENT)
        result = await collected(engine, begun.job_id)
    assert (result.status, fake.paid()) == ("done", 2)


ODD: Mapping[str, dict[str, Any]] = {
    "incomplete": answer("incomplete", steps=shown(PIXELS)),
    "the other alphabet, no padding": answer(steps=shown(PIXELS.rstrip("=").replace("+", "-").replace("/", "_"))),
    "lines": answer(steps=shown("\n".join(PIXELS[at : at + 76] for at in range(0, len(PIXELS), 76)))),
    "no type": answer(steps=shown(PIXELS, mime_type=None, resolution="enormous")),
    "a new kind of step": answer(steps=[{"type": "new", "content": 7}, *shown(PIXELS)], usage="much", id=7, model=None),
    "one of two": answer(steps=[*shown("?!"), *shown(PIXELS)]),
    "no steps": answer(outputs=shown(PIXELS)[0]["content"]),
}


@pytest.mark.parametrize("scripted", ODD.values(), ids=ODD)
async def test_a_picture_is_not_lost_for_an_odd_answer(
    fake: FakeGoogle, hands: AdapterHarness, scripted: Mapping[str, object]
) -> None:
    fake.script(MADE, scripted)
    result = await made(hands, ask(draft=True))
    assert [(output.body, output.mime) for output in result.outputs] == [(png(), "image/png")]


# Edits


async def test_an_edit_goes_on_from_the_interaction_and_says_everything_again(
    fake: FakeGoogle, hands: AdapterHarness
) -> None:
    first = await made(hands, ask(aspect_ratio="16:9"))
    state = first.outputs[0].state
    assert isinstance(state, dict)
    edit = await made(hands, ask("at night", state=state, aspect_ratio="16:9", draft=True))
    body = fake.bodies(MADE)[1]
    assert body["previous_interaction_id"] == state["interaction"]
    assert body["response_format"] == {"type": "image", "aspect_ratio": "16:9", "image_size": "1K"}
    assert edit.outputs[0].body != (await made(hands, ask("at night", aspect_ratio="16:9"))).outputs[0].body


async def test_what_an_edit_would_go_on_from_is_gone(fake: FakeGoogle, hands: AdapterHarness) -> None:
    for draft in (False, True):
        error = await failure(hands, ask("at night", state={"interaction": "v1_never"}, draft=draft))
        assert isinstance(error, StateGone)
        assert error.billed == "no"
    assert fake.counts() == {MADE: 2, LOOKED: 2}


async def test_what_went_wrong_otherwise_is_not_blamed_on_the_earlier_picture(
    fake: FakeGoogle, hands: AdapterHarness
) -> None:
    state = (await made(hands, ask())).outputs[0].state
    fake.settings(retired=[image.models[0].id])
    assert isinstance(await failure(hands, ask("at night", state=state)), ModelGone)
    fake.settings()
    # A key that is not taken says nothing against it.
    fake.script(MADE, BAD_KEY)
    fake.script(LOOKED, BAD_KEY)
    assert isinstance(await failure(hands, ask("at night", state=state)), MissingKey)
    # Whether it is still there cannot be told: then it is not said to be gone.
    fake.script(MADE, {"status": 404, "body": {}})
    fake.script(LOOKED, {"reset": True})
    assert isinstance(await failure(hands, ask("at night", state=state)), ModelGone)


async def test_when_it_is_gone_the_saved_file_is_edited_and_that_is_said(fake: FakeGoogle, tmp_path: Path) -> None:
    async with opened(tmp_path, backend, env=fake.env()) as engine:  # a draft needs no polls, so the clock may stand
        first = await engine.generate({"prompt": "a red kite", "draft": True, "aspect_ratio": "16:9"}, PATIENT)
        [interaction] = [entry for entry in fake.log() if entry["path"] == "/v1/interactions"]
        assert interaction["body"]["response_format"]["aspect_ratio"] == "16:9"
        state = (await engine.artifact(first.continuation_id, "local")).state
        assert isinstance(state, dict)
        fake.expire(str(state["interaction"]))
        edit = await engine.continue_edit({"continuation_id": first.continuation_id, "prompt": "at night"}, PATIENT)
        [before] = saved(first)
    assert edit.status == "done"
    assert any("The saved file was sent in its place." in warning for warning in edit.warnings)
    _, gone, again = fake.bodies(MADE)
    assert gone["previous_interaction_id"] == state["interaction"]
    assert again["input"][0]["content"][0]["data"] == base64.b64encode(before).decode()
    assert again["response_format"]["aspect_ratio"] == "16:9"


async def test_work_that_is_gone_ends_the_job(fake: FakeGoogle, hands: AdapterHarness) -> None:
    handle = await hands.submit()
    assert isinstance(handle, dict)
    fake.expire(str(handle["interaction"]))
    with pytest.raises(ProviderError) as caught:
        await hands.poll(handle)
    assert caught.value.billed != "no"  # or the job would be done anew
    # A request that is found wrong is no word about the work: only the SDK says so.
    fake.script(LOOKED, {"status": 400, "body": {}})
    with pytest.raises(Exception, match="400") as told:
        await hands.poll(handle)
    assert not isinstance(told.value, MediaError)
