"""The content blocks of an answer: one compact JSON text, a link per file, small previews."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mcp_types import ContentBlock, ImageContent, ResourceLink, TextContent

from mediasmith.config.settings import Settings
from mediasmith.engine.results import BackendList, JobList, MediaFile, MediaResult
from mediasmith.storage.previews import previews

MAX_RESOURCE = 6 * 1024 * 1024
"""Bytes of a file that a resource read answers with: more, in base64, closes real clients' connections."""

FileLink = Callable[[str, str], str]
"""Returns a link that a file can be downloaded from, given its id and its principal."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """Builds content blocks. `file_link` leads to files that are too large to be read as a resource, where there is one."""

    settings: Settings
    file_link: FileLink | None = None

    async def blocks(self, answer: MediaResult | JobList | BackendList, principal: str) -> list[ContentBlock]:
        """Return the blocks of an answer, in the order that clients show them."""
        content: list[ContentBlock] = [TextContent(type="text", text=answer.text())]
        if not isinstance(answer, MediaResult):
            return content
        if self.settings.links:
            content += [
                _resource_link(file, self.link(file.id, file.bytes, principal) or file.uri) for file in answer.files
            ]
        if self.settings.preview:
            shown = await previews([(Path(file.path), file.mime) for file in answer.files])
            content += [
                ImageContent(type="image", data=base64.b64encode(preview.data).decode(), mime_type=preview.mime)
                for preview in shown
            ]
        return content

    def link(self, file_id: str, size: int, principal: str) -> str:
        """Return a link to a file that is too large to be read as a resource, or "" where there is none."""
        return self.file_link(file_id, principal) if self.file_link and size > MAX_RESOURCE else ""


def _resource_link(file: MediaFile, uri: str) -> ResourceLink:
    return ResourceLink(
        type="resource_link",
        uri=uri,
        name=Path(file.path).name,
        description=file.path,
        mime_type=file.mime,
        size=file.bytes,
    )
