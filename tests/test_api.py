"""The library face: the same tools for a program, with its own types, and errors that are plain."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

import mediasmith
from fakes.backends import fake, png
from fakes.engines import Scripted, accepted, pending, read_files, running_engine
from fakes.virtual_clock import VirtualClock
from mediasmith import MediaError
from mediasmith.api import Media
from mediasmith.config.settings import Settings
from mediasmith.engine.results import JobList, MediaResult
from mediasmith.plugin.contract import Takes
from mediasmith.plugin.errors import InvalidRequest, NothingSuitable, Refused


@asynccontextmanager
async def media_of(folder: Path, *backends: Any, **given: Any) -> AsyncGenerator[Media]:
    async with running_engine(folder, *backends, **given) as engine:
        yield Media(engine=engine)


async def test_a_program_generates_and_edits(tmp_path: Path) -> None:
    provider = Scripted()
    async with media_of(tmp_path, provider.backend(edits="image", takes={"image": Takes()})) as media:
        first = await media.generate("a red kite", aspect_ratio="16:9")
        second = await media.continue_edit(first.continuation_id, "make it blue")
        several = await media.generate(prompts=["a", "b"], kind="image")
    assert (first.status, read_files(first), second.parent) == ("done", [png()], first.continuation_id)
    assert [item.status for item in several.items] == ["done", "done"]
    assert provider.calls[0].params.aspect_ratio == "16:9"


async def test_a_program_waits_for_the_end_unless_it_says_how_long(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(accepted(), accepted(), polls=pending(100))
    async with media_of(tmp_path, provider.backend(), clock=clock) as media:
        async with clock.autojump():
            started = clock.now()
            assert (await media.generate("a red kite")).status == "done"
            assert clock.now() - started == 500
            provider.polls.extend(pending(100))
            running = await media.generate("a red kite", wait_seconds=7)
            assert running.status == "running"
            done = await media.get_job(running.job_id)
        assert isinstance(done, MediaResult)
        assert done.status == "done"
        listed = await media.get_job()
        assert isinstance(listed, JobList)
        assert len(listed.jobs) == 2


async def test_paths_may_be_paths(tmp_path: Path) -> None:
    provider = Scripted()
    (tmp_path / "out").mkdir()
    source = tmp_path / "out" / "source.png"
    source.write_bytes(png())
    async with media_of(tmp_path, provider.backend(takes={"image": Takes(max=2)})) as media:
        result = await media.generate("x", image=[source, str(source)], output=tmp_path / "out" / "kite.png")
        await media.generate("x", image=(source,))
    assert Path(result.files[0].path) == tmp_path / "out" / "kite.png"
    assert [len(call.inputs["image"]) for call in provider.calls] == [2, 1]


async def test_errors_are_raised_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="Declined"):
        async with media_of(tmp_path, Scripted(Refused("Declined.")).backend()) as media:
            await media.generate("x")
    with pytest.raises(InvalidRequest, match="seeed"):
        async with media_of(tmp_path, Scripted().backend()) as media:
            await media.generate("x", seeed=1)
    with pytest.raises(NothingSuitable):
        async with mediasmith.open(Settings(data_dir=tmp_path, output_dir=tmp_path, backends=("none",))) as media:
            await media.generate("x")
    assert issubclass(Refused, MediaError)


async def test_concurrent_calls_do_not_interfere(tmp_path: Path) -> None:
    results: list[MediaResult] = []
    async with media_of(tmp_path, Scripted().backend()) as media, anyio.create_task_group() as tasks:

        async def call(prompt: str) -> None:
            results.append(await media.generate(prompt))

        for number in range(20):
            tasks.start_soon(call, f"kite {number % 10}")
    assert len({result.job_id for result in results}) == 20
    assert len({result.files[0].path for result in results}) == 20


async def test_a_program_that_closes_right_after_its_answer_does_not_attach_later(tmp_path: Path) -> None:
    provider = Scripted()
    for _ in range(2):
        async with media_of(tmp_path, provider.backend()) as media:
            assert (await media.generate("x")).warnings == ()
    assert len(provider.calls) == 2


@pytest.mark.parametrize("how", ["get_job", "call"])
async def test_a_job_that_a_program_has_collected_is_not_attached_to(tmp_path: Path, how: str) -> None:
    provider = Scripted(accepted())
    async with media_of(tmp_path, provider.backend()) as media:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(media.generate, "x")
            await _until(lambda: bool(provider.calls))
            tasks.cancel_scope.cancel()
        listed = await media.get_job()
        assert isinstance(listed, JobList)
        job_id = listed.jobs[0].job_id
        if how == "call":
            assert (await media.call("get_job", {"job_id": job_id}))["status"] == "done"
        else:
            await media.get_job(job_id)
        assert (await media.generate("x")).warnings == ()
    assert len(provider.calls) == 2


async def _until(condition: Any) -> None:
    while not condition():
        await anyio.lowlevel.checkpoint()


# For a model that calls functions


async def test_the_tools_are_described_for_function_calling(tmp_path: Path) -> None:
    async with media_of(tmp_path, fake("one")) as media:
        tools = media.tools()
    assert [tool.name for tool in tools] == ["generate_media", "continue_edit", "list_backends", "get_job"]
    for tool in tools:
        assert tool.description
        assert tool.parameters["type"] == "object"
        json.dumps(tool.parameters)


async def test_a_called_tool_answers_with_compact_json(tmp_path: Path) -> None:
    async with media_of(tmp_path, Scripted().backend(edits="image", takes={"image": Takes()})) as media:
        result: Any = await media.call("generate_media", {"prompt": "x", "wait_for_previous": False, "seed": None})
        edited: Any = await media.call("continue_edit", {"continuation_id": result["continuation_id"], "prompt": "y"})
        collected: Any = await media.call("get_job", {"job_id": edited["job_id"]})
        recent: Any = await media.call("get_job", {})
        listed: Any = await media.call("list_backends", {"kind": "image"})
    json.dumps([result, edited, collected, recent, listed])
    assert (result["status"], edited["status"], edited["parent"]) == ("done", "done", result["continuation_id"])
    assert collected["files"] == edited["files"]
    assert [one["job_id"] for one in recent["jobs"]] == [edited["job_id"], result["job_id"]]
    assert listed["backends"][0]["backend"] == "one"
    assert "warnings" not in result


@pytest.mark.parametrize("name", ["generate", "", "x" * 10_000])
async def test_an_unknown_tool_is_an_error(tmp_path: Path, name: str) -> None:
    async with media_of(tmp_path, fake("one")) as media:
        with pytest.raises(InvalidRequest, match="Known: generate_media, continue_edit") as caught:
            await media.call(name, {})
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("tool", ["generate_media", "continue_edit", "list_backends", "get_job"])
async def test_an_unknown_argument_is_an_error_whatever_its_name(tmp_path: Path, tool: str) -> None:
    async with media_of(tmp_path, fake("one")) as media:
        with pytest.raises(InvalidRequest, match="There is no argument 'self'"):
            await media.call(tool, {"self": 1})


async def test_opening_reads_the_environment_unless_settings_are_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDIASMITH_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MEDIASMITH_BACKENDS", "none")
    async with mediasmith.open() as media:
        assert media.engine.installation.settings.data_dir == tmp_path / "data"
    async with mediasmith.open(Settings(data_dir=tmp_path / "other", backends=("none",))) as media:
        assert media.engine.installation.settings.data_dir == tmp_path / "other"
