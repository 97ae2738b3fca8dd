"""Open an engine and close it again, whatever ends the program."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from fakes.backends import fake
from fakes.engines import (
    NO_WAIT,
    Scripted,
    accepted,
    generate,
    get_job,
    hang,
    jumping_engine,
    newest_job,
    open_library,
    output_files,
    running_engine,
    wait_until_idle,
)
from fakes.server import Gate
from mediasmith.config.installation import Installation
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.engine.bootstrap import LazyEngine, lazy_engine, open_engine
from mediasmith.mcp.server import MediaServer
from mediasmith.plugin.contract import Backend
from mediasmith.plugin.errors import MediaError
from mediasmith.storage.library.calls import CallRecords
from mediasmith.storage.library.store import Library


async def turns(count: int) -> None:
    """Let the others have so many turns."""
    for _ in range(count):
        await anyio.lowlevel.checkpoint()


@asynccontextmanager
async def serving(folder: Path, *backends: Backend[None]) -> AsyncGenerator[LazyEngine]:
    """An engine as a server has it, which leaves before it is closed."""
    installation = Installation(
        settings=Settings(data_dir=folder / "data", output_dir=folder / "out"),
        registry=Registry(backends={one.name: one for one in backends or [fake("one")]}, broken={}),
        env={},
    )
    async with lazy_engine(lambda: installation) as server:
        yield server


async def test_stopping_waits_for_files_that_are_being_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    staging = anyio.Event()
    stage = Library.stage

    async def slow(self: Library, *given: Any, **rest: Any) -> bool:
        staging.set()
        await turns(200)
        return await stage(self, *given, **rest)

    monkeypatch.setattr(Library, "stage", slow)
    monkeypatch.setattr("mediasmith.jobs.running_jobs._UNWINDING_SECONDS", 10.0)  # on a busy machine, too
    async with serving(tmp_path) as server:
        running = await (await server.get()).generate({"prompt": "x"}, NO_WAIT)
        await staging.wait()
        with anyio.CancelScope(shield=True):  # the process may end after this
            await server.stop()
            async with open_library(tmp_path) as library:
                stored = await library.job(running.job_id, principal="local")
                [task] = await library.tasks(running.job_id)
            assert stored is not None
            assert (stored.state, task.phase) == ("done", "done")
    assert len(output_files(tmp_path)) == 1


async def test_stopping_waits_for_a_delivery_that_is_being_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = CallRecords.save_answer

    async def slow(self: CallRecords, *given: Any, **more: Any) -> None:
        await turns(200)
        await save(self, *given, **more)

    monkeypatch.setattr(CallRecords, "save_answer", slow)
    async with serving(tmp_path) as server:
        done = await generate(await server.get())
        with anyio.CancelScope(shield=True):  # the process may end after this
            await server.stop()
            async with open_library(tmp_path) as library:
                stored = await library.job(done.job_id, principal="local")
            assert stored is not None
            assert stored.answered


async def test_stopping_records_what_is_lost_and_what_another_process_can_collect(tmp_path: Path) -> None:
    sending, polled = Gate(), anyio.Event()

    async def poll(*_given: object) -> None:
        polled.set()
        await anyio.sleep_forever()

    accepting = Scripted(accepted("abc"), polls=[poll])
    async with serving(tmp_path, fake("sending", start=sending), accepting.backend("accepting")) as server:
        engine = await server.get()
        jobs = [(await generate(engine, caller=NO_WAIT, backend=name)).job_id for name in ("sending", "accepting")]
        await sending.reached.wait()
        await polled.wait()
        with anyio.CancelScope(shield=True):  # the process may end after this
            await server.stop()
            async with open_library(tmp_path) as library:
                stored = [await library.job(job_id, principal="local") for job_id in jobs]
            assert [job.state for job in stored if job] == ["unknown", "running"]


@pytest.mark.parametrize("ending", [KeyError("x"), SystemExit(2), KeyboardInterrupt()], ids=repr)
async def test_an_exception_of_the_program_is_raised_as_it_is_and_everything_is_closed(
    tmp_path: Path, ending: BaseException
) -> None:
    closed: list[str] = []
    provider = Scripted(accepted("abc"), polls=[hang])

    async def program() -> None:
        async with running_engine(tmp_path, closing(provider, closed)) as engine:
            await generate(engine, caller=NO_WAIT)
            await wait_until_idle(engine)
            raise ending

    with pytest.raises(type(ending)):
        await program()
    assert closed == ["closed"]
    async with jumping_engine(tmp_path, provider.backend()) as engine:
        assert (await get_job(engine, (await newest_job(engine)).job_id)).status == "done"


async def test_cancelling_the_program_closes_everything(tmp_path: Path) -> None:
    closed: list[str] = []
    provider = Scripted(accepted("abc"), polls=[hang])
    with anyio.CancelScope() as scope:
        async with running_engine(tmp_path, closing(provider, closed)) as engine:
            await generate(engine, caller=NO_WAIT)
            await wait_until_idle(engine)
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert closed == ["closed"]


async def test_cancelling_the_asyncio_task_of_the_program_closes_everything(tmp_path: Path) -> None:
    closed: list[str] = []
    provider = Scripted(accepted("abc"), polls=[hang])
    at_work = anyio.Event()

    async def program() -> None:
        async with running_engine(tmp_path, closing(provider, closed)) as engine:
            await generate(engine, caller=NO_WAIT)
            await wait_until_idle(engine)
            at_work.set()
            await anyio.sleep_forever()

    task = asyncio.create_task(program())
    await at_work.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert closed == ["closed"]


def closing(provider: Scripted, closed: list[str]) -> Any:
    """A backend that notes when its client is closed."""

    @asynccontextmanager
    async def connect(_access: object) -> AsyncGenerator[None]:
        try:
            yield None
        finally:
            closed.append("closed")

    return fake("one", connect=connect, start=provider.start, poll=provider.poll)


# Before the first call


class Opened:
    """A backend with an SDK, whose client sets `event`, then fails with `error`, or waits for the `gate`, if any."""

    def __init__(self, name: str, *, keys: tuple[str, ...] = (), error: Exception | None = None) -> None:
        self.event = anyio.Event()
        self.gate: anyio.Event | None = None
        self.error = error
        self.backend = replace(fake(name, keys=keys, connect=self.connect), sdk="json")

    @asynccontextmanager
    async def connect(self, _access: object) -> AsyncGenerator[None]:
        self.event.set()
        if self.error:
            raise self.error
        if self.gate:
            await self.gate.wait()
        yield


@asynccontextmanager
async def listed(folder: Path, *opened: Opened) -> AsyncGenerator[LazyEngine]:
    """A server with these backends whose client has just read the list of tools."""
    installation = Installation(
        settings=Settings(data_dir=folder / "data"),
        registry=Registry(backends={one.backend.name: one.backend for one in opened}, broken={}),
        env={},
    )
    async with lazy_engine(lambda: installation) as server, Client(MediaServer(server)) as client:
        await client.list_tools()
        yield server


async def test_what_a_call_needs_is_loaded_once_the_tools_are_listed(tmp_path: Path) -> None:
    broken, ready, unready = Opened("a", error=OSError()), Opened("b"), Opened("c", keys=("C_KEY",))
    async with listed(tmp_path, broken, unready, ready):
        await ready.event.wait()
    assert broken.event.is_set()
    assert not unready.event.is_set()
    assert not (tmp_path / "data").exists()


async def test_a_call_stops_what_is_loaded_ahead(tmp_path: Path) -> None:
    first, second = Opened("a"), Opened("b")
    first.gate = anyio.Event()
    async with listed(tmp_path, first, second) as server:
        await first.event.wait()
        await server.get()
        first.gate.set()
        await anyio.sleep(0.1)
    assert not second.event.is_set()


async def test_half_a_fleet_does_no_work_and_writes_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    settings = Settings(data_dir=data, store_url="s3://media")
    with pytest.raises(MediaError, match=r"^MEDIASMITH_STORE_URL is set, but MEDIASMITH_DATABASE_URL is not\."):
        async with open_engine(settings=settings, env={}):
            pass
    assert not await anyio.Path(data).exists()


@pytest.mark.parametrize("works", [True, False])
async def test_a_process_does_the_jobs_that_it_records_or_leaves_them_to_others(tmp_path: Path, *, works: bool) -> None:
    installation = Installation.load(settings=Settings(data_dir=tmp_path), env={})
    async with lazy_engine(lambda: installation, works=works) as opened:
        assert (await opened.get()).jobs.adopter.works is works
