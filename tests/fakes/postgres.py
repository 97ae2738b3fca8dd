"""A PostgreSQL server on a Unix socket: one for all the tests of a process, and a database for each."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

from mediasmith.storage.library.database import Row
from mediasmith.storage.library.postgres_schema import prepare

_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
# What is committed survives a kill of the server, if not of the machine.
_QUICK = "-c fsync=off -c full_page_writes=off -c autovacuum=off"
_TEMPLATE = "template"


@dataclass
class PostgresServer:
    """A running server, whose files are in `folder`."""

    folder: Path
    _numbers: count[int] = field(default_factory=count)

    def address(self, name: str = "postgres") -> str:
        """Return the address of a database."""
        return f"postgresql://mediasmith@/{name}?host={self.folder}"

    @contextmanager
    def new_database(self) -> Generator[str]:
        """Return the address of a new library without records, which is removed at the end."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        try:
            yield self.address(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, sql: str, name: str = "postgres") -> None:
        """Run a statement in a database."""
        with psycopg.connect(self.address(name), autocommit=True) as connection:
            connection.execute(sql.encode())

    def restart(self) -> None:
        """Kill the server and start it again."""
        self.control("stop", "-m", "immediate")
        self.start()

    def start(self) -> None:
        """Start the server."""
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} {_QUICK}"
        self.control("start", "-l", f"{self.folder}/log", "-o", options)

    def reload(self) -> None:
        """Have the server read its settings again, and wait until it has."""
        before = self._loaded()
        self.control("reload")
        while self._loaded() == before:
            time.sleep(0.01)

    def _loaded(self) -> object:
        with psycopg.connect(self.address()) as connection:
            return connection.execute("SELECT pg_conf_load_time()").fetchone()

    def control(self, *command: str) -> None:
        """Have pg_ctl do something, and wait until it is done."""
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-s", *command)

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs."""
        command = [*_as_postgres(), str(_PROGRAMS[-1] / program), *arguments]
        subprocess.run(command, cwd=self.folder, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def running_postgres() -> Generator[PostgresServer]:
    """Start a server on empty files, and stop it at the end."""
    if not _PROGRAMS:
        raise FileNotFoundError("PostgreSQL is not installed: on Debian, apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # the path of a socket is short
    server = PostgresServer(folder)
    try:
        if _as_postgres():
            shutil.chown(folder, "postgres", "postgres")
        server.run(
            "initdb", "-D", f"{folder}/data", "-U", "mediasmith", "-A", "trust", "-N", "--no-locale", "-E", "UTF8"
        )
        server.start()
        try:
            server.execute(f"CREATE DATABASE {_TEMPLATE}")
            address = server.address(_TEMPLATE)
            with psycopg.Connection[Row].connect(address, autocommit=True, row_factory=dict_row) as connection:
                prepare(connection)
            yield server
        finally:
            server.control("stop", "-m", "immediate")
    finally:
        shutil.rmtree(folder)


def _as_postgres() -> Sequence[str]:
    """Return what makes root another user, which PostgreSQL insists on."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"]
