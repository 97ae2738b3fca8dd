"""Images: `/images/generations`, `/images/edits`, and pictures that are to be downloaded."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from hashlib import sha256
from typing import TypeAlias

from fakes.compatible.requests import Edit, Generation
from fakes.compatible.state import EngineState, refusal
from loopback.connection import Answer
from loopback.faults import answer_json
from loopback.forms import File
from loopback.pictures import IMAGE_TYPES, Look, large_picture, picture, pixels, seen
from loopback.routes import Asked, Route
from loopback.state import new_id

_Asked: TypeAlias = Asked[EngineState]


def check_picture(file: File) -> None:
    """Refuse a file that is not a picture of the type that it is sent as."""
    found = seen(file.body)
    if not file.name or found is None or found.mime != file.mime:
        raise refusal(400, "This is no picture of its type.", param=file.field)


def _check(asked: _Asked) -> None:
    body: Generation = asked.body
    if asked.state.settings.engine == "gpt-image" and "response_format" in body.model_fields_set:
        raise refusal(400, "Unknown parameter: 'response_format'.", param="response_format")


def _check_edit(asked: _Asked) -> None:
    _check(asked)
    fields = [file.field for file in asked.files]
    images = [field for field in fields if field != "mask"]
    if images != ["image"] and (len(images) < 2 or set(images) != {"image[]"}):
        raise refusal(400, "One picture as image, or several as image[], is needed.", param="image")
    if fields.count("mask") > 1:
        raise refusal(400, "There is more than one mask.", param="mask")
    for file in asked.files:
        check_picture(file)


def _make(asked: _Asked) -> Answer:
    body: Generation = asked.body
    seed = body.model_dump_json(exclude={"response_format"}).encode()
    seed += b"".join(sha256(file.body).digest() for file in asked.files)
    look = Look(form=body.output_format)
    made = [picture(seed + bytes([number]), pixels(body.size), look) for number in range(body.n)]
    if asked.fixed:
        made = [large_picture(asked.fixed)] * body.n
    return answer_json({"created": int(time.time()), "data": [_shown(asked, data) for data in made]})


def _shown(asked: _Asked, data: bytes) -> Mapping[str, str]:
    body: Generation = asked.body
    if body.response_format != "url" and asked.state.settings.engine != "sglang":
        return {"b64_json": base64.b64encode(data).decode()}
    name = new_id()
    asked.state.pictures[name] = data
    own = "" if asked.state.settings.engine == "sglang" else f"http://{asked.host}"
    return {"url": f"{own}/v1/images/{name}/content"}


def _content(asked: _Asked) -> Answer:
    data = asked.state.pictures.get(asked.id)
    if data is None:
        raise refusal(404, "There is no such picture.")
    found = seen(data)
    return Answer(mime=found.mime if found else IMAGE_TYPES["png"], body=data)


ROUTES: Mapping[str, Route[EngineState]] = {
    "POST /v1/images/generations": Route(answer=_make, body=Generation, check=_check),
    "POST /v1/images/edits": Route(answer=_make, form=Edit, check=_check_edit),
    "GET /v1/images/{id}/content": Route(answer=_content),
}
"""The routes of images."""
