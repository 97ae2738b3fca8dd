"""The Images API: `/images/generations` and `/images/edits`."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, TypeAlias, get_args

from openai.types.image_model import ImageModel

from fakes.openai.requests import Edit, Generation
from fakes.openai.state import OpenAIState, check_model, refusal
from loopback.connection import Answer
from loopback.faults import answer_json
from loopback.forms import File
from loopback.pictures import Look, picture, pixels, seen
from loopback.routes import Asked, Route

_Asked: TypeAlias = Asked[OpenAIState]

IMAGE_MODELS = get_args(ImageModel)
"""The models that the SDK knows."""

USAGE = {
    "input_tokens": 10,
    "input_tokens_details": {"text_tokens": 10, "image_tokens": 0},
    "output_tokens": 200,
    "output_tokens_details": {"text_tokens": 0, "image_tokens": 200},
    "total_tokens": 210,
}
"""What an image took, whatever it was."""


def check_image(file: File) -> None:
    """Refuse a file that is not an image of the type that it is sent as."""
    found = seen(file.body)
    if not file.name or found is None or found.mime != file.mime:
        raise refusal(400, "Invalid image file.", code="invalid_image_file", param=file.field)


def drawn(seed: bytes, wanted: Mapping[str, Any]) -> str:
    """Return an image as JSON carries it: size, format and frames as `wanted`, its content from the seed."""
    size = wanted.get("size") or "1024x1024"
    form = wanted.get("output_format") or "png"
    frames = wanted.get("frame_count") or 9
    look = Look(form=form, transparent=wanted.get("background") == "transparent", frames=frames if form == "gif" else 1)
    return base64.b64encode(picture(seed, pixels(size), look)).decode()


def _check_files(asked: _Asked) -> None:
    fields = [file.field for file in asked.files]
    if stray := set(fields) - {"image", "image[]", "mask"}:
        raise refusal(400, f"Unknown parameter: '{min(stray)}'.", code="unknown_parameter", param=min(stray))
    if not set(fields) & {"image", "image[]"} or fields.count("image") > 1 or fields.count("mask") > 1:
        raise refusal(400, "One image, or several as image[], and at most one mask.", param="image")
    for file in asked.files:
        check_image(file)


def _make(asked: _Asked) -> Answer:
    body: Any = asked.body
    check_model(asked.state, body.model, IMAGE_MODELS)
    wanted: dict[str, Any] = body.model_dump(exclude_none=True)
    seed = str(wanted).encode() + b"".join(sha256(file.body).digest() for file in asked.files)
    images = [{"b64_json": drawn(seed + bytes([number]), wanted)} for number in range(body.n or 1)]
    svg = {"svg_usage": {**USAGE, "model": wanted["svg"]["model"], "reasoning_tokens": 1}} if body.svg else {}
    return answer_json(
        {
            "created": int(time.time()),
            "data": images,
            "background": body.background or "opaque",
            "output_format": body.output_format or "png",
            "quality": body.quality or "high",
            "size": body.size or "1024x1024",
            "usage": USAGE,
            **svg,
        }
    )


ROUTES: Mapping[str, Route[OpenAIState]] = {
    "POST /v1/images/generations": Route(answer=_make, body=Generation),
    "POST /v1/images/edits": Route(answer=_make, form=Edit, check=_check_files),
}
"""The routes of images."""
