"""Images: `/images`, and the list of its models."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from typing import TypeAlias

from fakes.openrouter.models import CHAT_MODELS, IMAGE_MODELS, PROVIDERS, accepts
from fakes.openrouter.requests import ImageRequest
from fakes.openrouter.state import RouterState, check_model, refusal
from loopback.connection import Answer
from loopback.faults import answer_json
from loopback.pictures import IMAGE_TYPES, Look, large_picture, picture, pixels
from loopback.routes import Asked, Route

_Asked: TypeAlias = Asked[RouterState]


def usage(usd: float) -> Mapping[str, object]:
    """Return what a request took and cost."""
    tokens = {"prompt_tokens": 10, "completion_tokens": 1290, "total_tokens": 1300}
    upstream = ("inference_cost", "inference_prompt_cost", "inference_completions_cost")
    details = {f"upstream_{name}": usd for name in upstream}
    return {**tokens, "cost": usd, "cost_details": details, "is_byok": False}


def drawn(asked: _Asked, seed: bytes, form: str, size: str = "") -> Mapping[str, str]:
    """Return an image as the provider hands it out."""
    form = asked.fixed or form
    data = large_picture(form) if asked.fixed else picture(seed, pixels(size or "64x64"), Look(form=form))
    return {"b64_json": base64.b64encode(data).decode(), "media_type": IMAGE_TYPES[form]}


def _check(asked: _Asked) -> None:
    """Refuse what the model does not list. A test scripts the answers of models that are not known here."""
    body: ImageRequest = asked.body
    listed = IMAGE_MODELS.get(body.model)
    for field in body.model_fields_set - {"model", "prompt", "provider"}:
        if listed is not None and not accepts(listed.get(field), getattr(body, field)):
            raise refusal(400, f"{body.model} does not support this {field}.", {"field": field})
    provider, known = PROVIDERS.get(body.model, ("", ()))
    for slug, options in (body.provider.options if body.provider else {}).items():
        if slug != provider or options.keys() - set(known):
            raise refusal(400, f"{body.model} does not support these options.")


def _generate(asked: _Asked) -> Answer:
    body: ImageRequest = asked.body
    check_model(asked.state, body.model, IMAGE_MODELS)
    seed, form = body.model_dump_json().encode(), body.output_format or "png"
    images = [drawn(asked, seed + bytes([number]), form, body.size) for number in range(body.n)]
    return answer_json({"created": int(time.time()), "data": images, "usage": usage(0.04 * body.n)})


def _models(asked: _Asked) -> Answer:
    return answer_json({"data": [_listed(name) for name in IMAGE_MODELS if name not in asked.state.settings.retired]})


def _listed(name: str) -> Mapping[str, object]:
    inputs = ["text", "image"] if "input_references" in IMAGE_MODELS[name] else ["text"]
    outputs = ["image", "text"] if name in CHAT_MODELS else ["image"]
    return {
        "id": name,
        "name": name.partition("/")[2],
        "description": "A model that makes images.",
        "created": 1_780_000_000,
        "architecture": {"input_modalities": inputs, "output_modalities": outputs},
        "supported_parameters": IMAGE_MODELS[name],
        "supports_streaming": False,
        "endpoints": f"/api/v1/images/models/{name}/endpoints",
    }


def _endpoints(asked: _Asked) -> Answer:
    name = "/".join(asked.ids)
    check_model(asked.state, name, PROVIDERS)
    slug, options = PROVIDERS[name]
    endpoint = {
        "provider_name": slug.title(),
        "provider_slug": slug,
        "provider_tag": slug,
        "supported_parameters": IMAGE_MODELS[name],
        "allowed_passthrough_parameters": options,
        "supports_streaming": False,
        "pricing": [{"billable": "output_image", "unit": "image", "cost_usd": 0.04}],
    }
    return answer_json({"id": name, "endpoints": [endpoint]})


ROUTES: Mapping[str, Route[RouterState]] = {
    "POST /api/v1/images": Route(answer=_generate, body=ImageRequest, check=_check),
    "GET /api/v1/images/models": Route(answer=_models),
    "GET /api/v1/images/models/{author}/{slug}/endpoints": Route(answer=_endpoints),
}
"""The routes of images."""
