"""The MCP server: four tools and one resource template over an opening. It knows no provider."""

from __future__ import annotations

import base64
import logging
import sys
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import anyio
from mcp import MCPError
from mcp.server import MCPServer
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import TokenVerifier
from mcp.server.auth.settings import AuthSettings
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp_types import (
    INVALID_PARAMS,
    CallToolResult,
    ContentBlock,
    GetPromptResult,
    ImageContent,
    ResourceLink,
    ResourceTemplate,
    TextContent,
    ToolAnnotations,
)
from pydantic import AnyUrl, ConfigDict

from mediasmith.config.caller import LOCAL, Caller
from mediasmith.config.installation import Installation
from mediasmith.config.tool_schemas import ToolSchema
from mediasmith.engine.bootstrap import LazyEngine
from mediasmith.engine.results import BackendList, JobList, MediaFile, MediaResult
from mediasmith.mcp.http.signed_links import SignedLinks
from mediasmith.mcp.http.tokens import principal_of
from mediasmith.plugin.errors import MediaError, NotAllowed, UnknownContinuation
from mediasmith.storage.previews import previews

if TYPE_CHECKING:
    from mediasmith.engine.use_cases import Engine

_log = logging.getLogger(__name__)

MAX_RESOURCE = 6 * 1024 * 1024
"""Bytes of a file that a resource read answers with: more, in base64, closes real clients' connections."""

_SCHEME = "media://"

_SHOWN = 80
"""Characters of a caller's own text that an error repeats."""

Answer = MediaResult | JobList | BackendList


class _Arguments(ArgModelBase):
    """Any arguments as they are: the engine checks them, with messages of its own."""

    model_config = ConfigDict(extra="allow")

    def model_dump_one_level(self) -> dict[str, Any]:
        """All of them as one mapping, under the name of the tool function's parameter."""
        return {"given": self.model_extra or {}}


class MediaServer(MCPServer[Any]):
    """The server over an opening, for any transport.

    Where it can be fetched from by HTTP, `signed_links` lead to what is too large to be read as a resource. With a
    `token_verifier` every caller is the principal that their token stands for, else the user of this machine.
    """

    def __init__(
        self,
        opened: LazyEngine,
        *,
        signed_links: SignedLinks | None = None,
        token_verifier: TokenVerifier | None = None,
        auth: AuthSettings | None = None,
    ) -> None:
        self._opened = opened
        self._signed_links = signed_links
        self._needs_token = token_verifier is not None
        installation = opened.installation
        self._settings = installation.settings
        with _plain_log():
            super().__init__(
                name="mediasmith",
                title="Mediasmith",
                version=version("mediasmith"),
                instructions=instructions(installation),
                token_verifier=token_verifier,
                auth=auth,
                tools=[self._tool(tool) for tool in installation.tools.values()],
                subscriptions=False,
                log_level="WARNING",
            )

    def _tool(self, tool: ToolSchema) -> Tool:
        async def call(given: Mapping[str, Any], ctx: Context[Any, Any]) -> CallToolResult:
            return await self._called(tool.name, given, ctx)

        return Tool(
            fn=call,
            name=tool.name,
            title=tool.title,
            description=tool.description,
            parameters=tool.parameters,
            fn_metadata=FuncMetadata(arg_model=_Arguments),
            is_async=True,
            context_kwarg="ctx",
            annotations=ToolAnnotations(
                read_only_hint=tool.read_only,
                destructive_hint=False,
                idempotent_hint=tool.read_only,
                open_world_hint=True,
            ),
        )

    async def _called(self, name: str, given: Mapping[str, Any], ctx: Context[Any, Any]) -> CallToolResult:
        """Run a tool. Whatever goes wrong is text that a model can read; the SDK would hide it."""
        try:
            caller = self._caller(ctx)
            engine = await self._opened.engine()
            answer = await _answer(engine, name, given, caller)
            content = await self._content(engine, answer, caller.principal)
        except MediaError as error:
            return _failure(str(error))
        except Exception as error:  # noqa: BLE001 - the top of a call
            _log.exception("%s failed", name)
            return _failure(
                f"Mediasmith itself failed ({type(error).__name__}). get_job without an id shows whether a job was "
                "started; nothing is sent twice."
            )
        # Nothing waits from here on: a call that is cancelled before this point can be attached to.
        if isinstance(answer, MediaResult):
            engine.answered(answer)
        return CallToolResult(content=content)

    def _principal(self) -> str:
        """Who makes the request that is being served."""
        access = get_access_token()
        if access is not None:
            return principal_of(access)
        if self._needs_token:
            raise NotAllowed("The request has no token.")
        return LOCAL

    def _caller(self, ctx: Context[Any, Any]) -> Caller:
        async def notify(seconds: float, message: str, _progress: float | None) -> None:
            await ctx.report_progress(seconds, message=message)

        return Caller(principal=self._principal(), wait=self._settings.wait_seconds, notify=notify)

    async def _content(self, engine: Engine, answer: Answer, principal: str) -> list[ContentBlock]:
        content: list[ContentBlock] = [TextContent(type="text", text=answer.text())]
        if isinstance(answer, MediaResult):
            if self._settings.links:
                content += [
                    _link(file, self._signed_link(engine, file.id, file.bytes, principal) or file.uri)
                    for file in answer.files
                ]
            if self._settings.preview:
                shown = await previews([(Path(file.path), file.mime) for file in answer.files])
                content += [
                    ImageContent(type="image", data=base64.b64encode(preview.data).decode(), mime_type=preview.mime)
                    for preview in shown
                ]
        return content

    def _signed_link(self, engine: Engine, file_id: str, size: int, principal: str) -> str:
        """A link to a file that is too large to be read as a resource, where there are such links."""
        if self._signed_links is None or size <= MAX_RESOURCE:
            return ""
        return self._signed_links.url(file_id, principal, now=engine.clock.now())

    async def list_resource_templates(self) -> list[ResourceTemplate]:
        """The one template; files are not listed, since lists must not change as a side effect of calls."""
        return [
            ResourceTemplate(
                uri_template=f"{_SCHEME}{{id}}",
                name="media",
                title="A generated file",
                description="A file by the id in a result; up to 6 MiB, larger ones by their path or link.",
            )
        ]

    async def get_prompt(
        self,
        name: str,
        arguments: dict[str, Any] | None = None,  # noqa: ARG002 - the SDK's signature
        context: Context[Any, Any] | None = None,  # noqa: ARG002 - as above
    ) -> GetPromptResult:
        """There are no prompts; the SDK would call the question an internal error.

        Raises:
            MCPError: always.
        """
        raise MCPError(code=INVALID_PARAMS, message=f"Unknown prompt: {name[:_SHOWN]}")

    async def read_resource(
        self,
        uri: AnyUrl | str,
        context: Context[Any, Any] | None = None,  # noqa: ARG002 - as above
    ) -> Iterable[ReadResourceContents]:
        """A finished file's bytes with its true type.

        Raises:
            ResourceNotFoundError: this caller has no such file, or it is gone from the disk.
            ResourceError: it is too large to be sent; the text has its path, or a link to it.
        """
        address = str(uri)
        if not address.startswith(_SCHEME):
            raise ResourceNotFoundError(f"There is no resource {address[:_SHOWN]!r}; those here are {_SCHEME}ID.")
        try:
            principal = self._principal()
            engine = await self._opened.engine()
            artifact = await engine.artifact(address.removeprefix(_SCHEME), principal)
        except UnknownContinuation as error:
            raise ResourceNotFoundError(error.message) from error
        except MediaError as error:
            raise ResourceError(str(error)) from error
        path = anyio.Path(artifact.path)
        if artifact.bytes > MAX_RESOURCE:
            place = self._signed_link(engine, artifact.id, artifact.bytes, principal) or path
            raise ResourceError(f"The file at {place} has {artifact.bytes:,} bytes, too many to send as a resource.")
        try:
            data = await path.read_bytes()
        except OSError as error:
            raise ResourceNotFoundError(f"The file is no longer at {path} ({error.strerror}).") from error
        return [ReadResourceContents(content=data, mime_type=artifact.mime)]


