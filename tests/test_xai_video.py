"""Videos by xAI: begun, looked after, and gone on with."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest
from grpc.aio import AioRpcError

from fakes.xai import EXTENSION, KEY, POLL, UPLOAD, VIDEO, FakeXAI, running
from fakes.xai.catalogue import FORBIDDEN, WITHHELD
from mediasmith.plugin.contract import JSON, Accepted, Model, Pending, Remote, Request, Result
from mediasmith.plugin.errors import InvalidRequest, MediaError, ProviderError, Refused, StateGone, Unreachable
from mediasmith.plugin.kinds import Role
from mediasmith.testing import AdapterHarness, MemorySource, signed_in
from mediasmith_backends.xai import backend, client
from mediasmith_backends.xai.rules import VideoParams
from mediasmith_backends.xai.video import video

MAKER, EDITOR = video.models
FRAME, LAST, FILM = MemorySource(), MemorySource(b"\xff\0\0"), MemorySource(mime="video/mp4")

PROVIDER = running

pytestmark = pytest.mark.usefixtures("one_loop")


@pytest.fixture
def fake(fake: FakeXAI) -> FakeXAI:
    fake.settings(polls=2, shortest=0)
    return fake


@pytest.fixture
async def hands(fake: FakeXAI) -> AsyncGenerator[AdapterHarness]:
    async with signed_in(backend, fake.base_url, KEY, capability=video) as hands:
        yield hands


def ask(
    prompt: str = "a red kite",
    *,
    model: Model = MAKER,
    inputs: Mapping[Role, Any] | None = None,
    state: JSON = None,
    **params: Any,
) -> Request[VideoParams]:
    return Request(model=model, prompt=prompt, params=VideoParams(**params), inputs=inputs or {}, state=state)


async def begun(hands: AdapterHarness, **given: Any) -> JSON:
    asked = ask(**given)
    assert not video.refuses(asked)
    answer = await video.start(hands.of(asked))
    assert isinstance(answer, Accepted)
    return answer.handle


async def done(hands: AdapterHarness, **given: Any) -> Result:
    return await hands.finish(Accepted(handle=await begun(hands, **given)))


async def failure(hands: AdapterHarness, **given: Any) -> MediaError:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is, it is explained
        await done(hands, **given)
    error = caught.value if isinstance(caught.value, MediaError) else backend.explain(caught.value)
    assert error
    return error


# Making


async def test_everything_that_is_asked_goes_out(fake: FakeXAI, hands: AdapterHarness) -> None:
    await begun(hands, aspect_ratio="9:16", size="1080p", duration=6, generate_audio=False)
    await begun(hands)
    assert fake.bodies(VIDEO) == [
        {
            "prompt": "a red kite",
            "model": "grok-imagine-video-1.5",
            "duration": 6,
            "aspect_ratio": "VIDEO_ASPECT_RATIO_9_16",
            "resolution": "VIDEO_RESOLUTION_1080P",
            "generate_audio": False,
        },
        {
            "prompt": "a red kite",
            "model": "grok-imagine-video-1.5",
            "duration": 8,
            "resolution": "VIDEO_RESOLUTION_480P",
        },
    ]


async def test_frames_references_and_keyframes_go_to_their_places(fake: FakeXAI, hands: AdapterHarness) -> None:
    await begun(hands, inputs={"first_frame": [FRAME], "last_frame": [LAST]})
    await begun(hands, inputs={"image": [FRAME, LAST]})
    await begun(hands, inputs={"image": [FRAME, LAST]}, keyframe_seconds=(1.0, 2.5))
    frames, references, keyframes = fake.bodies(VIDEO)
    uris = [await source.data_uri() for source in (FRAME, LAST)]
    assert [frames["image"]["image_url"], frames["last_frame"]["image_url"]] == uris
    assert [one["image_url"] for one in references["reference_images"]] == uris
    assert [(one["image"]["image_url"], one["timestamp_s"]) for one in keyframes["keyframes"]] == [
        (uris[0], 1.0),
        (uris[1], 2.5),
    ]
    assert "reference_images" not in keyframes


async def test_it_is_polled_for_with_its_progress_and_left_to_the_server_to_fetch(
    fake: FakeXAI, hands: AdapterHarness
) -> None:
    handle = await begun(hands, duration=2, size="480p")
    assert isinstance(handle, Mapping)
    assert list(handle) == ["video"]
    first, second, last = [await hands.poll(handle) for _ in range(3)]
    assert isinstance(first, Pending)
    assert isinstance(second, Pending)
    assert isinstance(last, Result)
    assert 0 <= (first.progress or 0) < (second.progress or 0) < 1
    (output,) = last.outputs
    assert isinstance(output.body, Remote)
    assert output.body.headers == {}
    assert (output.mime, output.state) == ("video/mp4", {**handle, "url": output.body.url})
    assert last.cost_usd == 0.16
    assert fake.paid() == 1


def test_it_cannot_be_cancelled() -> None:
    assert video.cancel is None
    assert all("cannot be stopped" in model.note for model in video.models)


# Going on


async def test_an_edit_uses_the_address_of_the_earlier_video(fake: FakeXAI, hands: AdapterHarness) -> None:
    first = (await done(hands, duration=2)).outputs[0]
    await begun(hands, model=EDITOR, state=first.state)
    await begun(hands, model=EDITOR, state=first.state, extend=3)
    assert isinstance(first.body, Remote)
    edit = {"prompt": "a red kite", "model": EDITOR.id, "video": {"url": first.body.url}}
    assert fake.bodies(VIDEO)[1:] == [edit]
    assert fake.bodies(EXTENSION) == [{**edit, "duration": 3}]
    assert UPLOAD not in fake.counts()


async def test_an_earlier_video_that_is_gone_is_told_before_anything_is_paid(
    fake: FakeXAI, hands: AdapterHarness
) -> None:
    handle = await begun(hands, duration=2)
    state = (await hands.finish(Accepted(handle=handle))).outputs[0].state
    assert isinstance(handle, Mapping)
    fake.expire(str(handle["video"]))
    error = await failure(hands, model=EDITOR, state=state)
    assert isinstance(error, StateGone)
    assert error.billed == "no"
    assert "given as video" in error.hint


async def test_a_declined_edit_is_not_tried_again_with_the_file(hands: AdapterHarness) -> None:
    state = (await done(hands, duration=2)).outputs[0].state
    assert isinstance(await failure(hands, prompt=f"a {FORBIDDEN} kite", model=EDITOR, state=state), Refused)


async def test_a_file_is_uploaded_in_pieces_for_a_day(fake: FakeXAI, hands: AdapterHarness) -> None:
    film = MemorySource(mime="video/mp4")
    film.data += bytes(3_000_000)
    await begun(hands, model=EDITOR, inputs={"video": [film]})
    await begun(hands, model=EDITOR, inputs={"video": [film]}, extend=2)
    (upload, again) = fake.bodies(UPLOAD)
    sha256 = hashlib.sha256(film.data).hexdigest()
    assert upload == {
        "init": {"name": "sample.mp4", "expires_after": "86400"},
        "size": len(film.data),
        "sha256": sha256,
    }
    assert again["sha256"] == sha256
    edit, extension = fake.bodies(VIDEO)[0], fake.bodies(EXTENSION)[0]
    assert list(edit["video"]) == list(extension["video"]) == ["file_id"]
    [signed] = {entry["headers"].get("authorization") for entry in fake.log() if "UploadFile" in entry["path"]}
    assert signed


@pytest.mark.parametrize(
    "answer",
    [{"code": "INTERNAL"}, {"reset": True}, {"garbage": True}, {"body": {}}],
    ids=lambda answer: next(iter(answer)),
)
async def test_an_upload_that_fails_costs_nothing(
    fake: FakeXAI, hands: AdapterHarness, answer: Mapping[str, object]
) -> None:
    fake.script(UPLOAD, answer)
    error = await failure(hands, model=EDITOR, inputs={"video": [FILM]})
    assert isinstance(error, ProviderError | Unreachable)
    assert error.billed == "no"
    assert fake.paid() == 0


# What does not go together


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"extend": 3}, "no video to extend"),
        ({"inputs": {"video": [FILM]}}, "takes a video with grok-imagine-video"),
        ({"inputs": {"video": [FILM]}, "duration": 3}, "its aspect_ratio, size and duration"),
        ({"model": EDITOR, "inputs": {"video": [FILM], "image": [FRAME]}}, "without frames and images"),
        ({"model": EDITOR, "inputs": {"video": [FILM]}, "duration": 3}, "its aspect_ratio, size and duration"),
        ({"model": EDITOR, "inputs": {"video": [FILM]}, "size": "480p", "extend": 2}, "its aspect_ratio, size"),
        ({"model": EDITOR, "inputs": {"video": [FILM]}, "generate_audio": True, "extend": 2}, "generate_audio"),
        ({"model": EDITOR, "inputs": {"video": [FILM]}, "state": {"video": "1", "url": "u"}}, "takes one video"),
        ({"model": EDITOR, "inputs": {"last_frame": [FRAME]}}, "takes last_frame with grok-imagine-video-1.5"),
        ({"inputs": {"image": [FRAME], "first_frame": [FRAME]}}, "frames or reference images"),
        ({"inputs": {"image": [FRAME], "last_frame": [FRAME]}}, "frames or reference images"),
        ({"inputs": {"image": [FRAME]}, "duration": 11}, "duration up to 10"),
        ({"inputs": {"image": [FRAME]}, "size": "1080p"}, "480p or 720p"),
        ({"keyframe_seconds": (1.0,)}, "one of keyframe_seconds for each image"),
        ({"inputs": {"image": [FRAME]}, "keyframe_seconds": (8.0,)}, "within the video, which lasts 8"),
        ({"inputs": {"image": [FRAME]}, "keyframe_seconds": (3.0,), "duration": 3}, "which lasts 3"),
        ({"inputs": {"image": [FRAME] * 2}, "keyframe_seconds": (1.0, 1.3)}, "a third of a second apart"),
        ({"inputs": {"image": [FRAME] * 2}, "keyframe_seconds": (2.0, 1.0)}, "in order"),
    ],
)
def test_what_does_not_go_together_is_refused(given: Mapping[str, Any], said: str) -> None:
    assert said in video.refuses(ask(**given))


@pytest.mark.parametrize(
    "given",
    [
        {"inputs": {"image": [FRAME] * 2}, "keyframe_seconds": (1.0, 1.3333333), "size": "1080p", "duration": 15},
        {"inputs": {"image": [FRAME], "first_frame": [FRAME], "last_frame": [LAST]}, "keyframe_seconds": (1.0,)},
        {"inputs": {"image": [FRAME] * 7}, "size": "720p", "duration": 10},
        {"model": EDITOR, "inputs": {"image": [FRAME]}, "duration": 10},
        {"model": EDITOR, "inputs": {"video": [FILM]}, "generate_audio": False},
    ],
)
async def test_what_goes_together_is_taken(hands: AdapterHarness, given: Mapping[str, Any]) -> None:
    await begun(hands, **given)


# What goes wrong


@pytest.mark.parametrize(
    ("code", "said", "kind"),
    [
        ("permission_denied", "Not this.", Refused),
        ("invalid_argument", "It was rejected by content moderation.", Refused),
        ("invalid_argument", "The video is too long.", InvalidRequest),
        ("failed_precondition", "Not now.", InvalidRequest),
        ("INTERNAL_ERROR", "Oh dear.", ProviderError),
        ("", "", ProviderError),
    ],
)
async def test_a_failure_is_told_by_its_code(
    fake: FakeXAI, hands: AdapterHarness, code: str, said: str, kind: type[MediaError]
) -> None:
    handle = await begun(hands)
    response = {"error": {"code": code, "message": said}, "usage": {"cost_in_usd_ticks": "0"}}
    fake.script(POLL, {"body": {"status": "FAILED", "response": response}})
    with pytest.raises(kind) as caught:
        await hands.poll(handle)
    assert caught.value.billed == "no"
    assert said.rstrip(".") in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "FAILED"},
        {"status": "DONE"},
        {"status": "DONE", "response": {"video": {"respect_moderation": True}}},
        {"status": "EXPIRED"},
        {"status": 99},
        {},
    ],
    ids=["failed", "nothing", "no address", "expired", "unknown", "unsaid"],
)
async def test_an_answer_without_a_video_ends_it(
    fake: FakeXAI, hands: AdapterHarness, answer: Mapping[str, object]
) -> None:
    handle = await begun(hands)
    fake.script(POLL, {"body": answer})
    with pytest.raises(MediaError):
        await hands.poll(handle)


@pytest.mark.parametrize(
    ("response", "billed"),
    [
        (None, "unknown"),
        ({"usage": {"cost_in_usd_ticks": "0"}}, "no"),
        ({"usage": {"cost_in_usd_ticks": "6400000000"}}, "yes"),
        ({"video": {"respect_moderation": True}, "usage": {"cost_in_usd_ticks": "6400000000"}}, "yes"),
    ],
    ids=["nothing", "no video, free", "no video, paid", "no address, paid"],
)
async def test_what_is_done_without_a_video_is_not_taken_for_withheld(
    fake: FakeXAI, hands: AdapterHarness, response: Mapping[str, object] | None, billed: str
) -> None:
    handle = await begun(hands)
    fake.script(POLL, {"body": {"status": "DONE", **({"response": response} if response else {})}})
    with pytest.raises(ProviderError, match="without a video") as caught:
        await hands.poll(handle)
    assert caught.value.billed == billed
    assert caught.value.hint


async def test_a_video_that_is_withheld_is_refused_and_was_paid(hands: AdapterHarness) -> None:
    error = await failure(hands, prompt=f"a {WITHHELD} kite")
    assert isinstance(error, Refused)
    assert error.billed == "yes"


async def test_a_video_that_is_not_there_any_more_ends_the_waiting(hands: AdapterHarness) -> None:
    with pytest.raises(ProviderError, match="does not have this video") as caught:
        await hands.poll({"video": "00000000-0000-0000-0000-000000000000"})
    assert caught.value.billed is None
    assert caught.value.hint


@pytest.mark.parametrize("code", ["INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE", "PERMISSION_DENIED"])
async def test_a_look_that_fails_is_no_verdict_on_the_video(fake: FakeXAI, hands: AdapterHarness, code: str) -> None:
    handle = await begun(hands)
    fake.script(POLL, {"code": code, "details": "Try later."})
    with pytest.raises(AioRpcError):
        await hands.poll(handle)


async def test_a_look_whose_answer_cannot_be_read_is_repeated(fake: FakeXAI, hands: AdapterHarness) -> None:
    handle = await begun(hands)
    fake.script(POLL, {"garbage": True})
    with pytest.raises(Unreachable) as caught:
        await hands.poll(handle)
    assert caught.value.billed == "yes"
    assert isinstance(await hands.finish(Accepted(handle=handle)), Result)


async def test_a_video_that_cannot_be_looked_after_just_now_is_not_said_to_be_free(
    hands: AdapterHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = await begun(hands)

    async def nobody(_channel: object) -> bool:
        return False

    monkeypatch.setattr(client, "_connects", nobody)
    with pytest.raises(Unreachable) as caught:
        await hands.poll(handle)
    assert caught.value.billed == "yes"


async def test_a_handle_of_something_else_is_not_said_to_be_free(hands: AdapterHarness) -> None:
    with pytest.raises(ProviderError) as caught:
        await hands.poll({"speech": "1"})
    assert caught.value.billed is None


async def test_work_without_a_name_is_told(fake: FakeXAI, hands: AdapterHarness) -> None:
    fake.script(VIDEO, {"body": {}})
    error = await failure(hands)
    assert isinstance(error, ProviderError)
    assert error.billed is None


async def test_progress_that_makes_no_sense_is_left_out(fake: FakeXAI, hands: AdapterHarness) -> None:
    handle = await begun(hands)
    fake.script(POLL, {"body": {"status": "PENDING", "response": {"progress": 250}}}, {"body": {"status": "PENDING"}})
    assert await hands.poll(handle) == Pending()
    assert await hands.poll(handle) == Pending(progress=0.0)
