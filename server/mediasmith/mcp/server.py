"""The MCP server: four tools, generated files as resources, and a view of results, over an engine."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast

from anyio.abc import ObjectReceiveStream, ObjectSendStream
from mcp import MCPError
from mcp.server import MCPServer
from mcp.server.auth.provider import TokenVerifier
from mcp.server.auth.settings import AuthSettings
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp.shared.message import SessionMessage
from mcp_types import (
    INVALID_PARAMS,
    CallToolResult,
    GetPromptResult,
    InputRequiredResult,
    ResourceTemplate,
    TextContent,
    ToolAnnotations,
)
from mcp_types import Tool as MCPTool
from pydantic import AnyUrl, ConfigDict

from mediasmith.config.caller import LOCAL, Caller
from mediasmith.config.tool_schemas import ToolSchema
from mediasmith.engine.bootstrap import LazyEngine
from mediasmith.mcp.content import Content, FileLink
from mediasmith.mcp.deliveries import Deliveries
from mediasmith.mcp.instructions import instructions
from mediasmith.mcp.media_resources import TEMPLATES, MediaResources
from mediasmith.mcp.viewer.view_app import TOOL_META, TOOLS_WITH_VIEW, VIEW_URI, list_for_apps, view_app
from mediasmith.plugin.errors import MediaError

if TYPE_CHECKING:
    from mediasmith.engine.use_cases import Answer, Engine

_log = logging.getLogger(__name__)

_SHOWN = 80
"""Characters of a caller's text to repeat in an error."""


class _Arguments(ArgModelBase):
    """Any arguments, unchecked: the engine checks them, with better messages."""

    model_config = ConfigDict(extra="allow")

    def model_dump_one_level(self) -> dict[str, Any]:
        """Return the arguments as one mapping, under the name of the tool function's parameter."""
        return {"given": self.model_extra or {}}


def local_principal() -> str:
    """Return the principal of requests without tokens: the user of this machine."""
    return LOCAL


class MediaServer(MCPServer[Any]):
    """The MCP server over an engine, for any transport.

    `principal` returns who makes the request that is being served. `file_link`, if any, makes links to files that are
    too large to be read as a resource; these links begin with one of `file_origins`.
    """

    def __init__(  # noqa: PLR0913 - what differs between transports, each by name
        self,
        engine: LazyEngine,
        *,
        principal: Callable[[], str] = local_principal,
        file_link: FileLink | None = None,
        file_origins: Collection[str] = (),
        token_verifier: TokenVerifier | None = None,
        auth: AuthSettings | None = None,
    ) -> None:
        declarations = engine.declarations
        self._engine = engine
        self._principal = principal
        self._wait_seconds = declarations.settings.wait_seconds
        self._has_view = declarations.settings.view
        self._content = Content(settings=declarations.settings, file_link=file_link)
        self._resources = MediaResources(engine=engine, content=self._content, principal=principal)
        self.deliveries = Deliveries()
        with _plain_log():
            super().__init__(
                name="mediasmith",
                title="Mediasmith",
                version=version("mediasmith"),
                instructions=instructions(declarations),
                token_verifier=token_verifier,
                auth=auth,
                tools=[self._tool(tool) for tool in declarations.tools],
                extensions=[view_app(file_origins)] if self._has_view else [],
                subscriptions=False,
                log_level="WARNING",
            )
        self.middleware.append(self.deliveries.take_back_cancelled)
        self.middleware.append(list_for_apps)

    async def serve(
        self, requests: ObjectReceiveStream[SessionMessage | Exception], answers: ObjectSendStream[SessionMessage]
    ) -> None:
        """Serve one client over streams, until the first one ends."""
        server = self._lowlevel_server
        await server.run(requests, answers, server.create_initialization_options())

    def _tool(self, tool: ToolSchema) -> Tool:
        async def call(given: Mapping[str, Any], ctx: Context[Any, Any]) -> CallToolResult:
            return await self._call(tool.name, given, ctx)

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
            meta=dict(TOOL_META) if self._has_view and tool.name in TOOLS_WITH_VIEW else None,
        )

    async def _call(self, name: str, given: Mapping[str, Any], ctx: Context[Any, Any]) -> CallToolResult:
        """Run a tool. Errors become text that a model can read; the SDK would hide it."""
        try:
            caller = self._caller(ctx)
            async with self._engine.call() as engine:
                answer = await _answer(engine, name, given, caller)
                with engine.lost_on_error(answer) as delivery:
                    await engine.promise(answer)
                    content = await self._content.blocks(answer, caller.principal, engine.previews)
            if delivery:
                self.deliveries.begin(delivery, ctx.request_context)
            return CallToolResult(content=content)
        except MediaError as error:
            return _failure(str(error))
        except Exception as error:  # noqa: BLE001 - the top of a call
            _log.exception("%s failed", name)
            return _failure(
                f"Mediasmith failed with an internal error ({type(error).__name__}). It may have started a job: call "
                "get_job without an id to see. Nothing is sent twice."
            )

    def _caller(self, ctx: Context[Any, Any]) -> Caller:
        async def notify(seconds: float, message: str, _progress: float | None) -> None:
            await ctx.report_progress(seconds, message=message)

        return Caller(principal=self._principal(), wait=self._wait_seconds, notify=notify)

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Run a tool; the error for an unknown one says which there are."""
        known = [tool.name for tool in self._engine.declarations.tools]
        if name not in known:
            from mediasmith.selection.unknown_arguments import unknown_tool  # noqa: PLC0415 - late: not to start with

            return _failure(str(unknown_tool(name, known)))
        return await super().call_tool(name, arguments, context)

    async def list_tools(self) -> list[MCPTool]:
        """Return the tools. A client that has seen them calls one soon, so what calls need is loaded meanwhile."""
        tools = await super().list_tools()
        self._engine.preload()
        return tools

    async def list_resource_templates(self) -> list[ResourceTemplate]:
        """Return the addresses of generated files, of their previews, and of what is known about them."""
        return [*TEMPLATES]

    async def get_prompt(
        self,
        name: str,
        arguments: dict[str, Any] | None = None,  # noqa: ARG002 - the SDK's signature
        context: Context[Any, Any] | None = None,  # noqa: ARG002 - as above
    ) -> GetPromptResult:
        """Raise an error: there are no prompts, and the SDK would report an internal error instead.

        Raises:
            MCPError: always.
        """
        raise MCPError(code=INVALID_PARAMS, message=f"Unknown prompt: {name[:_SHOWN]}")

    async def read_resource(
        self,
        uri: AnyUrl | str,
        context: Context[Any, Any] | None = None,
    ) -> Iterable[ReadResourceContents]:
        """Return the view, or what `MediaResources.read` returns."""
        address = str(uri)
        if self._has_view and address == VIEW_URI:
            return cast("Iterable[ReadResourceContents]", await super().read_resource(uri, context))
        return [await self._resources.read(address)]


@contextmanager
def _plain_log() -> Generator[None]:
    """Hide rich from the SDK, which would otherwise import it at every start and wrap the lines of the log."""
    modules = cast("dict[str, object]", sys.modules)
    loaded = modules.get("rich.console")
    modules["rich.console"] = None
    try:
        yield
    finally:
        del modules["rich.console"]
        if loaded is not None:
            modules["rich.console"] = loaded


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


def _failure(text: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)