@contextmanager
def _plain_log() -> Generator[None]:
    """Where rich is installed, the SDK loads it at every start and breaks the lines of the log; so it is hidden."""
    modules = cast("dict[str, object]", sys.modules)
    there = modules.get("rich.console")
    modules["rich.console"] = None
    try:
        yield
    finally:
        del modules["rich.console"]
        if there is not None:
            modules["rich.console"] = there


async def _answer(engine: Engine, name: str, given: Mapping[str, Any], caller: Caller) -> Answer:
    match name:
        case "generate_media":
            return await engine.generate(given, caller)
        case "continue_edit":
            return await engine.continue_edit(given, caller)
        case "get_job":
            return await engine.get_job(given, caller)
        case _:
            return await engine.list_backends(given)


def instructions(installation: Installation) -> str:
    """What the server tells a model at the start, in at most 150 words: what is ready, and what is missing."""
    ready: dict[str, list[str]] = {}
    unready: dict[str, str] = {}
    for offer in installation.offers():
        if offer.ready:
            ready.setdefault(offer.kind, []).append(offer.backend)
        else:
            unready.setdefault(offer.backend, offer.missing)
    can = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in ready.items()) or "nothing yet"
    lines = [
        "Makes media files on disk with generate_media and changes them with continue_edit.",
        "If an answer says running, collect it with get_job; calling again would make and bill another.",
        "Show the user the path of each file.",
        f"Ready: {can}.",
    ]
    if installation.problems or installation.registry.broken:
        lines.append("Settings with problems: see list_backends.")
    if unready:  # last, for it may be cut off
        lines.append("Not ready: " + "; ".join(f"{name} ({reason})" for name, reason in unready.items()) + ".")
    return _capped(" ".join(lines))


_MAX_WORDS = 150


def _capped(text: str) -> str:
    words = text.split()
    return text if len(words) <= _MAX_WORDS else " ".join([*words[: _MAX_WORDS - 1], "…"])


def _failure(text: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)


def _link(file: MediaFile, uri: str) -> ResourceLink:
    return ResourceLink(
        type="resource_link",
        uri=uri,
        name=Path(file.path).name,
        description=file.path,
        mime_type=file.mime,
        size=file.bytes,
    )
