"""What was promised with `running` and is still queued when its process ends: the next one sends it, once, or not."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

import anyio
import pytest

from fakes.backends import Fields, png
from fakes.engines import (
    NO_WAIT,
    Scripted,
    accepted,
    generate,
    generate_batch,
    get_job,
    hang,
    open_library,
    per_image,
    picture,
    running_engine,
    task_record,
    wait_until_idle,
)
from fakes.virtual_clock import VirtualClock
from mediasmith.engine.results import MediaResult
from mediasmith.engine.use_cases import Engine
from mediasmith.plugin.contract import Backend, Model, Result, Takes
from mediasmith.plugin.errors import MediaError, RateLimited
from mediasmith.storage.inputs.kept_inputs import FolderInputs

NOT_SENT = "The server stopped before anything was sent"
AGAIN = "Call again; if that fails too, run `mediasmith doctor`."


class Busy(Scripted):
    """A provider that answers its first request once `free` is set, while those after it wait for its slot."""

    def __init__(self, *starts: Any) -> None:
        self.free = anyio.Event()

        async def wait(*_given: object) -> Result:
            await self.free.wait()
            return picture()

        super().__init__(wait, *starts)

    def backend(self, name: str = "one", **fields: Unpack[Fields]) -> Backend[None]:
        """A backend in front of this provider that takes pictures."""
        editing: Fields = {"takes": {"image": Takes()}, "edits": "image", **fields}
        return super().backend(name, **editing)

    @property
    def prompts(self) -> list[str]:
        """What was sent for after the first request."""
        return [call.prompt for call in self.calls[1:]]


@asynccontextmanager
async def busy_engine(folder: Path, *backends: Any, **settings: Any) -> AsyncGenerator[Engine]:
    """An engine that is busy with a request, so that others are queued."""
    async with running_engine(folder, *backends, concurrency=1, **settings) as engine:
        await generate(engine, "in the way", caller=NO_WAIT)
        await wait_until_idle(engine)
        yield engine


async def promised(engine: Engine, prompt: str = "a red kite", **given: Any) -> str:
    """The id of a job whose caller was told that it is running."""
    result = await generate(engine, prompt, caller=NO_WAIT, **given)
    await engine.promise(result)
    await wait_until_idle(engine)
    assert [task.phase for task in await engine.library.tasks(result.job_id)] == ["queued"]
    return result.job_id


async def continued(
    folder: Path, job_id: str, *backends: Any, clock: VirtualClock | None = None, **settings: Any
) -> MediaResult:
    """The job once the next process has done with it what may be done."""
    clock = clock or VirtualClock()
    async with running_engine(folder, *backends, clock=clock, **settings) as engine, clock.autojump():
        return await get_job(engine, job_id)


def kept_files(folder: Path) -> list[Path]:
    return [path for path in (folder / "data" / "inputs").rglob("*") if path.is_file()]


@asynccontextmanager
async def never_opens(_access: object) -> AsyncGenerator[None]:
    await anyio.sleep_forever()
    yield


async def test_a_queued_job_is_sent_by_the_next_process(tmp_path: Path) -> None:
    provider = Busy()
    async with busy_engine(tmp_path, provider.backend()) as engine:
        job = await promised(engine, seed=7)
    result = await continued(tmp_path, job, provider.backend())
    assert (result.status, len(result.files), result.error) == ("done", 1, "")
    assert [(call.prompt, call.params.seed) for call in provider.calls[1:]] == [("a red kite", 7)]


async def test_the_next_process_sends_it_without_being_asked(tmp_path: Path) -> None:
    provider = Busy()
    async with busy_engine(tmp_path, provider.backend()) as engine:
        await promised(engine)
    async with running_engine(tmp_path, provider.backend()) as engine:
        await generate(engine, "another")
        await wait_until_idle(engine)
        assert sorted(provider.prompts) == ["a red kite", "another"]


@pytest.mark.parametrize(("known", "sent"), [(True, 1), (False, 0)], ids=["there", "gone"])
async def test_a_model_that_no_list_has_is_looked_up_again(tmp_path: Path, known: bool, sent: int) -> None:
    """Only with what it takes and accepts can it be sent as it was planned."""
    found, provider = Model(id="unlisted", note="as it was looked up"), Busy()
    models = {"unlisted": found}

    async def lookup(_client: None, name: str) -> Model | None:
        return models.get(name)

    async with busy_engine(tmp_path, provider.backend(lookup=lookup)) as engine:
        job = await promised(engine, backend="one", model="unlisted")
    models = models if known else {}
    result = await continued(tmp_path, job, provider.backend(lookup=lookup))
    assert [call.model for call in provider.calls[1:]] == [found] * sent
    assert known or NOT_SENT in result.error


async def test_what_waits_to_be_sent_once_more_is_sent_by_the_next_process(tmp_path: Path) -> None:
    turn_away = anyio.Event()

    async def busy(*_given: object) -> None:
        await turn_away.wait()
        raise RateLimited("Slow down.", retry_after=30)

    clock, provider = VirtualClock(), Scripted(busy)
    async with running_engine(tmp_path, provider.backend(), clock=clock) as engine:
        running = await generate(engine, caller=NO_WAIT)
        await wait_until_idle(engine)
        await engine.promise(running)
        turn_away.set()
        await wait_until_idle(engine)
    result = await continued(tmp_path, running.job_id, provider.backend(), clock=clock)
    assert (result.status, len(provider.calls)) == ("done", 2)


async def test_of_two_processes_one_sends_it(tmp_path: Path) -> None:
    provider = Busy()
    async with busy_engine(tmp_path, provider.backend()) as engine:
        job = await promised(engine)
    clock = VirtualClock()
    async with (
        running_engine(tmp_path, provider.backend(), clock=clock) as here,
        running_engine(tmp_path, provider.backend(), clock=clock) as there,
        clock.autojump(),
        anyio.create_task_group() as tasks,
    ):
        for engine in (here, there) * 3:
            tasks.start_soon(get_job, engine, job)
    assert provider.prompts == ["a red kite"]


async def test_inputs_are_kept_as_they_were_and_removed_once_they_are_sent(tmp_path: Path) -> None:
    provider = Busy()
    given = tmp_path / "out" / "given.png"
    async with busy_engine(tmp_path, provider.backend()) as engine:
        given.write_bytes(png())
        job = await promised(engine, image=[str(given)])
        given.unlink()
    async with running_engine(tmp_path, replace(Busy().backend(), connect=never_opens)) as engine:  # it sends nothing
        assert (await get_job(engine, job, caller=NO_WAIT, wait_seconds=0)).status == "running"
        await wait_until_idle(engine)
    assert [path.read_bytes() for path in kept_files(tmp_path)] == [png()]
    sent: list[bytes] = []

    async def start(call: Any) -> Any:
        sent.append(await call.inputs["image"][0].read())
        return picture()

    async with running_engine(tmp_path, Busy().backend(start=start)) as engine:
        assert (await get_job(engine, job)).status == "done"
    assert sent == [png()]
    assert kept_files(tmp_path) == []


async def test_a_process_that_sends_it_itself_keeps_nothing(tmp_path: Path) -> None:
    provider, given = Busy(), tmp_path / "out" / "given.png"
    async with busy_engine(tmp_path, provider.backend()) as engine:
        given.write_bytes(png())
        job = await promised(engine, image=[str(given)])
        assert kept_files(tmp_path)
        provider.free.set()
        assert (await get_job(engine, job)).status == "done"
        await wait_until_idle(engine)
        assert kept_files(tmp_path) == []
        assert not await engine.library.calls.has_plan(job)


async def test_an_edit_keeps_its_state_and_the_saved_file(tmp_path: Path) -> None:
    provider = Scripted(picture(state={"id": 1}), hang)
    backend = provider.backend(takes={"image": Takes()}, edits="image")
    async with running_engine(tmp_path, backend, concurrency=1) as engine:
        origin = (await generate(engine)).continuation_id
        await generate(engine, "in the way", caller=NO_WAIT)
        await wait_until_idle(engine)
        job = (await engine.continue_edit({"continuation_id": origin, "prompt": "blue"}, NO_WAIT)).job_id
        await engine.jobs.promise(job)
    result = await continued(tmp_path, job, backend)
    assert (result.status, result.parent, provider.states) == ("done", origin, [None, None, {"id": 1}])
    assert kept_files(tmp_path) == []


async def test_the_rest_of_a_batch_is_sent_and_nothing_else_again(tmp_path: Path) -> None:
    provider = Scripted(accepted("abc"))
    provider.polls.extend([hang] * 2)
    async with running_engine(tmp_path, provider.backend(), concurrency=1) as engine:
        running = await engine.generate({"prompts": ["accepted", "queued"]}, NO_WAIT)
        await engine.promise(running)
        await wait_until_idle(engine)
    provider.polls.clear()
    result = await continued(tmp_path, running.job_id, provider.backend())
    assert [item.status for item in result.items] == ["done", "done"]
    assert [call.prompt for call in provider.calls] == ["accepted", "queued"]
    assert provider.polled == ["abc", "abc"]


async def test_the_next_process_falls_back_as_this_one_would_have(tmp_path: Path) -> None:
    one, two = Busy(RateLimited("Too much.")), Scripted()
    backends = (one.backend("one"), two.backend("two"))
    async with busy_engine(tmp_path, *backends, order=("one", "two")) as engine:
        job = await promised(engine)
    result = await continued(tmp_path, job, *backends)
    assert (result.status, result.backend) == ("done", "two")
    assert (one.prompts, len(two.calls)) == (["a red kite"], 1)


async def test_what_was_not_promised_is_not_sent(tmp_path: Path) -> None:
    provider = Busy()
    async with busy_engine(tmp_path, provider.backend()) as engine:
        job = (await generate(engine, caller=NO_WAIT)).job_id
        await wait_until_idle(engine)
    result = await continued(tmp_path, job, provider.backend())
    assert (result.status, result.error) == ("failed", f"{NOT_SENT}. Nothing was billed. {AGAIN}")
    assert provider.prompts == []


@pytest.mark.parametrize(
    ("settings", "env", "error"),
    [
        ({}, {}, "no backend that it was planned for is ready now"),
        ({"max_cost_usd": 0.01}, {"ONE_KEY": "k"}, "above MEDIASMITH_MAX_COST_USD"),
        ({"daily_budget_usd": 0.01}, {"ONE_KEY": "k"}, "today's remaining budget"),
    ],
    ids=["no key", "too dear", "no budget left"],
)
async def test_what_may_no_longer_be_sent_ends_unbilled(
    tmp_path: Path, settings: Mapping[str, Any], env: Mapping[str, str], error: str
) -> None:
    provider = Busy()
    model = Model(id="one-1", prices=per_image(0.02))
    backend = replace(provider.backend(models=(model,)), keys=("ONE_KEY",))
    async with busy_engine(tmp_path, backend, env={"ONE_KEY": "k"}) as engine:
        job = await promised(engine)
    result = await continued(tmp_path, job, backend, env=env, **settings)
    assert (result.status, result.billed, error in result.error) == ("failed", "no", True)
    assert provider.prompts == []


@pytest.mark.parametrize(("later", "sent"), [(3599.0, True), (3601.0, False)])
async def test_it_is_sent_within_an_hour_of_the_call(tmp_path: Path, later: float, *, sent: bool) -> None:
    provider, clock = Busy(), VirtualClock()
    async with busy_engine(tmp_path, provider.backend(deadline=1e6), clock=clock) as engine:
        job = await promised(engine)
        await clock.advance(later)
    result = await continued(tmp_path, job, provider.backend(), clock=clock)
    assert result.status == ("done" if sent else "failed")
    assert ("more than an hour old" in result.error) is not sent
    assert provider.prompts == (["a red kite"] if sent else [])


async def test_it_ends_unbilled_where_its_folder_is_no_longer_allowed(tmp_path: Path) -> None:
    provider, elsewhere = Busy(), tmp_path / "elsewhere"
    async with busy_engine(tmp_path, provider.backend(), allowed_dirs=(elsewhere,)) as engine:
        job = await promised(engine, output=f"{elsewhere}/")
    result = await continued(tmp_path, job, provider.backend())
    assert (result.status, result.billed, "outside the allowed folders" in result.error) == ("failed", "no", True)
    assert provider.prompts == []


def lose_a_copy(folder: Path) -> None:
    kept_files(folder)[0].unlink()


def cut_a_copy(folder: Path) -> None:
    kept_files(folder)[0].write_bytes(png()[:9])


@pytest.mark.parametrize("damage", [lose_a_copy, cut_a_copy])
async def test_it_ends_unbilled_where_its_inputs_are_not_whole(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    provider, given = Busy(), tmp_path / "out" / "given.png"
    async with busy_engine(tmp_path, provider.backend()) as engine:
        given.write_bytes(png())
        job = await promised(engine, image=[str(given)])
    damage(tmp_path)
    result = await continued(tmp_path, job, provider.backend())
    assert (result.status, result.billed, "its input files" in result.error) == ("failed", "no", True)
    assert provider.prompts == []


async def test_it_ends_unbilled_where_its_inputs_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_self: FolderInputs, _job_id: str, _count: int) -> list[Path]:
        raise MediaError("The store is away.")

    provider, given = Busy(), tmp_path / "out" / "given.png"
    async with busy_engine(tmp_path, provider.backend()) as engine:
        given.write_bytes(png())
        job = await promised(engine, image=[str(given)])
    monkeypatch.setattr(FolderInputs, "find", away)
    result = await continued(tmp_path, job, provider.backend())
    assert (result.status, result.billed) == ("failed", "no")
    assert "its input files cannot be read: The store is away." in result.error


async def test_a_promised_job_can_be_cancelled_before_it_is_sent(tmp_path: Path) -> None:
    provider = Busy()
    async with busy_engine(tmp_path, provider.backend()) as engine:
        job = await promised(engine)
    async with running_engine(tmp_path, provider.backend()) as engine:
        result = await get_job(engine, job, cancel=True)
    assert (result.status, result.error) == (
        "cancelled",
        "The job was cancelled. Nothing was billed. Call again if it is still wanted.",
    )
    assert provider.prompts == []


async def test_a_request_that_is_out_is_not_sent_again_though_a_plan_is_left(tmp_path: Path) -> None:
    provider = Busy()
    async with busy_engine(tmp_path, provider.backend()) as engine:
        job = await promised(engine)
    async with open_library(tmp_path) as library:  # as for a process that died right after this
        await library.save_task(task_record(job_id=job, phase="sending", billed="unknown"), at=1.0)
    result = await continued(tmp_path, job, provider.backend())
    assert (result.status, result.billed) == ("unknown", "unknown")
    assert provider.prompts == []


async def test_a_batch_that_is_not_queued_is_not_saved(tmp_path: Path) -> None:
    async with running_engine(tmp_path, Scripted().backend()) as engine:
        result = await generate_batch(engine, "a", "b")
        await engine.promise(result)
        assert not await engine.library.calls.has_plan(result.job_id)
