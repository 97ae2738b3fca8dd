"""Interactions: done at once, or in the background and then polled for, cancelled, and continued by later ones."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from typing import Any, Literal

from google.genai.interactions import AudioResponseFormat, ImageContent, ImageResponseFormat, VideoContent

from fakes.google.errors import interaction_error
from fakes.google.interaction_request import InteractionRequest
from fakes.google.interaction_routes import CANCEL, CREATE, GET
from fakes.google.state import GoogleState, Interaction
from loopback.connection import Answer
from loopback.faults import Strict, answer_json
from loopback.films import film
from loopback.pictures import Look, picture
from loopback.routes import Asked, Route
from loopback.sounds import RATE, sound, tone
from loopback.state import new_id

_STATUSES = {"queued": "queued", "running": "in_progress", "cancelled": "cancelled", "done": "completed"}
_FILE = "https://generativelanguage.googleapis.com/v1/files/{}:download?alt=media"
_FORMATS = {"audio/mp3": "mp3", "audio/ogg_opus": "opus", "audio/wav": "wav", None: "wav"}
_IMAGE_SIZE = (64, 64)
"""Pixels, whatever is asked for, so that images are made quickly."""

_OLD_MODEL = "lyria-3-clip-preview"
"""The one that answers with `outputs` in place of `steps`."""


def _create(asked: Asked[GoogleState]) -> Answer:
    request: InteractionRequest = asked.body
    sdk = request.sdk
    earlier = sdk.previous_interaction_id and _known(asked, sdk.previous_interaction_id)
    if earlier and earlier.polls and not earlier.done:
        raise interaction_error(400, f"Interaction {earlier.id} is not finished.")
    for block in request.content:
        if isinstance(block, ImageContent | VideoContent) and block.uri:
            _check_upload(asked.state, block)
    edited = earlier.seconds if earlier and request.task == "edit" else 0
    interaction = Interaction(
        polls=asked.state.settings.polls if sdk.background else 0,
        id=f"v1_{new_id()}",
        model=sdk.model,
        content=[],
        seconds=edited or int((getattr(sdk.response_format, "duration", None) or "5s").removesuffix("s")),
    )
    interaction.content = _content(asked.state, request, interaction)
    if sdk.store is not False:
        asked.state.interactions[interaction.id] = interaction
    if sdk.background:
        asked.state.under_way.append(interaction)
        return answer_json(_shown(interaction, "in_progress"))
    return answer_json(_shown(interaction, "completed", stored=sdk.store is not False))


def _check_upload(state: GoogleState, block: ImageContent | VideoContent) -> None:
    upload = state.uploads.get((block.uri or "").rpartition("/")[2])
    if upload is None or not upload.whole or upload.mime != block.mime_type:
        raise interaction_error(403, "You do not have permission to access the file, or it does not exist.")
    if upload.left:
        raise interaction_error(400, "The file is not in an ACTIVE state and usage is not allowed.")


def _content(state: GoogleState, request: InteractionRequest, interaction: Interaction) -> list[Mapping[str, object]]:
    sdk, seed = request.sdk, sha256(request.model_dump_json().encode()).digest()
    form: Any = sdk.response_format
    if isinstance(form, ImageResponseFormat):
        return [_image(form, seed)]
    if isinstance(form, AudioResponseFormat):
        return [_speech(form, seed)]
    if form is None:
        lyrics = {"type": "text", "text": "[Verse]\nA kite above the bay\n[Chorus]\nIt never comes down"}
        return [
            lyrics,
            {"type": "audio", "mime_type": "audio/mp3", "data": b64encode(sound(seed, 1.0, "mp3")).decode()},
        ]
    edge = 2160 if form.resolution == "4k" else int((form.resolution or "720p").removesuffix("p"))
    size = (edge, edge * 16 // 9) if form.aspect_ratio == "9:16" else (edge * 16 // 9, edge)
    name = new_id()
    state.videos[name] = partial(film, seed, size, interaction.seconds, audio=True)
    return [{"type": "video", "mime_type": "video/mp4", "uri": _FILE.format(name)}]


def _image(form: ImageResponseFormat, seed: bytes) -> Mapping[str, object]:
    kind = "jpeg" if form.mime_type else "png"
    data = picture(seed, _IMAGE_SIZE, Look(form=kind))
    return {"type": "image", "mime_type": f"image/{kind}", "data": b64encode(data).decode()}


def _speech(form: AudioResponseFormat, seed: bytes) -> Mapping[str, object]:
    kind = _FORMATS.get(form.mime_type)
    if kind is None:
        return {
            "type": "audio",
            "data": b64encode(tone(seed, 0.5)).decode(),
            "mime_type": f"audio/l16;rate={RATE};channels=1",
        }
    return {
        "type": "audio",
        "mime_type": form.mime_type or "audio/wav",
        "data": b64encode(sound(seed, 0.5, kind)).decode(),
    }


def _shown(interaction: Interaction, status: str, *, stored: bool = True) -> Mapping[str, object]:
    answer: dict[str, object] = {"object": "interaction", "model": interaction.model, "status": status}
    if stored:
        answer["id"] = interaction.id
    if status == "completed":
        answer["usage"] = {"total_input_tokens": 4, "total_output_tokens": 1120, "total_tokens": 1124}
        step = {"type": "model_output", "content": interaction.content}
        answer |= {"outputs": interaction.content} if interaction.model == _OLD_MODEL else {"steps": [step]}
    return answer


def _known(asked: Asked[GoogleState], name: str) -> Interaction:
    if name not in asked.state.interactions:
        raise interaction_error(404, f"Interaction {name} was not found.")
    return asked.state.interactions[name]


class _Query(Strict):
    stream: Literal["false"] = "false"


def _get(asked: Asked[GoogleState]) -> Answer:
    interaction = _known(asked, asked.id)
    return answer_json(_shown(interaction, _STATUSES[interaction.poll()]))


def _cancel(asked: Asked[GoogleState]) -> Answer:
    interaction = _known(asked, asked.id)
    if interaction not in asked.state.under_way or interaction.done:
        raise interaction_error(400, "Only background interactions that are not finished can be cancelled.")
    interaction.cancelled = True
    return answer_json(_shown(interaction, "cancelled"))


ROUTES: Mapping[str, Route[GoogleState]] = {
    CREATE: Route(answer=_create, body=InteractionRequest),
    GET: Route(answer=_get, query=_Query),
    CANCEL: Route(answer=_cancel),
}
