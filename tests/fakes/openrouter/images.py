"""Pictures, at once or as a stream: `/images`."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias, cast

from pydantic import Field, model_validator

from fakes.openrouter.catalogue import FORBIDDEN, IMAGE_MODELS, ImageModel
from fakes.openrouter.errors import moderated, refusal
from fakes.openrouter.references import Image, Routing
from fakes.openrouter.shapes import agree, explicit, within
from fakes.openrouter.state import RouterState
from loopback.connection import Answer
from loopback.faults import Strict, answer_json, rule
from loopback.pictures import IMAGE_TYPES, Look, large_picture, picture, pixels
from loopback.routes import Asked, Route

_Asked: TypeAlias = Asked[RouterState]

EDGES = {"512": 512, "768": 768, "1K": 1024, "1.5K": 1536, "2K": 2048, "4K": 4096}
"""How long the longer side of a picture is."""

_ALWAYS = {"model", "prompt", "provider", "session_id", "stream", "trace", "user"}
# fmt: off
Ratio: TypeAlias = Literal[
    "1:1", "1:2", "1:4", "1:8", "2:1", "2:3", "2.35:1", "3:2", "3:4", "4:1", "4:3", "4:5", "5:2", "5:4", "5:7", "7:5",
    "8:1", "9:16", "16:9", "9:19.5", "19.5:9", "9:20", "20:9", "9:21", "21:9", "auto", "",
]
# fmt: on
"""The shapes that the provider knows; each model takes some of them."""


class Drawing(Strict):
    """The body of `POST /api/v1/images`."""

    model: str
    prompt: str = Field(min_length=1)
    aspect_ratio: Ratio = ""
    background: Literal["auto", "transparent", "opaque"] = "auto"
    input_references: list[Image] = Field(default_factory=list, min_length=1, max_length=16)
    n: int = Field(default=1, ge=1, le=10)
    output_compression: int = Field(default=100, ge=0, le=100)
    output_format: Literal["png", "jpeg", "webp", "svg", ""] = ""
    provider: Routing = Routing()
    quality: Literal["auto", "low", "medium", "high", "xhigh", "max"] = "auto"
    resolution: Literal["512", "768", "1K", "1.5K", "2K", "4K", ""] = ""
    seed: int = 0
    session_id: str = Field(default="", max_length=256)
    size: str = ""
    stream: bool = False
    trace: dict[str, Any] = Field(default_factory=dict)
    user: str = ""

    @model_validator(mode="after")
    def _holds_together(self) -> Drawing:
        agree(self.size, self.resolution, self.aspect_ratio, EDGES)
        if self.background == "transparent" and self.output_format not in ("png", "webp", ""):
            raise rule("background", "transparent needs png or webp", "background")
        if "output_compression" in self.model_fields_set and self.output_format not in ("jpeg", "webp"):
            raise rule("output_compression", "is for jpeg and webp", "output_compression")
        return self

    @property
    def dimensions(self) -> tuple[int, int]:
        """Width and height of what is made."""
        if explicit(self.size):
            return pixels(self.size)
        return within(EDGES[self.resolution or self.size or "1K"], self.aspect_ratio)


def _check(asked: _Asked) -> None:
    """Refuse what the model does not take."""
    body: Drawing = asked.body
    model = IMAGE_MODELS.get(body.model)
    if model is None:
        return
    body.provider.fit(model.provider, model.options)
    if body.stream and not model.streams:
        raise refusal(400, f"{body.model} does not support streaming.")
    for field in body.model_fields_set - _ALWAYS:
        given = getattr(body, field)
        if not takes(model, field, given):
            raise refusal(400, f"{body.model} does not support this {field}.", {"field": field})


def takes(model: ImageModel, field: str, given: object) -> bool:
    """Whether a model takes this value of a field."""
    error_record = model.takes.get(field)
    if error_record is None:
        # A picture alone is what every model makes, and a resolution may be said as a size.
        return (field == "n" and given == 1) or (
            field == "size" and not explicit(str(given)) and takes(model, "resolution", given)
        )
    if error_record["type"] == "enum":
        return given in cast("list[str]", error_record["values"])
    if error_record["type"] == "range":
        number = len(cast("list[object]", given)) if isinstance(given, list) else cast("int", given)
        return cast("int", error_record["min"]) <= number <= cast("int", error_record["max"])
    return True


def _draw(asked: _Asked) -> Answer:
    body: Drawing = asked.body
    asked.state.served(body.model, IMAGE_MODELS)
    model = IMAGE_MODELS[body.model]
    if FORBIDDEN in body.prompt:
        raise moderated(body.prompt, model.provider, body.model)
    asked.state.spend(model.usd * body.n)
    seed = body.model_dump_json(exclude={"n", "stream", "session_id", "trace", "user"}).encode()
    images = [drawn(asked, seed + bytes([number]), body) for number in range(body.n)]
    usage = usage_of(body.prompt, model.usd * body.n, body.n)
    if body.stream:
        return _streamed(_events(images, usage))
    return answer_json({"created": int(time.time()), "data": images, "usage": usage})


def drawn(asked: _Asked, seed: bytes, body: Drawing) -> Mapping[str, str]:
    """A picture as the provider hands it out."""
    form = asked.fixed or body.output_format or _usual(body.model)
    look = Look(form=form, transparent=body.background == "transparent", compression=body.output_compression)
    data = large_picture(form) if asked.fixed else picture(seed, body.dimensions, look)
    return {"b64_json": base64.b64encode(data).decode(), "media_type": IMAGE_TYPES[form]}


def _usual(model: str) -> str:
    """The format of a model that was not asked for one."""
    error_record = IMAGE_MODELS[model].takes.get("output_format", {})
    return "svg" if error_record.get("values") == ["svg"] else "jpeg" if "google" in model else "png"


def usage_of(prompt: str, usd: float, images: int) -> Mapping[str, object]:
    """What the making of pictures took."""
    read, written = len(prompt) // 4 + 1, 1290 * images
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        "cost": usd,
        "cost_details": {
            "upstream_inference_cost": None,
            "upstream_inference_prompt_cost": 0.0,
            "upstream_inference_completions_cost": usd,
        },
        "is_byok": False,
    }


def _events(images: Sequence[Mapping[str, str]], usage: object) -> Iterator[Mapping[str, object]]:
    for image in images:
        partial = {"type": "image_generation.partial_image", "partial_image_index": 0}
        yield {**partial, "b64_json": image["b64_json"]}
        yield {"type": "image_generation.completed", **image, "created": int(time.time()), "usage": usage}


def _streamed(events: Iterator[Mapping[str, object]]) -> Answer:
    lines = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
    return Answer(mime="text/event-stream", body=f"{lines}data: [DONE]\n\n".encode(), chunked=True)


def _models(asked: _Asked) -> Answer:
    listed = [_listed(name) for name in IMAGE_MODELS if name not in asked.state.settings.retired]
    return answer_json({"data": listed})


def _listed(name: str) -> Mapping[str, object]:
    model = IMAGE_MODELS[name]
    return {
        "id": name,
        "name": name.partition("/")[2],
        "description": "A model that makes pictures.",
        "created": 1_780_000_000,
        "architecture": {
            "input_modalities": ["text", "image"] if "input_references" in model.takes else ["text"],
            "output_modalities": ["image", "text"] if model.talks else ["image"],
        },
        "supported_parameters": model.takes,
        "supports_streaming": model.streams,
        "endpoints": f"/api/v1/images/models/{name}/endpoints",
    }


def _endpoints(asked: _Asked) -> Answer:
    name = "/".join(asked.ids)
    asked.state.served(name, IMAGE_MODELS)
    model = IMAGE_MODELS[name]
    endpoint = {
        "provider_name": model.provider.title(),
        "provider_slug": model.provider,
        "provider_tag": model.provider,
        "supported_parameters": model.takes,
        "allowed_passthrough_parameters": model.options,
        "supports_streaming": model.streams,
        "pricing": [{"billable": "output_image", "unit": "image", "cost_usd": model.usd}],
    }
    return answer_json({"id": name, "endpoints": [endpoint]})


def anyone(_state: RouterState) -> bool:
    """What is open to requests without a key."""
    return True


ROUTES: Mapping[str, Route[RouterState]] = {
    "POST /api/v1/images": Route(answer=_draw, body=Drawing, check=_check),
    "GET /api/v1/images/models": Route(answer=_models, open=anyone),
    "GET /api/v1/images/models/{author}/{slug}/endpoints": Route(answer=_endpoints, open=anyone),
}
"""The requests for pictures."""
