"""Make the links that answers have for files in a store, which are at no path of the caller's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from mediasmith.storage.library.records import Artifact

FileUrls = Callable[[Sequence[Artifact]], Awaitable[Mapping[str, str]]]
"""Returns the links of files, by id; none for files that callers find at their paths."""


async def no_urls(_artifacts: Sequence[Artifact]) -> Mapping[str, str]:
    """Return no link: the files are on this machine."""
    return {}
