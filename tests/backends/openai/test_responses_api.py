"""Images made by the Responses API: submitted, polled, cancelled and continued."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from fakes.openai import FakeOpenAI
from fakes.poll_errors import poll_error
from mediasmith.plugin.contract import Failed, Pending, Result
from mediasmith.plugin.errors import Cancelled, MediaError, ModelGone, ProviderError, Refused, StateGone
from mediasmith.testing import AdapterHarness, MemorySource, png
from mediasmith_backends.openai.responses_api import ResponseReference

GENERATE, EDIT, RESPOND = "POST /v1/images/generations", "POST /v1/images/edits", "POST /v1/responses"
POLL, CANCEL = "GET /v1/responses/{id}", "POST /v1/responses/{id}/cancel"
SMALL = "1024x640"
REFERENCE = ResponseReference(response="resp_1")
KITE, BOAT = MemorySource(), MemorySource(b"\xff\0\0")


def sent(fake: FakeOpenAI) -> Any:
    """Return the body of the last request."""
    return fake.log()[-1]["body"]


async def test_an_image_has_an_id_before_it_is_made(fake: FakeOpenAI, image: AdapterHarness) -> None:
    given = {"size": SMALL, "quality": "low", "output_format": "webp", "moderation": "low", "complexity": "low"}
    handle = await image.submit(**given)
    assert isinstance(handle, ResponseReference)
    body = sent(fake)
    assert body.pop("instructions")
    assert body == {
        "model": "gpt-6-luna",
        "input": "a red kite",
        "background": True,
        "tool_choice": {"type": "image_generation"},
        "tools": [{"type": "image_generation", "model": "gpt-image-2.6-sunburst", **given}],
    }


async def test_it_is_polled_until_it_is_done(fake: FakeOpenAI, image: AdapterHarness) -> None:
    handle = await image.submit(size=SMALL)
    assert await image.poll(handle) == Pending(message="queued")
    result = await image.poll(handle)
    assert isinstance(result, Result)
    assert (result.outputs[0].mime, result.outputs[0].state) == ("image/png", handle)
    assert (result.details["revised_prompt"], result.details["size"]) == ("a red kite, in fine detail", SMALL)
    assert {"usage", "tool_usage"} <= result.details.keys()
    assert (result.cost_usd, result.used) == (None, {"size": SMALL, "quality": "high"})
    assert fake.counts() == {RESPOND: 1, POLL: 2}


async def test_the_advice_when_to_poll_again_is_passed_on(fake: FakeOpenAI, image: AdapterHarness) -> None:
    fake.script(POLL, {"body": {"id": "resp_1", "status": "queued"}, "headers": {"retry-after": "7"}})
    assert await image.poll(REFERENCE) == Pending(message="queued", after=7.0)


async def test_references_are_sent_with_the_prompt(fake: FakeOpenAI, image: AdapterHarness) -> None:
    await image.submit(inputs={"image": [KITE, BOAT]}, size=SMALL)
    urls = [await source.data_uri() for source in (KITE, BOAT)]
    images = [{"type": "input_image", "detail": "auto", "image_url": url} for url in urls]
    assert sent(fake)["input"] == [{"role": "user", "content": [{"type": "input_text", "text": "a red kite"}, *images]}]


async def test_an_image_is_continued_by_its_id(fake: FakeOpenAI, image: AdapterHarness) -> None:
    first = await image.generate(size=SMALL)
    edit = await image.generate(prompt="make it blue", state=first.outputs[0].state, size=SMALL)
    assert [first.outputs[0].body != edit.outputs[0].body, first.outputs[0].state != edit.outputs[0].state] == [
        True
    ] * 2
    before, after = [request["body"] for request in fake.log() if request["path"] == "/v1/responses"]
    assert "previous_response_id" not in before
    assert (after["previous_response_id"], after["input"]) == (
        first.outputs[0].state and first.outputs[0].state.model_dump()["response"],
        "make it blue",
    )


@pytest.mark.parametrize(
    "script",
    [
        {},  # the fake has no such response
        {"status": 404, "body": {"detail": "Not Found"}},
        {"status": 400, "body": {"error": {"message": "Not here.", "param": "store"}}},
    ],
)
async def test_a_conversation_that_is_gone_or_not_served_is_known_before_paying(
    fake: FakeOpenAI, image: AdapterHarness, script: dict[str, Any]
) -> None:
    fake.script(RESPOND, script)
    error = await image.failure_of(state=REFERENCE, size=SMALL)
    assert (type(error), error.billed) == (StateGone, "no")
    assert fake.counts() == {RESPOND: 1}


UNSERVED: Mapping[str, tuple[int, Any]] = {
    "a gateway without the route": (404, {"detail": "Not Found"}),
    "a gateway with other methods": (405, {"detail": "Method Not Allowed"}),
    "an engine without it": (501, {"error": {"message": "store=True is not supported"}}),
    "an account without the model": (404, {"error": {"message": "No such model.", "code": "model_not_found"}}),
    "a project without the model": (403, {"error": {"message": "No access.", "code": "model_not_found"}}),
    "an account that stores nothing": (400, {"error": {"message": "Not with this account.", "param": "background"}}),
}


@pytest.mark.parametrize(("inputs", "route"), [({}, GENERATE), ({"image": [KITE]}, EDIT)])
@pytest.mark.parametrize("case", UNSERVED)
async def test_where_it_is_not_served_the_images_api_makes_the_image(
    fake: FakeOpenAI, image: AdapterHarness, case: str, inputs: Any, route: str
) -> None:
    status, body = UNSERVED[case]
    fake.script(RESPOND, {"status": status, "body": body})
    fake.script(route, {"body": {"data": [{"b64_json": base64.b64encode(png()).decode()}]}})
    result = await image.generate(size=SMALL, inputs=inputs)
    assert result.outputs[0].body == png()
    assert fake.counts() == {RESPOND: 1, route: 1}


async def test_a_retired_chat_model_stops_no_image(fake: FakeOpenAI, image: AdapterHarness) -> None:
    fake.settings(retired=["gpt-6-luna"])
    await image.generate(size=SMALL)
    assert fake.counts() == {RESPOND: 1, GENERATE: 1}


async def test_a_retired_image_model_is_reported_as_gone(fake: FakeOpenAI, image: AdapterHarness) -> None:
    fake.settings(retired=["gpt-image-2.6-sunburst"])
    assert isinstance(await image.failure_of(size=SMALL), ModelGone)
    assert fake.counts() == {RESPOND: 1, GENERATE: 1}


@pytest.mark.parametrize(
    ("status", "cancellation"), [("cancelled", "stopped"), ("in_progress", "asked"), ("completed", "too late")]
)
async def test_a_cancel_says_what_became_of_it(
    fake: FakeOpenAI, image: AdapterHarness, status: str, cancellation: str
) -> None:
    fake.script(CANCEL, {"body": {"id": "resp_1", "status": status}})
    assert await image.cancel(REFERENCE) == cancellation


async def test_a_cancelled_image_fails_as_cancelled(fake: FakeOpenAI, image: AdapterHarness) -> None:
    handle = await image.submit(size=SMALL)
    assert await image.cancel(handle) == "stopped"
    failed = await image.poll(handle)
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, Cancelled)


def status(name: str, **more: Any) -> dict[str, Any]:
    return {"id": "resp_1", "status": name, **more}


def completed(*output: object) -> dict[str, Any]:
    return status("completed", output=output)


def message(**part: str) -> dict[str, Any]:
    return {"type": "message", "content": [part]}


def failed_call(**error: str) -> dict[str, Any]:
    return {"type": "image_generation_call", "status": "failed", "result": None, "error": error}


ENDS: Mapping[str, tuple[dict[str, Any], type[MediaError], str, str | None]] = {
    "an error": (
        status("failed", error={"code": "server_error", "message": "It fell over."}),
        *(ProviderError, "fell", "unknown"),
    ),
    "a busy provider": (
        status("failed", error={"code": "rate_limit_exceeded", "message": "Busy."}),
        *(ProviderError, "Busy", "unknown"),
    ),
    "no reason": (status("failed", error=None), ProviderError, "could not finish", "unknown"),
    "a policy": (
        status("failed", error={"code": "image_content_policy_violation", "message": "Not safe."}),
        *(Refused, "Not safe", "unknown"),
    ),
    "a filter": (
        status("incomplete", incomplete_details={"reason": "content_filter"}),
        *(Refused, "declined", None),
    ),
    "no tokens left": (
        status("incomplete", incomplete_details={"reason": "max_output_tokens"}),
        *(ProviderError, "stopped before", None),
    ),
    "a cancel": (status("cancelled"), Cancelled, "cancelled", None),
    "words": (
        completed(message(type="output_text", text="I had rather not.")),
        *(ProviderError, "rather not", "unknown"),
    ),
    "a refusal": (completed(message(type="refusal", refusal="No.")), ProviderError, "No", "unknown"),
    "a failed call": (completed(failed_call(message="Ink is out.")), ProviderError, "Ink", "unknown"),
    "a blocked call": (
        completed(failed_call(code="moderation_blocked", message="Not safe.")),
        *(Refused, "Not safe", "unknown"),
    ),
    "nothing": (completed(), ProviderError, "could not finish", "unknown"),
}


@pytest.mark.parametrize("case", ENDS)
async def test_an_answer_that_names_the_end_fails_the_image(fake: FakeOpenAI, image: AdapterHarness, case: str) -> None:
    body, kind, words, billed = ENDS[case]
    fake.script(POLL, {"body": body})
    failed = await image.poll(REFERENCE)
    assert isinstance(failed, Failed)
    assert (type(failed.error), failed.error.billed) == (kind, billed)
    assert words in failed.error.message


PASSING: Mapping[str, tuple[dict[str, Any], type[MediaError]]] = {
    "an unknown status": ({"body": status("hibernating")}, ProviderError),
    "no status": ({"body": {"id": "resp_1"}}, ProviderError),
    "no output": ({"body": status("completed")}, ProviderError),
    "a garbled image": ({"body": completed({"type": "image_generation_call", "result": "%"})}, ProviderError),
    "odd parts": ({"body": completed({"type": "image_generation_call", "result": [7]})}, ProviderError),
    "no image": ({"body": completed({"type": "image_generation_call", "status": "completed"})}, ProviderError),
    "a page": ({"html": True}, ProviderError),
    "not found": ({"status": 404, "body": {"error": {"message": "Response not found."}}}, StateGone),
    "broken": ({"status": 502, "html": True}, ProviderError),
}


@pytest.mark.parametrize("case", PASSING)
async def test_any_other_answer_is_trouble_that_may_pass(fake: FakeOpenAI, image: AdapterHarness, case: str) -> None:
    script, kind = PASSING[case]
    fake.script(POLL, script)
    assert type(await poll_error(image, REFERENCE)) is kind


@pytest.mark.parametrize("case", ["no output", "a garbled image", "odd parts", "no image", "a page"])
async def test_an_image_that_cannot_be_read_is_left_to_the_server_to_keep(
    fake: FakeOpenAI, image: AdapterHarness, case: str
) -> None:
    fake.script(POLL, PASSING[case][0])
    assert (await poll_error(image, REFERENCE)).answer


async def test_a_response_without_an_id_is_no_handle(fake: FakeOpenAI, image: AdapterHarness) -> None:
    fake.script(RESPOND, {"body": {"id": "", "status": "queued"}})
    error = await image.failure_of(size=SMALL)
    assert (type(error), error.billed) == (ProviderError, None)


async def test_every_image_of_a_response_that_can_be_read_is_kept(fake: FakeOpenAI, image: AdapterHarness) -> None:
    call = {"type": "image_generation_call", "result": base64.b64encode(png()).decode()}
    broken = {"type": "image_generation_call", "result": "%"}
    fake.script(POLL, {"body": completed({"type": "reasoning", "content": None}, call, broken, call)})
    result = await image.poll(REFERENCE)
    assert isinstance(result, Result)
    assert [output.body for output in result.outputs] == [png(), b"%", png()]
    assert [output.state for output in result.outputs] == [REFERENCE] * 3
