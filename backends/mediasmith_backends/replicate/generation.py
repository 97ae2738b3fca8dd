"""Start predictions: official models by their names, all others by a version."""

from __future__ import annotations

from typing import Any

from mediasmith.plugin.contract import JSON, Accepted, Call
from mediasmith.plugin.errors import InvalidRequest, ModelGone
from mediasmith.plugin.http_answers import read_answer
from mediasmith.plugin.http_errors import not_billed
from mediasmith.plugin.kinds import MEDIA_TYPES, Kind, Role
from mediasmith_backends.input_schema import request_body
from mediasmith_backends.replicate.client import Client
from mediasmith_backends.replicate.errors import TITLE, explain
from mediasmith_backends.replicate.input_files import file_url
from mediasmith_backends.replicate.model_schema import ReplicateModel, fetch_model
from mediasmith_backends.replicate.prediction import Created, PredictionHandle


async def start(kind: Kind, call: Call[Client, Any]) -> Accepted:
    """Request a prediction.

    It is not asked to wait for the result (`Prefer: wait`): the id comes before anything can break while the model
    works. Nor is it given a deadline (`Cancel-After`): what was paid for can be collected later.
    """
    with not_billed(explain):
        model = call.model if isinstance(call.model, ReplicateModel) else await _fetched(kind, call)
        body = {"input": await _input(model, call)}
    if model.version:
        content = await call.client.post("/predictions", {"version": model.version, **body})
    else:
        content = await call.client.post(f"/models/{model.id}/predictions", body)
    return Accepted(handle=PredictionHandle(id=read_answer(content, Created, TITLE).id, makes=MEDIA_TYPES[kind]))


async def _fetched(kind: Kind, call: Call[Client, Any]) -> ReplicateModel:
    """Return the model of a call that was planned without its schema."""
    model = await fetch_model(kind, call.client, call.model.id)
    if model is None:
        raise ModelGone(f"{TITLE} has no model {call.model.id[:60]} that makes this; it names them owner/name.")
    return model


async def _input(model: ReplicateModel, call: Call[Client, Any]) -> dict[str, JSON]:
    """Return the input as the model's schema has it.

    Raises:
        InvalidRequest: the model does not take something, which was not known when the call was planned.
    """
    if call.prompt.strip() and not model.prompt_field:
        call.warn(f"The prompt was ignored: {model.id[:60]} takes none.")
    params = call.params.model_dump(exclude_none=True)
    files: dict[Role, list[str]] = {
        role: [await file_url(call.client, file) for file in given] for role, given in call.inputs.items()
    }
    try:
        return request_body(model, prompt=call.prompt, params=params, files=files, options=call.options)
    except (LookupError, ValueError) as error:
        words = ", ".join([*call.params.model_dump(exclude_defaults=True), *(role for role in files if files[role])])
        raise InvalidRequest(f"{model.id[:60]} does not take {words} as given.", billed="no") from error
