"""A bucket of an S3-compatible store.

The client's asynchronous functions keep some interpreters from ending properly, so its blocking ones run in threads.
"""

from __future__ import annotations

import math
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import anyio
from anyio import CapacityLimiter, to_thread

if TYPE_CHECKING:
    from mediasmith.storage.artifacts.s3_client import S3Client, StoredFacts

T = TypeVar("T")

_THREADS = 16
"""How many requests are made at once. They have threads of their own: a store that is away must not hold up others."""

_CHECKED_SECONDS = 5.0
"""How long a check is good for."""

_CHUNK = 4 * 1024 * 1024
"""Bytes of a file to ask for at once. A request has a time limit, which a whole film could exceed."""


class Bucket:
    """The objects below `url`, such as `s3://bucket/prefix`; `env` has the store's address and the credentials.

    Signed links lead to `public_url` if there is one, else to the store's own address. Every method raises `MediaError`
    when the store cannot be used, which it finds out within seconds. `ending`: the process is about to end, and what
    waits for the store is tried for the last time.
    """

    def __init__(self, url: str, *, public_url: str = "", env: Mapping[str, str]) -> None:
        self._url = url
        self._public_url = public_url
        self._env = env
        self._limiter = CapacityLimiter(_THREADS)
        self._checked = -math.inf
        self.ending = anyio.Event()

    async def check(self) -> None:
        """Check that the bucket is there and can be listed, unless that was so a moment ago."""
        now = time.monotonic()
        if now > self._checked + _CHECKED_SECONDS:
            await self._run(lambda client: client.folders("check"))
            self._checked = now

    async def create(self, key: str, file: Path, *, mime: str, disposition: str, sha256: str) -> bool:
        """Save a file as a new object; return False, with nothing done, if the key is taken."""
        about = {"Content-Type": mime, "Content-Disposition": disposition, "sha256": sha256}
        return await self._run(lambda client: client.create(key, file, about))

    async def put(self, key: str, body: bytes | BinaryIO, *, mime: str) -> None:
        """Save bytes or what a file has as an object, in place of one with this key."""
        await self._run(lambda client: client.put(key, body, {"Content-Type": mime}))

    async def facts(self, key: str) -> StoredFacts | None:
        """Return what is known of an object, or None if there is none."""
        return await self._run(lambda client: client.facts(key))

    async def read(self, key: str) -> bytes:
        """Return a whole object. Raises FileNotFoundError."""
        return await self._run(lambda client: client.read(key))

    async def stream(self, key: str, start: int, end: int) -> AsyncGenerator[bytes]:
        """Yield the bytes of an object from `start` up to, not including, `end`. Raises FileNotFoundError."""
        for first in range(start, end, _CHUNK):
            last = min(first + _CHUNK, end)
            yield await self._run(lambda client, first=first, last=last: client.read_range(key, first, last))

    async def delete(self, *keys: str) -> None:
        """Delete objects. One that is not there counts as deleted."""
        await self._run(lambda client: client.delete(keys))

    async def folders(self, prefix: str) -> list[str]:
        """Return the names of what is like a folder below `prefix`."""
        return await self._run(lambda client: client.folders(prefix))

    async def keys(self, prefix: str) -> list[str]:
        """Return the keys below `prefix`, which is like a folder."""
        return await self._run(lambda client: client.keys(prefix))

    async def sign(self, key: str, *, seconds: int) -> str:
        """Return a link to an object that is valid for so long."""
        return await self._run(lambda client: client.sign(key, seconds))

    async def _run(self, action: Callable[[S3Client], T]) -> T:
        return await to_thread.run_sync(lambda: action(self._client), limiter=self._limiter)

    @cached_property
    def _client(self) -> S3Client:
        from mediasmith.storage.artifacts.s3_client import S3Client  # noqa: PLC0415 - heavy: the client's package

        return S3Client(self._url, public_url=self._public_url, env=self._env)
