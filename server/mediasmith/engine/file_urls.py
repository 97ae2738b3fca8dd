"""Make the links that answers have for files in a store, which are at no path of the caller's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from mediasmith.runtime.clock import Clock
from mediasmith.storage.artifacts.artifact_store import Artifacts
from mediasmith.storage.library.records import Artifact
from mediasmith.storage.signed_links import LIFETIME, SignedLinks

FileUrls = Callable[[Sequence[Artifact]], Awaitable[Mapping[str, str]]]
"""Returns the links of files, by id; none for files that callers find at their paths."""


async def no_urls(_artifacts: Sequence[Artifact]) -> Mapping[str, str]:
    """Return no link: the files are on this machine."""
    return {}


@dataclass(frozen=True, kw_only=True)
class StoredFileUrls:
    """Makes links to the replicas, or without `links` to the store itself. They last an hour."""

    files: Artifacts
    links: SignedLinks | None
    clock: Clock

    async def __call__(self, artifacts: Sequence[Artifact]) -> Mapping[str, str]:
        """Return the links of files, by id."""
        if self.links is None:
            return {one.id: await self.files.presigned(one, seconds=LIFETIME) for one in artifacts}
        now = self.clock.now()
        return {one.id: self.links.url(one.id, one.principal, now=now) for one in artifacts}
