"""Read generated files as resources: a file, its preview, and what is known about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from mcp_types import ResourceTemplate

from mediasmith.engine.bootstrap import LazyEngine
from mediasmith.mcp.content import MAX_RESOURCE, Content
from mediasmith.plugin.errors import MediaError, UnknownContinuation
from mediasmith.storage.artifacts.artifact_store import Artifacts
from mediasmith.storage.library.records import Artifact

_SCHEME = "media://"
_PREVIEW = "/preview"
_ABOUT = "/about"

_SHOWN = 80
"""Characters of a client's text to repeat in an error."""

TEMPLATES = (
    ResourceTemplate(
        uri_template=f"{_SCHEME}{{id}}",
        name="media",
        title="A generated file",
        description="A file, by its id from a result; up to 6 MiB. Use the path or link of a larger one.",
    ),
    ResourceTemplate(
        uri_template=f"{_SCHEME}{{id}}{_PREVIEW}",
        name="preview",
        title="A small picture of a generated file",
        description="An image or a frame of a video, at most 512 pixels wide and high.",
    ),
    ResourceTemplate(
        uri_template=f"{_SCHEME}{{id}}{_ABOUT}",
        name="about",
        title="How a file was generated",
        description="Its prompts, parameters and cost, and the files it was edited from and into, as JSON.",
        mime_type="application/json",
    ),
)
"""The addresses of resources. Files are not listed, since calls must not change lists as a side effect."""


@dataclass(frozen=True, kw_only=True)
class MediaResources:
    """Reads the resources of an engine, of the one who asks: `principal` returns who that is.

    `content` makes links to files that are too large to be read.
    """

    engine: LazyEngine
    content: Content
    principal: Callable[[], str]

    async def read(self, address: str) -> ReadResourceContents:
        """Return a resource.

        Raises:
            ResourceNotFoundError: the principal has no such resource, or the file is no longer on disk.
            ResourceError: it is too large to send; the message has its path, or a link to it.
        """
        if not address.startswith(_SCHEME):
            raise ResourceNotFoundError(
                f"There is no resource {address[:_SHOWN]!r}. Resources have the form {_SCHEME}ID."
            )
        name = address.removeprefix(_SCHEME)
        try:
            principal = self.principal()
            engine = await self.engine.get()
            if name.endswith(_ABOUT):
                about = await engine.about(name.removesuffix(_ABOUT), principal)
                return ReadResourceContents(content=about.text(), mime_type="application/json")
            if name.endswith(_PREVIEW):
                return await _preview(await engine.artifact(name.removesuffix(_PREVIEW), principal), engine.files)
            artifact = await engine.artifact(name, principal)
            url = (await engine.urls([artifact])).get(artifact.id, "")
            return await self._file(artifact, engine.files, principal, url)
        except UnknownContinuation as error:
            raise ResourceNotFoundError(error.message) from error
        except MediaError as error:
            raise ResourceError(str(error)) from error

    async def _file(self, artifact: Artifact, files: Artifacts, principal: str, url: str) -> ReadResourceContents:
        place = files.describe_place(artifact)
        if artifact.bytes > MAX_RESOURCE:
            link = self.content.link(artifact.id, artifact.bytes, principal, url)
            place = f"at {link}" if link else place
            raise ResourceError(f"The file {place} has {artifact.bytes:,} bytes, too many to send as a resource.")
        try:
            data = await files.read(artifact)
        except OSError as error:
            raise ResourceNotFoundError(f"The file is no longer {place} ({error.strerror}).") from error
        return ReadResourceContents(content=data, mime_type=artifact.mime)


async def _preview(artifact: Artifact, files: Artifacts) -> ReadResourceContents:
    for preview in await files.previews([artifact]):
        return ReadResourceContents(content=preview.data, mime_type=preview.mime)
    raise ResourceNotFoundError(f"There is no preview of the file {files.describe_place(artifact)}.")
