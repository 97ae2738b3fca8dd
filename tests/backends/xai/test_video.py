"""Videos: the requests, what polling answers, and edits of earlier videos."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Mapping
from typing import Any

import pytest
from grpc.aio import AioRpcError

from fakes.xai.state import EXTENSION, KEY, POLL, UPLOAD, VIDEO, FakeXAI, Reply
from mediasmith.plugin.contract import Accepted, Failed, Pending, Remote, Result
from mediasmith.plugin.errors import InvalidRequest, MediaError, ProviderError, Refused, StateGone, Unreachable
from mediasmith.testing import AdapterHarness, MemorySource, signed_in
from mediasmith_backends.xai import backend
from mediasmith_backends.xai.video import VideoHandle, VideoState, video

NEW, EDITOR = video.models
FRAME, LAST, MP4 = MemorySource(), MemorySource(b"\xff\0\0"), MemorySource(mime="video/mp4")
HANDLE = VideoHandle(video="1")


async def poll(fake: FakeXAI, videos: AdapterHarness, status: object, **response: object) -> Any:
    fake.script(POLL, Reply(message={"status": status, "response": response}))
    return await videos.poll(HANDLE)


def usage(ticks: int) -> dict[str, str]:
    return {"cost_in_usd_ticks": str(ticks)}


# New videos


async def test_parameters_are_sent(fake: FakeXAI, videos: AdapterHarness) -> None:
    await videos.submit(aspect_ratio="9:16", size="1080p", duration=6, generate_audio=False)
    await videos.submit()
    plain = {
        "prompt": "a red kite",
        "model": "grok-imagine-video-1.5",
        "duration": 8,
        "resolution": "VIDEO_RESOLUTION_480P",
    }
    options = {
        "duration": 6,
        "aspect_ratio": "VIDEO_ASPECT_RATIO_9_16",
        "resolution": "VIDEO_RESOLUTION_1080P",
        "generate_audio": False,
    }
    assert fake.bodies(VIDEO) == [{**plain, **options}, plain]


async def test_frames_references_and_keyframes_are_sent_in_their_fields(fake: FakeXAI, videos: AdapterHarness) -> None:
    await videos.submit(inputs={"first_frame": [FRAME], "last_frame": [LAST]})
    await videos.submit(inputs={"image": [FRAME, LAST]})
    await videos.submit(inputs={"image": [FRAME, LAST]}, keyframe_seconds=(1.0, 2.5))
    frames, references, keyframes = fake.bodies(VIDEO)
    uris = [await source.data_uri() for source in (FRAME, LAST)]
    assert [frames["image"]["image_url"], frames["last_frame"]["image_url"]] == uris
    assert [content["image_url"] for content in references["reference_images"]] == uris
    sent = [(frame["image"]["image_url"], frame["timestamp_s"]) for frame in keyframes["keyframes"]]
    assert sent == [(uris[0], 1.0), (uris[1], 2.5)]
    assert "reference_images" not in keyframes


async def test_polling_reports_progress_and_then_the_url(fake: FakeXAI, videos: AdapterHarness) -> None:
    fake.polls = 2
    handle = await videos.submit(duration=2, size="480p")
    assert isinstance(handle, VideoHandle)
    assert [await videos.poll(handle) for _ in range(2)] == [Pending(progress=0.0), Pending(progress=0.5)]
    result = await videos.poll(handle)
    assert isinstance(result, Result)
    [output] = result.outputs
    url = f"{fake.store_url}/{handle.video}"
    assert output.body == Remote(url=url)
    assert (output.mime, output.state) == ("video/mp4", VideoState(video=handle.video, url=url))
    assert result.cost_usd == 0.16
    assert fake.paid() == 1


async def test_impossible_progress_is_left_out(fake: FakeXAI, videos: AdapterHarness) -> None:
    assert await poll(fake, videos, "PENDING", progress=250) == Pending()


def test_video_cannot_be_cancelled_and_its_models_say_so() -> None:
    assert video.cancel is None
    assert all("cannot be cancelled" in model.note for model in video.models)


async def test_accepted_video_without_a_name_is_malformed_and_maybe_billed(
    fake: FakeXAI, videos: AdapterHarness
) -> None:
    fake.script(VIDEO, Reply(message={}))
    error = await videos.failure_of()
    assert isinstance(error, ProviderError)
    assert error.billed is None


# Edits and extensions


async def test_edit_names_the_url_of_the_earlier_video(fake: FakeXAI, videos: AdapterHarness) -> None:
    [earlier] = (await videos.generate(duration=2)).outputs
    assert isinstance(earlier.body, Remote)
    await videos.submit(model=EDITOR, state=earlier.state)
    await videos.submit(model=EDITOR, state=earlier.state, extend=3)
    edit = {"prompt": "a red kite", "model": EDITOR.id, "video": {"url": earlier.body.url}}
    assert fake.bodies(VIDEO)[1:] == [edit]
    assert fake.bodies(EXTENSION) == [{**edit, "duration": 3}]
    assert UPLOAD not in fake.counts()


async def test_expired_earlier_video_is_state_that_is_gone(fake: FakeXAI, videos: AdapterHarness) -> None:
    [earlier] = (await videos.generate(duration=2)).outputs
    for accepted in fake.videos.values():
        accepted.expired = True
    error = await videos.failure_of(model=EDITOR, state=earlier.state)
    assert isinstance(error, StateGone)
    assert error.billed == "no"
    assert "as video" in error.hint


async def test_declined_edit_is_a_refusal_and_the_state_is_kept(fake: FakeXAI, videos: AdapterHarness) -> None:
    [earlier] = (await videos.generate(duration=2)).outputs
    fake.script(VIDEO, Reply(code="INVALID_ARGUMENT", details="Rejected by content moderation."))
    assert isinstance(await videos.failure_of(model=EDITOR, state=earlier.state), Refused)


async def test_file_is_uploaded_in_chunks_for_a_day(fake: FakeXAI, videos: AdapterHarness) -> None:
    film = MemorySource(mime="video/mp4")
    film.data += bytes(3_000_000)
    await videos.submit(model=EDITOR, inputs={"video": [film]})
    await videos.submit(model=EDITOR, inputs={"video": [film]}, extend=2)
    upload = {
        "init": {"name": "sample.mp4", "expires_after": "86400"},
        "size": len(film.data),
        "sha256": hashlib.sha256(film.data).hexdigest(),
    }
    assert fake.bodies(UPLOAD) == [upload, upload]
    sent = [fake.bodies(VIDEO)[0]["video"], fake.bodies(EXTENSION)[0]["video"]]
    assert sent == [{"file_id": file_id} for file_id in fake.files]


@pytest.mark.parametrize(
    "reply", [Reply(code="INTERNAL"), Reply(fault="reset"), Reply(raw=b"\xff\xff"), Reply(message={})], ids=repr
)
async def test_upload_that_fails_is_not_billed(fake: FakeXAI, videos: AdapterHarness, reply: Reply) -> None:
    fake.script(UPLOAD, reply)
    error = await videos.failure_of(model=EDITOR, inputs={"video": [MP4]})
    assert isinstance(error, ProviderError | Unreachable)
    assert error.billed == "no"
    assert fake.paid() == 0


# The end of the work


@pytest.mark.parametrize(
    ("code", "words", "kind"),
    [
        ("permission_denied", "Not this.", Refused),
        ("invalid_argument", "It was rejected by content moderation.", Refused),
        ("invalid_argument", "The video is too long.", InvalidRequest),
        ("failed_precondition", "Not now.", InvalidRequest),
        ("INTERNAL_ERROR", "Oh dear.", ProviderError),
        ("", "", ProviderError),
    ],
)
async def test_failed_video_ends_the_work(
    fake: FakeXAI, videos: AdapterHarness, code: str, words: str, kind: type[MediaError]
) -> None:
    answer = await poll(fake, videos, "FAILED", error={"code": code, "message": words}, usage=usage(0))
    assert isinstance(answer, Failed)
    assert type(answer.error) is kind
    assert answer.error.billed == "no"
    assert words.rstrip(".") in str(answer.error)


async def test_expired_video_ends_the_work(fake: FakeXAI, videos: AdapterHarness) -> None:
    handle = await videos.submit()
    for accepted in fake.videos.values():
        accepted.expired = True
    answer = await videos.poll(handle)
    assert isinstance(answer, Failed)
    assert answer.error.billed == "unknown"


async def test_withheld_video_ends_the_work_as_a_refusal(fake: FakeXAI, videos: AdapterHarness) -> None:
    answer = await poll(fake, videos, "DONE", video={"respect_moderation": False}, usage=usage(1))
    assert isinstance(answer, Failed)
    assert isinstance(answer.error, Refused)
    assert answer.error.billed == "yes"


# Trouble on the way


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"status": 99},
        {"status": "DONE"},
        {"status": "DONE", "response": {"video": {"respect_moderation": True}}},
        {"status": "DONE", "response": {"usage": usage(0)}},
    ],
    ids=["empty", "unknown status", "no response", "no url", "no video"],
)
async def test_incomplete_answer_never_ends_the_work(
    fake: FakeXAI, videos: AdapterHarness, message: Mapping[str, object]
) -> None:
    handle = await videos.submit()
    fake.script(POLL, Reply(message=message))
    with pytest.raises(ProviderError):
        await videos.poll(handle)
    assert (await videos.finish(Accepted(handle=handle))).outputs


async def test_answer_that_cannot_be_read_never_ends_the_work(fake: FakeXAI, videos: AdapterHarness) -> None:
    fake.script(POLL, Reply(raw=b"\xff\xff\xff"))
    with pytest.raises(ProviderError, match="cannot be read"):
        await videos.poll(HANDLE)


@pytest.mark.parametrize(
    "code", ["INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE", "PERMISSION_DENIED", "INTERNAL", "UNAVAILABLE"]
)
async def test_status_of_a_poll_never_ends_the_work(fake: FakeXAI, videos: AdapterHarness, code: str) -> None:
    fake.script(POLL, Reply(code=code, details="Try later."))
    with pytest.raises(AioRpcError) as caught:
        await videos.poll(HANDLE)
    assert backend.explain(caught.value)


async def test_unknown_video_is_not_called_an_unknown_model(videos: AdapterHarness) -> None:
    with pytest.raises(ProviderError, match="does not know this video") as caught:
        await videos.poll(HANDLE)
    assert caught.value.hint


async def test_poll_without_a_connection_never_ends_the_work() -> None:
    with socket.create_server(("127.0.0.1", 0)) as once:
        port = once.getsockname()[1]
    async with signed_in(backend, f"grpc://127.0.0.1:{port}", KEY, capability=video) as videos:
        with pytest.raises(Unreachable):
            await videos.poll(HANDLE)
