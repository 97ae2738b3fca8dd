"""An S3-compatible store in a process of its own, and buckets in it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from urllib.request import Request, urlopen

import obstore
from obstore.store import S3Store

_SECONDS = 30.0


@dataclass(frozen=True)
class Store:
    """A store that listens on loopback, with the process that it is."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def env(self) -> Mapping[str, str]:
        """The variables that lead to the store."""
        return store_env(self.address)

    def make_bucket(self, name: str) -> str:
        """Make a bucket, and return its URL."""
        root = S3Store(
            name,
            access_key_id=self.env["AWS_ACCESS_KEY_ID"],
            secret_access_key=self.env["AWS_SECRET_ACCESS_KEY"],
            endpoint=self.address,
            region="us-east-1",
            client_options={"allow_http": True},
        )
        request = Request(obstore.sign(root, "PUT", "", timedelta(minutes=5)), data=b"", method="PUT")
        with urlopen(request):
            return f"s3://{name}/some/prefix"


def store_env(address: str) -> Mapping[str, str]:
    """Return the variables that lead to the store at an address."""
    return {
        "AWS_ACCESS_KEY_ID": "test-key-id",
        "AWS_SECRET_ACCESS_KEY": "test-secret-key",
        "AWS_ENDPOINT_URL": address,
        "AWS_REGION": "us-east-1",
    }


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def running_store(port: int | None = None) -> Generator[Store]:
    """Run a store in this block, on a port that is free. What it holds is in memory."""
    port = port or free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            store = Store(port=port, process=process)
            _wait(store)
            yield store
        finally:
            process.kill()


def _wait(store: Store) -> None:
    ends = time.monotonic() + _SECONDS
    while True:
        try:
            with urlopen(store.address):
                return
        except OSError:
            if time.monotonic() > ends or store.process.poll() is not None:
                raise
            time.sleep(0.05)
