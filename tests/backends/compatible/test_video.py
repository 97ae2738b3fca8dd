"""Videos: a form is sent, the work is polled, and only a verdict ends it."""

from __future__ import annotations

from typing import Any
from unittest.mock import AsyncMock

import httpx2
import pytest

from fakes.compatible import FakeCompatible
from mediasmith.plugin.contract import Failed, Model, Pending, Remote, Result
from mediasmith.plugin.errors import MediaError, ProviderError
from mediasmith.testing import AdapterHarness, MemorySource
from mediasmith_backends.compatible.engine import Engine
from mediasmith_backends.compatible.video import VideoHandle

CREATE, POLL, CANCEL = "POST /v1/videos", "GET /v1/videos/{id}", "DELETE /v1/videos/{id}"
HANDLE = VideoHandle(video="video_1")


async def test_little_is_sent_as_a_form(fake: FakeCompatible, video: AdapterHarness) -> None:
    await video.start()
    assert fake.log()[-1]["body"] == {"fields": {"model": "wan", "prompt": "a red kite"}, "files": []}
    await video.start(model=Model(id="default"))
    assert "model" not in fake.log()[-1]["body"]["fields"]
    assert video.warnings == []


async def test_what_is_asked_for_is_sent_by_its_usual_name(fake: FakeCompatible, video: AdapterHarness) -> None:
    given: dict[str, Any] = {"size": "64x32", "duration": 4, "seed": 7, "negative_prompt": "rain"}
    extra = {"num_inference_steps": 4}
    await video.start(**given, extra_body=extra, inputs={"first_frame": [MemorySource()]})
    body = fake.log()[-1]["body"]
    assert [file["field"] for file in body["files"]] == ["input_reference"]
    assert body["fields"] == {
        "model": "wan",
        "prompt": "a red kite",
        "size": "64x32",
        "seconds": "4",
        "seed": "7",
        "negative_prompt": "rain",
        "num_inference_steps": "4",
    }
    assert video.warnings == ["Not every engine knows seed, negative_prompt, and those that do not ignore it silently."]


async def test_a_video_is_polled_and_downloaded_from_the_engine(fake: FakeCompatible, video: AdapterHarness) -> None:
    handle = await video.submit()
    first, second = await video.poll(handle), await video.poll(handle)
    assert isinstance(first, Pending) and first.progress == 0  # noqa: PT018
    assert isinstance(second, Pending) and second.message == "in progress"  # noqa: PT018
    result = await video.poll(handle)
    assert isinstance(result, Result)
    [output] = result.outputs
    assert output.body == Remote(url=f"{fake.base_url}/videos/{handle.model_dump()['video']}/content")


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("https://cdn.example/a.mp4", Remote(url="https://cdn.example/a.mp4")),
        ("data:video/mp4;base64,AAAAGGZ0eXBpc29t", b"\0\0\0\x18ftypisom"),
    ],
)
async def test_a_video_may_be_elsewhere(fake: FakeCompatible, video: AdapterHarness, url: str, body: object) -> None:
    fake.script(POLL, {"status": 200, "body": {"id": "video_1", "status": "completed", "url": url}})
    result = await video.poll(HANDLE)
    assert isinstance(result, Result)
    assert result.outputs[0].body == body


@pytest.mark.parametrize(
    ("status", "answer"), [("COMPLETED", Result), ("Succeeded", Result), ("IN_PROGRESS", Pending), ("FAILED", Failed)]
)
async def test_a_status_may_be_in_capitals(
    fake: FakeCompatible, video: AdapterHarness, status: str, answer: type[object]
) -> None:
    fake.script(POLL, {"status": 200, "body": {"id": "video_1", "status": status}})
    assert isinstance(await video.poll(HANDLE), answer)


@pytest.mark.parametrize("status", [200, 400, 404, 500])
async def test_a_verdict_ends_the_work_whatever_its_status(
    fake: FakeCompatible, video: AdapterHarness, status: int
) -> None:
    body = {"id": "video_1", "status": "failed", "error": {"code": "oom", "message": "Out of memory."}}
    fake.script(POLL, {"status": status, "body": body})
    failed = await video.poll(HANDLE)
    assert isinstance(failed, Failed)
    assert failed.error.message == f"Engine {fake.base_url} could not finish the video: Out of memory."


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, {"status": "failed"}),
        (500, {"id": "video_1", "status": "queued"}),
        (404, {"detail": "No such video."}),
        (200, {"id": "video_1", "status": "dreaming"}),
        (200, {"id": "video_1"}),
    ],
)
async def test_anything_else_is_trouble_on_the_way(
    fake: FakeCompatible, video: AdapterHarness, status: int, body: dict[str, Any]
) -> None:
    fake.script(POLL, {"status": status, "body": body})
    with pytest.raises(MediaError):
        await video.poll(HANDLE)


async def test_a_cancel_is_only_asked_for(fake: FakeCompatible, video: AdapterHarness) -> None:
    handle = await video.submit()
    assert await video.cancel(handle) == "asked"
    assert fake.counts()["DELETE /v1/videos/{id}"] == 1
    with pytest.raises(MediaError):
        await video.cancel(handle)


@pytest.mark.parametrize("answer", [{"html": True}, {"body": "OK"}])
async def test_a_cancel_whose_answer_cannot_be_read_is_trouble(
    fake: FakeCompatible, video: AdapterHarness, answer: dict[str, Any]
) -> None:
    fake.script(CANCEL, {"status": 200, **answer})
    with pytest.raises(ProviderError):
        await video.cancel(HANDLE)


async def test_a_cancel_may_be_answered_with_nothing(video: AdapterHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Engine, "send", AsyncMock(return_value=httpx2.Response(204)))
    assert await video.cancel(HANDLE) == "asked"


async def test_an_answer_without_an_id_is_an_error(fake: FakeCompatible, video: AdapterHarness) -> None:
    fake.script(CREATE, {"status": 200, "body": {"status": "queued"}})
    assert isinstance(await video.failure_of(), ProviderError)


def test_a_stored_handle_is_read_and_written_alike() -> None:
    stored = {"video": "video_1"}
    assert VideoHandle.model_validate(stored).model_dump(mode="json") == stored
