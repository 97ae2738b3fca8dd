"""OpenAI's Responses, as a client asks for them: streamed."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from typing import Any

from driving.shown import Answer, Protocol, Shown, Tool, events


def _read(body: Any) -> Shown:
    return Shown(
        tools=dict(_tools(body)),
        answers=tuple(_answer(item["output"]) for item in body["input"] if item["type"] == "function_call_output"),
    )


def _tools(body: Any) -> Iterator[tuple[str, Tool]]:
    """Also those in namespaces, under both names joined as a client without namespaces joins them."""
    for tool in body.get("tools", ()):
        if tool["type"] == "namespace":
            yield from (_tool(inner, tool["name"]) for inner in tool["tools"])
        elif tool["type"] == "function":
            yield _tool(tool)


def _tool(tool: Any, namespace: str = "") -> tuple[str, Tool]:
    name = tool["name"]
    address = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return (
        f"{namespace}__{name}" if namespace else name,
        Tool(address=address, description=tool["description"], schema=tool["parameters"]),
    )


def _answer(output: Any) -> Answer:
    parts: list[Any] = [{"type": "input_text", "text": output}] if isinstance(output, str) else output
    return Answer(
        text="\n".join(part["text"] for part in parts if part["type"] == "input_text"),
        pictures=tuple(
            b64decode(part["image_url"].partition(",")[2]) for part in parts if part["type"] == "input_image"
        ),
    )


def _call(tool: Tool, arguments: str, number: int) -> bytes:
    return _response(
        {
            "type": "function_call",
            "id": f"fc_{number}",
            "call_id": f"call_{number}",
            "arguments": arguments,
            **tool.address,
        }
    )


def _say(text: str) -> bytes:
    content: Any = [{"type": "output_text", "text": text, "annotations": []}]
    return _response({"type": "message", "id": "msg_0", "role": "assistant", "content": content})


def _response(item: Any) -> bytes:
    begun: Any = {"id": "resp_0", "object": "response", "model": "stub", "status": "in_progress", "output": []}
    usage = {
        "input_tokens": 1,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 1,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 2,
    }
    return events(
        {"type": "response.created", "response": begun},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": {**begun, "status": "completed", "output": [item], "usage": usage}},
    )


RESPONSES = Protocol(path="/v1/responses", read=_read, call=_call, say=_say)
"""POST /v1/responses."""
