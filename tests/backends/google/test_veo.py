"""Veo in enterprise mode: requests, how an operation ends, delivery with and without a bucket, and extensions."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.engines import WAIT_FOR_END, running_engine
from fakes.google import FakeGoogle
from fakes.google.answers import end, operation, trouble
from fakes.google.veo import FETCH, START, STORED
from mediasmith.plugin.contract import Pending, Remote, Result
from mediasmith.plugin.errors import InvalidRequest, MediaError, ProviderError, Refused, StateGone
from mediasmith.plugin.kinds import Role
from mediasmith.plugin.media import sniff
from mediasmith.runtime.clock import SystemClock
from mediasmith.testing import AdapterHarness, MemorySource
from mediasmith_backends.google import backend
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.veo import VeoState, veo
from mediasmith_backends.google.veo_operation import VeoHandle

LITE = veo.models[2]
STARTED, FETCHED = START[veo.models[0].id], FETCH[veo.models[0].id]
BUCKET = "gs://films/made here"
FIRST, LAST, CLIP = MemorySource(), MemorySource(b"\xff\0\0"), MemorySource(mime="video/mp4")
GONE = VeoState(video=f"{BUCKET}/1/sample_0.mp4")
HANDLE = VeoHandle(operation="projects/p/locations/l/publishers/google/models/veo-3.1-generate-001/operations/1")

Files = Mapping[Role, Sequence[MemorySource]]


@pytest.fixture
def harness(fake: FakeGoogle, enterprise: Google) -> AdapterHarness:
    return AdapterHarness(backend, enterprise, veo)


@pytest.fixture
def stored(fake: FakeGoogle, enterprise: Google) -> AdapterHarness:
    """Return a harness with a bucket."""
    return AdapterHarness(backend, replace(enterprise, bucket=BUCKET), veo)


def inline(source: MemorySource) -> dict[str, str]:
    return {"bytesBase64Encoded": base64.b64encode(source.data).decode(), "mimeType": source.mime}


async def test_every_parameter_is_sent_once(fake: FakeGoogle, stored: AdapterHarness) -> None:
    await stored.submit(
        aspect_ratio="9:16",
        size="1080p",
        duration=6,
        generate_audio=False,
        seed=4_294_967_295,
        negative_prompt="rain",
        person_generation="dont_allow",
        fps=24,
    )
    assert fake.bodies(STARTED) == [
        {
            "instances": [{"prompt": "a red kite"}],
            "parameters": {
                "sampleCount": 1,
                "aspectRatio": "9:16",
                "resolution": "1080p",
                "durationSeconds": 6,
                "generateAudio": False,
                "seed": 4_294_967_295,
                "negativePrompt": "rain",
                "personGeneration": "dont_allow",
                "fps": 24,
                "storageUri": BUCKET,
            },
        }
    ]
    assert fake.paid() == 1


INPUTS: Mapping[str, tuple[Files, Mapping[str, Any]]] = {
    "a first frame": ({"first_frame": [FIRST]}, {"image": inline(FIRST)}),
    "both frames": (
        {"first_frame": [FIRST], "last_frame": [LAST]},
        {"image": inline(FIRST), "lastFrame": inline(LAST)},
    ),
    "references": (
        {"image": [FIRST, LAST]},
        {"referenceImages": [{"image": inline(source), "referenceType": "ASSET"} for source in (FIRST, LAST)]},
    ),
    "a saved video": ({"video": [CLIP]}, {"video": inline(CLIP)}),
}


@pytest.mark.parametrize("case", INPUTS)
async def test_files_are_sent_by_their_role(fake: FakeGoogle, harness: AdapterHarness, case: str) -> None:
    files, instance = INPUTS[case]
    assert not veo.refuses(harness.call(inputs=files))
    await harness.submit(inputs=files)
    parameters = {"sampleCount": 1, "durationSeconds": 8, "resolution": "720p", "generateAudio": True}
    assert fake.bodies(STARTED) == [{"instances": [{"prompt": "a red kite", **instance}], "parameters": parameters}]


async def test_the_lite_model_takes_no_reference_images(harness: AdapterHarness) -> None:
    assert veo.takes_with(LITE).keys() == veo.takes.keys() - {"image"}
    for case in ("both frames", "a saved video"):
        await harness.submit(inputs=INPUTS[case][0], model=LITE)
    assert isinstance(await harness.failure_of(inputs=INPUTS["references"][0], model=LITE), InvalidRequest)


REFUSED: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "only a last frame": ({"inputs": {"last_frame": [LAST]}}, "last_frame needs first_frame"),
    "frames and references": ({"inputs": {"first_frame": [FIRST], "image": [LAST]}}, "cannot be combined"),
    "frames and a video": ({"inputs": {"first_frame": [FIRST], "video": [CLIP]}}, "cannot be combined"),
    "references and an earlier video": ({"inputs": {"image": [FIRST]}, "state": GONE}, "cannot be combined"),
    "short with references": ({"inputs": {"image": [FIRST]}, "duration": 4}, "duration is 8"),
    "a short extension": ({"inputs": {"video": [CLIP]}, "duration": 4}, "duration is 8"),
    "a large extension": ({"inputs": {"video": [CLIP]}, "size": "1080p"}, "size 720p"),
    "a large extension of a stored video": ({"state": GONE, "size": "1080p"}, "size 720p"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_cannot_be_combined_is_refused_before_it_is_sent(harness: AdapterHarness, case: str) -> None:
    given, reason = REFUSED[case]
    assert reason in veo.refuses(harness.call(**given))


# Delivery


async def test_without_a_bucket_the_video_is_inline(fake: FakeGoogle, harness: AdapterHarness) -> None:
    handle = await harness.submit(duration=4)
    assert [await harness.poll(handle) for _ in range(2)] == [Pending(), Pending()]
    result = await harness.poll(handle)
    assert isinstance(result, Result)
    [output] = result.outputs
    assert isinstance(output.body, bytes)
    assert (output.mime, sniff(output.body), output.state) == ("video/mp4", "video/mp4", None)
    assert "storageUri" not in fake.bodies(STARTED)[0]["parameters"]
    assert all("the whole video comes inline" in model.note for model in veo.models)


async def test_with_a_bucket_the_server_downloads_it_and_an_extension_uses_it(
    fake: FakeGoogle, stored: AdapterHarness
) -> None:
    result = await stored.generate(duration=4)
    [output] = result.outputs
    assert isinstance(output.body, Remote)
    assert output.body.url.startswith(f"{fake.url}/storage/v1/b/films/o/made%20here%2F")
    assert output.body.url.endswith("%2Fsample_0.mp4?alt=media")
    assert output.body.headers == await stored.client.headers()
    assert str(output.body.headers["authorization"]) not in repr(result)
    assert isinstance(output.state, VeoState)
    extension: Mapping[str, Any] = {"prompt": "and then it rains", "state": output.state}
    assert not veo.refuses(stored.call(**extension))
    await stored.submit(**extension)
    assert STORED not in fake.counts()
    body = fake.bodies(STARTED)[1]
    video = {"gcsUri": output.state.video, "mimeType": "video/mp4"}
    assert body["instances"] == [{"prompt": "and then it rains", "video": video}]
    assert (body["parameters"]["durationSeconds"], body["parameters"]["resolution"]) == (8, "720p")


async def test_a_video_in_the_bucket_is_saved_with_its_price(fake: FakeGoogle, tmp_path: Path) -> None:
    fake.settings(polls=0)
    env = fake.enterprise_env(tmp_path / "account.json", "gs://films/made here/")
    asked = {"prompt": "a kite", "kind": "video", "duration": 4, "size": "720p", "aspect_ratio": "9:16"}
    async with running_engine(tmp_path, backend, env=env, clock=SystemClock()) as engine:
        result = await engine.generate(asked, WAIT_FOR_END)
    [file] = result.files
    assert (result.status, file.mime, file.width, file.height) == ("done", "video/mp4", 720, 1280)
    assert (fake.paid(), fake.counts()[STORED]) == (1, 1)
    assert result.cost
    assert result.cost.usd == pytest.approx(1.6)


async def test_a_stored_video_that_is_gone_is_told_before_anything_is_billed(stored: AdapterHarness) -> None:
    error = await stored.failure_of(state=GONE)
    assert (type(error), error.billed) == (StateGone, "no")


@pytest.mark.parametrize("answer", [{"status": 500}, {"status": 200}, {"reset": True}], ids=str)
async def test_a_rejected_extension_is_not_blamed_on_a_video_that_may_exist(
    fake: FakeGoogle, stored: AdapterHarness, answer: Mapping[str, object]
) -> None:
    fake.script(STORED, answer)
    assert type(await stored.failure_of(state=GONE)) is InvalidRequest


# How an operation ends


def done(**response: Any) -> dict[str, Any]:
    return operation(done=True, response=response)


ENDS: Mapping[str, tuple[dict[str, Any], type[MediaError], str]] = {
    "held back": (done(raiMediaFilteredCount=1, raiMediaFilteredReasons=["", "Unsafe."]), Refused, ": Unsafe."),
    "held back without a reason": (done(raiMediaFilteredCount=1), Refused, "gave no reason"),
    "no video": (done(), Refused, "gave no reason"),
    "rejected": (operation(done=True, error={"code": 3, "message": "Not this."}), Refused, ": Not this."),
    "failed": (operation(done=True, error={"code": 13, "message": "Oh."}), ProviderError, "could not finish this: Oh."),
    "failed without a reason": (operation(done=True, error={"code": 14}), ProviderError, "could not finish this."),
    "failed with an error status": (
        {"status": 500, **operation(done=True, error={"code": 13, "message": "Oh."})},
        ProviderError,
        "could not finish this: Oh.",
    ),
}


@pytest.mark.parametrize("case", ENDS)
async def test_an_operation_that_ended_without_a_video_fails_with_the_reason(
    fake: FakeGoogle, harness: AdapterHarness, case: str
) -> None:
    answer, kind, words = ENDS[case]
    fake.script(FETCHED, answer)
    error = await end(harness, HANDLE)
    assert (type(error), error.billed) == (kind, "unknown")
    assert words in str(error)


TROUBLE: Mapping[str, tuple[dict[str, Any], str]] = {
    "a video that cannot be read": (done(videos=[{"bytesBase64Encoded": "?!"}]), "cannot be read"),
    "an empty video": (done(videos=[{"mimeType": "video/mp4"}]), "cannot be read"),
    "a URI that is not in a bucket": (done(videos=[{"gcsUri": "https://evil.example/x"}]), "cannot be read"),
    "done without an outcome": (operation(done=True), "cannot be read"),
    "an error that is not the operation's": ({"body": {"error": {"code": 13, "message": "Oh."}}}, "cannot be read"),
    "another operation": ({"body": {"name": "projects/p/locations/l/operations/2"}}, "cannot be read"),
    "a list": ({"body": []}, "cannot be read"),
    "a page": ({"html": True}, "A web page came"),
    "not found": ({"status": 404, "body": {}}, "does not know this job"),
    "unauthorized": ({"status": 401, "body": {}}, "does not accept its key"),
    "not allowed": ({"status": 403, "body": {}}, "does not allow"),
    "invalid": ({"status": 400, "body": {}}, "does not accept the request"),
    "an error of the server": ({"status": 500, "body": {}}, "status 500"),
}


@pytest.mark.parametrize("case", TROUBLE)
async def test_an_answer_that_does_not_name_an_end_never_ends_the_work(
    fake: FakeGoogle, harness: AdapterHarness, case: str
) -> None:
    answer, words = TROUBLE[case]
    fake.script(FETCHED, answer)
    assert words in str(await trouble(harness, HANDLE))


@pytest.mark.parametrize("case", [case for case, (_, words) in TROUBLE.items() if words == "cannot be read"])
async def test_what_cannot_be_read_is_left_to_the_server_to_keep(
    fake: FakeGoogle, harness: AdapterHarness, case: str
) -> None:
    fake.script(FETCHED, TROUBLE[case][0])
    assert (await trouble(harness, HANDLE)).answer


async def test_a_video_is_not_lost_for_an_odd_answer(fake: FakeGoogle, harness: AdapterHarness) -> None:
    data = base64.urlsafe_b64encode(CLIP.data).decode().rstrip("=")
    videos: list[Any] = [7, {"mimeType": []}, {"bytesBase64Encoded": data, "mimeType": 7, "new": {}}]
    fake.script(FETCHED, done(videos=videos, raiMediaFilteredCount="none", raiMediaFilteredReasons=7))
    result = await harness.poll(HANDLE)
    assert isinstance(result, Result)
    [output] = result.outputs
    assert (output.body, output.mime) == (CLIP.data, "video/mp4")


async def test_a_pause_that_google_asks_for_is_passed_on(fake: FakeGoogle, harness: AdapterHarness) -> None:
    fake.script(FETCHED, {**operation(), "headers": {"retry-after": "7"}})
    assert await harness.poll(HANDLE) == Pending(after=7)


async def test_a_handle_without_an_operation_sends_nothing(fake: FakeGoogle, harness: AdapterHarness) -> None:
    handle = VeoHandle(operation="projects/p/../models/m/operations/1")
    assert type(await trouble(harness, handle)) is ProviderError
    assert fake.counts() == {}


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": 7}, [], "no"], ids=str)
async def test_an_answer_without_an_operation_may_have_been_billed(
    fake: FakeGoogle, harness: AdapterHarness, body: object
) -> None:
    fake.script(STARTED, {"body": body})
    error = await harness.failure_of()
    assert isinstance(error, ProviderError)
    assert error.billed != "no"
    assert fake.paid() == 1
