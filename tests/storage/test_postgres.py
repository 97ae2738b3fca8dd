"""The library's PostgreSQL database: what the network and the server do to it, and functions that are like SQLite's."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncGenerator, Callable, Generator
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import psycopg
import pytest
from psycopg.errors import (
    AdminShutdown,
    DeadlockDetected,
    IdleInTransactionSessionTimeout,
    ReadOnlySqlTransaction,
    UndefinedTable,
)

from fakes.libraries import open_library
from fakes.records import a_job, a_key, a_task, an_artifact, record
from mediasmith.plugin.errors import MediaError
from mediasmith.storage.library.overview import Filter
from mediasmith.storage.library.postgres import PostgresDatabase
from mediasmith.storage.library.store import Library

if TYPE_CHECKING:
    from fakes.postgres import PostgresServer

pytestmark = pytest.mark.fleet

LOST = psycopg.OperationalError("the connection is lost")
PASSWORD = "a-secret-password"


@pytest.fixture
async def library(database_url: str) -> AsyncGenerator[Library]:
    async with open_library(database_url) as library:
        yield library


class Trouble:
    """Has the statements of psycopg that begin like one fail, each error once, before or after they were done."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.statement = "-"
        self.errors: list[Exception] = []
        self.done = False
        execute: Callable[..., Any] = psycopg.Connection.execute

        def disturbed(connection: psycopg.Connection[Any], query: str | bytes, *given: Any) -> Any:
            text = query if isinstance(query, str) else query.decode()
            hit = text.strip().startswith(self.statement) and self.errors
            result = execute(connection, query, *given) if self.done or not hit else None
            if not hit:
                return result
            error = self.errors.pop(0)
            if error is LOST:
                connection.close()
            raise error

        monkeypatch.setattr(psycopg.Connection, "execute", disturbed)

    def expect(self, statement: str, *errors: Exception, done: bool = False) -> None:
        self.statement, self.errors, self.done = statement, [*errors], done


@pytest.fixture
def trouble(monkeypatch: pytest.MonkeyPatch) -> Trouble:
    return Trouble(monkeypatch)


# Trouble on the way


@pytest.mark.parametrize(
    "error", [LOST, AdminShutdown(), DeadlockDetected(), ReadOnlySqlTransaction(), IdleInTransactionSessionTimeout()]
)
@pytest.mark.parametrize("statement", ["BEGIN", "INSERT INTO part", "COMMIT"])
async def test_a_transaction_that_was_stopped_is_tried_again(
    library: Library, trouble: Trouble, statement: str, error: Exception
) -> None:
    await library.add_job(a_job(), [a_task()])
    trouble.expect(statement, error, error)
    assert await library.save_task(a_task(phase="accepted"), at=200.0)
    assert await library.tasks("job") == [a_task(phase="accepted")]
    assert trouble.errors == []


async def test_what_was_committed_without_an_answer_is_not_done_twice(library: Library, trouble: Trouble) -> None:
    trouble.expect("COMMIT", LOST, done=True)
    assert await library.add_job(a_job(), [a_task()], key=a_key(digest="request"))
    assert [job.id for job in await library.recent("ada", 5)] == ["job"]
    trouble.expect("COMMIT", LOST, done=True)
    assert await library.claim("job", old="owner", new="heir")
    trouble.expect("COMMIT", LOST, done=True)
    assert await library.commit(a_task(phase="done"), [an_artifact()], at=200.0)
    assert trouble.errors == []


async def test_what_is_read_is_read_again(library: Library, trouble: Trouble) -> None:
    await library.add_job(a_job(), [])
    trouble.expect("SELECT * FROM job", LOST, AdminShutdown())
    assert await library.job("job", principal="ada") == a_job()


