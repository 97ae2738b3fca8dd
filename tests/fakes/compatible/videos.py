"""Videos: `/videos`, submitted, polled and deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from fakes.compatible import requests
from fakes.compatible.images import check_picture
from fakes.compatible.state import EngineState, Video, refusal
from loopback.connection import Answer
from loopback.faults import answer_json
from loopback.films import film
from loopback.pictures import pixels
from loopback.routes import Asked, Route
from loopback.state import new_id

_Asked: TypeAlias = Asked[EngineState]

_STATUSES = {"queued": "queued", "running": "in_progress", "done": "completed"}


def _check(asked: _Asked) -> None:
    if [file.field for file in asked.files] not in ([], ["input_reference"]):
        raise refusal(400, "At most one input_reference is taken.", param="input_reference")
    for file in asked.files:
        check_picture(file)


def _create(asked: _Asked) -> Answer:
    body: requests.Video = asked.body
    seed = body.model_dump_json().encode() + b"".join(file.body for file in asked.files)
    video = Video(
        polls=asked.state.settings.polls, id=f"video_{new_id()}", size=body.size, seconds=body.seconds, seed=seed
    )
    asked.state.videos[video.id] = video
    asked.state.under_way.append(video)
    return answer_json(_shown(video, "queued"))


def _found(asked: _Asked) -> Video:
    if asked.id not in asked.state.videos:
        raise refusal(404, "There is no such video.")
    return asked.state.videos[asked.id]


def _poll(asked: _Asked) -> Answer:
    video = _found(asked)
    return answer_json(_shown(video, _STATUSES[video.poll()]))


def _shown(video: Video, status: str) -> Mapping[str, object]:
    progress = int(100 * video.progress)
    return {"id": video.id, "object": "video", "status": status, "progress": progress, "error": None}


def _content(asked: _Asked) -> Answer:
    video = _found(asked)
    if not video.done:
        raise refusal(400, "The video is not done.")
    return Answer(mime="video/mp4", body=film(video.seed, pixels(video.size), video.seconds), chunked=True)


def _delete(asked: _Asked) -> Answer:
    video = _found(asked)
    del asked.state.videos[video.id]
    return answer_json({"id": video.id, "object": "video.deleted", "deleted": True})


ROUTES: Mapping[str, Route[EngineState]] = {
    "POST /v1/videos": Route(answer=_create, form=requests.Video, check=_check),
    "GET /v1/videos/{id}": Route(answer=_poll),
    "GET /v1/videos/{id}/content": Route(answer=_content),
    "DELETE /v1/videos/{id}": Route(answer=_delete),
}
"""The routes of videos."""
