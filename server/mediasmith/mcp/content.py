"""Build the content blocks of an answer: a compact JSON text, a link for each file, and small previews."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from mcp_types import ContentBlock, ImageContent, ResourceLink, TextContent

from mediasmith.config.settings import Settings
from mediasmith.engine.results import BackendList, JobList, MediaFile, MediaResult
from mediasmith.storage.previews import Preview

MAX_RESOURCE = 6 * 1024 * 1024
"""Bytes of the largest file that can be read as a resource: larger ones, in base64, break some clients' connections."""

FileLink = Callable[[str, str], str]
"""Returns a download link for a file, given its id and its principal."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """Builds content blocks. `file_link`, if any, makes links to files that are too large to be read as a resource."""

    settings: Settings
    file_link: FileLink | None = None

    async def blocks(
        self,
        answer: MediaResult | JobList | BackendList,
        principal: str,
        previews: Callable[[MediaResult], Awaitable[Sequence[Preview]]],
    ) -> list[ContentBlock]:
        """Return the content blocks of an answer, in the order in which clients show them.

        `previews` returns its small pictures, if they are to be shown.
        """
        content: list[ContentBlock] = [TextContent(type="text", text=answer.text())]
        if not isinstance(answer, MediaResult):
            return content
        if self.settings.links:
            content += [
                _resource_link(file, self.link(file.id, file.bytes, principal, file.url) or file.uri)
                for file in answer.files
            ]
        if self.settings.preview:
            content += [
                ImageContent(type="image", data=base64.b64encode(preview.data).decode(), mime_type=preview.mime)
                for preview in await previews(answer)
            ]
        return content

    def link(self, file_id: str, size: int, principal: str, url: str = "") -> str:
        """Return a link to a file that is too large to be read as a resource, `url` if it has that; otherwise ""."""
        if size <= MAX_RESOURCE:
            return ""
        return url or (self.file_link(file_id, principal) if self.file_link else "")


def _resource_link(file: MediaFile, uri: str) -> ResourceLink:
    return ResourceLink(
        type="resource_link",
        uri=uri,
        name=file.name,
        description=file.path or file.uri,
        mime_type=file.mime,
        size=file.bytes,
    )
