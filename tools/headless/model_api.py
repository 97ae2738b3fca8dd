"""Model APIs as clients use them: what a request shows the model, and how the model replies."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True, kw_only=True)
class OfferedTool:
    """A tool as a client offers it to the model. `address` holds the fields by which a call names it."""

    address: Mapping[str, str]
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ToolResult:
    """A tool's result as the model receives it: its texts, joined by line breaks, and the bytes of its images."""

    text: str
    images: tuple[bytes, ...] = ()

    @property
    def fields(self) -> Mapping[str, Any]:
        """The JSON that the server wrote, without what the client put around it; empty if there is none."""
        start = self.text.find('{"status"')
        if start < 0:
            return {}
        try:
            return json.JSONDecoder().raw_decode(self.text, start)[0]
        except json.JSONDecodeError:
            return {}


@dataclass(frozen=True, kw_only=True)
class ModelRequest:
    """One request to the model. `tools` are keyed by name, `results` are in the order of the calls."""

    tools: Mapping[str, OfferedTool]
    results: Sequence[ToolResult]


@dataclass(frozen=True, kw_only=True)
class ToolCall:
    """A call that the model makes. `tool` is the server's own name of the tool."""

    tool: str
    arguments: Mapping[str, object]


Script: TypeAlias = Callable[[Sequence[ToolResult]], ToolCall | None]
"""Returns the model's next call, given the results so far, or None if the conversation is over."""


@dataclass(frozen=True, kw_only=True)
class ModelApi:
    """How one vendor's API is served.

    `path` is the end of the path that requests go to, `parse` reads their JSON body. `reply_with_call` and
    `reply_with_text` return the body of the event stream that answers; the former takes the tool, its arguments as
    JSON, and the number of the call, from 0. `fixed_replies` are JSON answers to other requests, by the end of their
    path.
    """

    path: str
    parse: Callable[[Any], ModelRequest]
    reply_with_call: Callable[[OfferedTool, str, int], bytes]
    reply_with_text: Callable[[str], bytes]
    fixed_replies: Mapping[str, object] = field(default_factory=dict[str, object])


def event_stream(*events: Mapping[str, Any]) -> bytes:
    """Return server-sent events, each named by its `type` if it has one."""
    named = ((f"event: {event['type']}\n" if "type" in event else "", event) for event in events)
    return "".join(f"{name}data: {json.dumps(event)}\n\n" for name, event in named).encode()
