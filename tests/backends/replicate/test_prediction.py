"""Predictions are polled by their ids until they end, and end as Replicate says."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from fakes.poll_errors import poll_error
from fakes.replicate import FakeReplicate
from mediasmith.plugin.contract import Failed, Pending, Remote, Result
from mediasmith.plugin.errors import Cancelled, MediaError, ProviderError
from mediasmith.testing import AdapterHarness, png
from mediasmith_backends.replicate.prediction import PredictionHandle

POLL, CANCEL = "GET /v1/predictions/{id}", "POST /v1/predictions/{id}/cancel"
IMAGE, SOUND = PredictionHandle(id="p1", makes="image"), PredictionHandle(id="p1", makes="audio")
CDN = "https://replicate.delivery/xezq/"
DATA = base64.b64encode(png()).decode()
LINES = base64.encodebytes(png()).decode()
A_JPG, B_WEBP = f"{CDN}a.JPG", f"{CDN}b.webp"


def prediction(status: str = "succeeded", **more: object) -> dict[str, Any]:
    return {"status": 200, "body": {"id": "p1", "status": status, "output": None, "error": None, **more}}


async def test_a_prediction_is_polled_and_its_files_left_to_the_server(
    fake: FakeReplicate, image: AdapterHarness
) -> None:
    handle = await image.submit(output_format="png")
    assert isinstance(handle, PredictionHandle)
    polls = [await image.poll(handle) for _ in range(2)]
    assert polls == [Pending(message="waiting for the model to start"), Pending(message="processing")]
    result = await image.poll(handle)
    assert isinstance(result, Result)
    (output,) = result.outputs
    assert isinstance(output.body, Remote)
    assert (output.body.url, output.body.headers) == (f"{fake.url}/delivery/{handle.id}/0/out.png", {})
    assert (output.mime, result.cost_usd, result.details) == ("image/png", None, {"predict_seconds": 2.5})


async def test_the_advice_when_to_poll_again_is_passed_on(fake: FakeReplicate, image: AdapterHarness) -> None:
    fake.script(POLL, {**prediction("processing"), "headers": {"retry-after": "30"}})
    assert await image.poll(IMAGE) == Pending(message="processing", after=30.0)


async def test_a_status_in_capitals_is_known(fake: FakeReplicate, image: AdapterHarness) -> None:
    fake.script(POLL, prediction("PROCESSING"))
    assert await image.poll(IMAGE) == Pending(message="processing")


async def test_urls_in_answers_are_not_asked(fake: FakeReplicate, image: AdapterHarness) -> None:
    elsewhere = {"get": "http://127.0.0.1:1/get", "cancel": "http://127.0.0.1:1/cancel"}
    fake.script("POST /v1/models/{owner}/{name}/predictions", {**prediction("starting", urls=elsewhere), "status": 201})
    fake.script(POLL, prediction("processing", urls=elsewhere))
    fake.script(CANCEL, prediction("canceled", urls=elsewhere))
    handle: Any = await image.submit()
    await image.poll(handle)
    assert await image.cancel(handle) == "stopped"
    assert [request["path"] for request in fake.log()][1:] == ["/v1/predictions/p1", "/v1/predictions/p1/cancel"]


OUTPUTS: Mapping[str, tuple[PredictionHandle, object, list[tuple[str, str]], str]] = {
    "one": (IMAGE, f"{CDN}a.png", [(f"{CDN}a.png", "image/png")], ""),
    "several": (IMAGE, [A_JPG, B_WEBP], [(A_JPG, "image/jpeg"), (B_WEBP, "image/webp")], ""),
    "without an extension": (IMAGE, [f"{CDN}a"], [(f"{CDN}a", "image/webp")], ""),
    "an object": (SOUND, {"audio": f"{CDN}a.mp3", "lyrics": "La la."}, [(f"{CDN}a.mp3", "audio/mpeg")], "La la."),
    "with other files": (SOUND, {"cover": f"{CDN}a.png", "song": f"{CDN}b.wav"}, [(f"{CDN}b.wav", "audio/wav")], ""),
    "of another kind": (SOUND, [f"{CDN}a.png"], [(f"{CDN}a.png", "image/png")], ""),
    "deep": (IMAGE, {"pages": [{"image": f"{CDN}a.png", "number": 1}]}, [(f"{CDN}a.png", "image/png")], ""),
}


@pytest.mark.parametrize("case", OUTPUTS)
async def test_files_are_found_in_any_output(fake: FakeReplicate, image: AdapterHarness, case: str) -> None:
    handle, output, expected, text = OUTPUTS[case]
    fake.script(POLL, prediction(output=output))
    result = await image.poll(handle)
    assert isinstance(result, Result)
    bodies = [(one.body.url, one.mime) for one in result.outputs if isinstance(one.body, Remote)]
    assert (bodies, result.details.get("text", "")) == (expected, text)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (DATA, ""),
        ({"image": LINES, "note": "Done."}, "Done."),
        (f"Here it is: ![kite](data:image/png;base64,{DATA})", "Here it is:"),
        (f" DATA:image/png;base64,{DATA}", ""),
    ],
    ids=["base64", "in lines", "Markdown", "a data URI"],
)
async def test_a_file_in_another_spelling_is_read(
    fake: FakeReplicate, image: AdapterHarness, output: object, words: str
) -> None:
    fake.script(POLL, prediction(output=output))
    result = await image.poll(IMAGE)
    assert isinstance(result, Result)
    assert [output.body for output in result.outputs] == [png()]
    assert result.details.get("text", "") == words


async def test_a_file_inside_the_output_is_read(fake: FakeReplicate, image: AdapterHarness) -> None:
    fake.script(POLL, prediction(output=["data:image/svg+xml;utf8,<svg xmlns='http://www.w3.org/2000/svg'/>"]))
    result = await image.poll(IMAGE)
    assert isinstance(result, Result)
    assert [(type(output.body), output.mime) for output in result.outputs] == [(bytes, "image/svg+xml")]


ENDS: Mapping[str, tuple[dict[str, Any], type[MediaError], str, str]] = {
    "failed": (prediction("failed", error="CUDA out of memory"), ProviderError, "unknown", "CUDA out of memory"),
    "failed without a word": (prediction("failed"), ProviderError, "unknown", "failed"),
    "failed oddly": (prediction("failed", error={"detail": "E005"}), ProviderError, "unknown", "E005"),
    "cancelled": (prediction("canceled"), Cancelled, "unknown", "cancelled"),
    "never begun": (prediction("aborted"), Cancelled, "no", "before it began"),
    "removed": (prediction(data_removed=True), ProviderError, "yes", "deleted an hour after"),
    "gone": (prediction(), ProviderError, "yes", "deleted an hour after"),
    "only words": (prediction(output=["I cannot ", "draw."]), ProviderError, "yes", "I cannot draw"),
    "an empty list": (prediction(output=[]), ProviderError, "yes", "no file"),
}


@pytest.mark.parametrize("case", ENDS)
async def test_an_answer_that_names_the_end_fails_the_prediction(
    fake: FakeReplicate, image: AdapterHarness, case: str
) -> None:
    answer, kind, billed, words = ENDS[case]
    fake.script(POLL, answer)
    failed = await image.poll(IMAGE)
    assert isinstance(failed, Failed)
    assert (type(failed.error), failed.error.billed) == (kind, billed)
    assert words in failed.error.message
    assert not isinstance(failed.error, ProviderError) or bool(failed.error.answer) == (billed == "yes")


async def test_an_hour_later_a_result_is_gone(fake: FakeReplicate, image: AdapterHarness) -> None:
    handle: Any = await image.submit()
    fake.finish()
    fake.expire(handle.id)
    failed = await image.poll(handle)
    assert isinstance(failed, Failed)
    assert "deleted an hour after they were made" in failed.error.message


PASSING: Mapping[str, tuple[dict[str, Any], str]] = {
    "a garbled status": ({"status": 200, "body": {"status": 7}}, "cannot be read"),
    "an unknown status": (prediction("somersault"), "not known: somersault"),
    "not there": ({"status": 404, "body": {"detail": "Not found."}}, "does not know this prediction: Not found"),
    "broken": ({"status": 500, "body": {}}, "status 500"),
}


@pytest.mark.parametrize("case", PASSING)
async def test_any_other_answer_is_trouble_that_may_pass(fake: FakeReplicate, image: AdapterHarness, case: str) -> None:
    answer, words = PASSING[case]
    fake.script(POLL, answer)
    error = await poll_error(image, IMAGE)
    assert type(error) is ProviderError
    assert words in error.message


async def test_a_cancel_after_the_end_is_too_late(fake: FakeReplicate, image: AdapterHarness) -> None:
    handle: Any = await image.submit()
    fake.finish()
    assert isinstance(await image.poll(handle), Result)
    assert await image.cancel(handle) == "too late"


@pytest.mark.parametrize("stored", [{"id": "gm3qorzdhgbfurvjtvhg6dckhu", "makes": "video"}])
def test_a_stored_handle_is_read_and_written_alike(stored: dict[str, Any]) -> None:
    assert PredictionHandle.model_validate(stored).model_dump(mode="json") == stored
