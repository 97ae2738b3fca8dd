"""What the doctor finds out about a fleet. It leaves nothing behind, and shows no password."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path

import pytest

from fakes.commands import CommandLine
from fakes.s3 import Store, running_store
from mediasmith.cli.doctor import Report, examine
from mediasmith.storage.artifacts.bucket import Bucket

SECRET = "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def store() -> Generator[Store]:
    with running_store() as store:
        yield store


@pytest.fixture
def env(tmp_path: Path, store: Store, database_url: str, command: CommandLine) -> Mapping[str, str]:
    """The environment of a fleet. Its backends are those of `command`."""
    return {
        **store.env,
        "MEDIASMITH_DATA_DIR": str(tmp_path / "data"),
        "MEDIASMITH_OUTPUT_DIR": str(tmp_path / "out"),
        "MEDIASMITH_DATABASE_URL": f"{database_url}&password=pw-0123456789",
        "MEDIASMITH_STORE_URL": store.make_bucket("media"),
        "MEDIASMITH_STORE_PUBLIC_URL": store.address,
        "MEDIASMITH_SECRET": SECRET,
    }


def fleet(report: Report) -> Mapping[str, str]:
    """Return what was found out about each part."""
    return {row[0]: row[1] for row in report.sections["Fleet"]}


@pytest.mark.fleet
async def test_what_replicas_share_is_tried(env: Mapping[str, str], store: Store) -> None:
    report = await examine(env)
    found = fleet(report)
    assert report.problems == []
    assert "PostgreSQL 1" in found["database"]
    assert found["database"].endswith(" of the tables")
    assert found["bucket"] == f"{env['MEDIASMITH_STORE_URL']} can be written, read and deleted from"
    assert found["links"] == f"lead to {store.address}"
    assert found["secret"] == "set"
    bucket = Bucket(env["MEDIASMITH_STORE_URL"], env=env)
    assert await bucket.keys("") == []
    assert "Library" not in report.sections


@pytest.mark.fleet
@pytest.mark.parametrize(
    ("wrong", "part", "problem"),
    [
        ({"MEDIASMITH_STORE_URL": "s3://elsewhere"}, "bucket", "There is no bucket s3://elsewhere"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "bucket", "The store of the files cannot be used"),
        ({"MEDIASMITH_SECRET": ""}, "secret", "MEDIASMITH_SECRET is not set"),
        ({"MEDIASMITH_SECRET": "ab" * 20}, "secret", "MEDIASMITH_SECRET is easy to guess"),
    ],
)
async def test_what_is_wrong_is_named(
    env: Mapping[str, str], wrong: Mapping[str, str], part: str, problem: str
) -> None:
    report = await examine({**env, **wrong})
    assert fleet(report)[part] == "cannot be used: see Problems"
    assert any(one.startswith(problem) for one in report.problems)


@pytest.mark.fleet
async def test_a_database_that_cannot_be_used_is_named_without_its_password(
    env: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mediasmith.storage.library.postgres._PATIENCE", 0.0)
    report = await examine({**env, "MEDIASMITH_DATABASE_URL": "postgresql://me:pw-0123456789@127.0.0.1:9/media"})
    assert fleet(report)["database"] == "cannot be used: see Problems"
    assert any(one.startswith("The database cannot be reached: ") for one in report.problems)
    shown = f"{report.sections} {report.problems}"
    assert not [secret for secret in ("pw-0123456789", SECRET, env["AWS_SECRET_ACCESS_KEY"]) if secret in shown]


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize("database_url", ["", "not a URL"])
async def test_half_a_fleet_is_one_problem(tmp_path: Path, database_url: str) -> None:
    env = {"MEDIASMITH_DATA_DIR": str(tmp_path / "data"), "MEDIASMITH_STORE_URL": "s3://media"}
    report = await examine({**env, "MEDIASMITH_DATABASE_URL": database_url})
    [problem] = report.problems
    assert "MEDIASMITH_DATABASE_URL" in problem
    assert not {"Fleet", "Library"} & {*report.sections}
