"""The chat capability: images in a conversation, by `/chat/completions`, which has models that `/images` lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

from anyio import to_thread
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from mediasmith.plugin.contract import Call, Capability, Params, Result, Takes
from mediasmith.plugin.embedded_media import find_media, without_media
from mediasmith.plugin.error_words import clause
from mediasmith.plugin.errors import MediaError, Refused
from mediasmith.plugin.http_answers import Answer, Lenient, read_outputs
from mediasmith.plugin.lineage import prompt_with_lineage
from mediasmith.plugin.params import AspectRatio
from mediasmith_backends.openrouter.client import Client, PaidAnswer, no_image, read, url_parts
from mediasmith_backends.openrouter.errors import TITLE, Problem, error_in, error_without_status
from mediasmith_backends.openrouter.models import CHAT_MODELS, MOST_IMAGES, warn_if_unlisted

_LONGEST_STATE = 64_000
"""Bytes of a conversation; a little less than what the server keeps with a file."""


class ChatParams(Params):
    """The parameters of an image in a conversation."""

    aspect_ratio: AspectRatio | None = None
    size: Annotated[str | None, Field(pattern=r"^(512|768|1K|1\.5K|2K|4K)$")] = None


class ChatState(BaseModel):
    """The messages of a conversation, which OpenRouter does not keep."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    messages: tuple[dict[str, JsonValue], ...] = Field(min_length=1)


async def _start(call: Call[Client, ChatParams]) -> Result:
    text = {"type": "text", "text": prompt_with_lineage(call)}
    message = {"role": "user", "content": [text, *await url_parts(call.inputs.get("image", ()))]}
    messages = [*(call.state.messages if call.state else ()), message]
    given = call.params.model_dump(exclude_none=True)
    warn_if_unlisted(call, given)
    config = {"image_size" if word == "size" else word: value for word, value in given.items()}
    body = {
        "model": call.model.id,
        "messages": messages,
        "modalities": ["image", "text"],
        **({"image_config": config} if config else {}),
    }
    content = await call.client.post("/chat/completions", body)
    return await to_thread.run_sync(partial(_result, content, messages, str(call.client.sdk.base_url)))


class _Message(Answer):
    content: Any = None
    refusal: Lenient[str] = None
    images: Any = None
    reasoning_details: Any = None

    @property
    def text(self) -> str:
        return self.content if isinstance(self.content, str) else ""

    def files(self) -> list[str]:
        """Return the images as texts: from their own field, or where gateways put them, among the words."""
        return find_media(self.images) or find_media(self.content)


class _Choice(Answer):
    message: Lenient[_Message] = None
    finish_reason: Lenient[str] = None
    error: Lenient[Problem] = None


class _Completion(PaidAnswer):
    choices: tuple[_Choice, ...]


def _result(content: bytes, messages: Sequence[dict[str, Any]], base_url: str) -> Result:
    """Return the images of an answer; blocking."""
    answer = read(content, _Completion)
    replies = [choice.message or _Message() for choice in answer.choices]
    images = [image for reply in replies for image in reply.files()]
    outputs = read_outputs(images, mime="image/png", name=TITLE, base_url=base_url)
    if not outputs:
        raise error_in(content) or _no_image(content, answer)
    if len(images) == len(replies) == 1:
        outputs = [replace(outputs[0], state=_state(messages, replies[0]))]
    text = without_media("\n".join(reply.text for reply in replies)).strip()
    return Result(outputs=tuple(outputs), cost_usd=answer.cost_usd, details={"text": text} if text else {})


def _no_image(content: bytes, answer: _Completion) -> MediaError:
    """Return why there is no image, as far as the provider says."""
    for choice in answer.choices:
        message = choice.message or _Message()
        words = message.refusal or message.text
        if choice.error:
            return error_without_status(choice.error)
        if message.refusal or choice.finish_reason == "content_filter":
            return Refused(f"{TITLE} declined to make this{clause(words)}.", reason="content_filter")
        return no_image(content, answer, words)
    return no_image(content, answer)


def _state(messages: Sequence[dict[str, Any]], reply: _Message) -> ChatState | None:
    """Return the conversation so far, or None where it is too long to be kept and the file is sent instead.

    The image and the model's reasoning belong to it: without the reasoning, a model does not know its own image again.
    """
    fields = reply.model_dump(mode="json", include={"content", "reasoning_details"}, exclude_none=True)
    message: dict[str, Any] = {"role": "assistant", **fields}
    if images := find_media(reply.images):
        message["images"] = [{"image_url": {"url": url}} for url in images]
    state = ChatState(messages=(*messages, message))
    return state if len(state.model_dump_json().encode()) <= _LONGEST_STATE else None


chat: Capability[Client, ChatParams] = Capability(
    kind="image",
    name="chat",
    params=ChatParams,
    models=CHAT_MODELS,
    start=_start,
    state=ChatState,
    takes={"image": Takes(max=MOST_IMAGES)},
    edits="image",
    preference=3,
)
"""Images, made and changed in a conversation."""
