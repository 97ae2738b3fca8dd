"""Conversations in which pictures are made: `/responses`, at once or in the background."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TypeAlias

from fakes.openai.catalogue import FORBIDDEN, IMAGE_MODELS, TALKATIVE, TEXT_MODELS, WITHHELD
from fakes.openai.conversation import Conversation, Tool
from fakes.openai.errors import BLOCKED, USER_ERROR, details, moderate, refusal, served
from fakes.openai.images import encoded, usage_of
from fakes.openai.state import OpenAIState, Response
from loopback.connection import Answer
from loopback.faults import answer_json
from loopback.pictures import large_picture, picture
from loopback.routes import Asked, Route
from loopback.state import new_id

_Asked: TypeAlias = Asked[OpenAIState]

_STATUSES = {"queued": "queued", "running": "in_progress", "cancelled": "cancelled"}


def _create(asked: _Asked) -> Answer:
    body: Conversation = asked.body
    served(asked.state, body.model, TEXT_MODELS)
    for tool in body.tools:
        served(asked.state, tool.model, IMAGE_MODELS)
    before = _before(asked)
    if FORBIDDEN in body.said and not body.background:
        moderate(body.said)
    polls = asked.state.settings.polls if body.background else 0
    made = Response(
        polls=polls, id=f"resp_{new_id()}", request=body, created=int(time.time()), background=body.background
    )
    made.seed = _seed(body, before)
    if FORBIDDEN in body.said:
        made.error = {"code": "image_content_policy_violation", "message": BLOCKED}
    else:
        made.output = _output(asked, made, edits=before is not None)
    if body.store:
        asked.state.responses[made.id] = made
    if body.background:
        asked.state.under_way.append(made)
        return answer_json(_shown(made, "queued"))
    return answer_json(_shown(made, made.poll()))


def _before(asked: _Asked) -> Response | None:
    """The response that this one continues; refuse one that is not there, and pictures that are not."""
    body: Conversation = asked.body
    name, responses = body.previous_response_id, asked.state.responses
    if name and (name not in responses or not responses[name].done):
        message = f"Previous response with id '{name}' not found."
        raise refusal(400, message, code="previous_response_not_found", param="previous_response_id")
    known = {item["id"] for response in responses.values() for item in response.output}
    for call in body.referred:
        if call not in known:
            raise refusal(404, f"Item with id '{call}' not found.", param="input")
    return responses[name] if name else None


def _seed(body: Conversation, before: Response | None) -> bytes:
    told = body.model_dump_json(include={"model", "input", "tools", "instructions", "reasoning"}).encode()
    return (before.seed if before else b"") + told


def _output(asked: _Asked, made: Response, *, edits: bool) -> list[dict[str, object]]:
    body: Conversation = asked.body
    thought: dict[str, object] = {"id": f"rs_{new_id()}", "type": "reasoning", "summary": []}
    talks = not body.tools or body.tool_choice == "none"
    if talks or (body.tool_choice == "auto" and TALKATIVE in body.said):
        return [thought, _talk("Here is what I think of it.")]
    return [thought, _call(asked, made, body.tools[0], edits=edits or bool(body.shown or body.referred))]


def _talk(text: str) -> dict[str, object]:
    content: dict[str, object] = {"type": "output_text", "text": text, "annotations": (), "logprobs": ()}
    message = {"id": f"msg_{new_id()}", "type": "message", "role": "assistant", "status": "completed"}
    return {**message, "content": [content]}


def _call(asked: _Asked, made: Response, tool: Tool, *, edits: bool) -> dict[str, object]:
    body: Conversation = asked.body
    call: dict[str, object] = {"id": f"ig_{new_id()}", "type": "image_generation_call"}
    if WITHHELD in body.said:
        error = {"code": "moderation_blocked", "message": BLOCKED, "param": None, "type": USER_ERROR}
        return {**call, "status": "failed", "result": None, "error": {**error, "moderation_details": details("output")}}
    made_of = large_picture(asked.fixed) if asked.fixed else picture(made.seed, tool.dimensions, tool.look)
    action = tool.action if tool.action != "auto" else "edit" if edits else "generate"
    return {
        **call,
        "status": "completed",
        "result": encoded(made_of),
        "revised_prompt": f"{body.said}, in fine detail",
        "action": action,
        **tool.told(),
    }


def _shown(made: Response, state: str) -> Mapping[str, object]:
    """A response as the provider tells of it."""
    body: Conversation = made.request
    done = state == "done"
    status = _STATUSES.get(state) or ("failed" if made.error else "completed")
    return {
        "id": made.id,
        "object": "response",
        "created_at": made.created,
        "status": status,
        "background": made.background,
        "completed_at": made.created + 30 if status == "completed" else None,
        "error": made.error if done else None,
        "incomplete_details": None,
        "instructions": body.instructions or None,
        "max_output_tokens": None,
        "metadata": body.metadata,
        "model": body.model,
        "output": made.output if done else [],
        "parallel_tool_calls": True,
        "previous_response_id": body.previous_response_id or None,
        "reasoning": {"effort": body.reasoning.effort, "summary": None},
        "safety_identifier": body.safety_identifier or None,
        "service_tier": "default",
        "store": body.store,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": body.model_dump(include={"tool_choice"})["tool_choice"],
        "tools": [tool.model_dump(exclude_unset=True) for tool in body.tools],
        "top_p": 1.0,
        "truncation": "disabled",
        **(_used(body, made) if status == "completed" else {}),
    }


def _used(body: Conversation, made: Response) -> Mapping[str, object]:
    text, words = len(body.said) // 4 + 1, 40
    calls = [item for item in made.output if item.get("status") == "completed" and item.get("result")]
    nothing = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    none = {**nothing, "input_tokens_details": {"text_tokens": 0, "image_tokens": 0}}
    pictures = usage_of(body.tools[0], len(body.said), pictures=len(body.shown)) if calls else none
    return {
        "usage": {
            "input_tokens": text,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": words,
            "output_tokens_details": {"reasoning_tokens": words // 2},
            "total_tokens": text + words,
        },
        "tool_usage": {"image_gen": pictures, "web_search": {"num_requests": 0}},
    }


def _known(asked: _Asked) -> Response:
    if asked.id not in asked.state.responses:
        raise refusal(404, f"Response with id '{asked.id}' not found.")
    return asked.state.responses[asked.id]


def _retrieve(asked: _Asked) -> Answer:
    made = _known(asked)
    return answer_json(_shown(made, made.poll()))


def _cancel(asked: _Asked) -> Answer:
    made = _known(asked)
    if not made.background:
        raise refusal(400, "Cannot cancel a synchronous response.")
    made.cancelled = not made.done
    return answer_json(_shown(made, "done" if made.done else "cancelled"))


ROUTES: Mapping[str, Route[OpenAIState]] = {
    "POST /v1/responses": Route(answer=_create, body=Conversation),
    "GET /v1/responses/{id}": Route(answer=_retrieve),
    "POST /v1/responses/{id}/cancel": Route(answer=_cancel),
}
"""The requests of conversations."""
