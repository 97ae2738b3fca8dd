"""What replicas share: who lives, whose jobs are orphans, slots, rests, cancellations, and news for one another."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from itertools import count
from typing import TYPE_CHECKING, Any

import anyio
import psycopg
import pytest
from anyio import to_thread

from fakes.libraries import open_library
from fakes.records import a_job
from mediasmith.storage.library.postgres import PostgresDatabase
from mediasmith.storage.library.replicas import Replicas
from mediasmith.storage.library.store import Library

if TYPE_CHECKING:
    from fakes.postgres import PostgresServer

pytestmark = pytest.mark.fleet


@pytest.fixture
async def database(database_url: str) -> AsyncGenerator[PostgresDatabase]:
    database = PostgresDatabase(database_url)
    yield database
    await database.close()


@pytest.fixture
def replicas(database: PostgresDatabase) -> Replicas:
    return Replicas(database)


@pytest.fixture
async def library(database_url: str) -> AsyncGenerator[Library]:
    async with open_library(database_url) as library:
        yield library


async def age(database: PostgresDatabase, owner: str, seconds: float) -> None:
    """Have the last beat of a replica be so long ago."""
    sql = "UPDATE owner SET beat = now() - make_interval(secs => :seconds) WHERE id = :owner"
    assert await database.change(sql, owner=owner, seconds=seconds) == 1


_numbers = count(1)


async def take_slot(replicas: Replicas, backend: str, owner: str, limit: int) -> int | None:
    """Return the number of a slot that was taken, or None."""
    number = next(_numbers)
    return number if await replicas.take_slot(number, backend, owner, limit, 30.0) else None


# Owners


async def test_who_has_not_beaten_for_long_does_not_live(database: PostgresDatabase, replicas: Replicas) -> None:
    for owner in ("one", "two", "gone"):
        await replicas.beat(owner)
    await age(database, "two", 31.0)
    await replicas.leave("gone")
    assert await replicas.living(30.0) == {"one"}
    assert await replicas.living(60.0) == {"one", "two"}
    assert (await replicas.beat_age("two") or 0) == pytest.approx(31.0, abs=5.0)
    assert await replicas.beat_age("gone") is await replicas.beat_age("\0") is None
    await replicas.beat("two")
    assert await replicas.living(30.0) == {"one", "two"}


async def test_a_replica_that_died_long_ago_is_forgotten(database: PostgresDatabase, replicas: Replicas) -> None:
    for owner in ("one", "dead", "recent"):
        await replicas.beat(owner)
    await age(database, "dead", 90_000.0)
    await age(database, "recent", 80_000.0)
    await replicas.leave("one")
    assert await replicas.living(100_000.0) == {"recent"}


async def test_a_beat_forgets_the_tokens_of_yesterday(database: PostgresDatabase, replicas: Replicas) -> None:
    old, young = (f"{int(time.time()) - ago:012x}-" for ago in (90_000, 80_000))
    await database.write(("INSERT INTO written VALUES (:token)", [{"token": old}, {"token": young}]))
    await replicas.beat("one")
    tokens = await database.read(lambda row: str(row["token"]), "SELECT token FROM written ORDER BY token")
    assert (tokens[0], len(tokens)) == (young, 3)  # and those of the two that wrote


async def test_orphans_are_the_running_jobs_of_owners_that_do_not_live(
    database: PostgresDatabase, replicas: Replicas, library: Library
) -> None:
    for owner in ("lives", "late"):
        await replicas.beat(owner)
    await age(database, "late", 31.0)
    owners = {"a": "late", "b": "lives", "c": "never", "d": "", "e": "late", "f": "never"}
    for number, (name, owner) in enumerate(owners.items()):
        await library.add_job(a_job(name, owner=owner, updated=100.0 - number), [])
    await library.save_job(a_job("f", owner="never", state="done"))
    assert [job.id for job in await replicas.orphans(30.0, 10)] == ["e", "c", "a"]
    assert [job.id for job in await replicas.orphans(30.0, 2)] == ["e", "c"]
    assert [job.id for job in await replicas.orphans(60.0, 10)] == ["c"]


async def test_a_damaged_job_does_not_hide_the_others(
    database: PostgresDatabase, replicas: Replicas, library: Library
) -> None:
    for name in ("a", "damaged", "b"):
        await library.add_job(a_job(name, owner="dead"), [])
    assert await database.change("UPDATE job SET record = '{' WHERE id = 'damaged'") == 1
    assert {job.id for job in await replicas.orphans(30.0, 10)} == {"a", "b"}
    assert {job.id for job in await replicas.own_running("dead", before=900.0)} == {"a", "b"}


async def test_jobs_are_found_without_reading_all(
    database_url: str, replicas: Replicas, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    await replicas.beat("one")
    await library.add_job(a_job(), [])
    asked: list[tuple[bytes, Any]] = []
    execute = psycopg.Connection.execute

    def recorded(connection: psycopg.Connection[Any], query: bytes, *given: Any) -> Any:
        if given:
            asked.append((query, *given))
        return execute(connection, query, *given)

    monkeypatch.setattr(psycopg.Connection, "execute", recorded)
    await replicas.orphans(30.0, 10)
    await replicas.own_running("owner", 900.0)
    await replicas.cancels("owner")
    monkeypatch.undo()
    plans: list[str] = []
    with psycopg.connect(f"{database_url}&options=-c%20enable_seqscan%3Doff") as connection:
        for query, values in asked:
            plans.append("\n".join(row[0] for row in connection.execute(b"EXPLAIN " + query, values)))
    assert len(plans) == 3
    for plan in plans:
        assert "Seq Scan on job" not in plan
        assert "job_of_owner" in plan


async def test_own_running_jobs_are_those_that_were_not_updated_since(replicas: Replicas, library: Library) -> None:
    for name, changes in {"b": {"updated": 20.0}, "a": {"updated": 10.0}, "new": {"updated": 30.0}}.items():
        await library.add_job(a_job(name, **changes), [])
    await library.add_job(a_job("other", owner="other", updated=1.0), [])
    await library.add_job(a_job("done", state="done", updated=1.0), [])
    assert [job.id for job in await replicas.own_running("owner", 30.0)] == ["a", "b"]


# Slots


async def test_no_more_slots_are_taken_than_there_are(database_url: str, replicas: Replicas) -> None:
    other = PostgresDatabase(database_url)
    taken: list[int | None] = []

    async def take(replicas: Replicas, owner: str) -> None:
        taken.append(await take_slot(replicas, "fal", owner, 3))

    for owner in ("one", "two"):
        await replicas.beat(owner)
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(take, replicas, "one")
            group.start_soon(take, Replicas(other), "two")
    await other.close()
    numbers = [number for number in taken if number is not None]
    assert (len(numbers), len(taken)) == (3, 10)
    assert await take_slot(replicas, "another", "one", 1) is not None
    await replicas.free_slot(numbers[0])
    assert await take_slot(replicas, "fal", "one", 3) is not None
    assert await take_slot(replicas, "fal", "one", 3) is None


async def test_a_replica_that_may_soon_be_taken_for_dead_gets_no_slot(
    database: PostgresDatabase, replicas: Replicas
) -> None:
    await replicas.beat("silent")
    await age(database, "silent", 16.0)
    assert not await replicas.take_slot(1, "fal", "silent", 2, 30.0)
    await replicas.beat("silent")
    assert await replicas.take_slot(2, "fal", "silent", 2, 30.0)


async def test_the_slots_of_the_dead_are_free(database: PostgresDatabase, replicas: Replicas) -> None:
    for owner in ("left", "dead", "one"):
        await replicas.beat(owner)
    assert await take_slot(replicas, "fal", "left", 2)
    assert await take_slot(replicas, "fal", "dead", 2)
    assert await take_slot(replicas, "fal", "one", 2) is None
    await replicas.leave("left")
    assert await take_slot(replicas, "fal", "one", 2) is not None
    assert await take_slot(replicas, "fal", "one", 2) is None
    await age(database, "dead", 31.0)
    assert await take_slot(replicas, "fal", "one", 2) is not None
    assert await take_slot(replicas, "fal", "left", 9) is None


# Rests and cancellations


async def test_a_backend_rests_as_long_as_any_replica_says(replicas: Replicas) -> None:
    await replicas.rest("fal", 60.0)
    await replicas.rest("fal", 5.0)
    await replicas.rest("past", 0.0)
    assert await replicas.resting() == {"fal": pytest.approx(60.0, abs=5.0)}
    await replicas.rest("fal", 120.0)
    assert (await replicas.resting())["fal"] > 100.0


async def test_the_owner_learns_which_of_its_running_jobs_are_to_be_cancelled(
    replicas: Replicas, library: Library
) -> None:
    for name, changes in {"a": {}, "theirs": {"owner": "other"}, "done": {"state": "done"}, "not": {}}.items():
        await library.add_job(a_job(name, **changes), [])
    for name in ("a", "a", "theirs", "done", "unknown"):
        await replicas.ask_cancel(name)
    assert await replicas.cancels("owner") == ["a"]
    await library.claim("theirs", old="other", new="owner")
    assert sorted(await replicas.cancels("owner")) == ["a", "theirs"]


# News


class Listener:
    """What a replica has heard, and how often it was connected."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.connections = 0

    def connected(self) -> None:
        self.connections += 1

    async def wait(self, connections: int, *texts: str) -> None:
        """Wait until so many connections were made and these texts were heard."""
        with anyio.fail_after(20):
            while (self.connections, self.texts) != (connections, [*texts]):  # noqa: ASYNC110 - another process acts
                await anyio.sleep(0.01)


