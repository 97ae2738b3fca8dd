"""Videos, for gateways that speak the provider's language: `/videos`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Literal, TypeAlias, cast

from pydantic import Field

from fakes.openai.catalogue import FORBIDDEN, VIDEO_MODELS
from fakes.openai.conversation import PictureUrl
from fakes.openai.errors import BLOCKED, refusal, served
from fakes.openai.state import OpenAIState, Video
from loopback.connection import Answer
from loopback.faults import Strict, answer_json
from loopback.films import Clip, clip, film
from loopback.forms import File
from loopback.pictures import Look, picture, pixels, seen
from loopback.routes import Asked, Route
from loopback.state import new_id

_Asked: TypeAlias = Asked[OpenAIState]

_READABLE = ("image/jpeg", "image/png", "image/webp")
_LASTING = 86_400
_STATUSES = {"queued": "queued", "running": "in_progress"}


class Prompted(Strict):
    """What every request for a video has; alone, the body of `POST /v1/videos/{id}/remix`."""

    prompt: str = Field(min_length=1, max_length=32_000)


class Shot(Prompted):
    """The text fields of `POST /v1/videos`."""

    model: str = "sora-2"
    seconds: Literal["4", "8", "12"] = "4"
    size: Literal["720x1280", "1280x720", "1024x1792", "1792x1024"] = "720x1280"


class Seen(Strict):
    """A picture to begin with."""

    image_url: PictureUrl


class ShotJson(Shot):
    """The body of `POST /v1/videos` in JSON."""

    input_reference: Seen | None = None


class Source(Strict):
    """A finished video."""

    id: str


class Change(Prompted):
    """The text fields of `POST /v1/videos/edits`."""


class ChangeJson(Prompted):
    """The body of `POST /v1/videos/edits` in JSON."""

    video: Source


class Extension(Prompted):
    """The text fields of `POST /v1/videos/extensions`."""

    seconds: Literal["4", "8", "12", "16", "20"]


class ExtensionJson(Extension):
    """The body of `POST /v1/videos/extensions` in JSON."""

    video: Source


class Variant(Strict):
    """The query of `GET /v1/videos/{id}/content`."""

    variant: Literal["video", "thumbnail", "spritesheet"] = "video"


def _check_reference(asked: _Asked) -> None:
    """Refuse files that no video can begin with."""
    for file in asked.files:
        _only(file, "input_reference", asked.files)
        found = seen(file.body)
        if not file.name or file.mime not in _READABLE or found is None or found.mime != file.mime:
            message = f"Invalid file 'input_reference': unsupported mimetype ('{file.mime}')."
            raise refusal(400, message, code="unsupported_file_mimetype", param="input_reference")


def _check_source(asked: _Asked) -> None:
    """Refuse files that are no video to work on, and forms without one."""
    if isinstance(asked.body, ChangeJson | ExtensionJson):
        return
    if not asked.files:
        raise refusal(400, "Missing required parameter: 'video'.", code="missing_required_parameter", param="video")
    for file in asked.files:
        _only(file, "video", asked.files)
        if not file.name or file.mime != "video/mp4" or clip(file.body) is None:
            message = f"Invalid file 'video': unsupported mimetype ('{file.mime}')."
            raise refusal(400, message, code="unsupported_file_mimetype", param="video")


def _only(file: File, field: str, files: Sequence[File]) -> None:
    if file.field != field:
        raise refusal(400, f"Unknown parameter: '{file.field}'.", code="unknown_parameter", param=file.field)
    if len(files) > 1:
        raise refusal(400, f"Duplicate parameter: '{field}'.", code="duplicate_parameter", param=field)


def _create(asked: _Asked) -> Answer:
    body: Shot = asked.body
    served(asked.state, body.model, VIDEO_MODELS)
    return _accepted(asked, Clip(size=body.size, seconds=int(body.seconds)), body.model)


def _remix(asked: _Asked) -> Answer:
    video = _finished(asked, asked.id)
    return _accepted(asked, _clip(video), video.model, remixed_from=video.id)


def _edit(asked: _Asked) -> Answer:
    return _accepted(asked, _source(asked))


def _extend(asked: _Asked) -> Answer:
    source, body = _source(asked), cast("Extension", asked.body)
    return _accepted(asked, replace(source, seconds=source.seconds + int(body.seconds)))


def _source(asked: _Asked) -> Clip:
    """The video to work on, wherever it comes from."""
    if isinstance(asked.body, ChangeJson | ExtensionJson):
        return _clip(_finished(asked, asked.body.video.id))
    found = clip(asked.files[0].body)
    if found is None:
        raise refusal(400, "The video cannot be read.", param="video")
    return found


def _clip(video: Video) -> Clip:
    return Clip(size=video.size, seconds=video.seconds, seed=video.seed)


def _accepted(asked: _Asked, goal: Clip, model: str = "sora-2", *, remixed_from: str | None = None) -> Answer:
    """Take a video on; its content follows from the goal's and from everything that was asked."""
    body: Prompted = asked.body
    prints = "".join(sha256(file.body).hexdigest() for file in asked.files)
    video = Video(
        polls=asked.state.settings.polls,
        id=f"video_{new_id()}",
        model=model,
        prompt=body.prompt,
        size=goal.size,
        seconds=goal.seconds,
        seed=goal.seed + body.model_dump_json().encode() + prints.encode(),
        created=int(time.time()),
        remixed_from=remixed_from,
        blocked=FORBIDDEN in body.prompt,
    )
    asked.state.videos[video.id] = video
    asked.state.under_way.append(video)
    return answer_json(_shown(video, "queued"))


