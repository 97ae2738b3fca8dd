"""Videos through OpenRouter: submitted, polled and continued."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from fakes.openrouter import KEY, FakeOpenRouter
from fakes.poll_errors import poll_error
from mediasmith.plugin.contract import Failed, Model, Pending, Remote, Result
from mediasmith.plugin.errors import Cancelled, MediaError, ModelGone, ProviderError, Refused, StateGone
from mediasmith.testing import AdapterHarness, MemorySource
from mediasmith_backends.openrouter import backend
from mediasmith_backends.openrouter.video import VideoReference

SUBMIT, POLL = "POST /api/v1/videos", "GET /api/v1/videos/{id}"
VIDEO = backend.capabilities[2]
SEEDANCE, VEO, WAN = "bytedance/seedance-2.0", "google/veo-3.1", "alibaba/wan-2.7"
MODELS = {model.id: model for model in VIDEO.models}
KITE, BOAT = MemorySource(), MemorySource(b"\xff\0\0")
SOUND, CLIP = MemorySource(mime="audio/wav"), MemorySource(mime="video/mp4")
REFERENCE = VideoReference(video="gen-vid-1")


def sent(fake: FakeOpenRouter) -> Any:
    """Return the body of the last request."""
    return fake.log()[-1]["body"]


async def part(source: MemorySource, kind: str = "image_url") -> dict[str, Any]:
    return {"type": kind, kind: {"url": await source.data_uri()}}


async def test_words_are_sent_by_openrouters_names(fake: FakeOpenRouter, video: AdapterHarness) -> None:
    await video.submit(size="480p", aspect_ratio="9:16", duration=4, generate_audio=False, seed=7)
    assert sent(fake) == {
        "model": SEEDANCE,
        "prompt": "a red kite",
        "resolution": "480p",
        "aspect_ratio": "9:16",
        "duration": 4,
        "generate_audio": False,
        "seed": 7,
    }
    await video.submit(size="1280x720")
    assert sent(fake)["size"] == "1280x720"
    assert not video.warnings


async def test_frames_and_references_are_sent_by_kind(fake: FakeOpenRouter, video: AdapterHarness) -> None:
    await video.submit(inputs={"last_frame": [BOAT], "first_frame": [KITE]})
    assert sent(fake)["frame_images"] == [
        {**await part(KITE), "frame_type": "first_frame"},
        {**await part(BOAT), "frame_type": "last_frame"},
    ]
    await video.submit(inputs={"video": [CLIP], "audio": [SOUND], "image": [KITE, BOAT]})
    assert sent(fake)["input_references"] == [
        await part(KITE),
        await part(BOAT),
        await part(SOUND, "audio_url"),
        await part(CLIP, "video_url"),
    ]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"size": "1280x720", "aspect_ratio": "16:9"}, "not both"),
        ({"inputs": {"first_frame": [KITE], "image": [KITE]}}, "or image, audio and video"),
        ({"size": "720p", "aspect_ratio": "16:9"}, ""),
        ({"inputs": {"first_frame": [], "image": [KITE]}}, ""),
    ],
)
def test_only_parameters_that_do_not_go_together_are_refused(given: dict[str, Any], reason: str) -> None:
    found = VIDEO.refuses(AdapterHarness(backend, None, VIDEO).call(**given))
    assert reason in found
    assert bool(found) == bool(reason)


async def test_a_video_is_polled_and_its_download_left_to_the_server(
    fake: FakeOpenRouter, video: AdapterHarness
) -> None:
    handle = await video.submit(duration=4)
    assert isinstance(handle, VideoReference)
    assert [await video.poll(handle) for _ in range(2)] == [
        Pending(message="pending"),
        Pending(message="in progress"),
    ]
    result = await video.poll(handle)
    assert isinstance(result, Result)
    (output,) = result.outputs
    assert (output.mime, output.state, result.cost_usd) == ("video/mp4", handle, pytest.approx(0.4))
    assert isinstance(output.body, Remote)
    assert output.body.url == f"{fake.url}/storage/{handle.video}"
    assert fake.paid() == 1


async def test_the_advice_when_to_poll_again_is_passed_on(fake: FakeOpenRouter, video: AdapterHarness) -> None:
    fake.script(POLL, {"status": 200, "headers": {"retry-after": "30"}, "body": {"status": "pending"}})
    assert await video.poll(REFERENCE) == Pending(message="pending", after=30.0)


def done(**more: Any) -> dict[str, Any]:
    return {"id": "gen-vid-1", "status": "completed", **more}


@pytest.mark.parametrize(
    ("more", "urls", "with_key"),
    [
        ({"urls": ["https://files.example/a"], "unsigned_urls": ["{base}/x"]}, ["https://files.example/a"], False),
        ({"unsigned_urls": ["{base}/x", "{base}/y"]}, ["{base}/x", "{base}/y"], True),
        ({"unsigned_urls": ["/api/v1/x"], "urls": []}, ["{base}/x"], True),
        ({"unsigned_urls": ["https://elsewhere.example/x"]}, ["https://elsewhere.example/x"], False),
        ({"unsigned_urls": ["http://[x"]}, ["http://[x"], False),
        ({"urls": 7, "unsigned_urls": [7]}, ["{base}/videos/gen-vid-1/content?index=0"], True),
        ({}, ["{base}/videos/gen-vid-1/content?index=0"], True),
    ],
)
async def test_the_key_is_sent_to_openrouter_alone(
    fake: FakeOpenRouter, video: AdapterHarness, more: dict[str, Any], urls: list[str], with_key: bool
) -> None:
    given, expected = json.loads(json.dumps([more, urls]).replace("{base}", fake.base_url))
    fake.script(POLL, {"status": 200, "body": done(**given)})
    result = await video.poll(REFERENCE)
    assert isinstance(result, Result)
    bodies = [output.body for output in result.outputs if isinstance(output.body, Remote)]
    assert [body.url for body in bodies] == expected
    assert {body.headers.get("authorization") for body in bodies} == {f"Bearer {KEY}" if with_key else None}
    assert [output.state is None for output in result.outputs] == [len(urls) > 1] * len(urls)


ENDS: Mapping[str, tuple[dict[str, Any], type[MediaError], str, str]] = {
    "failed": ({"status": "failed", "error": "Out of film."}, ProviderError, "unknown", "Out of film"),
    "in capitals": ({"status": "FAILED", "error": "Out of film."}, ProviderError, "unknown", "Out of film"),
    "failed for nothing": ({"status": "failed", "usage": {"cost": 0}}, ProviderError, "no", "failed"),
    "failed and charged": ({"status": "failed", "usage": {"cost": 0.4}}, ProviderError, "yes", "failed"),
    "expired": ({"status": "expired", "error": 7}, ProviderError, "unknown", "expired"),
    "cancelled": ({"status": "cancelled"}, Cancelled, "unknown", "cancelled"),
}


@pytest.mark.parametrize("case", ENDS)
async def test_an_answer_that_names_the_end_fails_the_video(
    fake: FakeOpenRouter, video: AdapterHarness, case: str
) -> None:
    body, kind, billed, words = ENDS[case]
    fake.script(POLL, {"status": 200, "body": body})
    failed = await video.poll(REFERENCE)
    assert isinstance(failed, Failed)
    assert (type(failed.error), failed.error.billed) == (kind, billed)
    assert words in failed.error.message


PASSING: Mapping[str, dict[str, Any]] = {
    "a page": {"html": True, "status": 200},
    "a garbled status": {"status": 200, "body": {"status": 7}},
    "an unknown status": {"status": 200, "body": {"status": "somersault"}},
    "not there yet": {"status": 404},
    "an error within": {"status": 200, "body": {"error": {"code": 502, "message": "Gone."}}},
    "broken": {"status": 500, "body": {}},
}


@pytest.mark.parametrize("case", PASSING)
async def test_any_other_answer_is_trouble_that_may_pass(
    fake: FakeOpenRouter, video: AdapterHarness, case: str
) -> None:
    fake.script(POLL, PASSING[case])
    assert type(await poll_error(video, REFERENCE)) is ProviderError


async def finished(video: AdapterHarness) -> VideoReference:
    state = (await video.generate(duration=4)).outputs[0].state
    assert isinstance(state, VideoReference)
    return state


async def test_a_video_continues_an_earlier_one(fake: FakeOpenRouter, video: AdapterHarness) -> None:
    state = await finished(video)
    await video.submit(state=state)
    assert sent(fake)["previous_job_id"] == state.video
    assert "input_references" not in sent(fake)


async def test_an_earlier_video_that_is_gone_is_known_before_paying(
    fake: FakeOpenRouter, video: AdapterHarness
) -> None:
    state = await finished(video)
    fake.expire(state.video)
    for gone in (state, REFERENCE):
        error = await video.failure_of(state=gone)
        assert (type(error), error.billed) == (StateGone, "no")


async def test_a_refused_edit_does_not_mean_that_the_earlier_video_is_gone(
    fake: FakeOpenRouter, video: AdapterHarness
) -> None:
    error = {"code": 400, "message": "No.", "metadata": {"error_type": "content_policy_violation"}}
    fake.script(SUBMIT, {"status": 400, "body": {"error": error}})
    assert isinstance(await video.failure_of(state=REFERENCE), Refused)


@pytest.mark.parametrize(("model", "continues"), [(SEEDANCE, True), (VEO, False), (WAN, False), ("acme/new", True)])
async def test_state_is_kept_where_the_model_takes_videos(
    fake: FakeOpenRouter, video: AdapterHarness, model: str, continues: bool
) -> None:
    fake.script(POLL, {"status": 200, "body": done()})
    assert VIDEO.poll
    context = replace(video.context, model=MODELS.get(model, Model(id=model)))
    result = await VIDEO.poll(context, REFERENCE)
    assert isinstance(result, Result)
    assert (result.outputs[0].state is not None) == continues


async def test_an_unlisted_model_is_sent_everything_with_a_warning(fake: FakeOpenRouter, video: AdapterHarness) -> None:
    await video.submit(model=Model(id=VEO), duration=4, seed=7)
    assert (sent(fake)["duration"], sent(fake)["seed"]) == (4, 7)
    assert ["ignore duration, seed" in warning for warning in video.warnings] == [True]
    assert fake.counts() == {SUBMIT: 1}


async def test_a_model_that_is_not_served_is_reported_as_gone(video: AdapterHarness) -> None:
    error = await video.failure_of(model=Model(id="acme/none"))
    assert (type(error), error.billed) == (ModelGone, "no")
