"""Find a file that was made here by any reference to it that answers show."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.plugin.errors import InvalidRequest, UnknownContinuation
from mediasmith.storage.artifacts.file_names import stem_of
from mediasmith.storage.library.records import Artifact
from mediasmith.storage.library.store import Library
from mediasmith.storage.pasted_paths import find_file, unwrap, written_forms

_SCHEME = re.compile(r"media:(?://)?", re.IGNORECASE)
LINK = re.compile(r"https?://[^?#]*/files/([0-9a-z]{26})(?:[?#].*)?")
"""A link to a file that a server like this one has."""

_SHORT_ID = re.compile(r"[a-z2-7]{8,25}")
_NAMED_BY_ID = re.compile(r"(?:.*-)?[a-z2-7]{8}(?:-[0-9]+)?(?:\.[a-z0-9]{2,5})?")
_MAX_SHOWN = 60  # characters of a caller's own text that a message repeats
_MAX_CANDIDATES = 10


@dataclass(frozen=True, kw_only=True)
class MadeFiles:
    """Finds files in the library. `folders` are where relative paths start."""

    library: Library
    folders: AllowedFolders

    async def find(self, reference: str, principal: str) -> Artifact | None:
        """Return the principal's file that a reference names, or None.

        That is the id of a file, alone or in `media://ID` or in a link; the short id at the end of a file name; the id
        of a job that made one file; or the path or name of a file that was made, the name also without its extension.

        Raises:
            UnknownContinuation: it names several files, or a job without any.
        """
        text = unwrap(reference)
        link = LINK.fullmatch(text)
        identifier = link[1] if link else _SCHEME.sub("", text, count=1).rstrip("/").lower()
        if found := await self.library.artifact(identifier, principal=principal):
            return found
        if job := await self.library.job(identifier, principal=principal):
            saved = [one for one in await self.library.artifacts(job.id) if not one.token]
            if not saved:
                state = "is still running" if job.state == "running" else "made no file"
                raise UnknownContinuation(
                    f"The job {job.id} {state}.", "get_job with its job_id shows where it stands.", billed="no"
                )
            return _only(f"The job {job.id} made", saved)
        if _SHORT_ID.fullmatch(identifier):
            limit = _MAX_CANDIDATES
            alike = await self.library.artifacts_by_id(identifier, principal=principal, limit=limit)
            if alike:
                return _only(f"The ids that begin with {identifier} are those of", alike)
        return await self._by_path(text, principal)

    async def _by_path(self, text: str, principal: str) -> Artifact | None:
        """Return the newest file that was saved at this path, or the only one of this name or of this stem."""
        for path in await to_thread.run_sync(_paths, self.folders, text):
            for found in await self.library.artifacts_by_path(path, principal=principal, limit=_MAX_CANDIDATES):
                if found.path == path:
                    return found
        name = _name(next(reversed([*written_forms(text)]), ""))
        if not name or (name != unwrap(text) and not _NAMED_BY_ID.fullmatch(name)):
            return None
        ending = await self.library.artifacts_by_path(name, principal=principal, limit=_MAX_CANDIDATES)
        named = {one.path: one for one in reversed(ending) if _name(one.path) == name}
        if not named:
            ending = await self.library.artifacts_by_stem(name, principal=principal, limit=_MAX_CANDIDATES)
            named = {one.path: one for one in reversed(ending) if stem_of(_name(one.path)) == name}
        return _only(f"{name[:_MAX_SHOWN]!r} is the name of", list(named.values())) if named else None


def _name(path: str) -> str:
    return re.split(r"[/\\]", path)[-1]


def _paths(folders: AllowedFolders, text: str) -> list[str]:
    """Return the real paths that a text may mean: of what is there, in any spelling, and of what may be gone."""
    found: dict[str, None] = {}
    with suppress(InvalidRequest):  # several names are like it
        there = find_file(folders, text)
        found |= {str(there): None} if there else {}
    for form in written_forms(text):
        for start in (folders.base or folders.output, folders.output):
            try:
                found[os.path.realpath(start / os.path.expanduser(form))] = None  # noqa: PTH111 - expanduser may raise
            except (OSError, ValueError):
                continue
    return list(found)


def _only(what: str, found: Sequence[Artifact]) -> Artifact:
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{one.id} ({Path(one.path).name})" for one in found[:_MAX_CANDIDATES])
    raise UnknownContinuation(f"{what} {len(found)} files: {names}.", "Use one of these ids.", billed="no")
