"""Videos by Veo: what goes out, how they are delivered with and without a bucket, and what goes on from them."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.engines import PATIENT, collected, opened
from fakes.google import FakeGoogle, running
from fakes.google.cloud import route
from fakes.google.veo import STARTS
from fakes.trying import failure, made
from fakes.virtual_clock import VirtualClock
from mediasmith.config.credentials import access
from mediasmith.plugin.contract import JSON, Accepted, Pending, Remote, Request
from mediasmith.plugin.errors import InvalidRequest, MediaError, ProviderError, Refused, StateGone, Unreachable
from mediasmith.plugin.files import Source
from mediasmith.plugin.kinds import Role
from mediasmith.plugin.media import sniff
from mediasmith.testing import AdapterHarness, MemorySource
from mediasmith_backends.google import backend
from mediasmith_backends.google.veo import VeoParams, veo

MADE = STARTS[0]
LOOKED = route("veo-3.1-generate-001", "fetchPredictOperation")
STORED = "GET /storage/v1/b/{bucket}/o/{object}"
BUCKET = "gs://films/made here"
FIRST, LAST, FILM = MemorySource(), MemorySource(b"\xff\0\0"), MemorySource(mime="video/mp4")
GONE: JSON = {"video": f"{BUCKET}/1/sample_0.mp4"}

PROVIDER = running


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("google") / "account.json"


@pytest.fixture
async def hands(fake: FakeGoogle, account: Path) -> AsyncGenerator[AdapterHarness]:
    """Without a bucket."""
    async with backend.connect(access(backend, fake.enterprise(account))) as client:
        yield AdapterHarness(backend, client, veo)


@pytest.fixture
def stored(hands: AdapterHarness) -> AdapterHarness:
    """With one."""
    return AdapterHarness(backend, replace(hands.client, bucket=BUCKET), veo)


def ask(
    prompt: str = "a red kite",
    inputs: Mapping[Role, Sequence[Source]] | None = None,
    state: JSON = None,
    **params: Any,
) -> Request[VeoParams]:
    return Request(
        model=veo.models[0],
        prompt=prompt,
        params=VeoParams.model_validate({"duration": 4, **params}),
        inputs=inputs or {},
        state=state,
    )


def shown(source: MemorySource) -> dict[str, str]:
    return {"bytesBase64Encoded": base64.b64encode(source.data).decode(), "mimeType": source.mime}


PLAIN = {"sampleCount": 1, "durationSeconds": 4, "resolution": "720p", "generateAudio": True}


async def test_everything_that_was_asked_is_sent_once(fake: FakeGoogle, stored: AdapterHarness) -> None:
    wishes: dict[str, Any] = {
        "aspect_ratio": "9:16",
        "size": "1080p",
        "duration": 6,
        "generate_audio": False,
        "seed": 4_294_967_295,
        "negative_prompt": "rain",
        "person_generation": "dont_allow",
        "fps": 24,
    }
    answer = await veo.start(stored.of(ask(**wishes)))
    assert isinstance(answer, Accepted)
    assert fake.bodies(MADE) == [
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


INPUTS: Mapping[str, tuple[Mapping[Role, Sequence[MemorySource]], Mapping[str, Any]]] = {
    "a first frame": ({"first_frame": [FIRST]}, {"image": shown(FIRST)}),
    "both frames": (
        {"first_frame": [FIRST], "last_frame": [LAST]},
        {"image": shown(FIRST), "lastFrame": shown(LAST)},
    ),
}


@pytest.mark.parametrize("case", INPUTS)
async def test_frames_are_sent_as_what_they_are_for(fake: FakeGoogle, hands: AdapterHarness, case: str) -> None:
    files, instance = INPUTS[case]
    assert not veo.refuses(ask(inputs=files))
    await veo.start(hands.of(ask(inputs=files)))
    assert fake.bodies(MADE) == [{"instances": [{"prompt": "a red kite", **instance}], "parameters": PLAIN}]


async def test_references_are_sent_beside_the_prompt(fake: FakeGoogle, hands: AdapterHarness) -> None:
    asked = ask(inputs={"image": [FIRST, LAST]}, duration=8)
    assert not veo.refuses(asked)
    await veo.start(hands.of(asked))
    references = [{"image": shown(source), "referenceType": "ASSET"} for source in (FIRST, LAST)]
    assert fake.bodies(MADE)[0]["instances"] == [{"prompt": "a red kite", "referenceImages": references}]


NO: Mapping[str, tuple[Request[VeoParams], str]] = {
    "only an end": (ask(inputs={"last_frame": [LAST]}), "needs a first_frame"),
    "frames and references": (ask(inputs={"first_frame": [FIRST], "image": [LAST]}, duration=8), "not go together"),
    "frames and a video": (ask(inputs={"first_frame": [FIRST], "video": [FILM]}, duration=8), "not go together"),
    "references and an earlier video": (ask(inputs={"image": [FIRST]}, state=GONE, duration=8), "not go together"),
    "references, not for long": (ask(inputs={"image": [FIRST]}), "duration is 8"),
    "a video, not for long": (ask(inputs={"video": [FILM]}), "duration is 8"),
    "a large video": (ask(inputs={"video": [FILM]}, duration=8, size="1080p"), "goes on at 720p"),
    "an earlier video, large": (ask(state=GONE, duration=8, size="1080p"), "goes on at 720p"),
}


LITE = veo.models[2]


async def test_the_lite_model_takes_frames_and_videos_but_no_references(
    fake: FakeGoogle, hands: AdapterHarness
) -> None:
    taken: Sequence[Mapping[Role, Sequence[Source]]] = (
        {"first_frame": [FIRST], "last_frame": [LAST]},
        {"video": [FILM]},
    )
    for files in taken:
        asked = replace(ask(inputs=files, duration=8), model=LITE)
        assert not veo.refuses(asked)
        await veo.start(hands.of(asked))
    references = replace(ask(inputs={"image": [FIRST]}, duration=8), model=LITE)
    assert "takes no reference images" in veo.refuses(references)
    assert isinstance(await failure(hands, references), InvalidRequest)  # the provider says the same


@pytest.mark.parametrize("case", NO)
def test_what_does_not_go_together_is_told_before_it_is_sent(case: str) -> None:
    asked, why = NO[case]
    assert why in veo.refuses(asked)


@pytest.mark.parametrize(
    "case", ["only an end", "frames and references", "frames and a video", "references, not for long"]
)
async def test_the_provider_says_the_same(hands: AdapterHarness, case: str) -> None:
    assert isinstance(await failure(hands, NO[case][0]), InvalidRequest)


# Delivery


async def test_without_a_bucket_the_video_comes_within_the_answer(fake: FakeGoogle, hands: AdapterHarness) -> None:
    [output] = (await made(hands, ask())).outputs
    assert isinstance(output.body, bytes)
    assert (output.mime, sniff(output.body), output.state) == ("video/mp4", "video/mp4", None)
    assert "storageUri" not in fake.bodies(MADE)[0]["parameters"]
    assert fake.counts() == {"POST /token": 1, MADE: 1, LOOKED: 3}
    assert all("comes as bytes within one answer" in model.note for model in veo.models)


async def test_with_a_bucket_it_waits_there(fake: FakeGoogle, stored: AdapterHarness) -> None:
    result = await made(stored, ask())
    [output] = result.outputs
    assert isinstance(output.body, Remote)
    assert output.body.url.startswith(f"{fake.url}/storage/v1/b/films/o/made%20here%2F")
    assert output.body.url.endswith("%2Fsample_0.mp4?alt=media")
    assert output.body.headers == await stored.client.headers()
    assert str(output.body.headers["authorization"]) not in repr(result)
    assert STORED not in fake.counts()


@pytest.mark.parametrize("bucket", ["", "films", "gs://films/made here/"])
async def test_a_video_is_saved_and_its_cost_told(fake: FakeGoogle, account: Path, tmp_path: Path, bucket: str) -> None:
    clock = VirtualClock()
    fake.settings(polls=0)
    env = fake.enterprise(account, bucket)
    async with clock.autojump(), opened(tmp_path, backend, clock=clock, env=env) as engine:
        with clock.hold():
            asked = {"prompt": "a kite", "kind": "video", "duration": 4, "size": "720p", "aspect_ratio": "9:16"}
            result = await engine.generate(asked, PATIENT)
    [file] = result.files
    assert (result.status, file.mime, file.width, file.height) == ("done", "video/mp4", 720, 1280)
    assert (fake.paid(), fake.counts().get(STORED, 0)) == (1, int(bool(bucket)))
    assert result.cost
    assert result.cost.usd == pytest.approx(1.6)


# Going on


async def test_a_stored_video_is_gone_on_with_where_it_lies(fake: FakeGoogle, stored: AdapterHarness) -> None:
    [earlier] = (await made(stored, ask())).outputs
    extension = ask("and then it rains", state=earlier.state, duration=8)
    assert not veo.refuses(extension)
    await made(stored, extension)
    body = fake.bodies(MADE)[1]
    assert isinstance(earlier.state, dict)
    video = {"gcsUri": earlier.state["video"], "mimeType": "video/mp4"}
    assert body["instances"] == [{"prompt": "and then it rains", "video": video}]
    assert (body["parameters"]["durationSeconds"], body["parameters"]["resolution"]) == (8, "720p")


async def test_a_saved_video_is_gone_on_with_by_sending_it(fake: FakeGoogle, hands: AdapterHarness) -> None:
    await made(hands, ask(inputs={"video": [FILM]}, duration=8))
    [body] = fake.bodies(MADE)
    assert body["instances"] == [{"prompt": "a red kite", "video": shown(FILM)}]
    assert (body["parameters"]["durationSeconds"], body["parameters"]["resolution"]) == (8, "720p")
    assert veo.edits == "video"


async def test_a_stored_video_that_is_gone_is_told(fake: FakeGoogle, stored: AdapterHarness) -> None:
    error = await failure(stored, ask(state=GONE, duration=8))
    assert isinstance(error, StateGone)
    assert error.billed == "no"
    # When the storage cannot say, it is not said to be gone.
    for answer in ({"status": 500}, {"status": 200}, {"reset": True}):
        fake.script(STORED, answer)
        assert isinstance(await failure(stored, ask(state=GONE, duration=8)), InvalidRequest)


@pytest.mark.parametrize("state", [7, {}, {"video": "here"}, {"video": 3}, {"interaction": "v1_1"}], ids=str)
async def test_a_state_of_another_making_is_gone_before_anything_is_sent(
    fake: FakeGoogle, hands: AdapterHarness, state: JSON
) -> None:
    assert isinstance(await failure(hands, ask(state=state, duration=8)), StateGone)
    assert fake.counts() == {}


# Endings


def operation(**told: Any) -> dict[str, Any]:
    return {"body": {"name": "projects/p/locations/l/operations/1", **told}}


def answered(**response: Any) -> dict[str, Any]:
    return operation(done=True, response=response)


ENDINGS: Mapping[str, tuple[dict[str, Any], type[MediaError], str]] = {
    "held back": (answered(raiMediaFilteredCount=1, raiMediaFilteredReasons=["", "Unsafe."]), Refused, "Unsafe"),
    "held back in silence": (answered(raiMediaFilteredCount=1), Refused, "did not say why"),
    "nothing": (answered(), Refused, "did not say why"),
    "rejected": (operation(done=True, error={"code": 3, "message": "Not this."}), Refused, "Not this"),
    "failed": (
        operation(done=True, error={"code": 13, "message": "Oh."}),
        ProviderError,
        "could not make it: Oh. It may",
    ),
    "failed in silence": (
        operation(done=True, error={"code": 14}),
        ProviderError,
        "could not make it. It may have been",
    ),
    "no base64": (answered(videos=[{"bytesBase64Encoded": "?!"}]), ProviderError, "cannot be read"),
    "no video": (answered(videos=[{"mimeType": "video/mp4"}]), ProviderError, "cannot be read"),
    "no place": (answered(videos=[{"gcsUri": "https://evil.example/x"}]), ProviderError, "names no file"),
    "done without an end": (operation(done=True), ProviderError, "does not say how. It may have been"),
    "another operation": (operation(), Unreachable, "no operation"),
    "a list": ({"body": []}, Unreachable, "no operation"),
    "a page": ({"html": True}, Unreachable, "no JSON"),
    "gone": ({"status": 404, "body": {}}, ProviderError, "not any more"),
}


@pytest.mark.parametrize("ending", ENDINGS)
async def test_every_ending_is_told(fake: FakeGoogle, hands: AdapterHarness, ending: str) -> None:
    scripted, kind, words = ENDINGS[ending]
    fake.script(LOOKED, scripted)
    error = await failure(hands, ask())
    assert type(error) is kind
    assert words in str(error)
    assert error.billed != "no"  # or the job would be done anew


@pytest.mark.parametrize(
    "trouble",
    [{"status": 401, "body": {}}, {"status": 403, "body": {}}, {"html": True}],
    ids=str,
)
async def test_a_video_that_is_paid_for_can_be_collected_after_trouble(
    fake: FakeGoogle, account: Path, tmp_path: Path, trouble: Mapping[str, object]
) -> None:
    fake.settings(polls=0)
    fake.script(LOOKED, trouble)
    restless = replace(backend, capabilities=(replace(veo, every=0.0),))
    async with opened(tmp_path, restless, env=fake.enterprise(account)) as engine:
        begun = await engine.generate({"prompt": "a kite", "kind": "video", "duration": 4}, PATIENT)
        result = await collected(engine, begun.job_id)
    assert (result.status, fake.paid()) == ("done", 1)


async def test_a_request_that_is_found_wrong_is_no_word_about_the_work(fake: FakeGoogle, hands: AdapterHarness) -> None:
    handle = await hands.submit(duration=4)
    fake.script(LOOKED, {"status": 400, "body": {}})
    with pytest.raises(Exception, match="400") as told:
        await hands.poll(handle)
    assert not isinstance(told.value, MediaError)  # only the SDK says so


async def test_a_video_is_not_lost_for_an_odd_answer(fake: FakeGoogle, hands: AdapterHarness) -> None:
    data = base64.urlsafe_b64encode(FILM.data).decode().rstrip("=")
    videos: list[Any] = [7, {"mimeType": []}, {"bytesBase64Encoded": data, "mimeType": 7, "new": {}}]
    fake.script(LOOKED, answered(videos=videos, raiMediaFilteredCount="none", raiMediaFilteredReasons=7))
    [output] = (await made(hands, ask())).outputs
    assert (output.body, output.mime) == (FILM.data, "video/mp4")


async def test_an_operation_is_pending_until_it_is_done(hands: AdapterHarness) -> None:
    handle = await hands.submit(duration=4)
    assert [type(await hands.poll(handle)) for _ in range(2)] == [Pending, Pending]
    assert not isinstance(await hands.poll(handle), Pending)


@pytest.mark.parametrize(
    "handle", ["x", {"operation": "projects/p/../models/m/operations/1"}, {"operation": ""}], ids=str
)
async def test_a_handle_of_another_making_asks_for_nothing(
    fake: FakeGoogle, hands: AdapterHarness, handle: JSON
) -> None:
    with pytest.raises(StateGone):
        await hands.poll(handle)
    assert fake.counts() == {}


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": 7}, [], "no"], ids=str)
async def test_an_answer_without_an_operation_is_told(fake: FakeGoogle, hands: AdapterHarness, body: object) -> None:
    fake.script(MADE, {"body": body})
    error = await failure(hands, ask())
    assert isinstance(error, ProviderError)
    assert error.billed != "no"
    assert fake.paid() == 1
