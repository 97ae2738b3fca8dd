"""Pictures, made and edited at once: `/images/generations` and `/images/edits`."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Literal, TypeAlias

from pydantic import Field, model_validator

from fakes.openai.catalogue import IMAGE_MODELS
from fakes.openai.errors import USER_ERROR, moderate, picture_rule, refusal, served
from fakes.openai.state import OpenAIState
from fakes.openai.wishes import Wishes, takes_markup
from loopback.connection import Answer
from loopback.faults import answer_json
from loopback.forms import File
from loopback.pictures import Seen, large_picture, picture, seen
from loopback.routes import Asked, Route

_Asked: TypeAlias = Asked[OpenAIState]

_READABLE = ("image/jpeg", "image/png", "image/webp")
_MAX_IMAGES, _MAX_IMAGE, _MAX_MASK = 16, 50_000_000, 4_000_000
_TOKENS_OF_IMAGE = 300
_FIDELITIES = {"gpt-image-1.5": ("high", "low"), "gpt-image-1-mini": ("low",)}


class Ordered(Wishes):
    """What both kinds of request have."""

    prompt: str = Field(min_length=1, max_length=32_000)
    model: str
    n: int = Field(default=1, ge=1, le=10)
    safety_identifier: str = ""
    stream: bool = False
    user: str = ""


class Generation(Ordered):
    """The body of `POST /v1/images/generations`."""

    moderation: Literal["low", "auto"] = "auto"

    @model_validator(mode="after")
    def _holds_together(self) -> Generation:
        self.hold_together(self.model, n=self.n, stream=self.stream)
        if self.svg and not self.svg.model:
            raise picture_rule("missing_required_parameter", "Missing required parameter: 'svg.model'.", "svg", "model")
        return self


class Edit(Ordered):
    """The text fields of `POST /v1/images/edits`."""

    input_fidelity: Literal["high", "low", ""] = ""

    @model_validator(mode="after")
    def _holds_together(self) -> Edit:
        self.hold_together(self.model, n=self.n, stream=self.stream)
        if self.input_fidelity and self.input_fidelity not in _FIDELITIES.get(self.model, ()):
            message = f"The model '{self.model}' does not support the 'input_fidelity' parameter."
            raise picture_rule("invalid_input_fidelity_model", message, "input_fidelity")
        return self


def _generate(asked: _Asked) -> Answer:
    return _made(asked, "image_generation")


def _check_files(asked: _Asked) -> None:
    """Refuse files that cannot be edited."""
    body: Edit = asked.body
    images = [file for file in asked.files if file.field in ("image", "image[]")]
    others = {file.field: file for file in asked.files if file not in images}
    if stray := others.keys() - {"mask", "markup"}:
        raise refusal(400, f"Unknown parameter: '{min(stray)}'.", code="unknown_parameter", param=min(stray))
    if not images:
        raise refusal(400, "Missing required parameter: 'image'.", code="missing_required_parameter", param="image")
    if len({file.field for file in images}) > 1 or (len(images) > 1 and images[0].field == "image"):
        raise refusal(400, "Duplicate parameter: 'image'. Use 'image[]'.", code="duplicate_parameter", param="image")
    if len(images) > _MAX_IMAGES:
        raise refusal(400, "Invalid 'image': array too long.", code="array_above_max_length", param="image")
    first, *_ = [_image(file, _READABLE, _MAX_IMAGE) for file in images]
    for file in others.values():
        _check_overlay(file, first)
    if "mask" in others and body.output_format == "gif":
        raise refusal(400, "GIF output does not support masks.", code="invalid_value", param="mask", kind=USER_ERROR)
    if "markup" in others and ("mask" in others or not takes_markup(body.model)):
        raise refusal(400, "markup is not possible here.", code="invalid_value", param="markup", kind=USER_ERROR)


def _image(file: File, mimes: Sequence[str], limit: int) -> Seen:
    """What a file shows; refuse it when it is no picture of these types."""
    param = file.field.removesuffix("[]")
    if not file.name or file.mime not in mimes:
        formats = ", ".join(f"'{mime}'" for mime in mimes)
        message = f"Invalid file '{param}': unsupported mimetype ('{file.mime}'). Supported file formats are {formats}."
        raise refusal(400, message, code="unsupported_file_mimetype", param=param)
    if len(file.body) >= limit:
        raise refusal(413, f"Invalid file '{param}': too large.", code="file_too_large", param=param)
    found = seen(file.body)
    if found is None or found.mime != file.mime:
        message = "Invalid image file or mode, please check your image file."
        raise refusal(400, message, code="invalid_image_file", param=param, kind=USER_ERROR)
    return found


def _check_overlay(file: File, first: Seen) -> None:
    """Refuse a mask or a markup that does not lie on the first picture."""
    found = _image(file, ("image/png",), _MAX_MASK)
    if found.size != first.size:
        message = f"Invalid {file.field} image format: {file.field} size does not match image size."
        raise refusal(400, message, code="invalid_image_file", param=file.field, kind=USER_ERROR)
    if not found.alpha:
        message = f"Invalid {file.field} image format: no alpha channel."
        raise refusal(400, message, code="invalid_image_file", param=file.field, kind=USER_ERROR)


def _edit(asked: _Asked) -> Answer:
    prints = "".join(f"{file.field.removesuffix('[]')} {sha256(file.body).hexdigest()}" for file in asked.files)
    return _made(asked, "image_edit", prints.encode())


def _made(asked: _Asked, event: str, more: bytes = b"") -> Answer:
    body: Ordered = asked.body
    served(asked.state, body.model, IMAGE_MODELS)
    moderate(body.prompt)
    seed = body.model_dump_json(exclude={"n", "stream", "partial_images"}).encode() + more
    images = [_picture(asked, seed + bytes([number])) for number in range(body.n)]
    usage = usage_of(body, len(body.prompt), pictures=len(asked.files), made=body.n)
    if body.stream:
        return streamed(_events(body, event, images, usage))
    identifier = body.safety_identifier or body.user
    return answer_json(
        {
            "created": int(time.time()),
            "data": [{"b64_json": image} for image in images],
            **body.told(),
            "usage": usage,
            **({"svg_usage": _svg_usage(body)} if body.output_format == "svg" else {}),
            **({"safety_identifier": identifier} if identifier else {}),
        }
    )


def _picture(asked: _Asked, seed: bytes) -> str:
    body: Ordered = asked.body
    return encoded(large_picture(asked.fixed) if asked.fixed else picture(seed, body.dimensions, body.look))


def _events(body: Ordered, event: str, images: Sequence[str], usage: object) -> Iterator[Mapping[str, object]]:
    told = {**body.told(), "created_at": int(time.time())}
    for image in images:
        for index in range(body.partial_images):
            yield {"type": f"{event}.partial_image", "b64_json": image, "partial_image_index": index, **told}
        yield {"type": f"{event}.completed", "b64_json": image, "usage": usage, **told}


def _svg_usage(body: Ordered) -> Mapping[str, object]:
    model = (body.svg and body.svg.model) or "gpt-6-sol"
    return {"model": model, "input_tokens": 20, "output_tokens": 400, "reasoning_tokens": 100, "total_tokens": 420}


def encoded(data: bytes) -> str:
    """Bytes as JSON carries them."""
    return base64.b64encode(data).decode()


def usage_of(wishes: Wishes, letters: int, *, pictures: int, made: int = 1) -> dict[str, object]:
    """What the making of a picture took."""
    width, height = wishes.dimensions
    text, images, output = letters // 4 + 1, pictures * _TOKENS_OF_IMAGE, made * width * height // 1000
    return {
        "input_tokens": text + images,
        "input_tokens_details": {"text_tokens": text, "image_tokens": images},
        "output_tokens": output,
        "output_tokens_details": {"text_tokens": 0, "image_tokens": output},
        "total_tokens": text + images + output,
    }


def streamed(events: Iterator[Mapping[str, object]]) -> Answer:
    """An answer of events, as they happen."""
    lines = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    return Answer(mime="text/event-stream", body=lines.encode(), chunked=True)


ROUTES: Mapping[str, Route[OpenAIState]] = {
    "POST /v1/images/generations": Route(answer=_generate, body=Generation),
    "POST /v1/images/edits": Route(answer=_edit, form=Edit, check=_check_files),
}
"""The requests for pictures."""