async def test_whatever_else_the_server_says_is_an_error_that_callers_expect(
    library: Library, trouble: Trouble
) -> None:
    trouble.expect("SELECT * FROM job", UndefinedTable('relation "job" does not exist'))
    with pytest.raises(MediaError, match='cannot be used: relation "job" does not exist'):
        await library.job("job", principal="ada")


async def test_a_restart_of_the_server_is_survived(postgres: PostgresServer, library: Library) -> None:
    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(record, library, a_job(f"{number}"), an_artifact(f"{number}", f"{number}"))
        await anyio.to_thread.run_sync(postgres.restart)
    assert len(await library.recent("ada", 50)) == 20


async def test_what_has_happened_is_written_once_the_server_is_back(
    postgres: PostgresServer, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mediasmith.storage.library.postgres._PATIENCE", 0.2)
    await library.add_job(a_job(), [a_task()])
    await anyio.to_thread.run_sync(postgres.control, "stop", "-m", "immediate")
    try:
        with anyio.move_on_after(0.3) as given_up:
            await library.save_task(a_task(phase="failed"), at=200.0)
        with pytest.raises(MediaError, match=r"The database cannot be reached: .*No such file") as caught:
            await library.add_job(a_job("new"), [])
        with anyio.fail_after(5), pytest.raises(MediaError, match="cannot be reached"):
            await library.calls.save_plan("job", {})  # what is only being prepared can be given up
        with pytest.raises(MediaError, match="cannot be reached"):
            await library.tasks("job")
    finally:
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: library.save_task(a_task(phase="accepted"), at=200.0))
            await anyio.sleep(0.3)
            await anyio.to_thread.run_sync(postgres.start)
    assert given_up.cancelled_caught
    assert "MEDIASMITH_DATABASE_URL" in caught.value.hint
    assert await library.tasks("job") == [a_task(phase="accepted")]
    assert await library.job("new", principal="ada") is None


async def test_at_the_end_of_a_process_only_a_database_that_is_there_is_written_to(
    postgres: PostgresServer, database_url: str
) -> None:
    database = PostgresDatabase(database_url)
    insert = "INSERT INTO rest VALUES (:name, now())"
    database.end_within(0.0)
    assert await database.write((insert, [{"name": "one"}])) == [1]
    await anyio.to_thread.run_sync(postgres.control, "stop", "-m", "immediate")
    try:
        with anyio.fail_after(5), pytest.raises(MediaError, match="cannot be reached"):
            await database.write((insert, [{"name": "two"}]))
    finally:
        await anyio.to_thread.run_sync(postgres.start)
    await database.close()


