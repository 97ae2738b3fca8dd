"""The Responses API: `/responses`, with the image tool, in the background."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, TypeAlias

from fakes.openai.images import IMAGE_MODELS, USAGE, drawn
from fakes.openai.requests import Conversation
from fakes.openai.state import OpenAIState, Response, check_model, refusal
from loopback.connection import Answer
from loopback.faults import answer_json
from loopback.routes import Asked, Route
from loopback.state import new_id

_Asked: TypeAlias = Asked[OpenAIState]

_STATUSES = {"queued": "queued", "running": "in_progress", "done": "completed", "cancelled": "cancelled"}
_TEXT_USAGE = {
    "input_tokens": 10,
    "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
    "output_tokens": 10,
    "output_tokens_details": {"reasoning_tokens": 5},
    "total_tokens": 20,
}
_REASONING: dict[str, object] = {"id": "rs_1", "type": "reasoning", "summary": ()}
_NO_SEARCH = {"num_requests": 0}


def _check(asked: _Asked) -> None:
    """Refuse what this fake cannot do: anything but one image in the background."""
    body: Any = asked.body
    if not (body.background and body.tools and len(body.tools) == 1 and body.tool_choice):
        raise refusal(400, "This fake has images made in the background, one at a time.", param="tools")


def _create(asked: _Asked) -> Answer:
    body: Any = asked.body
    tool = body.tools[0]
    check_model(asked.state, body.model)
    check_model(asked.state, tool["model"], IMAGE_MODELS)
    earlier = asked.state.responses.get(body.previous_response_id or "")
    if body.previous_response_id and not (earlier and earlier.done):
        message = f"Previous response with id '{body.previous_response_id}' not found."
        raise refusal(400, message, code="previous_response_not_found", param="previous_response_id")
    seed = (earlier.seed if earlier else b"") + body.model_dump_json(include={"input", "tools"}).encode()
    call: dict[str, object] = {
        "id": f"ig_{new_id()}",
        "type": "image_generation_call",
        "status": "completed",
        "result": drawn(seed, tool),
        "revised_prompt": f"{body.input}, in fine detail",
        "size": tool.get("size", "1024x1024"),
        "quality": tool.get("quality", "high"),
    }
    response = Response(polls=asked.state.settings.polls, id=f"resp_{new_id()}", seed=seed, output=[_REASONING, call])
    asked.state.responses[response.id] = response
    asked.state.under_way.append(response)
    return answer_json(_shown(response, "queued"))


def _shown(response: Response, state: str) -> Mapping[str, object]:
    used = {"usage": _TEXT_USAGE, "tool_usage": {"image_gen": USAGE, "web_search": _NO_SEARCH}}
    return {
        "id": response.id,
        "object": "response",
        "created_at": int(time.time()),
        "status": _STATUSES[state],
        "background": True,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": "gpt-6-luna",
        "output": response.output if state == "done" else [],
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        **(used if state == "done" else {}),
    }


def _known(asked: _Asked) -> Response:
    if asked.id not in asked.state.responses:
        raise refusal(404, f"Response with id '{asked.id}' not found.")
    return asked.state.responses[asked.id]


def _retrieve(asked: _Asked) -> Answer:
    response = _known(asked)
    return answer_json(_shown(response, response.poll()))


def _cancel(asked: _Asked) -> Answer:
    response = _known(asked)
    response.cancelled = not response.done
    return answer_json(_shown(response, "cancelled" if response.cancelled else "done"))


ROUTES: Mapping[str, Route[OpenAIState]] = {
    "POST /v1/responses": Route(answer=_create, body=Conversation, check=_check),
    "GET /v1/responses/{id}": Route(answer=_retrieve),
    "POST /v1/responses/{id}/cancel": Route(answer=_cancel),
}
"""The routes of responses."""
