"""Look at a library as a whole: pages of its artifacts, trees of edits, what was spent, and whether anything changed.

Each method returns only what belongs to the principal that it is given.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mediasmith.storage.library.database import Reader, Row
from mediasmith.storage.library.records import Artifact
from mediasmith.storage.library.rows import to_artifact

_MOST_ANCESTORS = 100
_DAY = 86_400.0

_ARTIFACT = """
    SELECT artifact.* FROM artifact JOIN artifact_facts AS facts ON facts.artifact_id = artifact.id
    WHERE facts.principal = :principal
"""
_CONDITIONS: Mapping[str, str] = {
    "kind": "facts.kind = :kind",
    "backend": "facts.backend = :backend",
    "since": "facts.created >= :since",
    "before": "facts.created < :before",
    "text": "facts.prompts LIKE :text ESCAPE '!'",
    "after": "(facts.created, facts.artifact_id) < (:after_created, :after_id)",
}
_NEWEST_FIRST = "ORDER BY facts.created DESC, facts.artifact_id DESC LIMIT :limit"
_COUNTS = """
    SELECT kind AS name, count(*) AS number FROM artifact_facts WHERE principal = :principal GROUP BY kind
"""
_COUNTS_OF = {"kind": _COUNTS, "backend": _COUNTS.replace("kind", "backend")}
# The limit ends a recursion that has no end: rows are taken as they are found. UNION ends a circle.
_ANCESTORS = """
    WITH RECURSIVE up (id, parent, steps) AS (
        SELECT artifact_id, parent, 0 FROM artifact_facts WHERE artifact_id = :id AND principal = :principal
        UNION
        SELECT facts.artifact_id, facts.parent, up.steps + 1 FROM up
        JOIN artifact_facts AS facts ON facts.artifact_id = up.parent
        WHERE facts.principal = :principal AND up.steps < :limit
    )
    SELECT artifact.* FROM (SELECT id, steps FROM up LIMIT :limit) AS found JOIN artifact ON artifact.id = found.id
    ORDER BY found.steps
"""
_DESCENDANTS = """
    WITH RECURSIVE down (id, steps) AS (
        SELECT artifact_id, 0 FROM artifact_facts WHERE artifact_id = :id AND principal = :principal
        UNION
        SELECT facts.artifact_id, down.steps + 1 FROM down
        JOIN artifact_facts AS facts ON facts.principal = :principal AND facts.parent = down.id
        WHERE down.steps < :limit
    )
    SELECT artifact.* FROM (SELECT id, steps FROM down LIMIT :limit) AS found JOIN artifact ON artifact.id = found.id
    ORDER BY found.steps
"""
# `floor` is not in every SQLite, and halves are not rounded alike in all databases.
_SPENT_DAY = f"round(created / {_DAY}) - CASE WHEN round(created / {_DAY}) > created / {_DAY} THEN 1 ELSE 0 END"
_SPENT = f"""
    SELECT {_SPENT_DAY} AS day, backend, sum(coalesce(usd, 0.0)) AS usd, count(*) - count(usd) AS unknown
    FROM part_facts WHERE principal = :principal AND created >= :since GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608 - constants


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which artifacts to return: those to which everything that is given applies.

    `text` occurs in a prompt. They were created at `since` or later, and earlier than `before`.
    """

    kind: str = ""
    backend: str = ""
    text: str = ""
    since: float | None = None
    before: float | None = None


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What the calls of a day (UTC) to a backend cost in US dollars, as charged or else as estimated.

    `day` begins at that second since 1970. `unknown` calls, whose price is not known, are not in the sum.
    """

    day: float
    backend: str
    usd: float
    unknown: int


class Overview:
    """Reads the records of a library."""

    def __init__(self, database: Reader) -> None:
        self._database = database

    async def close(self) -> None:
        """Close the database, if it was opened."""
        await self._database.close()

    async def artifact(self, artifact_id: str, *, principal: str) -> Artifact | None:
        """Return the committed artifact with this id, or None; this does not count as a use of it."""
        sql = "SELECT * FROM artifact WHERE id = :id AND principal = :principal AND token = ''"
        return next(iter(await self._database.read(to_artifact, sql, id=artifact_id, principal=principal)), None)

    async def page(
        self, wanted: Filter, *, principal: str, limit: int, after: tuple[float, str] | None = None
    ) -> list[Artifact]:
        """Return up to `limit` artifacts, newest first. `after` is the time and the id of the last one before them."""
        values: dict[str, object] = {name: value for name, value in vars(wanted).items() if value not in {"", None}}
        if "text" in values:
            values["text"] = f"%{escape_pattern(wanted.text.lower())}%"
        if after is not None:
            values["after"], values["after_created"], values["after_id"] = True, *after
        conditions = [sql for name, sql in _CONDITIONS.items() if name in values]
        sql = " AND ".join([_ARTIFACT, *conditions])
        return await self._database.read(
            to_artifact, f"{sql} {_NEWEST_FIRST}", principal=principal, limit=limit, **values
        )

    async def counts(self, *, principal: str) -> Mapping[str, Mapping[str, int]]:
        """Return how many artifacts there are of each `kind` and `backend`."""
        return {
            column: dict(await self._database.read(_named_number, sql, principal=principal))
            for column, sql in _COUNTS_OF.items()
        }

    async def tree(self, artifact_id: str, *, principal: str, limit: int) -> list[Artifact]:
        """Return an artifact with what it was edited from and into, from the first one on, parents before children.

        Of a tree with more than `limit` artifacts, return those nearest to the first one, and the ancestors.
        """
        up = await self._database.read(
            to_artifact, _ANCESTORS, id=artifact_id, principal=principal, limit=_MOST_ANCESTORS
        )
        if not up:
            return []
        down = await self._database.read(to_artifact, _DESCENDANTS, id=up[-1].id, principal=principal, limit=limit)
        return list({one.id: one for one in (*reversed(up), *down)}.values())

    async def spent(self, *, principal: str, since: float) -> Sequence[Spent]:
        """Return what jobs that were created since then have cost or may have cost, by day and backend."""
        return await self._database.read(_to_spent, _SPENT, principal=principal, since=since)

    async def running(self, *, principal: str, limit: int) -> list[str]:
        """Return the ids of running jobs, newest first."""
        sql = """
            SELECT id FROM job WHERE state = 'running' AND principal = :principal ORDER BY created DESC, id LIMIT :limit
        """
        return await self._database.read(lambda row: str(row["id"]), sql, principal=principal, limit=limit)

    async def existing(self, ids: Sequence[str]) -> set[str]:
        """Return which of these artifacts, of any principal, are in the library."""
        sql = "SELECT id FROM artifact WHERE id IN (SELECT value FROM json_each(:ids))"
        return {*await self._database.read(lambda row: str(row["id"]), sql, ids=json.dumps(list(ids)))}

    async def revision(self) -> int:
        """Return a number that is another one whenever something was written since it was last asked for."""
        return await self._database.revision()


def escape_pattern(text: str) -> str:
    """Return a text as a pattern that it alone matches, with `!` for ESCAPE."""
    for sign in "!%_":
        text = text.replace(sign, f"!{sign}")
    return text


def _named_number(row: Row) -> tuple[str, int]:
    return str(row["name"]), int(row["number"])


def _to_spent(row: Row) -> Spent:
    return Spent(
        day=float(row["day"]) * _DAY, backend=str(row["backend"]), usd=float(row["usd"]), unknown=int(row["unknown"])
    )
