"""Anthropic's Messages, as a client asks for them: streamed."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from typing import Any

from driving.shown import Answer, Protocol, Shown, Tool, events


def _read(body: Any) -> Shown:
    return Shown(
        tools={
            tool["name"]: Tool(
                address={"name": tool["name"]}, description=tool.get("description", ""), schema=tool["input_schema"]
            )
            for tool in body.get("tools", ())
            if "input_schema" in tool
        },
        answers=tuple(_answer(block) for block in _blocks(body) if block["type"] == "tool_result"),
    )


def _blocks(body: Any) -> Iterator[Any]:
    for message in body["messages"]:
        if not isinstance(message["content"], str):
            yield from message["content"]


def _answer(block: Any) -> Answer:
    content = block.get("content", "")
    parts: list[Any] = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return Answer(
        text="\n".join(part["text"] for part in parts if part["type"] == "text"),
        pictures=tuple(b64decode(part["source"]["data"]) for part in parts if part["type"] == "image"),
    )


def _call(tool: Tool, arguments: str, number: int) -> bytes:
    block: Any = {"type": "tool_use", "id": f"toolu_{number}", "input": {}, **tool.address}
    return _message(block, {"type": "input_json_delta", "partial_json": arguments}, "tool_use")


def _say(text: str) -> bytes:
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
    return events(
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


MESSAGES = Protocol(path="/v1/messages", read=_read, call=_call, say=_say)
"""POST /v1/messages."""
