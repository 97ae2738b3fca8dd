"""The blocking client of an S3-compatible store. Only a fleet has the package that this needs."""

from __future__ import annotations

import errno
import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from mediasmith.plugin.errors import MediaError

if TYPE_CHECKING:
    from obstore.store import S3Config

_VARIABLES = {
    "AWS_ACCESS_KEY_ID": "access_key_id",
    "AWS_SECRET_ACCESS_KEY": "secret_access_key",
    "AWS_SESSION_TOKEN": "session_token",
    "AWS_ENDPOINT_URL": "endpoint",
    "AWS_REGION": "region",
}

# Names of files have words of prompts, and some answers the key's id. Neither belongs in a log.
_URL = re.compile(r"(https?://[^/\s]+)\S*")
_OBJECT = re.compile(r" (?:at location|for path|of path) .*?(?=: |$)")
_CODE = re.compile(r"<Code>(\w+)</Code>")

_SECONDS = 60.0
"""How long a request may take."""

_SLOWEST = 100_000.0
"""Bytes of a file a second that a store takes at least."""

_PARTS = 2
"""Parts of a large object that are held in memory while they are sent, of 5 MB each."""

_MAX_SHOWN = 400
"""Characters of the store's own text in a message."""


@dataclass(frozen=True, kw_only=True)
class StoredFacts:
    """What is known of an object. `sha256` is "" if that was not recorded with it."""

    size: int
    mime: str
    sha256: str


class S3Client:
    """The objects below `url`, such as `s3://bucket/prefix`. See `Bucket`, which this works for."""

    def __init__(self, url: str, *, public_url: str, env: Mapping[str, str]) -> None:
        self._url = url
        self._config = {key: env[name] for name, key in _VARIABLES.items() if env.get(name)}
        self._store = _open(url, self._config, seconds=_SECONDS)
        self._signer = self._store
        if public_url:
            self._signer = _open(url, {**self._config, "endpoint": public_url}, seconds=_SECONDS)

    def create(self, key: str, file: Path, about: Mapping[str, str]) -> bool:
        """Save a file under a new key; return False if it is taken."""
        content = _mapped(file)
        with _explained():
            try:
                obstore.put(self._store_for(file), key, content, mode="create", attributes=dict(about))
            except AlreadyExistsError:
                return False
            except FileNotFoundError as error:  # it is the bucket that is not there
                raise _unusable(error) from error
        return True

    def put(self, key: str, body: bytes | BinaryIO, about: Mapping[str, str]) -> None:
        """Save an object, in place of one with this key."""
        with _explained():
            obstore.put(self._store, key, body, attributes=dict(about), max_concurrency=_PARTS)

    def facts(self, key: str) -> StoredFacts | None:
        """Return what is known of an object, or None if there is none."""
        try:
            with _explained():
                found = obstore.get(self._store, key, options={"head": True})
        except FileNotFoundError:
            return None
        about = cast("Mapping[str, str]", found.attributes)
        return StoredFacts(size=found.meta["size"], mime=about.get("Content-Type", ""), sha256=about.get("sha256", ""))

    def read(self, key: str) -> bytes:
        """Return a whole object."""
        with _explained():
            return obstore.get(self._store, key).bytes().to_bytes()

    def read_range(self, key: str, start: int, end: int) -> bytes:
        """Return the bytes of an object from `start` up to, not including, `end`."""
        with _explained():
            return obstore.get_range(self._store, key, start=start, end=end).to_bytes()

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects, if they are there."""
        with _explained():
            obstore.delete(self._store, keys)

    def folders(self, prefix: str) -> list[str]:
        """Return the names of what is like a folder below `prefix`."""
        with _explained():
            found = obstore.list_with_delimiter(self._store, prefix)  # pyright: ignore[reportUnknownMemberType]  # of Arrow
        return [path.rpartition("/")[2] for path in found["common_prefixes"]]

    def keys(self, prefix: str) -> list[str]:
        """Return the keys below `prefix`."""
        with _explained():
            pages = obstore.list(self._store, prefix)  # pyright: ignore[reportUnknownMemberType]  # as above
            return [one["path"] for page in pages for one in page]

    def sign(self, key: str, seconds: int) -> str:
        """Return a link to an object."""
        with _explained():
            return obstore.sign(self._signer, "GET", key, timedelta(seconds=seconds))

    def _store_for(self, file: Path) -> S3Store:
        """Return a store that waits long enough for a file, all of which is sent in one request."""
        seconds = file.stat().st_size / _SLOWEST
        return self._store if seconds < _SECONDS else _open(self._url, self._config, seconds=seconds)


def _mapped(file: Path) -> bytes | mmap:
    """Return what a file has, without reading it: only a request in one piece can be refused where the key is taken.

    The client may keep it for a moment after a failure, so it is never closed, and goes with its last user.
    """
    with file.open("rb") as content:
        return mmap(content.fileno(), 0, access=ACCESS_READ) if file.stat().st_size else b""


def _open(url: str, config: Mapping[str, str], *, seconds: float) -> S3Store:
    return S3Store.from_url(
        url,
        config=cast("S3Config", dict(config)),
        client_options={
            "allow_http": True,
            "connect_timeout": timedelta(seconds=5),
            "timeout": timedelta(seconds=seconds),
        },
        retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=5)},
    )


@contextmanager
def _explained() -> Generator[None]:
    """Raise FileNotFoundError for what is not there, and `MediaError` for all else that the store says or does."""
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, "it was deleted") from error
    except (BaseError, PermissionError) as error:
        raise _unusable(error) from error


def _unusable(error: Exception) -> MediaError:
    line = str(error).partition("\n")[0].partition("<")[0]
    shown = _OBJECT.sub("", _URL.sub(r"\1", line))[:_MAX_SHOWN]
    text = " ".join([shown.strip(" :"), *_CODE.findall(str(error))[:1]])
    return MediaError(
        f"The store of the files cannot be used: {text}.",
        "Check that it runs, and MEDIASMITH_STORE_URL and the AWS_… variables.",
    )