async def test_a_job_is_passed_on_as_soon_as_that_can_be_done(
    library: Library, trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mediasmith.storage.library.postgres._PATIENCE", 0.0)
    await library.add_job(a_job(), [])
    trouble.expect("UPDATE job", LOST, LOST)
    await library.pass_on("job", old="owner", new="any")
    [job] = await library.unfinished()
    assert job.owner == "any"


async def test_a_process_that_was_cut_off_does_not_hold_up_others_for_long(
    database_url: str, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = "SET idle_in_transaction_session_timeout = '300ms'; SET lock_timeout = '100ms'"
    monkeypatch.setattr("mediasmith.storage.library.postgres._SETTINGS", settings)
    await library.add_job(a_job(), [a_task()])
    cut_off = await PostgresDatabase(database_url).connect()
    cut_off.execute("BEGIN")
    cut_off.execute("UPDATE part SET first = 7")
    with anyio.fail_after(20):
        assert await library.save_task(a_task(phase="accepted"), at=200.0)
    cut_off.close()
    assert await library.tasks("job") == [a_task(phase="accepted")]


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://ada:{PASSWORD}@127.0.0.1:1/name",
        f"postgresql://ada:{PASSWORD}@127.0.0.1:one/name",
        f"postgresql://ada@127.0.0.1/name?{PASSWORD}",
        f"postgresql://ada:{PASSWORD}@127.0.0.1:1/name?sslmode={PASSWORD}",
    ],
)
async def test_no_error_shows_the_password(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediasmith.storage.library.postgres._PATIENCE", 0.0)
    async with open_library(address) as library:
        with pytest.raises(MediaError, match=r"The database cannot be (reached|used)") as caught:
            await library.add_job(a_job(), [])
    assert PASSWORD not in str(caught.value)


async def test_replicas_that_start_together_make_the_tables_once(postgres: PostgresServer) -> None:
    postgres.execute("CREATE DATABASE bare TEMPLATE template0")
    databases = [PostgresDatabase(postgres.address("bare")) for _ in range(4)]
    versions: list[int] = []

    async def start(database: PostgresDatabase) -> None:
        versions.extend(await database.read(lambda row: int(row["number"]), "SELECT number FROM schema_version"))

    async with anyio.create_task_group() as group:
        for database in databases:
            group.start_soon(start, database)
    for database in databases:
        await database.close()
    postgres.execute("DROP DATABASE bare")
    assert versions == [1] * 4


async def test_a_user_without_rights_is_told_so(postgres: PostgresServer, database_url: str) -> None:
    postgres.execute("CREATE ROLE guest LOGIN")
    async with open_library(database_url.replace("mediasmith@", "guest@")) as library:
        with pytest.raises(MediaError, match="cannot be used: permission denied for table") as caught:
            await library.add_job(a_job(), [])
    postgres.execute("DROP ROLE guest")
    assert "rights" in caught.value.hint


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("ada:wrong@/postgres", 'password authentication failed for user "ada"'),
        ("ada@/postgres", "no password supplied"),
        ("stranger:wrong@/postgres", 'password authentication failed for user "stranger"'),
        ("ada:right@/elsewhere", 'database "elsewhere" does not exist'),
        ("ada:right@/private", 'permission denied for database "private"'),
        ("mediasmith@/elsewhere", 'database "elsewhere" does not exist'),
        ("ghost@/postgres", 'role "ghost" does not exist'),
        ("group@/postgres", 'role "group" is not permitted to log in'),
        ("banned@/postgres", "pg_hba.conf rejects connection"),
    ],
)
async def test_what_waiting_does_not_correct_is_said_at_once(
    asks_for_passwords: str, address: str, reason: str
) -> None:
    async with open_library(f"postgresql://{address}?host={asks_for_passwords}") as library:
        with anyio.fail_after(3), pytest.raises(MediaError, match="The database cannot be used") as caught:
            await library.unfinished()
    assert reason in caught.value.message
    assert "MEDIASMITH_DATABASE_URL" in caught.value.hint


