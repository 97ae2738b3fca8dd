"""Keep what was paid for but cannot be used as files beside the library, for the user to look at."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from anyio import CancelScope, to_thread

from mediasmith.plugin.media import HEAD, extension, is_text, sniff
from mediasmith.runtime.redaction import Redactor

_log = logging.getLogger(__name__)

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)

_CHUNK = 16_000_000
"""Bytes that are read and written at a time; an answer up to this size is searched for secrets as a whole."""


@dataclass(frozen=True, kw_only=True)
class UnreadableAnswers:
    """Files in `folder`, which only this user can read. Nothing is raised: what cannot be kept is logged."""

    folder: Path
    redact: Redactor

    async def keep(self, name: str, answer: bytes) -> Path | None:
        """Write an answer, and return where; None where it is empty or cannot be written."""
        chunks = iter([answer])
        return await self._keep(name, lambda: next(chunks, b""))

    async def keep_file(self, name: str, open_file: Callable[[], BinaryIO]) -> Path | None:
        """Copy a file, and return where; None where it is empty, or cannot be read or written."""
        files: list[BinaryIO] = []

        def read() -> bytes:
            if not files:
                files.append(open_file())
            return files[0].read(_CHUNK)

        try:
            return await self._keep(name, read)
        finally:
            for file in files:
                file.close()

    async def _keep(self, name: str, read: Callable[[], bytes]) -> Path | None:
        try:
            with CancelScope(shield=True):
                return await to_thread.run_sync(self._write, name, read)
        except OSError as error:
            _log.warning("the answer %s could not be kept: %s", name, type(error).__name__)
            return None

    def _write(self, name: str, read: Callable[[], bytes]) -> Path | None:
        chunk = read()
        if not chunk:
            return None
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / f"{name}.{_extension(chunk)}"
        with os.fdopen(os.open(path, _NEW_FILE, 0o600), "wb") as file:
            while chunk:
                file.write(self.redact.data(chunk))
                chunk = read()
        return path


def _extension(head: bytes) -> str:
    """Return the extension that lets a program open the file."""
    mime = sniff(head[:HEAD])
    if mime:
        return extension(mime)
    if not is_text(head[:HEAD]):
        return "bin"
    return {b"{": "json", b"[": "json", b"<": "html"}.get(head[:HEAD].lstrip()[:1], "txt")
