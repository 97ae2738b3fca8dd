"""Images made by the Responses API in the background: they can be polled by an id, cancelled, and continued."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from pydantic import BaseModel, ConfigDict, Field

from mediasmith.plugin.contract import Accepted, Call, Cancellation, Context, Failed, Pending, Result
from mediasmith.plugin.errors import Cancelled, ProviderError, Refused, StateGone
from mediasmith.plugin.http_answers import Answer, read_answer, read_outputs
from mediasmith.plugin.http_errors import malformed, reading
from mediasmith_backends.openai.client import TITLE, poll_after
from mediasmith_backends.openai.errors import Problem, failed
from mediasmith_backends.openai.image_params import ImageParams, image_details, image_fields, used_params
from mediasmith_backends.openai.models import CHAT_MODEL

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

_INSTRUCTIONS = (
    "Generate the image that the user asks for. Pass the user's words on unchanged, and add none of your own."
)

_BAD_REQUEST = 400
_NOT_SERVED = {404, 405, 501}
_NOT_SUPPORTED = {"background", "store", "model"}
"""Parameters that a gateway, or an account that stores no data, may not accept."""


class ResponseReference(BaseModel):
    """A response at OpenAI, by its id: the handle of an image being made, and the state of one to be continued."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    response: str


async def submit(call: Call[AsyncOpenAI, ImageParams]) -> Accepted | None:
    """Have an image made. Return None where the Responses API is not served, in which case nothing was accepted.

    Raises:
        StateGone: the conversation that this continues is gone.
    """
    from openai import APIStatusError  # noqa: PLC0415 - heavy: the SDK

    body: dict[str, Any] = {
        "model": CHAT_MODEL,
        "instructions": _INSTRUCTIONS,
        "input": await _message(call),
        "tools": [{"type": "image_generation", "model": call.model.id, **image_fields(call.params)}],
        "tool_choice": {"type": "image_generation"},
        "background": True,
    }
    if call.state is not None:
        body["previous_response_id"] = call.state.response
    api: Any = call.client.responses.with_raw_response  # its overloads take no dict
    try:
        response = await api.create(**body)
    except APIStatusError as error:
        if not _is_unserved(error):
            raise
        if call.state is not None:
            raise StateGone(f"{TITLE} cannot continue this conversation.") from error
        return None
    return Accepted(handle=ResponseReference(response=read_answer(response.content, _Created, TITLE).id))


async def poll(context: Context[AsyncOpenAI], handle: ResponseReference) -> Pending | Result | Failed:
    """Return how far the image is, or the image."""
    answer = await context.client.responses.with_raw_response.retrieve(handle.response)
    return await to_thread.run_sync(partial(_read, answer.content, poll_after(answer.headers)))


async def cancel(context: Context[AsyncOpenAI], handle: ResponseReference) -> Cancellation:
    """Cancel the image."""
    answer = await context.client.responses.with_raw_response.cancel(handle.response)
    match read_answer(answer.content, _Response, TITLE).status:
        case "cancelled":
            return "stopped"
        case "queued" | "in_progress":
            return "asked"
        case _:
            return "too late"


async def _message(call: Call[AsyncOpenAI, ImageParams]) -> str | list[dict[str, Any]]:
    images = [
        {"type": "input_image", "detail": "auto", "image_url": await image.data_uri()}
        for image in call.inputs.get("image", ())
    ]
    if not images:
        return call.prompt
    return [{"role": "user", "content": [{"type": "input_text", "text": call.prompt}, *images]}]


def _is_unserved(error: APIStatusError) -> bool:
    unsupported = error.status_code == _BAD_REQUEST and error.param in _NOT_SUPPORTED
    return error.status_code in _NOT_SERVED or unsupported or error.code == "model_not_found"


class _Created(Answer):
    id: str = Field(min_length=1)


class _Reason(Answer):
    reason: str | None = None


class _Response(Answer):
    id: str
    status: str
    output: tuple[Mapping[str, Any], ...] | None = None
    error: Problem | None = None
    incomplete_details: _Reason | None = None
    usage: Any = None
    tool_usage: Any = None


class _Part(Answer):
    text: str | None = None
    refusal: str | None = None


class _Message(Answer):
    content: tuple[_Part, ...] = ()


class _Image(Answer):
    status: Any = None
    result: str | None = None
    revised_prompt: str | None = None
    size: Any = None
    quality: Any = None
    error: Problem | None = None


def _read(content: bytes, after: float | None) -> Pending | Result | Failed:
    response = read_answer(content, _Response, TITLE)
    match response.status:
        case "queued" | "in_progress":
            return Pending(message=response.status.replace("_", " "), after=after)
        case "completed":
            return _completed(response, content)
        case "cancelled":
            return Failed(error=Cancelled(f"The image was cancelled at {TITLE}."))
        case "failed":
            return failed("image", response.error)
        case "incomplete":
            return _incomplete(response.incomplete_details)
        case _:
            raise ProviderError(f"{TITLE} answered with a status that is not known: {response.status[:60]}.")


def _completed(response: _Response, content: bytes) -> Result | Failed:
    """Return the images of a response, or why it has none.

    Raises:
        ProviderError: it cannot be read.
    """
    with reading(TITLE, content):
        if response.output is None:
            raise malformed(TITLE)
        calls = [_Image.model_validate(item) for item in _items(response, "image_generation_call")]
        images = [call for call in calls if call.result]
        if not images and any(call.status == "completed" and not call.error for call in calls):
            raise malformed(TITLE)
        if not images:
            problem = next((call.error for call in calls if call.error), None)
            return failed("image", problem or Problem(message=_text(response)))
        outputs = read_outputs([image.result or "" for image in images], mime="image/png", name=TITLE)
        if not outputs:
            raise malformed(TITLE)
    state = ResponseReference(response=response.id)
    return Result(
        outputs=tuple(replace(output, state=state) for output in outputs),
        used=used_params(images[0]),
        details=image_details(images[0], response),
    )


def _items(response: _Response, kind: str) -> Iterator[Mapping[str, Any]]:
    return (item for item in response.output or () if item.get("type") == kind)


def _text(response: _Response) -> str:
    """Return what the model said instead of having an image made."""
    messages = [_Message.model_validate(item) for item in _items(response, "message")]
    return " ".join(part.refusal or part.text or "" for message in messages for part in message.content)


def _incomplete(details: _Reason | None) -> Failed:
    reason = (details and details.reason) or ""
    if reason == "content_filter":
        return Failed(error=Refused(f"{TITLE} declined to make this.", reason=reason))
    return Failed(error=ProviderError(f"{TITLE} stopped before the image was finished."))
