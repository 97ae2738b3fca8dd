"""What every test shares."""

from __future__ import annotations

import gc
import hashlib
import os
import sys
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import EachScheduling

from fakes.libraries import Place
from fakes.provider import Provider, running
from mediasmith.storage.library import sqlite

if TYPE_CHECKING:
    from fakes.fleets import Fleet
    from fakes.postgres import PostgresServer
    from fakes.s3 import Store

# Hundreds of processes import the same modules; without this each may have to compile them again.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How long something takes says more about the machine than about the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def no_sync(_descriptor: int) -> None:
    """Let the system write a file to the disk when it will."""


def divide(count: int) -> list[list[Path]]:
    """Divide the test files of each folder among so many processes, about equally by their size.

    The files of a backend stay together, for its SDK takes a second to import.
    """
    root = Path(__file__).parent
    groups: defaultdict[Path, list[Path]] = defaultdict(list)
    for file in sorted(root.rglob("test_*.py")):
        groups[file.parent if file.parent.parent.name == "backends" else file].append(file)
    sizes = {place: sum(file.stat().st_size for file in files) for place, files in groups.items()}
    shares: list[list[Path]] = [[] for _ in range(count)]
    whole = [0] * count
    by_folder: defaultdict[str, list[int]] = defaultdict(lambda: [0] * count)
    for place in sorted(groups, key=lambda place: sizes[place], reverse=True):
        of_folder = by_folder[place.relative_to(root).parts[0]]
        number = min(range(count), key=lambda number: (of_folder[number], whole[number]))
        of_folder[number] += sizes[place]
        whole[number] += sizes[place]
        shares[number] += groups[place]
    return shares


def is_whole(config: pytest.Config) -> bool:
    """Return whether no files were named, so that all tests are to run."""
    return config.args_source is config.ArgsSource.TESTPATHS


class ShareScheduling(EachScheduling):
    """Has each process run all that it collects, and counts the tests of all of them together."""

    def schedule(self) -> None:
        session = self.config.pluginmanager.get_plugin("session")
        assert isinstance(session, pytest.Session)
        session.testscollected = sum(map(len, self.node2collection.values()))
        super().schedule()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ShareScheduling | None:
    """Return what schedules a run of all tests; named files are given out one by one."""
    return ShareScheduling(config, log) if is_whole(config) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Have each process collect its own share: collecting all tests takes five seconds."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker and is_whole(session.config):
        shares = divide(int(os.environ["PYTEST_XDIST_WORKER_COUNT"]))
        session.config.args = [str(file) for file in shares[int(worker.removeprefix("gw"))]]


def pytest_collection_finish() -> None:
    """Exempt what was imported from garbage collection: it stays, and a full collection takes a third of a second."""
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Collect garbage once, with what the last tests left; pytest would go through all that was imported five times."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def synchronous() -> Generator[str]:
    """Wait for no disk, since no test cuts the power, and return SQLite's usual setting."""
    with pytest.MonkeyPatch.context() as patch:
        otherwise = sqlite.SYNCHRONOUS
        patch.setattr(sqlite, "SYNCHRONOUS", "OFF")
        patch.setattr(os, "fsync", no_sync)
        yield otherwise


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The server runs on asyncio, so the tests do."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgres() -> Generator[PostgresServer]:
    """A PostgreSQL server, for tests marked `fleet`."""
    from fakes.postgres import running_postgres  # noqa: PLC0415 - what few tests need

    with running_postgres() as server:
        yield server


@pytest.fixture
def database_url(postgres: PostgresServer) -> Generator[str]:
    """The address of a database with an empty library."""
    with postgres.new_database() as address:
        yield address


@pytest.fixture(scope="session")
def store() -> Generator[Store]:
    """An S3-compatible store, for tests marked `fleet`."""
    from fakes.s3 import running_store  # noqa: PLC0415 - what few tests need

    with running_store() as store:
        yield store


@pytest.fixture
def bucket_url(store: Store, request: pytest.FixtureRequest) -> str:
    """The URL of an empty bucket."""
    return store.make_bucket(f"test-{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:20]}")


@pytest.fixture
def fleet(store: Store, bucket_url: str, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """A fleet without replicas, for tests marked `fleet`; its replicas look after each other often."""
    from fakes.fleets import QUICK, SECRET, Fleet  # noqa: PLC0415 - what few tests need
    from mediasmith.engine import fleet_deployment  # noqa: PLC0415 - as above

    monkeypatch.setattr(fleet_deployment, "PACE", QUICK)
    env = {
        **store.env,
        "MEDIASMITH_DATABASE_URL": database_url,
        "MEDIASMITH_STORE_URL": bucket_url,
        "MEDIASMITH_SECRET": SECRET,
    }
    return Fleet(env=env, folder=tmp_path / "replicas")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.fleet)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where an empty library is to be: each test that asks runs in both databases."""
    return tmp_path / "data" / "library.db" if request.param == "sqlite" else request.getfixturevalue("database_url")


@pytest.fixture(scope="module")
def process() -> Generator[Provider]:
    """The stub provider's process; a file of tests has one."""
    with running() as provider:
        yield provider


@pytest.fixture
def provider(process: Provider) -> Provider:
    """The stub provider, with no memory of earlier tests."""
    process.reset()
    return process
