"""Offer the view as an MCP app: the resource, what tools say about it, and who sees it listed."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mcp.server.apps import APP_MIME_TYPE, Apps, ResourceCsp, ResourcePermissions, client_supports_apps
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver.resources import FunctionResource
from mcp_types import ListResourcesResult

VIEW_URI = "ui://mediasmith/view.html"
"""The address of the view."""

TOOLS_WITH_VIEW = frozenset({"generate_media", "continue_edit", "get_job"})
"""The tools whose results it shows."""

TOOL_META: Mapping[str, Any] = {"ui": {"resourceUri": VIEW_URI}, "ui/resourceUri": VIEW_URI}
"""What these tools say about it. The second key is an older form, which some clients still need."""

_SOURCES = Path(__file__).parent
_IMPORT = re.compile(r"^import [^;]*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)
_FOR_READERS = re.compile(r"^\s*(?://|/\*).*\n|^[ \n]+", re.MULTILINE)
"""Comments and indentation."""


def view_app(file_origins: Collection[str]) -> Apps:
    """Return the app. The page may show media from these origins, apart from what it is given in messages."""
    csp = ResourceCsp(resource_domains=list(file_origins)) if file_origins else None
    ui = {
        **({"csp": csp.model_dump(by_alias=True, exclude_none=True)} if csp else {}),
        "permissions": ResourcePermissions(clipboard_write={}).model_dump(by_alias=True, exclude_none=True),
        "prefersBorder": True,
    }
    apps = Apps()
    apps.add_resource(
        FunctionResource(
            uri=VIEW_URI, name="view", title="Result", mime_type=APP_MIME_TYPE, meta={"ui": ui}, fn=view_html
        )
    )
    return apps


def view_html() -> str:
    """Return the page, as one file: clients show it without access to any other."""
    script = _EXPORT.sub("", card_script()) + _IMPORT.sub("", _read("view.js"))
    script = script.replace("__VERSION__", version("mediasmith"))
    parts = {"/* style */": _read("card.css"), "/* script */": script}
    page = _read("view.html")
    for place, text in parts.items():
        page = page.replace(place, _FOR_READERS.sub("", text))
    return page


def card_script() -> str:
    """Return what pages share, the card of a result, as one module."""
    return "".join(_IMPORT.sub("", _read(name)) for name in ("format.js", "edit_box.js", "card.js"))


def card_style() -> str:
    """Return the style of what pages share."""
    return _read("card.css")


async def list_for_apps(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """List the view only to clients that can show it; others would offer it to their models."""
    if ctx.method == "resources/list" and not client_supports_apps(ctx):
        return ListResourcesResult(resources=[])
    return await call_next(ctx)


def _read(name: str) -> str:
    return (_SOURCES / name).read_text(encoding="utf-8")
