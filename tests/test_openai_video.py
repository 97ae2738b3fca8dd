"""Videos through the interface that was OpenAI's, from whoever serves it: made, fetched, and changed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.engines import edited, made
from fakes.openai import KEY, FakeOpenAI, running
from fakes.openai.catalogue import FORBIDDEN
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.engine.bootstrap import open_engine
from mediasmith.engine.use_cases import Engine
from mediasmith.plugin.contract import Pending, Remote, Result
from mediasmith.plugin.errors import MissingKey, ProviderError, Refused, StateGone
from mediasmith.runtime.clock import SystemClock
from mediasmith.testing import AdapterHarness, MemorySource, signed_in
from mediasmith_backends.openai import backend

CREATE, POLL = "POST /v1/videos", "GET /v1/videos/{id}"
REMIX, EDIT, EXTEND = "POST /v1/videos/{id}/remix", "POST /v1/videos/edits", "POST /v1/videos/extensions"
VIDEO = backend.capabilities[2]
FRAME, FILM = MemorySource(), MemorySource(mime="video/mp4")

PROVIDER = running


@pytest.fixture
def fake(fake: FakeOpenAI) -> FakeOpenAI:
    fake.settings(polls=1)
    return fake


@pytest.fixture
async def hands(fake: FakeOpenAI) -> AsyncGenerator[AdapterHarness]:
    async with signed_in(backend, fake.base_url, KEY, capability=VIDEO) as hands:
        yield hands


@asynccontextmanager
async def server(fake: FakeOpenAI, folder: Path) -> AsyncGenerator[Engine]:
    """The engine with this backend's videos; it polls as fast as the fake answers."""
    swift = replace(backend, capabilities=(replace(VIDEO, every=0.01),))
    async with open_engine(
        settings=Settings(data_dir=folder / "data", output_dir=folder / "out"),
        env=fake.env(),
        backends=Registry(backends={"openai": swift}, broken={}),
        clock=SystemClock(),
    ) as engine:
        yield engine


def sent(fake: FakeOpenAI) -> list[Any]:
    return [request["body"] for request in fake.log() if request["method"] == "POST"]


async def test_a_video_is_asked_for_in_a_form_with_its_first_frame(fake: FakeOpenAI, hands: AdapterHarness) -> None:
    handle = await hands.submit(inputs={"first_frame": [FRAME]}, size="1280x720", duration=8)
    assert isinstance(handle, Mapping)
    assert list(handle) == ["video"]
    await hands.submit(aspect_ratio="9:16")
    first, second = sent(fake)
    assert first["fields"] == {"prompt": "a red kite", "model": "sora-2", "size": "1280x720", "seconds": "8"}
    assert [(file["field"], file["name"], file["mime"]) for file in first["files"]] == [
        ("input_reference", "sample.png", "image/png")
    ]
    assert second["fields"] == {"prompt": "a red kite", "model": "sora-2", "size": "720x1280"}


async def test_it_is_polled_for_with_its_progress_and_left_to_the_server_to_fetch(
    fake: FakeOpenAI, hands: AdapterHarness
) -> None:
    handle = await hands.submit()
    assert await hands.poll(handle) == Pending(progress=0.0, message="queued")
    done = await hands.poll(handle)
    assert isinstance(done, Result)
    body = done.outputs[0].body
    assert isinstance(body, Remote)
    assert isinstance(handle, Mapping)
    assert body.url == f"{fake.base_url}/videos/{handle['video']}/content"
    assert body.headers == {"authorization": f"Bearer {KEY}"}
    assert KEY not in repr(done)
    assert done.outputs[0].state == handle


async def test_organization_and_project_fetch_the_file_too(fake: FakeOpenAI) -> None:
    env = {"OPENAI_ORG_ID": "org-1", "OPENAI_PROJECT_ID": "proj-1"}
    async with signed_in(backend, fake.base_url, KEY, capability=VIDEO, env=env) as hands:
        body = (await hands.finish(await hands.start())).outputs[0].body
    assert isinstance(body, Remote)
    assert body.headers["openai-organization"] == "org-1"
    assert body.headers["openai-project"] == "proj-1"


async def test_a_video_is_made_remixed_extended_and_edited(fake: FakeOpenAI, tmp_path: Path) -> None:
    async with server(fake, tmp_path) as engine:
        first = await made(engine, kind="video", size="1280x720", duration=4)
        remix = await edited(engine, first.continuation_id)
        longer = await edited(engine, first.continuation_id, "and then", duration=8, options={"mode": "extend"})
        changed = await edited(engine, remix.continuation_id, options={"mode": "edit"})
    made_of = [request["path"].split("/")[3] for request in fake.log() if request["path"].endswith("/content")]
    assert sent(fake)[1:] == [
        {"prompt": "make it blue"},
        {"prompt": "and then", "seconds": "8", "video": {"id": made_of[0]}},
        {"prompt": "make it blue", "video": {"id": made_of[1]}},
    ]
    assert [round(result.files[0].duration_seconds or 0) for result in (first, remix, longer, changed)] == [4, 4, 12, 4]
    assert (first.files[0].mime, first.files[0].width) == ("video/mp4", 1280)
    assert fake.paid() == 4
    assert [result.warnings for result in (remix, longer)] == [(), ()]


