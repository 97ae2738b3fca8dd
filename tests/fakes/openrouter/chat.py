"""Conversations in which pictures are made: `/chat/completions`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, model_validator

from fakes.openrouter.catalogue import FORBIDDEN, IMAGE_MODELS
from fakes.openrouter.errors import moderated, refusal
from fakes.openrouter.images import Drawing, Ratio, drawn, takes, usage_of
from fakes.openrouter.references import ImageUrl, Routing
from fakes.openrouter.state import RouterState
from loopback.connection import Answer
from loopback.faults import Strict, answer_json
from loopback.routes import Asked, Route
from loopback.state import new_id

_Asked: TypeAlias = Asked[RouterState]


class Text(Strict):
    """Words in a message."""

    type: Literal["text"]
    text: str


class Detailed(ImageUrl):
    """Where a picture is, and how closely to look."""

    detail: Literal["auto", "low", "high", "original"] = "auto"


class Shown(Strict):
    """A picture in a message."""

    type: Literal["image_url"]
    image_url: Detailed


Parts: TypeAlias = list[Annotated[Text | Shown, Field(discriminator="type")]]


class Said(Strict):
    """What somebody says."""

    role: Literal["user", "system", "developer"]
    content: str | Parts


class Made(Strict):
    """A picture of an earlier answer."""

    image_url: ImageUrl


class Answered(Strict):
    """An earlier answer, sent back as it came."""

    role: Literal["assistant"]
    content: str | None = None
    images: list[Made] = Field(default_factory=list)
    reasoning: str | None = None
    reasoning_details: list[dict[str, Any]] = Field(default_factory=list)
    refusal: str | None = None


class ImageConfig(Strict):
    """How the picture shall be."""

    aspect_ratio: Ratio = ""
    image_size: Literal["512", "768", "1K", "1.5K", "2K", "4K", ""] = ""


class Chat(Strict):
    """The body of `POST /api/v1/chat/completions`. What the provider streams, this fake does not."""

    model: str
    messages: list[Annotated[Said | Answered, Field(discriminator="role")]] = Field(min_length=1)
    modalities: list[Literal["text", "image"]] = Field(default=["text"], min_length=1)
    image_config: ImageConfig = ImageConfig()
    provider: Routing = Routing()
    seed: int = 0
    session_id: str = Field(default="", max_length=256)
    stream: Literal[False] = False
    user: str = ""

    @property
    def said(self) -> str:
        """All words but those of earlier answers."""
        return "\n".join(_words(message.content) for message in self.messages if isinstance(message, Said))

    @model_validator(mode="after")
    def _holds_together(self) -> Chat:
        if "image" not in self.modalities and "image_config" in self.model_fields_set:
            raise ValueError("image_config has no effect without the modality image")
        return self


def _words(content: str | Parts) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part.text for part in content if isinstance(part, Text))


def _check(asked: _Asked) -> None:
    """Refuse what the model does not take."""
    body: Chat = asked.body
    model = IMAGE_MODELS.get(body.model)
    if model is None:
        return
    body.provider.fit(model.provider, model.options)
    if "text" in body.modalities and not model.talks:
        raise refusal(404, "No endpoints found that support the requested output modalities: text.")
    answers = [message for message in body.messages if isinstance(message, Answered)]
    if model.talks and any(answer.images and not answer.reasoning_details for answer in answers):
        raise refusal(400, "An image of an earlier turn lacks its reasoning_details.")
    config = body.image_config
    given = {
        "image_config.aspect_ratio": ("aspect_ratio", config.aspect_ratio),
        "image_config.image_size": ("resolution", config.image_size),
        "seed": ("seed", body.seed),
    }
    for field, (word, value) in given.items():
        if value and not takes(model, word, value):
            raise refusal(400, f"{body.model} does not support this {field}.", {"field": field})


def _complete(asked: _Asked) -> Answer:
    body: Chat = asked.body
    asked.state.served(body.model, IMAGE_MODELS)
    model = IMAGE_MODELS[body.model]
    if FORBIDDEN in body.said:
        raise moderated(body.said, model.provider, body.model)
    draws = "image" in body.modalities
    usd = model.usd if draws else 0.001
    asked.state.spend(usd)
    return answer_json(
        {
            "id": f"gen-{int(time.time())}-{new_id()}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": body.model,
            "provider": model.provider,
            "system_fingerprint": None,
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "native_finish_reason": "STOP",
                    "logprobs": None,
                    "message": _message(asked, draws=draws),
                }
            ],
            "usage": usage_of(body.said, usd, int(draws)),
        }
    )


def _message(asked: _Asked, *, draws: bool) -> Mapping[str, object]:
    body: Chat = asked.body
    message = {"role": "assistant", "content": "Here it is.", "refusal": None, "reasoning": None}
    if not draws:
        return message
    config = body.image_config
    drawing = Drawing(
        model=body.model, prompt=body.said or " ", aspect_ratio=config.aspect_ratio, resolution=config.image_size
    )
    image = drawn(asked, body.model_dump_json(exclude={"session_id", "user"}).encode(), drawing)
    url = f"data:{image['media_type']};base64,{image['b64_json']}"
    thought = {"type": "reasoning.encrypted", "data": new_id(), "format": "google-gemini-v1", "id": None, "index": 0}
    return {
        **message,
        "images": [{"image_url": {"url": url}}],
        **({"reasoning_details": [thought]} if IMAGE_MODELS[body.model].talks else {}),
    }


ROUTES: Mapping[str, Route[RouterState]] = {
    "POST /api/v1/chat/completions": Route(answer=_complete, body=Chat, check=_check),
}
"""The request of conversations."""
