"""The tables of a library in PostgreSQL, and functions by which it reads the same SQL as SQLite."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg import Connection

    from mediasmith.storage.library.database import Row

_TABLES = """
    CREATE TABLE job (
        id TEXT COLLATE "C" PRIMARY KEY, principal TEXT NOT NULL, fingerprint TEXT NOT NULL, state TEXT NOT NULL,
        owner TEXT COLLATE "C" NOT NULL, created DOUBLE PRECISION NOT NULL, updated DOUBLE PRECISION NOT NULL,
        answered INTEGER NOT NULL, record TEXT NOT NULL, rowid BIGSERIAL
    );
    CREATE INDEX job_of_principal ON job (principal, created);
    CREATE INDEX job_of_fingerprint ON job (fingerprint, principal, created);
    CREATE INDEX job_created ON job (created);
    CREATE INDEX job_running ON job (created) WHERE state = 'running';
    CREATE INDEX job_of_owner ON job (owner, updated) WHERE state = 'running';

    CREATE TABLE part (
        job_id TEXT COLLATE "C" NOT NULL REFERENCES job ON DELETE CASCADE, number INTEGER NOT NULL,
        item INTEGER NOT NULL, first INTEGER NOT NULL, billed TEXT NOT NULL, cost_usd DOUBLE PRECISION,
        estimate_usd DOUBLE PRECISION, record TEXT NOT NULL,
        PRIMARY KEY (job_id, number)
    );

    CREATE TABLE artifact (
        id TEXT COLLATE "C" PRIMARY KEY, job_id TEXT COLLATE "C" NOT NULL REFERENCES job, part INTEGER NOT NULL,
        position INTEGER NOT NULL, token TEXT NOT NULL, principal TEXT NOT NULL, used DOUBLE PRECISION NOT NULL,
        record TEXT NOT NULL, rowid BIGSERIAL
    );
    CREATE INDEX artifact_of_job ON artifact (job_id, part, position);

    CREATE TABLE waiting (
        job_id TEXT COLLATE "C" NOT NULL REFERENCES job ON DELETE CASCADE, owner TEXT NOT NULL, waits INTEGER NOT NULL,
        PRIMARY KEY (job_id, owner)
    );
    CREATE TABLE request_id (
        principal TEXT NOT NULL, digest TEXT NOT NULL,
        job_id TEXT COLLATE "C" NOT NULL REFERENCES job ON DELETE CASCADE,
        PRIMARY KEY (principal, digest)
    );
    CREATE INDEX request_id_of_job ON request_id (job_id);
    CREATE TABLE saved_plan (
        job_id TEXT COLLATE "C" PRIMARY KEY REFERENCES job ON DELETE CASCADE, record TEXT NOT NULL
    );

    CREATE TABLE written (token TEXT COLLATE "C" PRIMARY KEY);