async def test_a_video_that_is_gone_is_edited_from_its_file(fake: FakeOpenAI, tmp_path: Path) -> None:
    async with server(fake, tmp_path) as engine:
        first = await made(engine, kind="video", size="1280x720", duration=4)
        fake.expire(
            next(request["path"].split("/")[3] for request in fake.log() if request["path"].endswith("content"))
        )
        second = await edited(engine, first.continuation_id)
    assert {name: fake.counts()[name] for name in (CREATE, REMIX, EDIT)} == {CREATE: 1, REMIX: 1, EDIT: 1}
    files = sent(fake)[-1]["files"]
    assert [(file["field"], file["mime"]) for file in files] == [("video", "video/mp4")]
    assert any("The saved file was sent" in warning for warning in second.warnings)


@pytest.mark.parametrize(("mode", "request_name"), [(None, EDIT), ("edit", EDIT), ("extend", EXTEND)])
async def test_a_file_is_edited_or_extended(
    fake: FakeOpenAI, hands: AdapterHarness, mode: str | None, request_name: str
) -> None:
    await hands.submit(inputs={"video": [FILM]}, mode=mode)
    assert fake.counts() == {request_name: 1}
    assert "model" in hands.warnings[0]
    due = {"prompt": "a red kite", **({"seconds": "4"} if mode == "extend" else {})}
    assert sent(fake)[0]["fields"] == due


STATE = {"video": "video_1"}
REFUSED: Mapping[str, tuple[dict[str, Any], str]] = {
    "two shapes": ({"size": "1280x720", "aspect_ratio": "16:9"}, "not both"),
    "a mode for nothing": ({"mode": "extend"}, "given or continued"),
    "a long new one": ({"duration": 16}, "extend"),
    "a remix of a file": ({"mode": "remix", "inputs": {"video": [FILM]}}, "made itself"),
    "two videos": ({"state": STATE, "inputs": {"video": [FILM]}}, "beside"),
    "a first frame of an old one": ({"state": STATE, "inputs": {"first_frame": [FRAME]}}, "first_frame"),
    "another size": ({"state": STATE, "size": "1280x720"}, "keeps the size"),
    "another shape": ({"mode": "extend", "state": STATE, "aspect_ratio": "16:9"}, "keeps the size"),
    "another length": ({"mode": "edit", "state": STATE, "duration": 8}, "keeps the length"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_words_that_do_not_go_together_are_refused(case: str) -> None:
    given, word = REFUSED[case]
    hands = AdapterHarness(backend, None, VIDEO)
    assert word in VIDEO.refuses(hands.call(**given))


@pytest.mark.parametrize(
    "given",
    [
        {"duration": 12, "size": "720x1280"},
        {"duration": 20, "mode": "extend", "state": STATE},
        {"duration": 20, "mode": "extend", "inputs": {"video": [FILM]}},
        {"state": STATE},
    ],
)
def test_words_that_go_together_are_taken(given: dict[str, Any]) -> None:
    assert VIDEO.refuses(AdapterHarness(backend, None, VIDEO).call(**given)) == ""


def test_models_of_a_gateways_own_may_be_longer_and_of_other_sizes() -> None:
    call = AdapterHarness(backend, None, VIDEO).call(duration=30, size="832x480")
    assert VIDEO.refuses(replace(call, model=replace(call.model, id="wan-3"))) == ""


def ended(**more: Any) -> dict[str, Any]:
    return {"body": {"id": "video_1", **more}}


@pytest.mark.parametrize(
    ("answer", "kind", "word"),
    [
        (ended(status="failed", error={"code": "moderation_blocked", "message": "No."}), Refused, "declined"),
        (ended(status="failed", error={"code": "server_error", "message": "It fell."}), ProviderError, "It fell"),
        (ended(status="failed"), ProviderError, "could not make"),
        (ended(status="asleep"), ProviderError, "status"),
    ],
)
async def test_a_video_that_fails_is_told(
    fake: FakeOpenAI, hands: AdapterHarness, answer: dict[str, Any], kind: type[Exception], word: str
) -> None:
    handle = await hands.submit()
    fake.script(POLL, answer)
    with pytest.raises(kind, match=word):
        await hands.poll(handle)


async def test_what_is_against_the_rules_is_a_refusal(fake: FakeOpenAI, hands: AdapterHarness) -> None:
    answer = await VIDEO.start(replace(hands.call(), prompt=f"a {FORBIDDEN} thing"))
    with pytest.raises(Refused):
        await hands.finish(answer)


@pytest.mark.parametrize("progress", [None, "half", -5, 700, [1]])
async def test_progress_that_makes_no_sense_is_none(fake: FakeOpenAI, hands: AdapterHarness, progress: object) -> None:
    handle = await hands.submit()
    fake.script(POLL, ended(status="in_progress", progress=progress))
    assert await hands.poll(handle) == Pending(message="in progress")


async def test_a_remix_of_a_video_that_is_gone_is_told_before_it_is_paid_for(
    fake: FakeOpenAI, hands: AdapterHarness
) -> None:
    for mode in (None, "edit", "extend"):
        told = await hands.fails(state=STATE, mode=mode)
        assert isinstance(told, StateGone)
        assert told.billed == "no"


async def test_openai_itself_has_no_more_videos(tmp_path: Path) -> None:
    async with open_engine(
        settings=Settings(data_dir=tmp_path / "data", output_dir=tmp_path / "out"),
        env={"OPENAI_API_KEY": KEY},
        backends=Registry(backends={"openai": backend}, broken={}),
        clock=SystemClock(),
    ) as engine:
        with pytest.raises(Exception, match="2026-09-24") as caught:
            await made(engine, kind="video", backend="openai")
    assert not isinstance(caught.value, MissingKey)