def _known(asked: _Asked, name: str) -> Video:
    if name not in asked.state.videos:
        raise refusal(404, f"Video with id '{name}' not found.", param="video_id")
    return asked.state.videos[name]


def _finished(asked: _Asked, name: str) -> Video:
    video = _known(asked, name)
    if not video.done or video.blocked:
        message = "Video is not ready yet, use GET /v1/videos/{video_id} to check status."
        raise refusal(404, message)
    if video.expired:
        raise refusal(404, "Video has expired.")
    return video


def _retrieve(asked: _Asked) -> Answer:
    video = _known(asked, asked.id)
    return answer_json(_shown(video, video.poll()))


def _shown(video: Video, state: str) -> Mapping[str, object]:
    status = _STATUSES.get(state) or ("failed" if video.blocked else "completed")
    done = status == "completed"
    return {
        "id": video.id,
        "object": "video",
        "model": video.model,
        "status": status,
        "progress": 100 if done else int(100 * video.progress),
        "created_at": video.created,
        "completed_at": video.created + 60 if done else None,
        "expires_at": video.created + (0 if video.expired else _LASTING) if done else None,
        "prompt": video.prompt,
        "size": video.size,
        "seconds": str(video.seconds),
        "remixed_from_video_id": video.remixed_from,
        "error": {"code": "moderation_blocked", "message": BLOCKED} if status == "failed" else None,
    }


def _content(asked: _Asked) -> Answer:
    video = _finished(asked, asked.id)
    size, variant = pixels(video.size), cast("Variant", asked.query).variant
    if variant == "video":
        return Answer(mime="video/mp4", body=film(video.seed, size, video.seconds), chunked=True)
    width = size[0] if variant == "thumbnail" else 4 * size[0]
    return Answer(mime="image/webp", body=picture(video.seed, (width, size[1]), Look(form="webp")))


def _delete(asked: _Asked) -> Answer:
    video = _known(asked, asked.id)
    del asked.state.videos[video.id]
    return answer_json({"id": video.id, "object": "video.deleted", "deleted": True})


ROUTES: Mapping[str, Route[OpenAIState]] = {
    "POST /v1/videos": Route(answer=_create, body=ShotJson, form=Shot, check=_check_reference),
    "POST /v1/videos/edits": Route(answer=_edit, body=ChangeJson, form=Change, check=_check_source),
    "POST /v1/videos/extensions": Route(answer=_extend, body=ExtensionJson, form=Extension, check=_check_source),
    "POST /v1/videos/{id}/remix": Route(answer=_remix, body=Prompted),
    "GET /v1/videos/{id}": Route(answer=_retrieve),
    "GET /v1/videos/{id}/content": Route(answer=_content, query=Variant),
    "DELETE /v1/videos/{id}": Route(answer=_delete),
}
"""The requests for videos."""
