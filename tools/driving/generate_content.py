"""Google's generateContent, as a client asks for it: streamed."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from driving.shown import Answer, Protocol, Shown, Tool, events


def _read(body: Any) -> Shown:
    return Shown(tools={tool.address["name"]: tool for tool in _tools(body)}, answers=tuple(_answers(body)))


def _tools(body: Any) -> Iterator[Tool]:
    for group in body.get("tools", ()):
        for declared in group.get("functionDeclarations", ()):
            yield Tool(
                address={"name": declared["name"]},
                description=declared["description"],
                schema=declared.get("parametersJsonSchema", {}),
            )


def _answers(body: Any) -> Iterator[Answer]:
    """The model makes one call at a time, so what stands beside its answer belongs to it."""
    for content in body["contents"]:
        parts: Sequence[Any] = content["parts"]
        responses: list[Mapping[str, str]] = [
            part["functionResponse"]["response"] for part in parts if "functionResponse" in part
        ]
        if responses:
            yield Answer(
                text="\n".join(text for response in responses for text in response.values()),
                pictures=tuple(b64decode(part["inlineData"]["data"]) for part in parts if "inlineData" in part),
            )


def _call(tool: Tool, arguments: str, number: int) -> bytes:
    return _chunk({"functionCall": {"id": f"call_{number}", "args": json.loads(arguments), **tool.address}})


def _say(text: str) -> bytes:
    return _chunk({"text": text})


def _chunk(part: Any) -> bytes:
    return events(
        {
            "candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}],
            "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
            "modelVersion": "stub",
        }
    )


GENERATE_CONTENT = Protocol(
    path=":streamGenerateContent", read=_read, call=_call, say=_say, asides={":countTokens": {"totalTokens": 1}}
)
"""POST /v1beta/models/MODEL:streamGenerateContent, and :countTokens."""
