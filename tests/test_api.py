"""The library face: the same tools for a program, with its own types, and errors that are plain."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, nullcontext
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, cast, get_type_hints
from unittest.mock import Mock

import anyio
import pytest
from pydantic import BaseModel

import mediasmith
from fakes.backends import fake, png
from fakes.engines import Scripted, accepted, pending, per_image, read_files, running_engine
from fakes.virtual_clock import VirtualClock
from mediasmith import MediaError
from mediasmith.api import Media
from mediasmith.config import registry
from mediasmith.config.installation import Installation
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.engine import results
from mediasmith.engine.results import MediaResult
from mediasmith.plugin import errors
from mediasmith.plugin.access import Access
from mediasmith.plugin.contract import Model, Result, Takes
from mediasmith.plugin.errors import InvalidRequest, NothingSuitable, Refused
from mediasmith.plugin.params import INPUT_WORDS, WORDS


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
            assert clock.now() - started == 0.25 + 500
            provider.polls.extend(pending(100))
            running = await media.generate("a red kite", wait_seconds=7)
            assert running.status == "running"
            done = await media.get_job(running.job_id)
        assert done.status == "done"
        assert len((await media.list_jobs()).jobs) == 2


@pytest.mark.parametrize("job_id", [None, "", " "])
async def test_a_job_without_an_id_is_refused(tmp_path: Path, job_id: Any) -> None:
    async with media_of(tmp_path, Scripted().backend()) as media:
        with pytest.raises(InvalidRequest, match=r"job_id is empty\. Nothing was billed\."):
            await media.get_job(job_id)


async def test_a_job_is_looked_up_by_its_id(tmp_path: Path) -> None:
    async with media_of(tmp_path, Scripted().backend()) as media:
        result = await media.generate("x")
        assert await media.get_job(result.job_id) == result
        assert [job.job_id for job in (await media.list_jobs()).jobs] == [result.job_id]


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


async def test_numbers_may_be_those_of_other_libraries(tmp_path: Path) -> None:
    provider = Scripted()
    given: Any = {"n": Fraction(2), "max_cost_usd": Decimal("1.5"), "options": {"mood": Path("calm")}}
    async with media_of(tmp_path, provider.backend(models=(Model(id="one", prices=per_image(0.5)),))) as media:
        result = await media.generate("a red kite", **given)
    assert len(result.files) == 2
    assert provider.calls[0].params.mood == "calm"


async def test_errors_are_raised_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="Declined"):
        async with media_of(tmp_path, Scripted(Refused("Declined.")).backend()) as media:
            await media.generate("x")
    with pytest.raises(InvalidRequest, match="seeed"):
        async with media_of(tmp_path, Scripted().backend()) as media:
            await media.generate("x", **cast("Any", {"seeed": 1}))
    with pytest.raises(NothingSuitable):
        async with mediasmith.open(Settings(data_dir=tmp_path, output_dir=tmp_path, backends=("none",))) as media:
            await media.generate("x")
    assert issubclass(Refused, MediaError)


async def test_none_is_the_same_as_not_given(tmp_path: Path) -> None:
    provider = Scripted()
    async with media_of(tmp_path, provider.backend()) as media:
        await media.generate("x", aspect_ratio=None, image=None, options=None, n=None, kind=None, wait_seconds=None)
    assert provider.calls[0].params.aspect_ratio is None


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_progress_is_reported_while_a_call_waits(tmp_path: Path, *, asynchronous: bool) -> None:
    clock, provider = VirtualClock(), Scripted(accepted(), polls=pending(4))
    seen: list[mediasmith.Progress] = []

    async def note(progress: mediasmith.Progress) -> None:
        await anyio.lowlevel.checkpoint()
        seen.append(progress)

    async with media_of(tmp_path, provider.backend(), clock=clock) as media, clock.autojump():
        await media.generate("x", on_progress=note if asynchronous else seen.append)
    assert seen[0].message == "0%, drawing"
    assert [one.seconds for one in seen] == sorted(one.seconds for one in seen)
    assert seen[-1].progress == 0.75


async def test_previews_are_made_on_demand(tmp_path: Path) -> None:
    async with media_of(tmp_path, Scripted().backend()) as media:
        previews = await media.previews(await media.generate("x"))
        assert await media.previews(await media.list_jobs()) == []
    assert [preview.mime for preview in previews] == ["image/jpeg"]


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
    clock, provider = VirtualClock(), Scripted(accepted())
    async with media_of(tmp_path, provider.backend(), clock=clock) as media, clock.autojump():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(media.generate, "x")
            await clock.sleep(0.1)
            tasks.cancel_scope.cancel()
        job_id = (await media.list_jobs()).jobs[0].job_id
        if how == "call":
            assert json.loads((await media.call("get_job", {"job_id": job_id})).text)["status"] == "done"
        else:
            await media.get_job(job_id)
        assert (await media.generate("x")).warnings == ()
    assert len(provider.calls) == 2


# For a model that calls functions


async def test_the_tools_are_described_for_function_calling(tmp_path: Path) -> None:
    async with media_of(tmp_path, fake("one")) as media:
        tools = media.tools()
    assert [tool.name for tool in tools] == ["generate_media", "continue_edit", "list_backends", "get_job"]
    for tool in tools:
        assert tool.description
        assert tool.parameters["type"] == "object"
        json.dumps(tool.parameters)


async def test_a_called_tool_is_answered_with_compact_json(tmp_path: Path) -> None:
    async with media_of(tmp_path, Scripted().backend(edits="image", takes={"image": Takes()})) as media:

        async def called(name: str, arguments: Mapping[str, Any] | str) -> Any:
            answer = await media.call(name, arguments)
            assert not answer.is_error
            assert answer.result is not None
            assert answer.text == answer.result.text()
            return json.loads(answer.text)

        result = await called("generate_media", {"prompt": "x", "seed": None})
        edited = await called(
            "continue_edit", json.dumps({"continuation_id": result["continuation_id"], "prompt": "y"})
        )
        collected = await called("get_job", {"job_id": edited["job_id"]})
        recent = await called("get_job", "")
        listed = await called("list_backends", {"kind": "image"})
    assert (result["status"], edited["status"], edited["parent"]) == ("done", "done", result["continuation_id"])
    assert collected["files"] == edited["files"]
    assert [one["job_id"] for one in recent["jobs"]] == [edited["job_id"], result["job_id"]]
    assert listed["backends"][0]["backend"] == "one"
    assert "warnings" not in result


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("generate", {}, "There is no tool 'generate'. Known: generate_media, continue_edit"),
        ("x" * 10_000, {}, "There is no tool 'xxx"),
        ("generate_media", {"self": 1}, "There is no argument 'self'"),
        ("continue_edit", {"self": 1}, "There is no argument 'self'"),
        ("list_backends", {"self": 1}, "There is no argument 'self'"),
        ("get_job", {"self": 1}, "There is no argument 'self'"),
        ("generate_media", "", "prompt is missing"),
        ("generate_media", None, "prompt is missing"),
        ("generate_media", '"{}"', "prompt is missing"),
        ("generate_media", ["a kite"], "The arguments of generate_media are not a JSON object."),
        ("generate_media", 7, "The arguments of generate_media are not a JSON object."),
        ("generate_media", '{"prompt": "a ki', "The arguments of generate_media are not a JSON object."),
        ("generate_media", "[" * 100_000, "The arguments of generate_media are not a JSON object."),
        ("generate_media", '["a kite"]', "The arguments of generate_media are not a JSON object."),
        ("generate_media", {"prompt": "x"}, "Declined. It may have been billed"),
    ],
)
async def test_an_error_is_answered_to_a_model(tmp_path: Path, name: str, arguments: Any, said: str) -> None:
    async with media_of(tmp_path, Scripted(Refused("Declined.", billed="unknown")).backend()) as media:
        answer = await media.call(name, arguments)
    assert (answer.is_error, answer.result) == (True, None)
    assert answer.text.startswith(said)
    assert len(answer.text) < 250


# What a type checker sees


def test_the_keyword_arguments_are_those_of_the_tools(tmp_path: Path) -> None:
    tools = Installation.load(settings=Settings(data_dir=tmp_path), env={}).tools
    shared = {*WORDS, *INPUT_WORDS}
    for tool, typed, first in (
        ("generate_media", mediasmith.GenerateArguments, {"prompt"}),
        ("continue_edit", mediasmith.EditArguments, {"continuation_id", "prompt"}),
    ):
        names = {*get_type_hints(typed), *first}
        assert names == {*tools[tool].parameters["properties"], *shared}, tool


def test_every_exported_name_exists_and_every_error_is_exported() -> None:
    assert all(hasattr(mediasmith, name) for name in mediasmith.__all__)
    raised = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, MediaError)}
    answered = {name for name, one in vars(results).items() if isinstance(one, type) and issubclass(one, BaseModel)}
    assert raised | answered - {"BaseModel", "_Answer"} <= set(mediasmith.__all__)
    with pytest.raises(AttributeError, match="no attribute 'generate'"):
        _ = cast("Any", mediasmith).generate


# Opening and closing


async def test_keys_and_settings_are_given_by_argument_and_shown_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECOND_KEY", "key-of-the-environment")
    seen: list[str] = []

    def connect(access: Access) -> Any:
        return nullcontext(access.key)

    async def start(call: Any) -> Result:
        seen.append(call.client)
        raise Refused(f"Bad key {call.client}.", billed="no")

    backends = [
        fake(name, start=start, keys=(variable, f"{variable}_2"), connect=connect)
        for name, variable in (("first", "FIRST_KEY"), ("second", "SECOND_KEY"), ("third", "THIRD_KEY"))
    ]
    installed = Registry(backends={one.name: one for one in backends}, broken={})
    monkeypatch.setattr(registry, "load", Mock(return_value=installed))
    keys = {"First": "key-of-the-first", "THIRD_KEY_2": "key-of-the-third", "second": None}
    settings = Settings(data_dir=tmp_path / "data", output_dir=tmp_path / "out")
    opening = mediasmith.open(settings, keys=keys)
    async with opening as media:
        texts = [repr(opening), repr(media), repr(media.engine)]
        for name in ("first", "second", "third"):
            with pytest.raises(MediaError) as caught:
                await media.generate("x", backend=name)
            texts.append(str(caught.value))
        texts.append((await media.list_backends()).text())
    assert seen == ["key-of-the-first", "key-of-the-environment", "key-of-the-third"]
    assert not [text for text in texts if "key-of" in text]
    unread = mediasmith.open(settings, keys={"first": "key-of-the-first"}, env={})
    async with unread as media:
        assert [offer.ready for offer in (await media.list_backends()).backends] == [True, False, False]
        assert [model.backend for model in (await media.list_backends(query="fake")).models] == ["first"]


async def test_a_key_of_an_unknown_name_is_an_error_that_does_not_repeat_it(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="Use one of ") as caught:
        async with mediasmith.open(Settings(data_dir=tmp_path), keys={"sk-123": "openai"}):
            pytest.fail("it was opened")
    assert "sk-123" not in str(caught.value)


async def test_a_call_after_the_end_is_an_error(tmp_path: Path) -> None:
    async with mediasmith.open(Settings(data_dir=tmp_path, backends=("none",))) as media:
        pass
    for _ in range(2):
        with pytest.raises(MediaError, match="This Mediasmith is closed"):
            await media.generate("x")
    assert (await media.call("get_job", {})).is_error


async def test_opening_reads_the_environment_unless_settings_are_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDIASMITH_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MEDIASMITH_BACKENDS", "none")
    async with mediasmith.open() as media:
        assert media.engine.installation.settings.data_dir == tmp_path / "data"
    async with mediasmith.open(Settings(data_dir=tmp_path / "other", backends=("none",))) as media:
        assert media.engine.installation.settings.data_dir == tmp_path / "other"
