"""The queue: a request is sent once, then polled until it is completed, which does not say that it went well."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlsplit

from anyio import to_thread
from pydantic import BaseModel, ConfigDict, Field

from mediasmith.plugin.contract import Accepted, Call, Cancellation, Context, Failed, Params, Pending, Result
from mediasmith.plugin.errors import Billed, ModelGone, ProviderError, Refused
from mediasmith.plugin.http_answers import Answer, Lenient, read_answer, same_origin
from mediasmith.plugin.http_errors import error_for_failed_work, not_billed, reading, retry_after
from mediasmith.plugin.kinds import MEDIA_TYPES, MediaType, Role
from mediasmith.plugin.lineage import prompt_with_lineage
from mediasmith_backends.fal.client import Client
from mediasmith_backends.fal.errors import TITLE, explain, verdict
from mediasmith_backends.fal.prices import cost_of
from mediasmith_backends.fal.results import Made, read_made
from mediasmith_backends.fal.uploads import file_url
from mediasmith_backends.input_schema import SchemaModel, request_body

if TYPE_CHECKING:
    from httpx2 import Response


class QueuedRequest(BaseModel):
    """A request in the queue: its id, its endpoint, what it makes, and the URLs that fal gave for it."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    request: str = Field(min_length=1)
    endpoint: str
    media: MediaType
    status_url: str
    response_url: str
    cancel_url: str


class _Queued(Answer):
    request_id: str = Field(min_length=1)
    status_url: Lenient[str] = None
    response_url: Lenient[str] = None
    cancel_url: Lenient[str] = None


class _Status(Answer):
    status: str
    queue_position: Lenient[int] = None
    error: Lenient[str] = None
    error_type: Lenient[str] = None


class _Cancelled(Answer):
    status: Literal["OK", "CANCELLATION_REQUESTED", "ALREADY_COMPLETED"]


async def start(call: Call[Client, Params]) -> Accepted:
    """Send the request. Fal itself tries again, unbilled, where one of its runners breaks."""
    model = call.model
    if not isinstance(model, SchemaModel):
        raise ModelGone(f"{TITLE} does not say what {model.id[:60]} takes.")
    if call.prompt and not model.prompt_field:
        call.warn(f"{model.id} takes no prompt; it was not sent.")
    with not_billed(explain):
        files: dict[Role, list[str]] = {}
        for role, given in call.inputs.items():
            files[role] = [await file_url(call.client, file) for file in given]
    body = request_body(
        model,
        prompt=prompt_with_lineage(call),
        params=call.params.model_dump(exclude_none=True),
        files=files,
        options=call.options,
    )
    content = await to_thread.run_sync(partial(json.dumps, body, ensure_ascii=False, allow_nan=False))
    url, headers = f"/{quote(model.id)}", {"content-type": "application/json"}
    response = await call.client.http.post(url, content=content.encode(), headers=headers)
    queued = read_answer(response.raise_for_status().content, _Queued, TITLE)
    return Accepted(handle=_handle(call.client, model, queued))


def _handle(client: Client, model: SchemaModel, queued: _Queued) -> QueuedRequest:
    """Return the handle. The URLs name the endpoint's application alone, which is two parts of its id."""
    application = "/".join(model.id.split("/")[:2])
    usual = f"{client.queue_url.rstrip('/')}/{quote(application)}/requests/{quote(queued.request_id, safe='')}"
    return QueuedRequest(
        request=queued.request_id,
        endpoint=model.id,
        media=MEDIA_TYPES[model.kind],
        status_url=queued.status_url or f"{usual}/status",
        response_url=queued.response_url or usual,
        cancel_url=queued.cancel_url or f"{usual}/cancel",
    )


async def poll(context: Context[Client], handle: QueuedRequest) -> Pending | Result | Failed:
    """Return how the request stands, or its result."""
    response = await context.client.http.get(_own(context, handle.status_url))
    answer = read_answer(response.raise_for_status().content, _Status, TITLE)
    match answer.status:
        case "IN_QUEUE":
            place = "" if answer.queue_position is None else f", {answer.queue_position} before it"
            return Pending(message=f"in the queue{place}", after=retry_after(response.headers))
        case "IN_PROGRESS":
            return Pending(message="in progress", after=retry_after(response.headers))
        case "COMPLETED":
            return await _completed(context, handle, answer)
        case _:
            raise ProviderError(f"{TITLE} answered with a status that is not known: {answer.status[:60]}.")


async def _completed(context: Context[Client], handle: QueuedRequest, answer: _Status) -> Result | Failed:
    """Return the result, or how it ended instead: only the answer with the result, or an `error`, says that."""
    response = await context.client.http.get(_own(context, handle.response_url))
    units = _units(response)
    billed: Billed | None = None if units is None else "yes" if units else "no"
    if error := verdict(response, billed):
        return Failed(error=error)
    if answer.error or answer.error_type:
        reason = answer.error or answer.error_type or ""
        return Failed(error=error_for_failed_work(TITLE, reason, billed=billed or "unknown"))
    content = response.raise_for_status().content
    http = context.client.http
    key = {"authorization": http.headers["authorization"]}
    read = partial(read_made, content, handle.media, base_url=str(http.base_url), headers=key)
    made = await to_thread.run_sync(read)
    if not made.outputs:
        words = f"The safety checker of {TITLE} blackened what was made."
        return Failed(error=Refused(words, reason="has_nsfw_concepts", billed="yes"))
    if made.blackened:
        context.warn(_blackened(made))
    return Result(
        outputs=tuple(made.outputs),
        complete=not made.blackened,
        cost_usd=await cost_of(context.client, handle.endpoint, units),
        details=made.details,
    )


def _blackened(made: Made) -> str:
    return f"The safety checker of {TITLE} blackened {made.blackened} more; they were left out, and are billed."


def _units(response: Response) -> float | None:
    """Return the units that were billed, or None where the answer does not say."""
    with suppress(KeyError, ValueError):
        units = float(response.headers["x-fal-billable-units"])
        return units if 0 <= units < float("inf") else None
    return None


async def cancel(context: Context[Client], handle: QueuedRequest) -> Cancellation:
    """Take the request from the queue, or ask its runner to stop; the body says which, whatever the status."""
    response = await context.client.http.put(_own(context, handle.cancel_url))
    outcomes: dict[str, Cancellation] = {
        "OK": "stopped",
        "CANCELLATION_REQUESTED": "asked",
        "ALREADY_COMPLETED": "too late",
    }
    try:
        return outcomes[read_answer(response.content, _Cancelled, TITLE).status]
    except ProviderError:
        response.raise_for_status()
        raise


def _own(context: Context[Any], url: str) -> str:
    """Return the URL at the host that the key may be sent to: a gateway may pass on fal's own URLs as they are.

    Raises:
        ProviderError: it is no URL.
    """
    base = context.client.queue_url
    with reading(TITLE):
        return url if same_origin(url, base) else f"{base.rstrip('/')}/{urlsplit(url).path.lstrip('/')}"
