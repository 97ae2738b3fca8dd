"""Serve Anthropic's Messages API as clients use it: streamed."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from typing import Any

from headless.model_api import ModelApi, ModelRequest, OfferedTool, ToolResult, event_stream


def _parse(body: Any) -> ModelRequest:
    return ModelRequest(
        tools={
            tool["name"]: OfferedTool(
                address={"name": tool["name"]}, description=tool.get("description", ""), schema=tool["input_schema"]
            )
            for tool in body.get("tools", ())
            if "input_schema" in tool
        },
        results=tuple(_result(block) for block in _blocks(body) if block["type"] == "tool_result"),
    )


def _blocks(body: Any) -> Iterator[Any]:
    for message in body["messages"]:
        if not isinstance(message["content"], str):
            yield from message["content"]


def _result(block: Any) -> ToolResult:
    content = block.get("content", "")
    parts: list[Any] = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return ToolResult(
        text="\n".join(part["text"] for part in parts if part["type"] == "text"),
        images=tuple(b64decode(part["source"]["data"]) for part in parts if part["type"] == "image"),
    )


def _reply_with_call(tool: OfferedTool, arguments: str, number: int) -> bytes:
    block: Any = {"type": "tool_use", "id": f"toolu_{number}", "input": {}, **tool.address}
    return _message(block, {"type": "input_json_delta", "partial_json": arguments}, "tool_use")


def _reply_with_text(text: str) -> bytes:
    return _message({"type": "text", "text": ""}, {"type": "text_delta", "text": text}, "end_turn")


def _message(block: Any, delta: Any, reason: str) -> bytes:
    message: Any = {
        "id": "msg_0",
        "type": "message",
        "role": "assistant",
        "model": "stub",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    return event_stream(
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": None},
            "usage": {"output_tokens": 1},
        },
        {"type": "message_stop"},
    )


MESSAGES = ModelApi(
    path="/v1/messages", parse=_parse, reply_with_call=_reply_with_call, reply_with_text=_reply_with_text
)
"""POST /v1/messages."""
