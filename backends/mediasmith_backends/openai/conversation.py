"""Pictures made in a conversation, in the background: they have a name from the start, and can be gone on from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from anyio import to_thread

from mediasmith.plugin.contract import JSON, Accepted, Call, Context, Output, Pending, Result
from mediasmith.plugin.errors import Cancelled, MediaError, ProviderError, Refused, StateGone
from mediasmith_backends.openai.answers import Answered, Problem, picture, read, told
from mediasmith_backends.openai.client import TITLE
from mediasmith_backends.openai.errors import failed
from mediasmith_backends.openai.models import DRIVER
from mediasmith_backends.openai.pictures import ImageParams, words

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

_INSTRUCTIONS = "Have the picture made that the user asks for. Pass the user's words on as they are; add none of yours."

_NOT_THERE = {404, 405, 501}
_NOT_ALLOWED = {"background", "store", "model"}
"""What an account that keeps no data, or a gateway, may not know of a conversation."""


async def begin(call: Call[AsyncOpenAI, ImageParams]) -> Accepted | None:
    """Have a picture made. None where there are no such conversations, in which case nothing was accepted.

    Raises:
        StateGone: the conversation that this continues is gone.
    """
    from openai import APIStatusError  # noqa: PLC0415 - heavy: the SDK

    asked: dict[str, Any] = {
        "model": DRIVER,
        "instructions": _INSTRUCTIONS,
        "input": await _said(call),
        "tools": [{"type": "image_generation", "model": call.model.id, **words(call)}],
        "tool_choice": {"type": "image_generation"},
        "background": True,
    }
    if call.state is not None:
        asked["previous_response_id"] = _id(call.state)
    responses: Any = call.client.responses.with_raw_response  # of its many forms of a request none is picked by a dict
    try:
        response = await responses.create(**asked)
    except APIStatusError as error:
        if not _is_unserved(error):
            raise
        if call.state is not None:
            raise StateGone(f"{TITLE} cannot go on with this conversation.") from error
        return None
    return Accepted(handle={"response": read(response.content, _Begun).id})


async def poll(work: Context[AsyncOpenAI], handle: JSON) -> Pending | Result:
    """How the picture is getting on."""
    response = await work.client.responses.with_raw_response.retrieve(_id(handle))
    return await to_thread.run_sync(partial(_standing, response.content))


async def cancel(work: Context[AsyncOpenAI], handle: JSON) -> None:
    """Stop it."""
    await work.client.responses.with_raw_response.cancel(_id(handle))


async def _said(call: Call[AsyncOpenAI, ImageParams]) -> str | list[dict[str, Any]]:
    images = call.inputs.get("image", ())
    if not images:
        return call.prompt
    shown = [{"type": "input_image", "detail": "auto", "image_url": await image.data_uri()} for image in images]
    return [{"role": "user", "content": [{"type": "input_text", "text": call.prompt}, *shown]}]


def _id(kept: JSON) -> str:
    match kept:
        case {"response": str(name)}:
            return name
        case _:
            raise StateGone(f"This was not made in a conversation with {TITLE}.")


def _is_unserved(error: APIStatusError) -> bool:
    not_allowed = error.status_code == 400 and error.param in _NOT_ALLOWED  # noqa: PLR2004 - an HTTP status
    return error.status_code in _NOT_THERE or not_allowed or error.code == "model_not_found"


class _Begun(Answered):
    id: str


class _Reason(Answered):
    reason: str | None = None


class _Response(Answered):
    id: str
    status: str
    output: tuple[Mapping[str, Any], ...] | None = None
    error: Problem | None = None
    incomplete_details: _Reason | None = None
    usage: Any = None
    tool_usage: Any = None


class _Part(Answered):
    text: str | None = None
    refusal: str | None = None


class _Message(Answered):
    content: tuple[_Part, ...] = ()


class _Call(Answered):
    result: str | None = None
    revised_prompt: str | None = None
    size: Any = None
    quality: Any = None
    error: Problem | None = None


def _standing(content: bytes) -> Pending | Result:
    response = read(content, _Response)
    match response.status:
        case "queued" | "in_progress":
            return Pending(message=response.status.replace("_", " "))
        case "completed":
            return _made(response)
        case "cancelled":
            raise Cancelled(f"The picture was cancelled at {TITLE}.")
        case "failed":
            raise _failed(response.error)
        case "incomplete":
            raise _broken_off(response.incomplete_details)
        case _:
            raise ProviderError(f"{TITLE} answered with a status that is not known here.")


def _made(response: _Response) -> Result:
    calls = [_Call.model_validate(item) for item in _items(response, "image_generation_call")]
    made = [call for call in calls if call.result]
    if not made:
        problem = next((call.error for call in calls if call.error), None)
        raise _failed(problem) if problem else failed("picture", "", _words(response))
    pictures = [picture(call.result or "") for call in made]
    state = {"response": response.id}
    return Result(
        outputs=tuple(Output(body=body, mime=mime, state=state) for body, mime in pictures),
        details=told(
            revised_prompt=made[0].revised_prompt,
            size=made[0].size,
            quality=made[0].quality,
            usage=response.usage,
            tool_usage=response.tool_usage,
        ),
    )


def _items(response: _Response, kind: str) -> Iterator[Mapping[str, Any]]:
    return (item for item in response.output or () if item.get("type") == kind)


def _words(response: _Response) -> str:
    """What the model said instead of having a picture made."""
    messages = [_Message.model_validate(item) for item in _items(response, "message")]
    return " ".join(part.refusal or part.text or "" for message in messages for part in message.content)


def _failed(problem: Problem | None) -> MediaError:
    return failed("picture", problem and problem.code, problem and problem.message)


def _broken_off(details: _Reason | None) -> MediaError:
    reason = (details and details.reason) or ""
    if reason == "content_filter":
        return Refused(f"{TITLE} declined to make this.", reason=reason)
    return ProviderError(f"{TITLE} broke the work on the picture off.")