async def test_too_many_connections_are_waited_for(
    postgres: PostgresServer, asks_for_passwords: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mediasmith.storage.library.postgres._PATIENCE", 0.3)
    postgres.execute("ALTER ROLE ada CONNECTION LIMIT 0")
    async with open_library(f"postgresql://ada:right@/postgres?host={asks_for_passwords}") as library:
        with pytest.raises(MediaError, match=r"cannot be reached: .* too many connections"):
            await library.unfinished()


async def test_what_has_happened_is_written_once_the_password_is_right(
    postgres: PostgresServer, asks_for_passwords: str, library: Library, database_url: str
) -> None:
    await library.add_job(a_job(), [a_task()])
    postgres.execute("ALTER ROLE ada SUPERUSER PASSWORD 'changed'")
    async with (
        open_library(database_url.replace("mediasmith@", "ada:right@")) as other,
        anyio.create_task_group() as group,
    ):
        group.start_soon(lambda: other.save_task(a_task(phase="accepted"), at=200.0))
        await anyio.sleep(0.3)
        postgres.execute("ALTER ROLE ada PASSWORD 'right'")
    assert await library.tasks("job") == [a_task(phase="accepted")]


@pytest.fixture
def asks_for_passwords(postgres: PostgresServer) -> Generator[str]:
    """The address of the server, which has a role with a password and others that it does not let in."""
    rules = postgres.folder / "data/pg_hba.conf"
    before = rules.read_text()
    asked = "local all ada,stranger scram-sha-256\nlocal all banned reject\n"
    postgres.execute("CREATE ROLE ada LOGIN PASSWORD 'right'; CREATE ROLE \"group\"")
    postgres.execute("CREATE DATABASE private")
    postgres.execute("REVOKE CONNECT ON DATABASE private FROM PUBLIC")
    rules.write_text(asked + before)
    postgres.reload()
    yield str(postgres.folder)
    rules.write_text(before)
    postgres.reload()
    postgres.execute("DROP DATABASE private")
    postgres.execute('DROP ROLE ada, "group"')


# As in SQLite


RECORDS = [
    '{"phase": "done", "path": "a"}',
    '{"phase": "d\\u00f6ne", "path": "\\ud83d\\ude00"}',
    '{"phase": "done", "path": "\\u0000"}',
    '{"phase": "a\\\\u0000", "other": "\\u0000"}',
    '{"phase": "done", "path": "\\ud800"}',
    '{"phase": "\\ud83d\\ude00", "path": "\\udce9\\ud83d"}',
    '{"phase": "x", "params": {"phase": "done"}}',
    '{"phase": null}',
    '{"other": 1e400}',
    "[]",
]


@pytest.mark.parametrize("text", [*RECORDS, "", "{", "nothing"])
async def test_json_is_read_as_sqlite_reads_it(database_url: str, text: str) -> None:
    sql = "SELECT CASE WHEN json_valid(:text) THEN coalesce(json_extract(:text, '$.phase'), 'none') END AS found"
    connection = sqlite3.connect(":memory:")
    [expected] = connection.execute(sql, {"text": text}).fetchone()
    connection.close()
    database = PostgresDatabase(database_url)
    assert await database.read(lambda row: row["found"], sql, text=text) == [expected]
    await database.close()


async def test_json_with_numbers_that_are_none_is_read_all_the_same(database_url: str) -> None:
    record = json.dumps({"a": float("nan"), "b": [1.0, float("-inf")], "text": ": NaN", "phase": "done"})
    database = PostgresDatabase(database_url)
    sql = "SELECT json_extract(:record, '$.phase') AS found"
    assert await database.read(lambda row: row["found"], sql, record=record) == ["done"]
    await database.close()


async def test_no_odd_record_stops_what_was_paid_for(library: Library) -> None:
    await record(library, a_job(), an_artifact(parent="x" * 10_000, created="never", prompts=("\0", "\ud83d", "a fox")))
    task = a_task(backend="x" * 10_000, phase="accepted", billed="yes", cost_usd=1.0)
    assert await library.save_task(task, at=1.0)
    assert await library.tasks("job") == [task]
    await record(library, a_job("other"), an_artifact("owl", "other", prompts=("\0", "\ud83d", "an owl")))
    found = await library.overview.page(Filter(text="owl"), principal="ada", limit=5)
    assert [one.id for one in found] == ["owl"]


async def test_transactions_with_a_common_lock_run_one_after_the_other(database_url: str) -> None:
    one, two = PostgresDatabase(database_url), PostgresDatabase(database_url)
    # Each inserts a row only while it sees none. Without the lock both would.
    sql = """
        INSERT INTO rest SELECT :name, now() FROM pg_sleep(0.2)
        WHERE NOT EXISTS (SELECT 1 FROM rest WHERE backend <> :name)
    """
    won: list[str] = []

    async def insert(database: PostgresDatabase, name: str) -> None:
        if await database.write_if((sql, [{"name": name}]), locks=["b", "a"] if name == "one" else ["a", "b"]):
            won.append(name)

    async with anyio.create_task_group() as group:
        group.start_soon(insert, one, "one")
        group.start_soon(insert, two, "two")
    await one.close()
    await two.close()
    assert len(won) == 1