"""

# Records are JSON as Python writes it: with NUL, half a surrogate pair and numbers that are none, which PostgreSQL's
# types do not hold. So it stays TEXT, and what is looked up in it is read with these replaced.
_JSON = r"""
    CREATE FUNCTION read_json(record TEXT) RETURNS JSONB LANGUAGE plpgsql IMMUTABLE STRICT AS $$
    DECLARE
        plain TEXT;
    BEGIN
        RETURN record::jsonb;
    EXCEPTION WHEN OTHERS THEN
        BEGIN
            plain := replace(record, '\\', '\u005c');
            plain := regexp_replace(
                plain,
                '\\u0000|\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f])|(?<!\\ud[89ab][0-9a-f]{2})\\ud[c-f][0-9a-f]{2}',
                '\\ufffd', 'g'
            );
            RETURN regexp_replace(plain, '([:,\[] ?)(NaN|-?Infinity)\M', '\1null', 'g')::jsonb;
        EXCEPTION WHEN OTHERS THEN
            RETURN NULL;
        END;
    END $$;

    CREATE FUNCTION json_valid(record TEXT) RETURNS BOOLEAN LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT read_json(record) IS NOT NULL $$;

    CREATE FUNCTION json_extract(record TEXT, path TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT read_json(record) #>> string_to_array(substr(path, 3), '.') $$;

    CREATE FUNCTION json_each(list TEXT) RETURNS TABLE (value TEXT) LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT jsonb_array_elements_text(read_json(list)) WHERE jsonb_typeof(read_json(list)) = 'array' $$;
"""

# As in an SQLite file. Nothing here may fail where a record is odd: the write that it would stop is one that was paid
# for.
_FACTS = """
    CREATE TABLE artifact_facts (
        artifact_id TEXT COLLATE "C" PRIMARY KEY REFERENCES artifact ON DELETE CASCADE, principal TEXT NOT NULL,
        kind TEXT NOT NULL, backend TEXT NOT NULL, parent TEXT COLLATE "C" NOT NULL, created DOUBLE PRECISION NOT NULL,
        prompts TEXT NOT NULL
    );
    CREATE INDEX artifact_facts_by_date ON artifact_facts (principal, created, artifact_id);
    CREATE INDEX artifact_facts_by_kind ON artifact_facts (principal, kind, created, artifact_id);
    CREATE INDEX artifact_facts_by_backend ON artifact_facts (principal, backend, created, artifact_id);
    CREATE INDEX artifact_facts_by_parent ON artifact_facts (principal, parent, created);

    CREATE TABLE part_facts (
        job_id TEXT COLLATE "C" NOT NULL, number INTEGER NOT NULL, principal TEXT NOT NULL, backend TEXT NOT NULL,
        created DOUBLE PRECISION NOT NULL, usd DOUBLE PRECISION,
        PRIMARY KEY (job_id, number), FOREIGN KEY (job_id, number) REFERENCES part ON DELETE CASCADE
    );
    CREATE INDEX part_facts_by_date ON part_facts (principal, created, backend, usd);

    CREATE FUNCTION save_artifact_facts() RETURNS TRIGGER LANGUAGE plpgsql AS $$
    DECLARE
        facts JSONB := read_json(new.record);
    BEGIN
        DELETE FROM artifact_facts WHERE artifact_id = new.id;
        IF new.token = '' AND facts IS NOT NULL THEN
            INSERT INTO artifact_facts SELECT
                new.id, new.principal, coalesce(facts ->> 'kind', ''), coalesce(facts ->> 'backend', ''),
                coalesce(facts ->> 'parent', ''), coalesce((facts ->> 'created')::double precision, new.used),
                coalesce((SELECT lower(string_agg(value, chr(10))) FROM json_each(facts ->> 'prompts')), '');
        END IF;
        RETURN NULL;
    EXCEPTION WHEN OTHERS THEN
        RETURN NULL;
    END $$;
    CREATE TRIGGER artifact_facts_of_saved AFTER INSERT OR UPDATE OF token, principal, record ON artifact
        FOR EACH ROW EXECUTE FUNCTION save_artifact_facts();

    CREATE FUNCTION save_part_facts() RETURNS TRIGGER LANGUAGE plpgsql AS $$
    DECLARE
        facts JSONB;
    BEGIN
        DELETE FROM part_facts WHERE job_id = new.job_id AND number = new.number;
        facts := CASE WHEN new.billed <> 'no' THEN read_json(new.record) END;
        IF facts IS NOT NULL THEN
            INSERT INTO part_facts SELECT
                new.job_id, new.number, job.principal, coalesce(facts ->> 'backend', ''), job.created,
                coalesce(new.cost_usd, new.estimate_usd)
            FROM job WHERE job.id = new.job_id;
        END IF;
        RETURN NULL;
    EXCEPTION WHEN OTHERS THEN
        RETURN NULL;
    END $$;
    CREATE TRIGGER part_facts_of_saved AFTER INSERT OR UPDATE ON part
        FOR EACH ROW EXECUTE FUNCTION save_part_facts();
"""

_REPLICAS = """
    CREATE TABLE owner (id TEXT COLLATE "C" PRIMARY KEY, beat TIMESTAMPTZ NOT NULL);
    CREATE TABLE slot (
        number BIGINT PRIMARY KEY, backend TEXT NOT NULL,
        owner TEXT COLLATE "C" NOT NULL REFERENCES owner ON DELETE CASCADE
    );
    CREATE INDEX slot_of_backend ON slot (backend, owner);
    CREATE TABLE rest (backend TEXT PRIMARY KEY, until TIMESTAMPTZ NOT NULL);
    CREATE TABLE cancel_request (job_id TEXT COLLATE "C" PRIMARY KEY REFERENCES job ON DELETE CASCADE);
"""

_MIGRATIONS: tuple[str, ...] = (_TABLES + _JSON + _FACTS + _REPLICAS,)
"""Each raises the version of the database by one.

Replicas of two versions work side by side while they are updated. So a migration may add tables, functions and indexes,
and nothing else: an older replica does not know what to do with another column.
"""


def prepare(connection: Connection[Row]) -> None:
    """Add what the database does not have yet. Of several replicas, one does it while the others wait."""
    if _version(connection) >= len(_MIGRATIONS):
        return
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('schema', 0))")
        connection.execute("CREATE TABLE IF NOT EXISTS schema_version (number INTEGER PRIMARY KEY)")
        version = _version(connection)
        for number, sql in enumerate(_MIGRATIONS[version:], start=version + 1):
            connection.execute(sql.encode())
            connection.execute("INSERT INTO schema_version VALUES (%s)", [number])


def _version(connection: Connection[Row]) -> int:
    known = connection.execute("SELECT to_regclass('schema_version') IS NOT NULL AS known").fetchone()
    if not known or not known["known"]:
        return 0
    found = connection.execute("SELECT coalesce(max(number), 0) AS number FROM schema_version").fetchone()
    return int(found["number"]) if found else 0
