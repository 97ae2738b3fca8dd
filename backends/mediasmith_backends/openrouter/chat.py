"""Pictures of a conversation: `/chat/completions`, which also serves models that `/images` does not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, TypeAlias, cast

from anyio import to_thread
from pydantic import Field

from mediasmith.plugin.contract import JSON, Call, Capability, Output, Params, Remote, Result, Takes
from mediasmith.plugin.errors import MediaError, ProviderError, Refused, StateGone
from mediasmith.plugin.media import HEAD, sniff
from mediasmith.plugin.params import AspectRatio
from mediasmith_backends.openai_sdk import words
from mediasmith_backends.openrouter.client import Answered, Charged, Kept, Router, read, shown
from mediasmith_backends.openrouter.errors import TITLE, Problem, told, within
from mediasmith_backends.openrouter.fitting import refused
from mediasmith_backends.openrouter.images import decoded
from mediasmith_backends.openrouter.models import CHAT_MODELS, foreign

_LONGEST_STATE = 64_000  # bytes; a little less than what is kept with a file

_Messages: TypeAlias = list[Mapping[str, Any]]


class ChatParams(Params):
    """What a picture can be asked to be in a conversation."""

    aspect_ratio: AspectRatio | None = None
    size: Annotated[str | None, Field(pattern=r"^(512|768|1K|1\.5K|2K|4K)$")] = None


async def _start(call: Call[Router, ChatParams]) -> Result:
    refused(call, foreign)
    messages = [*_before(call.state), {"role": "user", "content": await _said(call)}]
    config = {"aspect_ratio": call.params.aspect_ratio, "image_size": call.params.size}
    given = {word: value for word, value in config.items() if value}
    if given and call.model not in CHAT_MODELS:
        call.warn(f"What {call.model.id[:60]} takes is listed nowhere; aspect_ratio or size may have no effect.")
    body = {
        "model": call.model.id,
        "messages": messages,
        "modalities": ["image", "text"],
        **({"image_config": given} if given else {}),
    }
    content = await call.client.post("/chat/completions", body)
    return await to_thread.run_sync(partial(_result, content, messages))


def _before(state: JSON) -> _Messages:
    """The conversation so far."""
    match state:
        case None:
            return []
        case {"messages": [*messages]} if messages and all(isinstance(message, Mapping) for message in messages):
            return cast("_Messages", list(messages))
        case _:
            raise StateGone(f"This is no conversation with {TITLE}.")


async def _said(call: Call[Router, ChatParams]) -> list[dict[str, Any]]:
    return [{"type": "text", "text": call.prompt}, *await shown(call.inputs.get("image", ()))]


class _Url(Answered):
    url: str


class _Picture(Answered):
    image_url: _Url


class _Message(Answered):
    content: Any = None
    refusal: Kept[str] = None
    images: Kept[tuple[Kept[_Picture], ...]] = None
    reasoning_details: Any = None


class _Choice(Answered):
    message: Kept[_Message] = None
    finish_reason: Kept[str] = None
    error: Kept[Problem] = None


class _Answer(Charged):
    choices: tuple[_Choice, ...]


def _result(content: bytes, asked: _Messages) -> Result:
    """The pictures of an answer; blocking."""
    answer = read(content, _Answer)
    messages = [choice.message or _Message() for choice in answer.choices]
    pictures = [picture for message in messages for picture in message.images or () if picture]
    outputs = [output for picture in pictures if (output := _output(picture.image_url.url))]
    if not outputs:
        raise within(content) or _without_picture(answer.choices)
    if len(pictures) == len(messages) == 1:
        outputs = [replace(outputs[0], state=_state(asked, messages[0]))]
    said = "\n".join(_text(message) for message in messages)
    return Result(outputs=tuple(outputs), cost_usd=answer.cost_usd, details={"text": said} if said else {})


def _text(message: _Message) -> str:
    return message.content if isinstance(message.content, str) else ""


def _output(url: str) -> Output | None:
    head, _, data = url.partition(";base64,")
    if url.startswith("https://"):
        return Output(body=Remote(url=url), mime="image/png")
    if head.startswith("data:") and (body := decoded(data)):
        return Output(body=body, mime=sniff(body[:HEAD]) or head.removeprefix("data:"))
    return None


def _without_picture(choices: Sequence[_Choice]) -> MediaError:
    """Why there is none, as far as the provider tells."""
    for choice in choices:
        message = choice.message or _Message()
        said = words(message.refusal or _text(message))
        if choice.error:
            return told(choice.error)
        if message.refusal or choice.finish_reason == "content_filter":
            return Refused(f"{TITLE} declined to make this{said}.", reason="content_filter")
        return ProviderError(f"{TITLE} answered without a picture{said}.")
    return ProviderError(f"{TITLE} answered without a picture.")


def _state(messages: _Messages, message: _Message) -> JSON:
    """The conversation, to be continued; None when it is too long to be kept, for then the file is sent again.

    The picture belongs to it, and so does what the model thought: without that a picture of its own is foreign to it.
    """
    said: dict[str, Any] = message.model_dump(include={"content", "images", "reasoning_details"}, exclude_none=True)
    state: JSON = {"messages": [*messages, {"role": "assistant", **said}]}
    return state if len(json.dumps(state)) <= _LONGEST_STATE else None


chat: Capability[Router, ChatParams] = Capability(
    kind="image",
    name="chat",
    params=ChatParams,
    models=CHAT_MODELS,
    start=_start,
    takes={"image": Takes(max=16)},
    edits="image",
    preference=3,
    refuses=foreign,
)
"""Pictures, talked about."""
