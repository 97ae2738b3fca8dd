"""The record of calls: an earlier job answers the same call; of several that try, exactly one makes or joins a job."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import anyio
import pytest

from fakes.libraries import Place, open_library
from fakes.records import a_job, a_key, a_task
from mediasmith.storage.library.store import Library

REQUEST = a_key(digest="request")


async def start(
    library: Library, name: str, *, replaces: str = "", request: bool = False, owner: str = "owner"
) -> bool:
    """Record a job for a call, the one with the request id or one without."""
    key = REQUEST if request else a_key()
    return await library.add_job(a_job(name, owner=owner), [a_task(name)], key=key, replaces=replaces)


async def test_a_job_is_recorded_with_the_call_that_waits_for_it(place: Place) -> None:
    async with open_library(place) as library:
        assert await start(library, "a", request=True)
        assert await library.tasks("a") == [a_task("a")]
        assert await library.calls.waiting("a") == {"owner": True}
        assert await library.calls.requested(REQUEST) == a_job("a")


async def test_the_same_call_makes_another_job_while_the_first_is_waited_for(place: Place) -> None:
    async with open_library(place) as library:
        assert await start(library, "a")
        assert await start(library, "b")
        assert [job.id for job in await library.calls.unanswered(a_key())] == ["b", "a"]


@pytest.mark.parametrize(
    ("state", "blocked"), [("running", True), ("done", True), ("unknown", True), ("failed", False)]
)
async def test_no_job_is_made_beside_one_that_nobody_waits_for_and_whose_answer_is_due(
    place: Place, state: str, *, blocked: bool
) -> None:
    async with open_library(place) as library:
        await start(library, "a")
        await library.save_job(a_job("a", state=state))
        await library.calls.leave("a", "owner")
        assert await start(library, "b") is not blocked
        assert (await library.tasks("b") == []) is blocked
        await library.calls.save_answer("a", "owner", answered=True, waits=False)
        assert await start(library, "c")


async def test_of_several_processes_exactly_one_makes_the_job_of_a_request_id(place: Place) -> None:
    made: list[str] = []

    async def call(library: Library, name: str) -> None:
        if await start(library, name, request=True):
            made.append(name)

    async with open_library(place) as one, open_library(place) as two, anyio.create_task_group() as group:
        for number in range(5):
            group.start_soon(call, one, f"one-{number}")
            group.start_soon(call, two, f"two-{number}")
    async with open_library(place) as library:
        found = await library.calls.requested(REQUEST)
        assert [job.id for job in await library.recent("ada", 20)] == made == [found and found.id]


async def test_a_job_is_replaced_once_and_a_request_id_ends_with_its_time(place: Place) -> None:
    async with open_library(place) as library:
        await start(library, "a", request=True)
        assert await start(library, "b", request=True, replaces="a")
        assert not await start(library, "c", request=True, replaces="a")
        late = a_key(digest="request", since=a_job().created + 1)
        assert await library.calls.requested(late) is None
        assert await library.add_job(a_job("d"), [], key=late)
        assert await library.calls.requested(REQUEST) == a_job("d")


async def test_exactly_one_of_several_calls_joins_a_job_that_nobody_waits_for(place: Place) -> None:
    joined: list[str] = []

    async def join(library: Library, owner: str) -> None:
        if await library.calls.wait_alone("a", owner, gone=["owner"]):
            joined.append(owner)

    async with open_library(place) as one, open_library(place) as two, anyio.create_task_group() as group:
        await start(one, "a")
        for number in range(5):
            group.start_soon(join, one, f"one-{number}")
            group.start_soon(join, two, f"two-{number}")
    async with open_library(place) as library:
        assert len(joined) == 1
        assert await library.calls.waiting("a") == {"owner": False, joined[0]: True}


async def test_an_answered_job_is_not_joined_unless_its_answer_was_lost(place: Place) -> None:
    async with open_library(place) as library:
        await start(library, "a")
        await library.calls.save_answer("a", "owner", answered=True, waits=False)
        assert not await library.calls.wait_alone("a", "heir", gone=[])
        await library.calls.save_answer("a", "owner", answered=False, waits=False)
        assert await library.calls.wait_alone("a", "heir", gone=[])


async def test_a_job_of_an_older_server_has_nobody_on_record(place: Place) -> None:
    async with open_library(place) as library:
        await library.add_job(a_job("a"), [])
        assert await library.calls.waiting("a") == {}
        assert await start(library, "b")


async def test_plans_are_kept_until_their_jobs_have_ended(place: Place) -> None:
    async with open_library(place) as library:
        for name in ("a", "b"):
            await start(library, name)
            await library.calls.save_plan(name, {"old": name})
            await library.calls.save_plan(name, {"of": name})
        await library.save_job(a_job("a", state="done"))
        await library.calls.delete_old_plans()
        assert not await library.calls.has_plan("a")
        assert await library.calls.plan("a") is None
        assert await library.calls.plan("b") == {"of": "b"}
        await library.calls.delete_plan("b")
        assert not await library.calls.has_plan("b")


async def test_what_is_known_of_calls_goes_with_their_job_also_when_an_older_server_deletes_it(path: Path) -> None:
    async with open_library(path) as library:
        await start(library, "a", request=True)
        await library.calls.save_plan("a", {})
    older = sqlite3.connect(path, isolation_level=None)
    older.execute("PRAGMA foreign_keys = ON")
    assert older.execute("PRAGMA user_version").fetchone() == (1,)
    older.execute("DELETE FROM job")
    counts = [
        older.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("waiting", "request_id", "saved_plan")
    ]
    older.close()
    assert counts == [(0,)] * 3
