"""Tables with what is looked up in artifacts and parts besides their columns, which triggers fill from their JSON.

Older servers, which write neither table, may share the file: the triggers run for them, too. A row goes with its
artifact or part. Nothing here may fail where a record is odd: the write that it would stop is one that was paid for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite3 import Connection

_TABLES = """
    CREATE TABLE artifact_facts (
        artifact_id TEXT PRIMARY KEY REFERENCES artifact ON DELETE CASCADE, principal TEXT NOT NULL,
        kind TEXT NOT NULL, backend TEXT NOT NULL, parent TEXT NOT NULL, created REAL NOT NULL, prompts TEXT NOT NULL
    );
    CREATE INDEX artifact_facts_by_date ON artifact_facts (principal, created, artifact_id);
    CREATE INDEX artifact_facts_by_kind ON artifact_facts (principal, kind, created, artifact_id);
    CREATE INDEX artifact_facts_by_backend ON artifact_facts (principal, backend, created, artifact_id);
    CREATE INDEX artifact_facts_by_parent ON artifact_facts (principal, parent, created);

    CREATE TABLE part_facts (
        job_id TEXT NOT NULL, number INTEGER NOT NULL, principal TEXT NOT NULL, backend TEXT NOT NULL,
        created REAL NOT NULL, usd REAL,
        PRIMARY KEY (job_id, number), FOREIGN KEY (job_id, number) REFERENCES part ON DELETE CASCADE
    );
    CREATE INDEX part_facts_by_date ON part_facts (principal, created, backend, usd);
"""

_ARTIFACT_FACTS = """
    SELECT
        new.id, new.principal, coalesce(json_extract(new.record, '$.kind'), ''),
        coalesce(json_extract(new.record, '$.backend'), ''), coalesce(json_extract(new.record, '$.parent'), ''),
        coalesce(json_extract(new.record, '$.created'), new.used),
        coalesce((SELECT lower(group_concat(value, char(10))) FROM json_each(new.record, '$.prompts')), '')
"""

_PART_FACTS = """
    SELECT
        new.job_id, new.number, job.principal, coalesce(json_extract(new.record, '$.backend'), ''), job.created,
        coalesce(new.cost_usd, new.estimate_usd)
"""

_PART_FACTS_OF_NEW = f"{_PART_FACTS} FROM job WHERE job.id = new.job_id"

_FILL = f"""
    {_TABLES}
    CREATE TRIGGER artifact_facts_of_new AFTER INSERT ON artifact WHEN new.token = '' AND json_valid(new.record) BEGIN
        INSERT OR REPLACE INTO artifact_facts {_ARTIFACT_FACTS};
    END;
    CREATE TRIGGER part_facts_of_new AFTER INSERT ON part WHEN new.billed <> 'no' AND json_valid(new.record) BEGIN
        INSERT OR REPLACE INTO part_facts {_PART_FACTS_OF_NEW};
    END;
    INSERT INTO artifact_facts {_ARTIFACT_FACTS} FROM artifact AS new WHERE new.token = '' AND json_valid(new.record);
    INSERT INTO part_facts {_PART_FACTS} FROM part AS new JOIN job ON job.id = new.job_id
        WHERE new.billed <> 'no' AND json_valid(new.record);
"""

UPDATES = f"""
    CREATE TRIGGER IF NOT EXISTS artifact_facts_of_changed AFTER UPDATE OF token, principal, record ON artifact BEGIN
        DELETE FROM artifact_facts WHERE artifact_id = new.id;
        INSERT INTO artifact_facts {_ARTIFACT_FACTS} WHERE new.token = '' AND json_valid(new.record);
    END;
    CREATE TRIGGER IF NOT EXISTS part_facts_of_changed AFTER UPDATE ON part
        WHEN old.billed <> 'no' OR new.billed <> 'no'
    BEGIN
        DELETE FROM part_facts WHERE job_id = new.job_id AND number = new.number;
        INSERT INTO part_facts {_PART_FACTS_OF_NEW} AND new.billed <> 'no' AND json_valid(new.record);
    END;
"""  # noqa: S608 - constants
"""Triggers that older servers did without, since they replaced rows as a whole by deleting them."""


def missing_facts(connection: Connection) -> str:
    """Return the SQL that adds the tables and fills them from the records, or "" if the file has them."""
    known = "SELECT 1 FROM sqlite_master WHERE name = 'part_facts'"
    return _FILL if connection.execute(known).fetchone() is None else ""
