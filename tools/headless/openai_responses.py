"""Serve OpenAI's Responses API as clients use it: streamed."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from typing import Any

from headless.model_api import ModelApi, ModelRequest, OfferedTool, ToolResult, event_stream


def _parse(body: Any) -> ModelRequest:
    return ModelRequest(
        tools=dict(_tools(body)),
        results=tuple(_result(item["output"]) for item in body["input"] if item["type"] == "function_call_output"),
    )


def _tools(body: Any) -> Iterator[tuple[str, OfferedTool]]:
    """Yield all tools by name. In a namespace, the name is joined as clients without namespaces join it."""
    for tool in body.get("tools", ()):
        if tool["type"] == "namespace":
            yield from (_tool(inner, tool["name"]) for inner in tool["tools"])
        elif tool["type"] == "function":
            yield _tool(tool)


def _tool(tool: Any, namespace: str = "") -> tuple[str, OfferedTool]:
    name = tool["name"]
    address = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return (
        f"{namespace}__{name}" if namespace else name,
        OfferedTool(address=address, description=tool["description"], schema=tool["parameters"]),
    )


def _result(output: Any) -> ToolResult:
    parts: list[Any] = [{"type": "input_text", "text": output}] if isinstance(output, str) else output
    return ToolResult(
        text="\n".join(part["text"] for part in parts if part["type"] == "input_text"),
        images=tuple(b64decode(part["image_url"].partition(",")[2]) for part in parts if part["type"] == "input_image"),
    )


def _reply_with_call(tool: OfferedTool, arguments: str, number: int) -> bytes:
    return _response(
        {
            "type": "function_call",
            "id": f"fc_{number}",
            "call_id": f"call_{number}",
            "arguments": arguments,
            **tool.address,
        }
    )


def _reply_with_text(text: str) -> bytes:
    content: Any = [{"type": "output_text", "text": text, "annotations": []}]
    return _response({"type": "message", "id": "msg_0", "role": "assistant", "content": content})


def _response(item: Any) -> bytes:
    started: Any = {"id": "resp_0", "object": "response", "model": "stub", "status": "in_progress", "output": []}
    usage = {
        "input_tokens": 1,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 1,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 2,
    }
    return event_stream(
        {"type": "response.created", "response": started},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {
            "type": "response.completed",
            "response": {**started, "status": "completed", "output": [item], "usage": usage},
        },
    )


RESPONSES = ModelApi(
    path="/v1/responses", parse=_parse, reply_with_call=_reply_with_call, reply_with_text=_reply_with_text
)
"""POST /v1/responses."""