async def test_what_one_replica_says_all_hear_also_after_the_server_was_restarted(
    postgres: PostgresServer, database_url: str, replicas: Replicas
) -> None:
    listener, other, database = Listener(), Listener(), PostgresDatabase(database_url)
    async with anyio.create_task_group() as group:
        group.start_soon(replicas.listen, listener.texts.append, listener.connected)
        group.start_soon(Replicas(database).listen, other.texts.append, other.connected)
        await listener.wait(1)
        await other.wait(1)
        for text in ("job-1", "job-é"):
            await replicas.notify(text)
        await listener.wait(1, "job-1", "job-é")
        await other.wait(1, "job-1", "job-é")
        await to_thread.run_sync(postgres.restart)
        await listener.wait(2, "job-1", "job-é")
        await other.wait(2, "job-1", "job-é")
        await replicas.notify("job-2")
        await listener.wait(2, "job-1", "job-é", "job-2")
        group.cancel_scope.cancel()
    await database.close()


async def test_a_listener_that_is_cancelled_closes_its_connection(
    database: PostgresDatabase, replicas: Replicas
) -> None:
    listener = Listener()
    sql = "SELECT count(*) AS number FROM pg_stat_activity WHERE datname = current_database()"
    async with anyio.create_task_group() as group:
        group.start_soon(replicas.listen, listener.texts.append, listener.connected)
        await listener.wait(1)
        assert await database.read(lambda row: int(row["number"]), sql) == [2]
        group.cancel_scope.cancel()
    with anyio.fail_after(10):
        while await database.read(lambda row: int(row["number"]), sql) != [1]:  # noqa: ASYNC110 - as above
            await anyio.sleep(0.01)


async def test_a_listener_without_a_database_goes_on_trying() -> None:
    replicas = Replicas(PostgresDatabase("postgresql://127.0.0.1/name?nothing=1"))
    listener = Listener()
    with anyio.move_on_after(0.3) as given_up:
        await replicas.listen(listener.texts.append, listener.connected)
    assert given_up.cancelled_caught
