"""Images with a key: requests, results, how an interaction ends, and edits."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from fakes.google import FakeGoogle
from fakes.google.answers import end, interaction, output_step, trouble
from fakes.google.interaction_routes import CANCEL, CREATE, GET
from mediasmith.plugin.contract import Accepted, Pending, Result
from mediasmith.plugin.errors import (
    Cancelled,
    MediaError,
    MissingKey,
    ModelGone,
    NotPermitted,
    OutOfCredit,
    Overloaded,
    ProviderError,
    Refused,
    StateGone,
)
from mediasmith.testing import AdapterHarness, MemorySource, png
from mediasmith_backends.google import backend
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.image import image
from mediasmith_backends.google.interactions import InteractionHandle, InteractionState

DRAFT = image.models[-1]
HANDLE, STATE = InteractionHandle(interaction="v1_1"), InteractionState(interaction="v1_1")
PIXELS = base64.b64encode(png()).decode()


@pytest.fixture
def harness(fake: FakeGoogle, gemini: Google) -> AdapterHarness:
    return AdapterHarness(backend, gemini, image)


def picture(data: object = PIXELS, **more: Any) -> dict[str, Any]:
    return output_step(**{"type": "image", "mime_type": "image/png", "data": data, **more})


async def test_every_parameter_is_sent_and_the_image_is_made_in_the_background(
    fake: FakeGoogle, harness: AdapterHarness
) -> None:
    sources = [MemorySource(), MemorySource(b"\xff\0\0")]
    answer = await harness.start(
        inputs={"image": sources}, aspect_ratio="16:9", size="2K", output_format="jpeg", seed=7
    )
    assert isinstance(answer, Accepted)
    inline = [base64.b64encode(source.data).decode() for source in sources]
    assert fake.bodies(CREATE) == [
        {
            "model": "gemini-nano-banana-2.1",
            "background": True,
            "store": True,
            "input": [
                {
                    "type": "user_input",
                    "content": [
                        *({"type": "image", "data": data, "mime_type": "image/png"} for data in inline),
                        {"type": "text", "text": "a red kite"},
                    ],
                }
            ],
            "response_format": {"type": "image", "aspect_ratio": "16:9", "image_size": "2K", "mime_type": "image/jpeg"},
            "generation_config": {"seed": 7},
        }
    ]
    [output] = (await harness.finish(answer)).outputs
    assert output.mime == "image/jpeg"
    assert fake.paid() == 1


async def test_the_draft_model_answers_directly(fake: FakeGoogle, harness: AdapterHarness) -> None:
    result = await harness.generate(model=DRAFT)
    assert (fake.counts(), len(result.outputs)) == ({CREATE: 1}, 1)
    assert fake.bodies(CREATE)[0].keys() == {"model", "input", "response_format"}


async def test_a_draft_that_takes_longer_is_polled_for(fake: FakeGoogle, harness: AdapterHarness) -> None:
    fake.script(CREATE, interaction("in_progress"))
    assert await harness.submit(model=DRAFT) == HANDLE


async def test_all_images_of_all_steps_are_returned_without_a_state_as_an_edit_could_mean_any(
    fake: FakeGoogle, harness: AdapterHarness
) -> None:
    other = base64.b64encode(png(colour=b"\xff\0\0")).decode()
    text = output_step(type="text", text="These are the two steps.")
    fake.script(GET, interaction(steps=[{"type": "thought"}, picture(), picture(other), text]))
    result = await harness.poll(HANDLE)
    assert isinstance(result, Result)
    assert [(output.body, output.state) for output in result.outputs] == [
        (png(), None),
        (png(colour=b"\xff\0\0"), None),
    ]
    assert result.details == {"text": "These are the two steps."}


# How an interaction ends

ENDS: Mapping[str, tuple[dict[str, Any], type[MediaError], str]] = {
    "blocked": (interaction("failed", errors=[{"code": "https://errors/SAFETY", "message": "No."}]), Refused, ": No."),
    "blocked in a step": (
        interaction(steps=[{"type": "model_output", "error": {"code": 3, "message": "Unsafe."}}]),
        Refused,
        ": Unsafe.",
    ),
    "blocked, and incomplete": (
        interaction("incomplete", errors=[{"code": "image_safety", "message": "No."}]),
        Refused,
        ": No.",
    ),
    "completed with errors": (interaction(errors=[{"code": "prohibited_content", "message": "No."}]), Refused, ": No."),
    "text instead of an image": (
        interaction(steps=[output_step(type="text", text="I cannot help with that.")]),
        Refused,
        ": I cannot help with that.",
    ),
    "no image": (interaction(steps=[]), Refused, "gave no reason"),
    "only the input": (
        interaction(steps=[{"type": "user_input", "content": picture()["content"]}]),
        Refused,
        "gave no reason",
    ),
    "failed": (
        interaction("failed", errors=[{"code": "internal", "message": "Oh."}]),
        ProviderError,
        "could not finish this: Oh.",
    ),
    "failed with an image": (interaction("failed", steps=[picture()]), ProviderError, "could not finish"),
    "failed with an error status": (
        {"status": 500, **interaction("failed", errors=[{"code": "safety", "message": "No."}])},
        Refused,
        ": No.",
    ),
    "incomplete": (interaction("incomplete"), ProviderError, "could not finish"),
    "cancelled": (interaction("cancelled"), Cancelled, "cancelled at Google"),
    "out of budget": (interaction("budget_exceeded"), OutOfCredit, "no budget left"),
    "waits for a tool": (interaction("requires_action"), ProviderError, "could not finish"),
}


@pytest.mark.parametrize("case", ENDS)
async def test_an_interaction_that_ended_without_an_image_fails_with_the_reason(
    fake: FakeGoogle, harness: AdapterHarness, case: str
) -> None:
    answer, kind, words = ENDS[case]
    fake.script(GET, answer)
    error = await end(harness, HANDLE)
    assert type(error) is kind
    assert words in str(error)
    assert error.billed == "unknown"  # no answer says whether it was charged


@pytest.mark.parametrize("case", [case for case in ENDS if "status" not in case])
async def test_a_draft_fails_in_the_same_way(fake: FakeGoogle, harness: AdapterHarness, case: str) -> None:
    answer, kind, words = ENDS[case]
    fake.script(CREATE, answer)
    error = await harness.failure_of(model=DRAFT)
    assert (type(error), error.billed) == (kind, "unknown")
    assert words in str(error)


BAD_KEY: Mapping[str, Any] = {
    "status": 400,
    "body": {"error": {"code": 400, "status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}},
}

TROUBLE: Mapping[str, tuple[Mapping[str, Any], type[MediaError]]] = {
    "a bad key": (BAD_KEY, MissingKey),
    "not allowed": ({"status": 403, "body": {}}, NotPermitted),
    "not found": ({"status": 404, "body": {"error": {"code": "not_found", "message": "No."}}}, ProviderError),
    "an error of the server": ({"status": 500, "body": {}}, ProviderError),
    "pending with an error status": ({"status": 503, **interaction("in_progress")}, Overloaded),
    "a page": ({"html": True}, ProviderError),
    "a list": ({"body": []}, ProviderError),
    "an unknown status": (interaction("somersault", steps=[picture()]), ProviderError),
    "an unfinished decode": (interaction("requires_continuation", continuation_token="more"), ProviderError),
    "an image that cannot be read": (interaction(steps=[picture("?!")]), ProviderError),
    "a file of another type": (
        interaction(steps=[output_step(type="hologram", data=base64.b64encode(png()).decode())]),
        ProviderError,
    ),
    "completed without any content": (interaction(), ProviderError),
}


@pytest.mark.parametrize("case", TROUBLE)
async def test_an_answer_that_does_not_name_an_end_never_ends_the_work(
    fake: FakeGoogle, harness: AdapterHarness, case: str
) -> None:
    answer, kind = TROUBLE[case]
    fake.script(GET, answer)
    assert type(await trouble(harness, HANDLE)) is kind


@pytest.mark.parametrize(
    "case",
    [
        "a page",
        "a list",
        "an unknown status",
        "an image that cannot be read",
        "a file of another type",
        "completed without any content",
    ],
)
async def test_what_cannot_be_read_is_left_to_the_server_to_keep(
    fake: FakeGoogle, harness: AdapterHarness, case: str
) -> None:
    fake.script(GET, TROUBLE[case][0])
    assert (await trouble(harness, HANDLE)).answer


async def test_a_job_that_google_no_longer_knows_is_named(harness: AdapterHarness) -> None:
    assert "Google does not know this job, or no longer has it" in str(await trouble(harness, HANDLE))


async def test_an_answer_that_stops_early_is_not_continued_and_paid_for_again(
    fake: FakeGoogle, harness: AdapterHarness
) -> None:
    fake.script(CREATE, {"body": {"status": "requires_continuation", "continuation_token": "more"}})
    assert type(await harness.failure_of(model=DRAFT)) is ProviderError
    assert fake.counts() == {CREATE: 1}


@pytest.mark.parametrize(
    "answer", [{"body": {"status": "in_progress"}}, {"body": {"id": 7, "status": "queued"}}, {"html": True}], ids=str
)
async def test_an_answer_without_a_handle_may_have_been_billed(
    fake: FakeGoogle, harness: AdapterHarness, answer: Mapping[str, object]
) -> None:
    fake.script(CREATE, answer)
    error = await harness.failure_of()
    assert (type(error), error.billed) == (ProviderError, None)


ODD: Mapping[str, dict[str, Any]] = {
    "incomplete": interaction("incomplete", steps=[picture()]),
    "the other alphabet, no padding": interaction(
        steps=[picture(PIXELS.rstrip("=").replace("+", "-").replace("/", "_"))]
    ),
    "lines": interaction(steps=[picture("\n".join(PIXELS[at : at + 76] for at in range(0, len(PIXELS), 76)))]),
    "no type": interaction(steps=[picture(mime_type=None, resolution="enormous")]),
    "a new kind of step": interaction(
        steps=[{"type": "new", "content": 7}, 7, picture()], usage="much", id=7, model=None
    ),
    "one of two": interaction(steps=[picture("?!"), picture()]),
    "no steps": interaction(outputs=picture()["content"]),
}


@pytest.mark.parametrize("answer", ODD.values(), ids=ODD)
async def test_an_image_is_not_lost_for_an_odd_answer(
    fake: FakeGoogle, harness: AdapterHarness, answer: Mapping[str, object]
) -> None:
    fake.script(CREATE, answer)
    [output] = (await harness.generate(model=DRAFT)).outputs
    assert (output.body, output.mime) == (png(), "image/png")


async def test_a_pause_that_google_asks_for_is_passed_on(fake: FakeGoogle, harness: AdapterHarness) -> None:
    fake.script(GET, {**interaction("queued"), "headers": {"retry-after": "7"}}, interaction("in_progress"))
    assert [await harness.poll(HANDLE) for _ in range(2)] == [Pending(message="queued", after=7), Pending()]


# Cancelling

CANCELS: Mapping[str, tuple[list[dict[str, Any]], list[dict[str, Any]], str]] = {
    "stopped": ([interaction("cancelled")], [], "stopped"),
    "still running": ([interaction("in_progress")], [], "asked"),
    "finished meanwhile": ([interaction("completed")], [], "too late"),
    "not running": ([{"status": 400, "body": {}}], [interaction("completed")], "too late"),
}


@pytest.mark.parametrize("case", CANCELS)
async def test_what_became_of_a_cancel_is_known(fake: FakeGoogle, harness: AdapterHarness, case: str) -> None:
    cancel, look, expected = CANCELS[case]
    fake.script(CANCEL, *cancel)
    if look:
        fake.script(GET, *look)
    assert await harness.cancel(HANDLE) == expected
    assert fake.counts() == {CANCEL: 1, **({GET: 1} if look else {})}


async def test_a_cancel_that_is_rejected_while_the_work_goes_on_is_an_error(
    fake: FakeGoogle, harness: AdapterHarness
) -> None:
    fake.script(CANCEL, {"status": 400, "body": {}})
    fake.script(GET, interaction("in_progress"))
    with pytest.raises(Exception, match="400"):
        await harness.cancel(HANDLE)


# Edits


async def test_an_edit_continues_the_interaction_and_sends_every_parameter_again(
    fake: FakeGoogle, harness: AdapterHarness
) -> None:
    first = await harness.generate(aspect_ratio="16:9")
    state = first.outputs[0].state
    assert isinstance(state, InteractionState)
    await harness.generate(prompt="at night", state=state, aspect_ratio="16:9", model=DRAFT)
    body = fake.bodies(CREATE)[1]
    assert body["previous_interaction_id"] == state.interaction
    assert body["response_format"] == {"type": "image", "aspect_ratio": "16:9", "image_size": "1K"}


async def test_the_prompts_that_led_to_a_file_go_with_it_as_context(fake: FakeGoogle, harness: AdapterHarness) -> None:
    await harness.generate(prompt="at night", lineage=["a red kite"], model=DRAFT)
    [message] = fake.bodies(CREATE)[0]["input"]
    text = message["content"][-1]["text"]
    assert "\n- a red kite\n" in text
    assert text.endswith(": at night")


@pytest.mark.parametrize("model", [image.models[0], DRAFT], ids=["background", "direct"])
async def test_an_interaction_that_is_gone_is_told_before_anything_is_billed(
    fake: FakeGoogle, harness: AdapterHarness, model: Any
) -> None:
    error = await harness.failure_of(model=model, state=STATE)
    assert (type(error), error.billed) == (StateGone, "no")
    assert fake.counts() == {CREATE: 1, GET: 1}


NOT_FOUND: Mapping[str, Any] = {"status": 404, "body": {"error": {"code": "not_found"}}}

OTHER_CAUSES: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any], type[MediaError]]] = {
    "the model is gone": (NOT_FOUND, interaction(), ModelGone),
    "the key is bad": (BAD_KEY, BAD_KEY, MissingKey),
    "it cannot be looked up": (NOT_FOUND, {"reset": True}, ModelGone),
    "looking it up fails": (NOT_FOUND, {"status": 500, "body": {}}, ModelGone),
}


@pytest.mark.parametrize("case", OTHER_CAUSES)
async def test_another_cause_is_not_blamed_on_the_earlier_image(
    fake: FakeGoogle, harness: AdapterHarness, case: str
) -> None:
    created, looked_up, kind = OTHER_CAUSES[case]
    fake.script(CREATE, created)
    fake.script(GET, looked_up)
    assert type(await harness.failure_of(state=STATE)) is kind
