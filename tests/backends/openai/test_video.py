"""Videos through the interface that was OpenAI's: made, downloaded and changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fakes.openai import KEY, FakeOpenAI
from fakes.poll_errors import poll_error
from mediasmith.plugin.contract import Failed, Model, Pending, Remote, Result
from mediasmith.plugin.errors import MediaError, OutOfCredit, ProviderError, Refused, StateGone
from mediasmith.testing import AdapterHarness, MemorySource, signed_in
from mediasmith_backends.openai import backend
from mediasmith_backends.openai.video import VideoReference

CREATE, POLL = "POST /v1/videos", "GET /v1/videos/{id}"
REMIX, EDIT, EXTEND = "POST /v1/videos/{id}/remix", "POST /v1/videos/edits", "POST /v1/videos/extensions"
VIDEO = backend.capabilities[2]
FRAME, CLIP = MemorySource(), MemorySource(mime="video/mp4")
REFERENCE = VideoReference(video="video_1")


def sent(fake: FakeOpenAI) -> list[Any]:
    return [request["body"] for request in fake.log() if request["method"] == "POST"]


async def test_a_video_is_submitted_in_a_form_with_its_first_frame(fake: FakeOpenAI, video: AdapterHarness) -> None:
    handle = await video.submit(inputs={"first_frame": [FRAME]}, size="1280x720", duration=8)
    assert isinstance(handle, VideoReference)
    await video.submit(aspect_ratio="9:16")
    first, second = sent(fake)
    assert first["fields"] == {"prompt": "a red kite", "model": "sora-2", "size": "1280x720", "seconds": "8"}
    assert [(file["field"], file["name"], file["mime"]) for file in first["files"]] == [
        ("input_reference", "sample.png", "image/png")
    ]
    assert second["fields"] == {"prompt": "a red kite", "model": "sora-2", "size": "720x1280"}


async def test_it_is_polled_and_its_download_left_to_the_server(fake: FakeOpenAI, video: AdapterHarness) -> None:
    handle = await video.submit()
    assert await video.poll(handle) == Pending(progress=0.0, message="queued")
    result = await video.poll(handle)
    assert isinstance(result, Result)
    (output,) = result.outputs
    assert isinstance(handle, VideoReference)
    assert output.body == Remote(
        url=f"{fake.base_url}/videos/{handle.video}/content", headers={"authorization": f"Bearer {KEY}"}
    )
    assert output.state == handle
    assert KEY not in repr(result)


async def test_organization_and_project_are_sent_with_the_download(fake: FakeOpenAI) -> None:
    env = {"OPENAI_ORG_ID": "org-1", "OPENAI_PROJECT_ID": "proj-1"}
    async with signed_in(backend, fake.base_url, KEY, capability=VIDEO, env=env) as harness:
        body = (await harness.generate()).outputs[0].body
    assert isinstance(body, Remote)
    assert (body.headers["openai-organization"], body.headers["openai-project"]) == ("org-1", "proj-1")


@pytest.mark.parametrize(
    ("given", "route", "expected"),
    [
        ({}, REMIX, {"prompt": "a red kite"}),
        ({"mode": "edit"}, EDIT, {"prompt": "a red kite", "video": {"id": "{id}"}}),
        ({"mode": "extend"}, EXTEND, {"prompt": "a red kite", "seconds": "4", "video": {"id": "{id}"}}),
        ({"mode": "extend", "duration": 8}, EXTEND, {"prompt": "a red kite", "seconds": "8", "video": {"id": "{id}"}}),
    ],
)
async def test_a_video_is_remixed_edited_and_extended_by_its_id(
    fake: FakeOpenAI, video: AdapterHarness, given: dict[str, Any], route: str, expected: dict[str, Any]
) -> None:
    (output,) = (await video.generate()).outputs
    assert isinstance(output.state, VideoReference)
    await video.submit(state=output.state, **given)
    assert fake.counts()[route] == 1
    assert str(sent(fake)[-1]) == str(expected).replace("{id}", output.state.video)


@pytest.mark.parametrize(("mode", "route"), [(None, EDIT), ("edit", EDIT), ("extend", EXTEND)])
async def test_a_file_is_edited_or_extended(
    fake: FakeOpenAI, video: AdapterHarness, mode: str | None, route: str
) -> None:
    await video.submit(inputs={"video": [CLIP]}, mode=mode)
    assert fake.counts() == {route: 1}
    assert "model" in video.warnings[0]
    assert sent(fake)[0]["fields"] == {"prompt": "a red kite", **({"seconds": "4"} if mode == "extend" else {})}


@pytest.mark.parametrize("mode", [None, "edit", "extend"])
async def test_a_video_that_is_gone_is_known_before_paying(
    fake: FakeOpenAI, video: AdapterHarness, mode: str | None
) -> None:
    error = await video.failure_of(state=REFERENCE, mode=mode)
    assert (type(error), error.billed) == (StateGone, "no")


REFUSED: Mapping[str, tuple[dict[str, Any], str]] = {
    "two shapes": ({"size": "1280x720", "aspect_ratio": "16:9"}, "not both"),
    "a mode for nothing": ({"mode": "extend"}, "given or continued"),
    "a long new one": ({"duration": 16}, "extend"),
    "a remix of a file": ({"mode": "remix", "inputs": {"video": [CLIP]}}, "made itself"),
    "two videos": ({"state": REFERENCE, "inputs": {"video": [CLIP]}}, "besides"),
    "a first frame of an old one": ({"state": REFERENCE, "inputs": {"first_frame": [FRAME]}}, "first_frame"),
    "another size": ({"state": REFERENCE, "size": "1280x720"}, "keeps the size"),
    "another shape": ({"mode": "extend", "state": REFERENCE, "aspect_ratio": "16:9"}, "keeps the size"),
    "another length": ({"mode": "edit", "state": REFERENCE, "duration": 8}, "keeps the length"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_parameters_that_do_not_go_together_are_refused(case: str) -> None:
    given, words = REFUSED[case]
    assert words in VIDEO.refuses(AdapterHarness(backend, None, VIDEO).call(**given))


@pytest.mark.parametrize(
    "given",
    [
        {"duration": 12, "size": "720x1280"},
        {"duration": 20, "mode": "extend", "state": REFERENCE},
        {"duration": 20, "mode": "extend", "inputs": {"video": [CLIP]}},
        {"state": REFERENCE},
        {"duration": 30, "size": "832x480", "model": Model(id="wan-3")},
    ],
)
def test_parameters_that_go_together_are_not_refused(given: dict[str, Any]) -> None:
    assert VIDEO.refuses(AdapterHarness(backend, None, VIDEO).call(**given)) == ""


def test_an_edit_inherits_neither_mode_nor_shape_nor_length() -> None:
    assert set(VIDEO.not_inherited) == {"mode", "aspect_ratio", "size", "duration"}


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        ({"code": "moderation_blocked", "message": "No."}, Refused, "declined"),
        ({"code": "server_error", "message": "It fell."}, ProviderError, "It fell"),
        ({"code": "billing_not_active", "message": "Pay."}, OutOfCredit, "no credit left"),
        (None, ProviderError, "could not finish"),
    ],
)
async def test_an_answer_that_names_the_end_fails_the_video(
    fake: FakeOpenAI, video: AdapterHarness, error: object, kind: type[MediaError], words: str
) -> None:
    fake.script(POLL, {"body": {"id": "video_1", "status": "failed", "error": error}})
    failed = await video.poll(REFERENCE)
    assert isinstance(failed, Failed)
    assert (type(failed.error), failed.error.billed) == (kind, "unknown")
    assert words in failed.error.message


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ({"body": {"id": "video_1", "status": "asleep"}}, ProviderError),
        ({"body": {"id": "video_1"}}, ProviderError),
        ({"html": True}, ProviderError),
        ({"status": 500, "body": {}}, ProviderError),
        ({}, StateGone),  # the fake has no such video
    ],
)
async def test_any_other_answer_is_trouble_that_may_pass(
    fake: FakeOpenAI, video: AdapterHarness, script: dict[str, Any], kind: type[MediaError]
) -> None:
    fake.script(POLL, script)
    assert type(await poll_error(video, REFERENCE)) is kind


@pytest.mark.parametrize(
    ("progress", "read"), [(50, 0.5), (None, None), ("half", None), (-5, None), (700, None), ([1], None)]
)
async def test_progress_is_percent_or_unknown(
    fake: FakeOpenAI, video: AdapterHarness, progress: object, read: float | None
) -> None:
    body = {"id": "video_1", "status": "in_progress", "progress": progress}
    fake.script(POLL, {"body": body, "headers": {"openai-poll-after-ms": "1500"}})
    assert await video.poll(REFERENCE) == Pending(progress=read, message="in progress", after=1.5)


async def test_a_video_without_an_id_is_no_handle(fake: FakeOpenAI, video: AdapterHarness) -> None:
    fake.script(CREATE, {"body": {"id": "", "status": "queued"}})
    error = await video.failure_of()
    assert (type(error), error.billed) == (ProviderError, None)
