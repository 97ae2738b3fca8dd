"""Videos by Google, with a key: what goes out for each task, where the file comes from, and what goes on from it."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from fakes.engines import PATIENT, edited, opened
from fakes.google import KEY, FakeGoogle, running
from fakes.trying import failure, made
from fakes.virtual_clock import VirtualClock
from mediasmith.plugin.contract import JSON, Accepted, Pending, Remote, Request
from mediasmith.plugin.errors import Cancelled, InvalidRequest, ModelGone, ProviderError, Refused, StateGone
from mediasmith.plugin.files import Source
from mediasmith.plugin.kinds import Role
from mediasmith.testing import AdapterHarness, MemorySource, signed_in
from mediasmith_backends.google import backend
from mediasmith_backends.google.inputs import INLINE
from mediasmith_backends.google.videos import VideoParams, video

MADE, LOOKED, STOPPED = (
    "POST /v1/interactions",
    "GET /v1/interactions/{id}",
    "POST /v1/interactions/{id}/cancel",
)
FIRST, LAST, FILM = MemorySource(), MemorySource(b"\xff\0\0"), MemorySource(mime="video/mp4")
EARLIER: JSON = {"interaction": "v1_earlier"}

PROVIDER = running


@pytest.fixture
async def hands(fake: FakeGoogle) -> AsyncGenerator[AdapterHarness]:
    async with signed_in(backend, fake.url, KEY, capability=video) as hands:
        yield hands


def ask(
    prompt: str = "a red kite",
    inputs: Mapping[Role, Sequence[Source]] | None = None,
    state: JSON = None,
    **params: Any,
) -> Request[VideoParams]:
    small = {"size": "360p", **params}
    return Request(
        model=video.models[0],
        prompt=prompt,
        params=VideoParams.model_validate(small),
        inputs=inputs or {},
        state=state,
    )


def shown(source: MemorySource) -> dict[str, str]:
    kind = source.mime.partition("/")[0]
    return {"type": kind, "data": base64.b64encode(source.data).decode(), "mime_type": source.mime}


TASKS: Mapping[str, tuple[Mapping[Role, Sequence[MemorySource]], Mapping[str, Any], str]] = {
    "words": ({}, {}, "text_to_video"),
    "a first frame": ({"first_frame": [FIRST]}, {}, "image_to_video"),
    "both frames": ({"first_frame": [FIRST], "last_frame": [LAST]}, {}, "image_to_video"),
    "references": ({"image": [FIRST, LAST]}, {}, "reference_to_video"),
    "a video": ({"video": [FILM]}, {}, "edit"),
    "a video and a reference": ({"image": [FIRST], "video": [FILM]}, {}, "edit"),
    "a video's end": ({"video": [FILM]}, {"extend": True}, "extend"),
}


@pytest.mark.parametrize("case", TASKS)
async def test_the_task_is_said_and_files_stand_in_the_order_that_tells_what_they_are_for(
    fake: FakeGoogle, hands: AdapterHarness, case: str
) -> None:
    files, params, task = TASKS[case]
    assert not video.refuses(ask(inputs=files, **params))
    answer = await video.start(hands.of(ask(inputs=files, aspect_ratio="9:16", **params)))
    assert isinstance(answer, Accepted)
    [body] = fake.bodies(MADE)
    order: tuple[Role, ...] = ("video", "first_frame", "last_frame", "image")
    assert body == {
        "model": "gemini-omni-1.2-flash",
        "background": True,
        "store": True,
        "input": [
            {
                "type": "user_input",
                "content": [
                    *(shown(source) for role in order for source in files.get(role, ())),
                    {"type": "text", "text": "a red kite"},
                ],
            }
        ],
        "response_format": {"type": "video", "delivery": "uri", "aspect_ratio": "9:16", "resolution": "360p"},
        "generation_config": {"video_config": {"task": task}},
    }


@pytest.mark.parametrize(("size", "duration"), [("360p", 3), ("1080p", 15), ("4K", 10)])
async def test_size_and_duration_are_sent_in_the_providers_words(
    fake: FakeGoogle, hands: AdapterHarness, size: str, duration: int
) -> None:
    await video.start(hands.of(ask(size=size, duration=duration)))
    wish = fake.bodies(MADE)[0]["response_format"]
    assert (wish["resolution"], wish["duration"]) == (size.lower(), f"{duration}s")


NO: Mapping[str, tuple[Mapping[Role, Sequence[MemorySource]], Mapping[str, Any], str]] = {
    "only an end": ({"last_frame": [LAST]}, {}, "first_frame"),
    "frames and references": ({"first_frame": [FIRST], "image": [LAST]}, {}, "frames go with neither"),
    "frames and a video": ({"first_frame": [FIRST], "video": [FILM]}, {}, "frames go with neither"),
    "edited to a length": ({"video": [FILM]}, {"duration": 5}, "stays as long as it is"),
    "nothing to extend": ({}, {"extend": True}, "no video to extend"),
    "extended too large": ({"video": [FILM]}, {"extend": True, "size": "1080p"}, "360p or 720p"),
    "extended with many": ({"video": [FILM], "image": [FIRST] * 4}, {"extend": True}, "at most 3"),
    "extended for long": ({"video": [FILM]}, {"extend": True, "duration": 11}, "at most 10"),
    "far between": ({"first_frame": [FIRST], "last_frame": [LAST]}, {"duration": 11}, "at most 10"),
}


@pytest.mark.parametrize("case", NO)
def test_what_does_not_go_together_is_told_before_it_is_sent(case: str) -> None:
    files, params, why = NO[case]
    assert why in video.refuses(ask(inputs=files, **params))


@pytest.mark.parametrize(
    "case", ["edited to a length", "extended too large", "extended with many", "extended for long", "far between"]
)
async def test_the_provider_says_the_same(hands: AdapterHarness, case: str) -> None:
    files, params, _ = NO[case]
    error = await failure(hands, ask(inputs=files, **params))
    assert isinstance(error, InvalidRequest)


async def test_the_video_waits_at_the_provider(fake: FakeGoogle, hands: AdapterHarness) -> None:
    result = await made(hands, ask())
    [output] = result.outputs
    assert isinstance(output.body, Remote)
    assert output.body.url.startswith(f"{fake.url}/v1/files/")
    assert output.body.url.endswith(":download?alt=media")
    assert output.body.headers == {"x-goog-api-key": KEY}
    assert KEY not in repr(result)


@pytest.mark.parametrize("uri", ["https://evil.example/v1/files/abc", "gs://bucket/files/abc", "http://[/files/abc"])
async def test_an_address_from_an_answer_is_not_gone_to(fake: FakeGoogle, hands: AdapterHarness, uri: str) -> None:
    film = {"type": "video", "mime_type": "video/mp4", "uri": uri}
    steps = [{"type": "model_output", "content": [film]}]
    fake.script(LOOKED, {"body": {"id": "v1_1", "status": "completed", "steps": steps}})
    result = await made(hands, ask())
    [output] = result.outputs
    assert isinstance(output.body, Remote)
    assert output.body.url == f"{fake.url}/v1/files/abc:download?alt=media"


@pytest.mark.parametrize("uri", ["https://evil.example/abc", "https://evil.example/files/../../x", "files"])
async def test_an_address_without_a_file_is_no_result(fake: FakeGoogle, hands: AdapterHarness, uri: str) -> None:
    film = {"type": "video", "mime_type": "video/mp4", "uri": uri}
    steps = [{"type": "model_output", "content": [film]}]
    fake.script(LOOKED, {"body": {"id": "v1_1", "status": "completed", "steps": steps}})
    error = await failure(hands, ask())
    assert isinstance(error, ProviderError)
    assert error.billed != "no"


async def test_a_video_is_saved_and_an_edit_lasts_as_long(fake: FakeGoogle, tmp_path: Path) -> None:
    clock = VirtualClock()
    fake.settings(polls=0)
    async with clock.autojump(), opened(tmp_path, backend, clock=clock, env=fake.env()) as engine:
        with clock.hold():
            asked = {"prompt": "a kite", "kind": "video", "duration": 3, "size": "360p", "aspect_ratio": "9:16"}
            result = await engine.generate(asked, PATIENT)
            again = await edited(engine, result.continuation_id)
    [file] = result.files
    assert (result.status, file.mime, file.width, file.height) == ("done", "video/mp4", 360, 640)
    assert (again.files[0].duration_seconds, again.warnings) == (file.duration_seconds, ())
    assert fake.paid() == 2
    assert result.cost
    assert result.cost.usd == pytest.approx(0.07, abs=0.001)


# Going on


async def test_an_edit_and_an_extension_go_on_from_the_interaction(fake: FakeGoogle, hands: AdapterHarness) -> None:
    state = (await made(hands, ask(duration=3))).outputs[0].state
    await made(hands, ask("at night", state=state))
    await made(hands, ask("and then it rains", state=state, extend=True, duration=5))
    assert isinstance(state, dict)
    _, edit, extension = fake.bodies(MADE)
    for body, task in ((edit, "edit"), (extension, "extend")):
        assert body["previous_interaction_id"] == state["interaction"]
        assert body["generation_config"] == {"video_config": {"task": task}}
        assert [block["type"] for block in body["input"][0]["content"]] == ["text"]
    assert "duration" not in edit["response_format"]
    assert extension["response_format"]["duration"] == "5s"
    assert hands.warnings == []


async def test_a_large_video_is_uploaded(fake: FakeGoogle, hands: AdapterHarness) -> None:
    film = MemorySource(mime="video/mp4")
    film.size = INLINE + 1
    await video.start(hands.of(ask(inputs={"video": [film]})))
    [body] = fake.bodies(MADE)
    assert body["input"][0]["content"][0].keys() == {"type", "uri", "mime_type"}
    assert fake.counts() == {"POST /upload/v1/files": 2, MADE: 1}


async def test_what_it_would_go_on_from_is_gone(fake: FakeGoogle, hands: AdapterHarness) -> None:
    error = await failure(hands, ask(state=EARLIER))
    assert isinstance(error, StateGone)
    fake.script(LOOKED, {"status": 500, "body": {}})
    fake.script(MADE, {"status": 404, "body": {}})
    assert isinstance(await failure(hands, ask(state=EARLIER)), ModelGone)


@pytest.mark.parametrize("state", [7, {}, {"interaction": ""}, {"interaction": 3}, {"video": "v1"}, "v1_1"], ids=str)
async def test_a_state_of_another_making_is_gone_before_anything_is_sent(
    fake: FakeGoogle, hands: AdapterHarness, state: JSON
) -> None:
    assert isinstance(await failure(hands, ask(state=state)), StateGone)
    assert fake.counts() == {}


# On the way


async def test_how_it_stands_is_told(fake: FakeGoogle, hands: AdapterHarness) -> None:
    handle = await hands.submit(size="360p")
    states = [await hands.poll(handle) for _ in range(3)]
    assert [isinstance(state, Pending) and state.message for state in states] == ["queued", "", False]
    assert fake.counts() == {MADE: 1, LOOKED: 3}


async def test_it_is_stopped(fake: FakeGoogle, hands: AdapterHarness) -> None:
    handle = await hands.submit(size="360p")
    assert video.cancel
    await video.cancel(hands.work, handle)
    assert fake.counts() == {MADE: 1, STOPPED: 1}
    with pytest.raises(Cancelled):
        await hands.poll(handle)


async def test_a_refusal_comes_with_its_reason(hands: AdapterHarness) -> None:
    error = await failure(hands, ask("a forbidden thing"))
    assert isinstance(error, Refused)
    assert "may be harmful" in error.reason
    assert isinstance(await failure(hands, ask("a breakdown")), ProviderError)
