"""A request to fal is sent once and polled; only the answer with its result says how it ended."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from fakes.fal import CANCEL, PRICES, RESULT, STATUS, SUBMIT, FakeFal
from fakes.poll_errors import poll_error
from mediasmith.plugin import media
from mediasmith.plugin.contract import Failed, Model, Pending, Remote, Result
from mediasmith.plugin.errors import (
    Cancelled,
    InvalidRequest,
    MediaError,
    MissingKey,
    ModelGone,
    NotPermitted,
    NotServed,
    ProviderError,
    Refused,
)
from mediasmith.testing import AdapterHarness, MemorySource, png
from mediasmith_backends.fal.queue import QueuedRequest
from mediasmith_backends.input_schema import schema_model

COMPLETED = {"status": 200, "body": {"status": "COMPLETED"}}
WAV = media.wav(bytes(480), rate=24_000)
URI = f"data:image/png;base64,{base64.b64encode(png()).decode()}"


def sent(fake: FakeFal) -> Any:
    """Return the body of the last paying request."""
    return [one for one in fake.log() if one["method"] == "POST"][-1]["body"]


@pytest.fixture
def handle(fake: FakeFal) -> QueuedRequest:
    url = f"{fake.url}/fal-ai/flux-2/requests/r-1"
    return QueuedRequest(
        request="r-1",
        endpoint="fal-ai/flux-2",
        media="image",
        status_url=f"{url}/status",
        response_url=url,
        cancel_url=f"{url}/cancel",
    )


def completed(fake: FakeFal, body: Any, *, status: int = 200, **headers: str) -> None:
    """Answer the next poll with this result."""
    fake.script(STATUS, COMPLETED)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    fake.script(RESULT, {"status": status, "body": body, "headers": named})


async def finished(harness: AdapterHarness, handle: QueuedRequest) -> Result:
    result = await harness.poll(handle)
    assert isinstance(result, Result)
    return result


async def failure(harness: AdapterHarness, handle: QueuedRequest) -> MediaError:
    failed = await harness.poll(handle)
    assert isinstance(failed, Failed)
    return failed.error


async def test_the_words_are_sent_once_to_the_endpoint(fake: FakeFal, image: AdapterHarness) -> None:
    await image.submit(size="800x600", n=2, seed=7, output_format="webp")
    assert sent(fake) == {
        "prompt": "a red kite",
        "image_size": {"width": 800, "height": 600},
        "num_images": 2,
        "seed": 7,
        "output_format": "webp",
    }
    assert fake.counts() == {SUBMIT: 1}


async def test_options_are_sent_as_they_are(fake: FakeFal, image: AdapterHarness) -> None:
    call = replace(image.call(), options={"acceleration": "high"})
    await image.capability.start(call)
    assert sent(fake) == {"prompt": "a red kite", "num_images": 1, "acceleration": "high"}


async def test_it_is_polled_at_the_urls_that_fal_gave(fake: FakeFal, image: AdapterHarness) -> None:
    handle = await image.submit(n=2)
    assert [await image.poll(handle) for _ in range(2)] == [
        Pending(message="in the queue, 1 before it"),
        Pending(message="in progress"),
    ]
    assert isinstance(handle, QueuedRequest)
    result = await finished(image, handle)
    urls = [output.body.url for output in result.outputs if isinstance(output.body, Remote)]
    assert urls == [f"{fake.url}/made/{handle.request}-{number}" for number in range(2)]
    assert [output.mime for output in result.outputs] == ["image/png"] * 2
    assert result.details == {"seed": 7}


async def test_urls_that_fal_does_not_give_are_the_usual_ones(fake: FakeFal, edit: AdapterHarness) -> None:
    fake.script("POST /fal-ai/flux-2/edit", {"status": 200, "body": {"request_id": "r/1"}})
    handle = await edit.submit(inputs={"image": [MemorySource()]})
    assert isinstance(handle, QueuedRequest)
    usual = f"{fake.url}/fal-ai/flux-2/requests/r%2F1"
    assert (handle.status_url, handle.response_url, handle.cancel_url) == (
        f"{usual}/status",
        usual,
        f"{usual}/cancel",
    )


async def test_behind_a_gateway_that_passes_on_the_urls_of_fal_it_is_polled_there(
    fake: FakeFal, image: AdapterHarness, handle: QueuedRequest
) -> None:
    def of_fal(url: str) -> str:
        return url.replace(fake.url, "https://queue.fal.run")

    urls = {name: of_fal(getattr(handle, name)) for name in ("status_url", "response_url", "cancel_url")}
    astray = handle.model_copy(update=urls)
    completed(fake, {"images": [{"url": URI}]})
    assert len((await finished(image, astray)).outputs) == 1
    fake.script(CANCEL, {"status": 200, "body": {"status": "OK"}})
    assert await image.cancel(astray) == "stopped"
    assert [one["path"] for one in fake.log()] == [
        f"/fal-ai/flux-2/requests/r-1{end}" for end in ("/status", "", "/cancel")
    ]


async def test_what_is_no_url_is_trouble(image: AdapterHarness, handle: QueuedRequest) -> None:
    astray = handle.model_copy(update={"status_url": "http://["})
    assert isinstance(await poll_error(image, astray), ProviderError)


async def test_the_advice_when_to_poll_again_is_passed_on(
    fake: FakeFal, image: AdapterHarness, handle: QueuedRequest
) -> None:
    fake.script(STATUS, {"status": 202, "headers": {"retry-after": "9"}, "body": {"status": "IN_QUEUE"}})
    assert await image.poll(handle) == Pending(message="in the queue", after=9.0)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"audio": {"b64_json": base64.b64encode(WAV).decode()}}, WAV),
        ({"audio": WAV.hex()}, WAV),
        ({"audio": {"url": "/made/a.wav"}}, "/made/a.wav"),
        ({"audio": "made/a.wav"}, "/made/a.wav"),
    ],
)
async def test_a_file_may_be_inside_the_result_or_below_the_base_url(
    fake: FakeFal, image: AdapterHarness, handle: QueuedRequest, body: Any, found: bytes | str
) -> None:
    completed(fake, body)
    [output] = (await finished(image, handle.model_copy(update={"media": "audio"}))).outputs
    if isinstance(found, bytes):
        assert (output.body, output.mime) == (found, "audio/wav")
    else:
        assert isinstance(output.body, Remote)
        assert output.body.url == f"{fake.url}{found}"
        assert list(output.body.headers) == ["authorization"]


VIOLATION = {
    "detail": [
        {"loc": ["body", "prompt"], "msg": "Flagged.", "type": "content_policy_violation", "categories": ["hate"]}
    ]
}
BAD_INPUT = {"detail": [{"loc": ["body", "image_url"], "msg": "Too small.", "type": "image_too_small"}]}
TIMEOUT = {"detail": "No runner started.", "error_type": "startup_timeout"}


@pytest.mark.parametrize(("units", "billed"), [({}, "unknown"), ({"x_fal_billable_units": "1.5"}, "yes")])
async def test_the_answer_with_the_result_says_how_it_ended(
    fake: FakeFal, image: AdapterHarness, handle: QueuedRequest, units: dict[str, str], billed: str
) -> None:
    completed(fake, BAD_INPUT, status=422, **units)
    error = await failure(image, handle)
    assert (type(error), error.billed) == (InvalidRequest, billed)
    assert "image_url: Too small" in error.message


async def test_a_completed_request_may_say_itself_that_it_failed(
    fake: FakeFal, image: AdapterHarness, handle: QueuedRequest
) -> None:
    fake.script(STATUS, {"status": 200, "body": {"status": "COMPLETED", "error": "Out of film.", "error_type": "x"}})
    error = await failure(image, handle)
    assert (type(error), error.billed) == (ProviderError, "unknown")
    assert "Out of film" in error.message


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, {"detail": "Bad gateway"}), (404, {}), (401, TIMEOUT), (200, {})],
)
async def test_an_answer_without_a_type_does_not_end_it(
    fake: FakeFal, image: AdapterHarness, handle: QueuedRequest, status: int, body: dict[str, Any]
) -> None:
    completed(fake, body, status=status)
    assert not isinstance(await poll_error(image, handle), ModelGone)


async def test_an_unknown_status_is_trouble(fake: FakeFal, image: AdapterHarness, handle: QueuedRequest) -> None:
    fake.script(STATUS, {"status": 200, "body": {"status": "FAILED"}})
    assert "FAILED" in (await poll_error(image, handle)).message


def drawn(count: int, **more: Any) -> dict[str, Any]:
    return {"images": [{"url": f"https://files.example/{number}"} for number in range(count)], **more}


async def test_blackened_images_are_left_out_aloud(fake: FakeFal, image: AdapterHarness, handle: QueuedRequest) -> None:
    completed(fake, drawn(3, has_nsfw_concepts=[False, True, False]))
    result = await finished(image, handle)
    urls = [output.body.url for output in result.outputs if isinstance(output.body, Remote)]
    assert urls == ["https://files.example/0", "https://files.example/2"]
    assert not result.complete
    assert ["blackened 1 more" in warning for warning in image.warnings] == [True]


async def test_what_is_left_of_blackened_images_must_be_readable(
    fake: FakeFal, image: AdapterHarness, handle: QueuedRequest
) -> None:
    completed(fake, {"images": ["nothing", "https://files.example/1"], "has_nsfw_concepts": [False, True]})
    assert isinstance(await poll_error(image, handle), ProviderError)


async def test_images_that_are_all_blackened_are_a_refusal_that_was_billed(
    fake: FakeFal, image: AdapterHarness, handle: QueuedRequest
) -> None:
    completed(fake, drawn(1, has_nsfw_concepts=[True]))
    error = await failure(image, handle)
    assert (type(error), error.billed) == (Refused, "yes")


@pytest.mark.parametrize(
    ("media", "body", "urls"),
    [
        ("image", {"image": {"url": "https://files.example/a"}}, ["https://files.example/a"]),
        ("image", {"images": ["https://files.example/a"]}, ["https://files.example/a"]),
        ("image", {"images": [], "image": "https://files.example/a"}, ["https://files.example/a"]),
        (
            "video",
            {"image": {"url": "https://x.example"}, "video": {"url": "https://files.example/a"}},
            ["https://files.example/a"],
        ),
        (
            "audio",
            {"audio": {"url": "https://files.example/a"}, "audios": [{"url": "https://x.example"}]},
            ["https://files.example/a"],
        ),
        ("audio", {"audio_file": {"url": "https://files.example/a"}}, ["https://files.example/a"]),
    ],
)
async def test_the_files_are_under_the_first_name_that_is_there(  # noqa: PLR0913, PLR0917 - a row of the table
    fake: FakeFal, image: AdapterHarness, handle: QueuedRequest, media: Any, body: Any, urls: list[str]
) -> None:
    completed(fake, body)
    result = await finished(image, handle.model_copy(update={"media": media}))
    assert [output.body.url for output in result.outputs if isinstance(output.body, Remote)] == urls
    assert result.outputs[0].mime.startswith(media)


@pytest.mark.parametrize(
    "body",
    [{"output": URI}, {"data": {"images": [{"url": URI}]}}, {"images": [{"b64_json": URI}]}, {"text": f"![]({URI})"}],
    ids=["output", "data", "base64", "Markdown"],
)
async def test_a_file_under_another_name_is_found(
    fake: FakeFal, image: AdapterHarness, handle: QueuedRequest, body: Any
) -> None:
    completed(fake, body)
    assert [output.body for output in (await finished(image, handle)).outputs] == [png()]


async def test_a_file_may_be_in_the_answer(fake: FakeFal, image: AdapterHarness, handle: QueuedRequest) -> None:
    completed(fake, {"images": [{"url": URI}]})
    (output,) = (await finished(image, handle)).outputs
    assert output.body == png()


@pytest.mark.parametrize(
    ("units", "price", "cost"),
    [
        ("2.5", {}, 0.03),
        ("0", {"status": 500}, 0.0),
        ("2.5", {"status": 500}, None),
        ("2.5", {"status": 200, "body": {"prices": []}}, None),
        ("many", {}, None),
        ("-1", {}, None),
    ],
)
async def test_the_cost_is_what_the_billed_units_cost(  # noqa: PLR0913, PLR0917 - a row of the table
    fake: FakeFal, image: AdapterHarness, handle: QueuedRequest, units: str, price: Any, cost: float | None
) -> None:
    fake.script(PRICES, price)
    completed(fake, drawn(1), x_fal_billable_units=units)
    assert (await finished(image, handle)).cost_usd == cost


async def test_without_units_there_is_no_cost(fake: FakeFal, image: AdapterHarness, handle: QueuedRequest) -> None:
    completed(fake, drawn(1))
    assert (await finished(image, handle)).cost_usd is None
    assert PRICES not in fake.counts()


async def test_a_waiting_request_is_taken_from_the_queue(fake: FakeFal, image: AdapterHarness) -> None:
    handle = await image.submit()
    assert await image.cancel(handle) == "stopped"
    assert fake.counts() == {SUBMIT: 1, CANCEL: 1}
    assert isinstance(handle, QueuedRequest)
    assert isinstance(await failure(image, handle), Cancelled)
    assert await image.cancel(handle) == "too late"


@pytest.mark.parametrize(
    "answer",
    [{"status": 404, "body": {"status": "NOT_FOUND"}}, {"status": 500, "body": {}}, {"status": 200, "body": {}}],
)
async def test_a_cancel_without_an_outcome_is_an_error(
    fake: FakeFal, image: AdapterHarness, handle: QueuedRequest, answer: Any
) -> None:
    fake.script(CANCEL, answer)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of the HTTP library or ours
        await image.cancel(handle)
    assert isinstance(caught.value, MediaError) or image.backend.explain(caught.value)


async def test_a_small_file_is_sent_inside_the_request(fake: FakeFal, edit: AdapterHarness) -> None:
    await edit.submit(inputs={"image": [MemorySource()]})
    assert sent(fake)["image_urls"] == [await MemorySource().data_uri()]
    assert fake.counts() == {"POST /fal-ai/flux-2/edit": 1}


async def test_an_edit_knows_the_earlier_prompts(fake: FakeFal, edit: AdapterHarness) -> None:
    await edit.submit(prompt="bluer", lineage=["a red kite"], inputs={"image": [MemorySource()]})
    assert "a red kite" in sent(fake)["prompt"]


async def test_a_prompt_that_has_no_field_is_left_out_aloud(fake: FakeFal, image: AdapterHarness) -> None:
    upscaler = schema_model("fal-ai/flux-2", {"properties": {"image_url": {"type": "string"}}}, kind="image")
    fake.script(SUBMIT, {"status": 200, "body": {"request_id": "r-1"}})
    await image.failure_of(model=upscaler)  # the endpoint needs one
    assert image.warnings == ["fal-ai/flux-2 takes no prompt; it was not sent."]
    assert "prompt" not in sent(fake)


async def test_a_model_without_a_schema_is_not_sent(fake: FakeFal, image: AdapterHarness) -> None:
    error = await image.failure_of(model=Model(id="fal-ai/other"))
    assert isinstance(error, ModelGone)
    assert not fake.counts()


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ({"status": 401, "body": {"detail": "No."}}, MissingKey, "FAL_KEY"),
        ({"status": 403, "body": {"detail": "User is locked."}}, NotPermitted, "balance"),
        ({"status": 422, "body": BAD_INPUT}, InvalidRequest, "image_url: Too small"),
        ({"status": 422, "body": VIOLATION}, Refused, "Flagged"),
        ({"status": 404, "body": {"detail": "Model not found"}}, ModelGone, "not found"),
        ({"status": 404, "body": {"detail": "Not Found"}}, NotServed, "MEDIASMITH_FAL_BASE_URL"),
    ],
)
async def test_a_request_that_is_turned_away_costs_nothing(
    fake: FakeFal, image: AdapterHarness, answer: Any, kind: type[MediaError], words: str
) -> None:
    fake.script(SUBMIT, answer)
    error = await image.failure_of()
    assert (type(error), error.billed) == (kind, "no")
    assert words in str(error)
