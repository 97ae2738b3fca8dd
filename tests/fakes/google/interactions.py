"""Interactions: made at once, or in the background, polled for, cancelled, and continued by the next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal, TypeAlias

from fakes.google.catalogue import BROKEN, FORBIDDEN, MODELS
from fakes.google.content import Image, Video
from fakes.google.errors import interaction_refusal
from fakes.google.outputs import outputs_of, steps_of
from fakes.google.requests import Conversation
from fakes.google.state import GoogleState, Made
from loopback.connection import Answer
from loopback.faults import Strict, answer_json
from loopback.routes import Asked, Route
from loopback.state import new_id

_Asked: TypeAlias = Asked[GoogleState]

_STATUSES = {"queued": "queued", "running": "in_progress", "cancelled": "cancelled"}
_LEGACY = "lyria-3-clip-preview"
_BLOCKED = {"code": "prohibited_content", "message": "The request was blocked because it may be harmful."}
_FAILED = {"code": "internal", "message": "An internal error has occurred."}


def _create(asked: _Asked) -> Answer:
    body: Conversation = asked.body
    if body.model not in MODELS or body.model in asked.state.settings.retired:
        raise interaction_refusal(404, f"Model {body.model} was not found.")
    before = _before(asked)
    _know_files(asked)
    made = Made(
        polls=asked.state.settings.polls if body.background else 0,
        id=f"v1_{new_id()}",
        request=body,
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        seed=(before.seed if before else b"") + sha256(_told(body)).digest(),
    )
    _fill(asked, made)
    if body.store:
        asked.state.interactions[made.id] = made
    if body.background:
        asked.state.under_way.append(made)
        return answer_json(_shown(made, "in_progress"))
    return answer_json(_shown(made, made.ends))


def _before(asked: _Asked) -> Made | None:
    """The interaction that this one continues; refuse one that is not there, or not finished."""
    name = asked.body.previous_interaction_id
    if not name:
        return None
    before = asked.state.interactions.get(name)
    if before is None:
        raise interaction_refusal(404, f"Interaction {name} was not found.")
    if not before.done and before.request.background:
        raise interaction_refusal(400, f"Interaction {name} is not finished.")
    return before


def _know_files(asked: _Asked) -> None:
    """Refuse files that were not uploaded, or are not ready."""
    body: Conversation = asked.body
    for block in body.blocks:
        if isinstance(block, Image | Video) and block.uri:
            upload = asked.state.uploads.get(block.uri.rpartition("/")[2])
            if upload is None or not upload.whole or upload.mime != block.mime_type:
                raise interaction_refusal(403, "You do not have permission to access the file, or it does not exist.")
            if upload.left:
                raise interaction_refusal(400, "The file is not in an ACTIVE state and usage is not allowed.")


def _told(body: Conversation) -> bytes:
    return body.model_dump_json(exclude={"background", "previous_interaction_id", "store"}).encode()


def _fill(asked: _Asked, made: Made) -> None:
    body: Conversation = made.request
    if BROKEN in body.said:
        made.ends, made.errors = "failed", [_FAILED]
        return
    if FORBIDDEN in body.said:
        made.errors = [_BLOCKED]
    if not body.background or made.polls == 0:
        made.steps = list(steps_of(asked.state, made, asked.fixed))


def _shown(made: Made, status: str) -> Mapping[str, object]:
    """An interaction as the provider tells of it."""
    body: Conversation = made.request
    ended = status == made.ends
    answer: dict[str, object] = {
        **({"id": made.id} if body.store else {}),
        "object": "interaction",
        "model": body.model,
        "status": status,
        "created": made.created,
        "updated": made.created,
        **({"previous_interaction_id": body.previous_interaction_id} if body.previous_interaction_id else {}),
    }
    if ended and body.model == _LEGACY:
        return {**answer, "outputs": outputs_of(made.steps), "usage": _usage(body)}
    if ended:
        answer |= {"steps": made.steps, "usage": _usage(body)}
        answer |= {"errors": made.errors} if made.errors else {}
    return answer


def _usage(body: Conversation) -> Mapping[str, object]:
    text, answer = len(body.said) // 4 + 1, 1120
    return {
        "total_input_tokens": text,
        "input_tokens_by_modality": [{"modality": "text", "tokens": text}],
        "total_output_tokens": answer,
        "total_thought_tokens": 20,
        "total_tokens": text + answer + 20,
    }


class Look(Strict):
    """The query of `GET /v1/interactions/{id}`."""

    stream: Literal["false"] = "false"


def _known(asked: _Asked) -> Made:
    if asked.id not in asked.state.interactions:
        raise interaction_refusal(404, f"Interaction {asked.id} was not found.")
    return asked.state.interactions[asked.id]


def _get(asked: _Asked) -> Answer:
    made = _known(asked)
    if not made.request.background:
        return answer_json(_shown(made, made.ends))
    state = made.poll()
    if state == "done" and not made.steps and made.ends == "completed":
        made.steps = list(steps_of(asked.state, made, asked.fixed))
    return answer_json(_shown(made, _STATUSES.get(state) or made.ends))


def _cancel(asked: _Asked) -> Answer:
    made = _known(asked)
    if not made.request.background or made.done:
        raise interaction_refusal(400, "Only background interactions that are not finished can be cancelled.")
    made.cancelled = True
    return answer_json(_shown(made, "cancelled"))


ROUTES: Mapping[str, Route[GoogleState]] = {
    "POST /v1/interactions": Route(answer=_create, body=Conversation),
    "GET /v1/interactions/{id}": Route(answer=_get, query=Look),
    "POST /v1/interactions/{id}/cancel": Route(answer=_cancel),
}
"""The requests for interactions."""
