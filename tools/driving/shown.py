"""What a client shows its model: the tools, and the answers to its calls."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A tool as it is offered to the model. `address` is what a call has to say to mean it."""

    address: Mapping[str, str]
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A tool's answer as the model gets it: its texts, joined by line breaks, and the bytes of its pictures."""

    text: str
    pictures: tuple[bytes, ...] = ()

    @property
    def said(self) -> Mapping[str, Any]:
        """The JSON that the server wrote, whatever the client put around it; empty when there is none."""
        start = self.text.find('{"status"')
        if start < 0:
            return {}
        try:
            return json.JSONDecoder().raw_decode(self.text, start)[0]
        except json.JSONDecodeError:
            return {}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One request to the model. `tools` are by the names that their client gives them."""

    tools: Mapping[str, Tool]
    answers: Sequence[Answer]


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call that the model makes, by the server's own name of the tool."""

    tool: str
    arguments: Mapping[str, object]


Script: TypeAlias = Callable[[Sequence[Answer]], Call | None]
"""What the model does, given the answers it has seen: the next call, or None when it has nothing more to do."""


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How a model is spoken to: the end of the path, how a request is read, and the streams that answer it.

    `call` is given the tool, its arguments as JSON, and which call it is, from 0. `asides` are the answers to other
    questions, by the ends of their paths.
    """

    path: str
    read: Callable[[Any], Shown]
    call: Callable[[Tool, str, int], bytes]
    say: Callable[[str], bytes]
    asides: Mapping[str, object] = field(default_factory=dict[str, object])


def events(*data: Mapping[str, Any]) -> bytes:
    """A stream of server-sent events, each named by its `type` where it has one."""
    named = ((f"event: {event['type']}\n" if "type" in event else "", event) for event in data)
    return "".join(f"{name}data: {json.dumps(event)}\n\n" for name, event in named).encode()
