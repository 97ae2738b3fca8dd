"""What workflows make: filled in and queued, polled in ComfyUI's history and queue, cancelled by their ids."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from urllib.parse import quote
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field

from mediasmith.plugin.contract import (
    Accepted,
    Call,
    Cancellation,
    Capability,
    Context,
    Failed,
    Params,
    Pending,
    Result,
)
from mediasmith.plugin.error_words import answer_text
from mediasmith.plugin.errors import MediaError, ModelGone, ProviderError
from mediasmith.plugin.http_answers import Answer, Lenient, read_answer
from mediasmith.plugin.http_errors import not_billed, reading
from mediasmith.plugin.kinds import MEDIA_TYPES, Kind, MediaType
from mediasmith_backends.comfyui.client import Client
from mediasmith_backends.comfyui.errors import TITLE, NodeFaults, Rejection, explain, fault_sentences, rejected
from mediasmith_backends.comfyui.filling import filled_places, refuses
from mediasmith_backends.comfyui.graph import Place
from mediasmith_backends.comfyui.history import Entry, failure, read_outputs
from mediasmith_backends.comfyui.params import PARAMS, TAKES
from mediasmith_backends.comfyui.workflows import FOLDER_VARIABLE, Workflow, missing

_BAD_REQUEST = 400
_LOOKS = 2
"""How often a job must be in neither history nor queue: it leaves the one just before it is in the other."""


class JobHandle(BaseModel):
    """A job in ComfyUI, by the id that was chosen for it, and the seed that it was given."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    prompt_id: str = Field(min_length=1)
    seed: int | None = None


class _Queued(Answer):
    prompt_id: str = Field(min_length=1)
    node_errors: Lenient[dict[str, NodeFaults]] = None


async def _start(call: Call[Client, Params]) -> Accepted:
    workflow = call.model
    if not isinstance(workflow, Workflow):
        raise ModelGone(
            f"The folder that {FOLDER_VARIABLE} names has no workflow {workflow.id[:60]}.",
            "Name one that list_backends shows; after adding a file, restart the server.",
        )
    with not_billed(explain):
        values = await filled_places(call, workflow)
    seeds = [value for place, value in values.items() if place in workflow.places.get("seed", ())]
    handle = JobHandle(prompt_id=str(uuid4()), seed=int(seeds[0]) if seeds else None)
    await call.handle(handle)
    body = {"prompt": workflow.graph.filled(values), "client_id": handle.prompt_id, "prompt_id": handle.prompt_id}
    response = await call.client.http.post("/prompt", json=body)
    if response.status_code == _BAD_REQUEST:
        raise _rejection(response.content, workflow, values)
    queued = read_answer(response.raise_for_status().content, _Queued, TITLE)
    if faults := fault_sentences(queued.node_errors or {}, workflow.graph):
        call.warn(f"{TITLE} leaves out a part of the workflow: {'; '.join(faults)}.")
    return Accepted(handle=handle.model_copy(update={"prompt_id": queued.prompt_id}))


def _rejection(content: bytes, workflow: Workflow, values: Collection[Place]) -> MediaError:
    try:
        answer = read_answer(content, Rejection, TITLE)
    except ProviderError:
        answer = Rejection()
    return rejected(answer, workflow.graph, values, answer_text(content))


async def _poll(media: MediaType, context: Context[Client], handle: JobHandle) -> Pending | Result | Failed:
    for _ in range(_LOOKS):
        standing = await context.client.standing(handle.prompt_id)
        if isinstance(standing, Entry):
            return _ended(media, context.client, standing, handle)
        if standing:
            return Pending(message=standing)
    return Failed(
        error=ProviderError(
            f"{TITLE} knows no such job: it has been restarted, or its queue or history were cleared, or the job never "
            "reached it.",
            billed="no",
        )
    )


def _ended(media: MediaType, client: Client, entry: Entry, handle: JobHandle) -> Result | Failed:
    with reading(TITLE):
        outputs = read_outputs(entry, media, base_url=client.base_url, headers=client.headers)
    if not entry.succeeded or not outputs:
        return failure(entry, media)
    return Result(outputs=outputs, details={} if handle.seed is None else {"seed": handle.seed})


async def _cancel(context: Context[Client], handle: JobHandle) -> Cancellation:
    """Stop this job alone: an interrupt without its id would stop whatever runs just now, perhaps another's job."""
    client, name = context.client, handle.prompt_id
    standing = await client.standing(name)
    if isinstance(standing, str) and await client.has_jobs():
        await client.post(f"/api/jobs/{quote(name, safe='')}/cancel", {})
        standing = await client.standing(name)
    else:
        if standing == "waiting":
            await client.post("/queue", {"delete": [name]})
            standing = await client.standing(name)
        if standing == "running":
            await client.post("/interrupt", {"prompt_id": name})
            standing = await client.standing(name)
    if isinstance(standing, Entry):
        return "stopped" if standing.interrupted else "too late"
    return "asked" if standing else "stopped"


def _capability(kind: Kind) -> Capability[Client, Params]:
    return Capability(
        kind=kind,
        name=kind,
        params=PARAMS[kind],
        models=(),
        start=_start,
        poll=partial(_poll, MEDIA_TYPES[kind]),
        cancel=_cancel,
        handle=JobHandle,
        takes=TAKES[kind],
        edits="image" if kind == "image" else None,
        every=2.0,
        deadline=3600.0,
        preference=20,
        refuses=refuses,
        missing=missing,
    )


CAPABILITIES: tuple[Capability[Client, Params], ...] = tuple(map(_capability, PARAMS))
"""One for each kind, without models of its own: these are the user's workflows."""
