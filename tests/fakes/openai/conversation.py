"""What `POST /v1/responses` accepts: messages with pictures, and the tool that makes pictures."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from fakes.openai.errors import picture_rule
from fakes.openai.wishes import Reasoning, Wishes
from loopback.faults import Strict, rule
from loopback.pictures import Seen, seen

_DEFAULT = "gpt-image-2.6-sunburst"
_READABLE = ("image/jpeg", "image/png", "image/webp", "image/gif")
_FIDELITIES = {"gpt-image-1.5": ("high", "low"), "gpt-image-1-mini": ("low",)}


def opened(uri: str) -> Seen | None:
    """What the picture in a data URI is; None for other URLs."""
    if not uri.startswith("data:"):
        return None
    head, _, data = uri.removeprefix("data:").partition(";base64,")
    try:
        found = seen(base64.b64decode(data, validate=True))
    except binascii.Error:
        found = None
    if found is None or found.mime != head or head not in _READABLE:
        raise rule("invalid_image", "is not a picture of the type it claims to be")
    return found


def _readable(url: str) -> str:
    if opened(url) is None and not url.startswith("https://"):
        raise rule("invalid_image_url", "is neither a data URI nor an https URL")
    return url


PictureUrl: TypeAlias = Annotated[str, AfterValidator(_readable)]
"""A picture in a data URI, or somewhere on the web."""


class Text(Strict):
    """Words in a message."""

    type: Literal["input_text"]
    text: str = Field(min_length=1)


class Shown(Strict):
    """A picture in a message."""

    type: Literal["input_image"]
    image_url: PictureUrl
    detail: Literal["low", "high", "auto", "original"]


class Message(Strict):
    """What somebody says."""

    type: Literal["message"] = "message"
    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[Annotated[Text | Shown, Field(discriminator="type")]]


class Reference(Strict):
    """A picture of an earlier response, by the id of the call that made it."""

    type: Literal["image_generation_call"]
    id: str


def _kind(item: Any) -> str:
    return str(item.get("type", "message")) if hasattr(item, "get") else str(item.type)


Item: TypeAlias = Annotated[
    Annotated[Message, Tag("message")] | Annotated[Reference, Tag("image_generation_call")], Discriminator(_kind)
]


class Mask(Strict):
    """What of the first picture may change."""

    image_url: PictureUrl


class Tool(Wishes):
    """The tool that makes pictures."""

    type: Literal["image_generation"]
    model: str = _DEFAULT
    action: Literal["generate", "edit", "auto"] = "auto"
    moderation: Literal["low", "auto"] = "auto"
    input_fidelity: Literal["high", "low", ""] = ""
    input_image_mask: Mask | None = None

    @model_validator(mode="after")
    def _holds_together(self) -> Tool:
        self.hold_together(self.model, mask=self.input_image_mask is not None)
        if self.input_fidelity and self.input_fidelity not in _FIDELITIES.get(self.model, ()):
            message = f"The model '{self.model}' does not support the 'input_fidelity' parameter."
            raise picture_rule("invalid_input_fidelity_model", message, "input_fidelity")
        mask = opened(self.input_image_mask.image_url) if self.input_image_mask else None
        if mask and not (mask.mime == "image/png" and mask.alpha):
            raise picture_rule("invalid_image_file", "A mask is a PNG with alpha.", "input_image_mask")
        return self


class Choice(Strict):
    """This tool and no other."""

    type: Literal["image_generation"]


class Conversation(Strict):
    """The body of `POST /v1/responses`. What the provider streams, this fake does not."""

    model: str
    input: str | list[Item] = Field(min_length=1)
    tools: list[Tool] = Field(default=[], max_length=1)
    tool_choice: Literal["none", "auto", "required"] | Choice = "auto"
    previous_response_id: str = ""
    background: bool = False
    store: bool = True
    instructions: str = ""
    metadata: dict[str, str] = Field(default_factory=dict, max_length=16)
    reasoning: Reasoning = Reasoning()
    safety_identifier: str = Field(default="", max_length=64)
    service_tier: Literal["auto", "default", "flex", "priority"] = "auto"
    stream: Literal[False] = False

    @property
    def said(self) -> str:
        """All words of the input."""
        if isinstance(self.input, str):
            return self.input
        return "\n".join(_words(item) for item in self.input if isinstance(item, Message))

    @property
    def shown(self) -> list[str]:
        """All pictures of the input, in order."""
        items = [] if isinstance(self.input, str) else self.input
        parts = [part for item in items if isinstance(item, Message) for part in item.content]
        return [part.image_url for part in parts if isinstance(part, Shown)]

    @property
    def referred(self) -> list[str]:
        """The calls whose pictures the input names."""
        items = [] if isinstance(self.input, str) else self.input
        return [item.id for item in items if isinstance(item, Reference)]

    @model_validator(mode="after")
    def _holds_together(self) -> Conversation:
        if self.background and not self.store:
            raise rule("invalid_value", "Background responses must be stored.", "store")
        if isinstance(self.tool_choice, Choice) and not self.tools:
            raise rule("invalid_value", "Tool choice 'image_generation' not found in 'tools' parameter.", "tool_choice")
        sources = [*self.shown, *self.referred, self.previous_response_id]
        tool = self.tools[0] if self.tools else None
        if tool and not any(sources) and (tool.action == "edit" or tool.input_image_mask):
            raise picture_rule("invalid_value", "There is no picture to edit.", "tools", 0, "action")
        if tool and tool.input_image_mask:
            mask, first = opened(tool.input_image_mask.image_url), opened(self.shown[0]) if self.shown else None
            if mask and first and mask.size != first.size:
                message = "Invalid mask image format: mask size does not match image size."
                raise picture_rule("invalid_image_file", message, "tools", 0, "input_image_mask")
        return self


def _words(message: Message) -> str:
    if isinstance(message.content, str):
        return message.content
    return "\n".join(part.text for part in message.content if isinstance(part, Text))
