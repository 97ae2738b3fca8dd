"""Serve Google's generateContent API as clients use it: streamed."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from headless.model_api import ModelApi, ModelRequest, OfferedTool, ToolResult, event_stream


def _parse(body: Any) -> ModelRequest:
    return ModelRequest(tools={tool.address["name"]: tool for tool in _tools(body)}, results=tuple(_results(body)))


def _tools(body: Any) -> Iterator[OfferedTool]:
    for group in body.get("tools", ()):
        for declared in group.get("functionDeclarations", ()):
            yield OfferedTool(
                address={"name": declared["name"]},
                description=declared["description"],
                schema=declared.get("parametersJsonSchema", {}),
            )


def _results(body: Any) -> Iterator[ToolResult]:
    """Yield the results. The model makes one call at a time, so the images beside a result belong to it."""
    for content in body["contents"]:
        parts: Sequence[Any] = content["parts"]
        responses: list[Mapping[str, str]] = [
            part["functionResponse"]["response"] for part in parts if "functionResponse" in part
        ]
        if responses:
            yield ToolResult(
                text="\n".join(text for response in responses for text in response.values()),
                images=tuple(b64decode(part["inlineData"]["data"]) for part in parts if "inlineData" in part),
            )


def _reply_with_call(tool: OfferedTool, arguments: str, number: int) -> bytes:
    return _chunk({"functionCall": {"id": f"call_{number}", "args": json.loads(arguments), **tool.address}})


def _reply_with_text(text: str) -> bytes:
    return _chunk({"text": text})


def _chunk(part: Any) -> bytes:
    return event_stream(
        {
            "candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}],
            "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
            "modelVersion": "stub",
        }
    )


GENERATE_CONTENT = ModelApi(
    path=":streamGenerateContent",
    parse=_parse,
    reply_with_call=_reply_with_call,
    reply_with_text=_reply_with_text,
    fixed_replies={":countTokens": {"totalTokens": 1}},
)
"""POST /v1beta/models/MODEL:streamGenerateContent, and :countTokens."""
