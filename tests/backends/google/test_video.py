"""Videos with a key: the task and the files that are sent, downloads, and edits."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from fakes.engines import WAIT_FOR_END, running_engine
from fakes.google import KEY, FakeGoogle
from fakes.google.answers import interaction, output_step, trouble
from fakes.google.interaction_routes import CANCEL, CREATE, GET
from mediasmith.plugin.contract import Accepted, Pending, Remote, Result
from mediasmith.plugin.errors import Cancelled, InvalidRequest, ProviderError
from mediasmith.plugin.kinds import Role
from mediasmith.runtime.clock import SystemClock
from mediasmith.testing import AdapterHarness, MemorySource
from mediasmith_backends.google import backend
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.interactions import InteractionHandle, InteractionState
from mediasmith_backends.google.video import video

FIRST, LAST, CLIP = MemorySource(), MemorySource(b"\xff\0\0"), MemorySource(mime="video/mp4")
HANDLE = InteractionHandle(interaction="v1_1")

Files = Mapping[Role, Sequence[MemorySource]]


@pytest.fixture
def harness(fake: FakeGoogle, gemini: Google) -> AdapterHarness:
    return AdapterHarness(backend, gemini, video)


def inline(source: MemorySource) -> dict[str, str]:
    kind = source.mime.partition("/")[0]
    return {"type": kind, "data": base64.b64encode(source.data).decode(), "mime_type": source.mime}


TASKS: Mapping[str, tuple[Files, Mapping[str, Any], str]] = {
    "a prompt": ({}, {}, "text_to_video"),
    "a first frame": ({"first_frame": [FIRST]}, {}, "image_to_video"),
    "both frames": ({"first_frame": [FIRST], "last_frame": [LAST]}, {}, "image_to_video"),
    "references": ({"image": [FIRST, LAST]}, {}, "reference_to_video"),
    "a video": ({"video": [CLIP]}, {}, "edit"),
    "a video and a reference": ({"image": [FIRST], "video": [CLIP]}, {}, "edit"),
    "an extension": ({"video": [CLIP]}, {"extend": True}, "extend"),
}


@pytest.mark.parametrize("case", TASKS)
async def test_the_task_is_named_and_the_order_of_the_files_says_what_they_are_for(
    fake: FakeGoogle, harness: AdapterHarness, case: str
) -> None:
    files, params, task = TASKS[case]
    given: Mapping[str, Any] = {"inputs": files, "size": "360p", "aspect_ratio": "9:16", **params}
    assert not video.refuses(harness.call(**given))
    assert isinstance(await harness.start(**given), Accepted)
    order: tuple[Role, ...] = ("video", "first_frame", "last_frame", "image")
    assert fake.bodies(CREATE) == [
        {
            "model": "gemini-omni-1.2-flash",
            "background": True,
            "store": True,
            "input": [
                {
                    "type": "user_input",
                    "content": [
                        *(inline(source) for role in order for source in files.get(role, ())),
                        {"type": "text", "text": "a red kite"},
                    ],
                }
            ],
            "response_format": {"type": "video", "delivery": "uri", "aspect_ratio": "9:16", "resolution": "360p"},
            "generation_config": {"video_config": {"task": task}},
        }
    ]


@pytest.mark.parametrize(("size", "duration"), [("360p", 3), ("1080p", 15), ("4K", 10)])
async def test_size_and_duration_are_spelt_as_google_does(
    fake: FakeGoogle, harness: AdapterHarness, size: str, duration: int
) -> None:
    await harness.start(size=size, duration=duration)
    sent = fake.bodies(CREATE)[0]["response_format"]
    assert (sent["resolution"], sent["duration"]) == (size.lower(), f"{duration}s")


REFUSED: Mapping[str, tuple[Files, Mapping[str, Any], str]] = {
    "only a last frame": ({"last_frame": [LAST]}, {}, "last_frame needs first_frame"),
    "frames and references": ({"first_frame": [FIRST], "image": [LAST]}, {}, "frames cannot be combined"),
    "frames and a video": ({"first_frame": [FIRST], "video": [CLIP]}, {}, "frames cannot be combined"),
    "an edit with a duration": ({"video": [CLIP]}, {"duration": 5}, "keeps its length"),
    "nothing to extend": ({}, {"extend": True}, "extend needs an earlier video"),
    "a large extension": ({"video": [CLIP]}, {"extend": True, "size": "1080p"}, "360p or 720p"),
    "an extension with 4 references": ({"video": [CLIP], "image": [FIRST] * 4}, {"extend": True}, "at most 3"),
    "a long extension": ({"video": [CLIP]}, {"extend": True, "duration": 11}, "at most 10"),
    "a long way between frames": ({"first_frame": [FIRST], "last_frame": [LAST]}, {"duration": 11}, "at most 10"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_cannot_be_combined_is_refused_before_it_is_sent(harness: AdapterHarness, case: str) -> None:
    files, params, reason = REFUSED[case]
    given: dict[str, Any] = {"size": "360p", **params}
    assert reason in video.refuses(harness.call(inputs=files, **given))


@pytest.mark.parametrize("case", ["an edit with a duration", "a large extension", "an extension with 4 references"])
async def test_google_rejects_the_same(harness: AdapterHarness, case: str) -> None:
    files, params, _ = REFUSED[case]
    assert isinstance(await harness.failure_of(inputs=files, **{"size": "360p", **params}), InvalidRequest)


async def test_a_large_video_is_uploaded(fake: FakeGoogle, harness: AdapterHarness) -> None:
    large = MemorySource(mime="video/mp4")
    large.size = 4_000_001
    await harness.submit(inputs={"video": [large]})
    [content] = [step["content"] for step in fake.bodies(CREATE)[0]["input"]]
    assert content[0].keys() == {"type", "uri", "mime_type"}
    assert fake.counts() == {"POST /upload/v1/files": 2, CREATE: 1}


# Downloads


async def test_the_video_is_left_to_the_server_to_download(fake: FakeGoogle, harness: AdapterHarness) -> None:
    result = await harness.generate(size="360p")
    [output] = result.outputs
    assert isinstance(output.body, Remote)
    assert output.body.url.startswith(f"{fake.url}/v1/files/")
    assert output.body.url.endswith(":download?alt=media")
    assert output.body.headers == {"x-goog-api-key": KEY}
    assert KEY not in repr(result)


@pytest.mark.parametrize("uri", ["https://evil.example/v1/files/abc", "gs://bucket/files/abc", "http://[/files/abc"])
async def test_the_key_goes_to_no_other_host(fake: FakeGoogle, harness: AdapterHarness, uri: str) -> None:
    fake.script(GET, interaction(steps=[output_step(type="video", mime_type="video/mp4", uri=uri)]))
    result = await harness.poll(HANDLE)
    assert isinstance(result, Result)
    [output] = result.outputs
    assert isinstance(output.body, Remote)
    assert output.body.url == f"{fake.url}/v1/files/abc:download?alt=media"


@pytest.mark.parametrize("uri", ["https://evil.example/abc", "https://evil.example/files/../../x", "files"])
async def test_a_uri_without_a_file_cannot_be_read(fake: FakeGoogle, harness: AdapterHarness, uri: str) -> None:
    fake.script(GET, interaction(steps=[output_step(type="video", mime_type="video/mp4", uri=uri)]))
    assert type(await trouble(harness, HANDLE)) is ProviderError


# Edits


async def test_edits_and_extensions_continue_the_interaction(fake: FakeGoogle, harness: AdapterHarness) -> None:
    state = (await harness.generate(size="360p", duration=3)).outputs[0].state
    assert isinstance(state, InteractionState)
    await harness.start(prompt="at night", state=state, size="360p")
    await harness.start(prompt="and then it rains", state=state, size="360p", extend=True, duration=5)
    _, edit, extension = fake.bodies(CREATE)
    for body, task in ((edit, "edit"), (extension, "extend")):
        assert body["previous_interaction_id"] == state.interaction
        assert body["generation_config"] == {"video_config": {"task": task}}
        assert [block["type"] for block in body["input"][0]["content"]] == ["text"]
    assert "duration" not in edit["response_format"]
    assert extension["response_format"]["duration"] == "5s"
    assert harness.warnings == []


async def test_a_saved_video_has_its_price_and_an_edit_keeps_its_length(fake: FakeGoogle, tmp_path: Path) -> None:
    fake.settings(polls=0)
    asked = {"prompt": "a kite", "kind": "video", "duration": 3, "size": "360p", "aspect_ratio": "9:16"}
    async with running_engine(tmp_path, backend, env=fake.env(), clock=SystemClock()) as engine:
        result = await engine.generate(asked, WAIT_FOR_END)
        edit = await engine.continue_edit({"continuation_id": result.continuation_id, "prompt": "blue"}, WAIT_FOR_END)
    [file] = result.files
    assert (result.status, file.mime, file.width, file.height) == ("done", "video/mp4", 360, 640)
    assert (edit.files[0].duration_seconds, edit.warnings) == (file.duration_seconds, ())
    assert fake.paid() == 2
    assert result.cost
    assert result.cost.usd == pytest.approx(0.07, abs=0.001)


# Polling


async def test_it_is_pending_until_it_is_done(harness: AdapterHarness) -> None:
    handle = await harness.submit(size="360p")
    assert [await harness.poll(handle) for _ in range(2)] == [Pending(message="queued"), Pending()]
    assert isinstance(await harness.poll(handle), Result)


async def test_it_can_be_cancelled(fake: FakeGoogle, harness: AdapterHarness) -> None:
    handle = await harness.submit(size="360p")
    assert await harness.cancel(handle) == "stopped"
    assert fake.counts() == {CREATE: 1, CANCEL: 1}
    failed = await harness.poll(handle)
    assert isinstance(getattr(failed, "error", None), Cancelled)
