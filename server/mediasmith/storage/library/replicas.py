"""What replicas share besides the records: who lives, who uses which slot, what rests, and news for one another.

Times are seconds, and the database's clock counts: those of the replicas may differ.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager, suppress

import anyio
import psycopg
from anyio import to_thread

from mediasmith.plugin.errors import MediaError
from mediasmith.storage.library.database import Row
from mediasmith.storage.library.postgres import PostgresDatabase
from mediasmith.storage.library.postgres_transaction import FORGET_TOKENS
from mediasmith.storage.library.records import Job
from mediasmith.storage.library.rows import intact_jobs

_CHANNEL = "mediasmith"
_PAUSE = 0.5

_BEAT = f"""
    WITH forgotten AS ({FORGET_TOKENS})
    INSERT INTO owner VALUES (:owner, now()) ON CONFLICT (id) DO UPDATE SET beat = now()
"""  # noqa: S608 - a constant
_LEAVE = "DELETE FROM owner WHERE id = :owner OR beat < now() - interval '1 day'"
_LIVES = "beat > now() - make_interval(secs => :within)"
_LIVING = f"SELECT id FROM owner WHERE {_LIVES}"  # noqa: S608 - a constant

# One step of the recursion for each owner, however many running jobs there are.
_ORPHANS = f"""
    WITH RECURSIVE working (id) AS (
        (SELECT owner FROM job WHERE state = 'running' AND owner > '' ORDER BY owner LIMIT 1)
        UNION ALL
        SELECT (
            SELECT job.owner FROM job WHERE state = 'running' AND job.owner > working.id ORDER BY job.owner LIMIT 1
        ) FROM working WHERE working.id IS NOT NULL
    )
    SELECT orphan.* FROM working CROSS JOIN LATERAL (
        SELECT * FROM job WHERE owner = working.id AND state = 'running' ORDER BY updated LIMIT :limit
    ) AS orphan
    WHERE NOT EXISTS (SELECT 1 FROM owner WHERE owner.id = working.id AND {_LIVES}) ORDER BY updated LIMIT :limit
"""  # noqa: S608 - a constant
_OWN_RUNNING = """
    SELECT * FROM job WHERE owner = :owner AND state = 'running' AND updated < :before ORDER BY updated
"""
# A replica that may soon be taken for dead begins nothing more.
_TAKE_SLOT = f"""
    INSERT INTO slot SELECT :number, :backend, id FROM owner
    WHERE id = :owner AND beat > now() - make_interval(secs => :within / 2) AND :limit > (
        SELECT count(*) FROM slot WHERE slot.backend = :backend AND slot.owner IN ({_LIVING})
    )
"""  # noqa: S608 - a constant
_REST = """
    INSERT INTO rest VALUES (:backend, now() + make_interval(secs => :seconds))
    ON CONFLICT (backend) DO UPDATE SET until = greatest(rest.until, excluded.until)
"""
_RESTING = """
    SELECT backend, extract(epoch FROM until - now())::double precision AS seconds FROM rest WHERE until > now()
"""
_ASK_CANCEL = "INSERT INTO cancel_request SELECT id FROM job WHERE id = :job_id ON CONFLICT (job_id) DO NOTHING"
_CANCELS = """
    SELECT job.id FROM job JOIN cancel_request ON cancel_request.job_id = job.id
    WHERE job.owner = :owner AND job.state = 'running'
"""


class Replicas:
    """The replicas that use a database. Every method raises `MediaError` when it cannot be used."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    async def beat(self, owner: str) -> None:
        """Record that this replica lives now, and forget the tokens of transactions that ended long ago."""
        await self._database.change(_BEAT, owner=owner)

    async def leave(self, owner: str) -> None:
        """Record that this replica lives no more, and forget those that died long ago. Their slots are free."""
        await self._database.change(_LEAVE, owner=owner)

    async def living(self, within: float) -> frozenset[str]:
        """Return the replicas whose last beat is no longer ago."""
        return frozenset(await self._database.read(_id, _LIVING, within=within))

    async def beat_age(self, owner: str) -> float | None:
        """Return how long ago the last beat of a replica was, or None for one that has left or never lived."""
        sql = "SELECT extract(epoch FROM now() - beat)::double precision AS age FROM owner WHERE id = :owner"
        return next(iter(await self._database.read(lambda row: float(row["age"]), sql, owner=owner)), None)

    async def orphans(self, within: float, limit: int) -> list[Job]:
        """Return up to `limit` running jobs of replicas that are not living, those updated the longest ago first.

        Those whose records are damaged are left out.
        """
        return await intact_jobs(self._database, _ORPHANS, within=within, limit=limit)

    async def own_running(self, owner: str, before: float) -> list[Job]:
        """Return the running jobs of a replica that were last updated before then, as `orphans`."""
        return await intact_jobs(self._database, _OWN_RUNNING, owner=owner, before=before)

    async def take_slot(self, number: int, backend: str, owner: str, limit: int, within: float) -> bool:
        """Take a slot of this number, unless living replicas hold `limit` of them.

        A replica gets none once half of `within` has passed since its last beat. Return whether the slot was taken.
        After an error, it may have been.
        """
        values = {"number": number, "backend": backend, "owner": owner, "limit": limit, "within": within}
        return await self._database.write_if((_TAKE_SLOT, [values]), locks=[f"slots {backend}"])

    async def free_slot(self, number: int) -> None:
        """Give a slot back."""
        await self._database.change("DELETE FROM slot WHERE number = :number", number=number)

    async def rest(self, backend: str, seconds: float) -> None:
        """Have a backend rest at least so long."""
        await self._database.change(_REST, backend=backend, seconds=seconds)

    async def resting(self) -> dict[str, float]:
        """Return the backends that rest, and for how long."""
        return dict(await self._database.read(lambda row: (str(row["backend"]), float(row["seconds"])), _RESTING))

    async def ask_cancel(self, job_id: str) -> None:
        """Record that a job is to be cancelled."""
        await self._database.change(_ASK_CANCEL, job_id=job_id)

    async def cancels(self, owner: str) -> list[str]:
        """Return the running jobs of a replica that are to be cancelled."""
        return await self._database.read(_id, _CANCELS, owner=owner)

    async def notify(self, text: str) -> None:
        """Send a text of up to 8,000 bytes to all that listen."""
        await self._database.read(dict, "SELECT pg_notify(:channel, :text)", channel=_CHANNEL, text=text)

    async def listen(self, heard: Callable[[str], None], reconnected: Callable[[], None]) -> None:
        """Call `heard` with each text that a replica sends, until cancelled.

        What was sent while there was no connection is lost: `reconnected` is called when there is one, the first time,
        too.
        """
        while True:
            with suppress(psycopg.Error, MediaError):
                async with self._listening() as connection:
                    reconnected()
                    while True:
                        await anyio.wait_readable(connection.fileno())
                        for text in _received(connection):
                            heard(text)
            await anyio.sleep(_PAUSE)

    @asynccontextmanager
    async def _listening(self) -> AsyncGenerator[psycopg.Connection[Row]]:
        connection = await self._database.connect()
        try:
            await to_thread.run_sync(connection.execute, f"LISTEN {_CHANNEL}".encode())
            yield connection
        finally:
            connection.close()


def _received(connection: psycopg.Connection[Row]) -> Iterator[str]:
    """Yield what has arrived; nothing here waits. Raises `psycopg.Error` when the connection is lost."""
    connection.pgconn.consume_input()
    while (notification := connection.pgconn.notifies()) is not None:
        yield notification.extra.decode()


def _id(row: Row) -> str:
    return str(row["id"])
