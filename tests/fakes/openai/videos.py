"""Videos, as gateways still serve them: `/videos`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from fakes.openai import requests
from fakes.openai.images import check_image
from fakes.openai.state import OpenAIState, Video, check_model, refusal
from loopback.connection import Answer
from loopback.faults import answer_json
from loopback.films import Clip, clip, film
from loopback.pictures import pixels
from loopback.routes import Asked, Route
from loopback.state import new_id

_Asked: TypeAlias = Asked[OpenAIState]

_STATUSES = {"queued": "queued", "running": "in_progress", "done": "completed"}
_MODELS = ("sora-2", "sora-2-pro")


def _check_frame(asked: _Asked) -> None:
    if [file.field for file in asked.files] not in ([], ["input_reference"]):
        raise refusal(400, "At most one input_reference is accepted.", param="input_reference")
    for file in asked.files:
        check_image(file)


def _check_video(asked: _Asked) -> None:
    if not asked.files and hasattr(asked.body, "video"):
        return
    if [(file.field, file.mime) for file in asked.files] != [("video", "video/mp4")] or not clip(asked.files[0].body):
        raise refusal(400, "One video in MP4 is needed.", code="unsupported_file_mimetype", param="video")


def _create(asked: _Asked) -> Answer:
    body: Any = asked.body
    check_model(asked.state, body.model, _MODELS)
    return _accept(asked, Clip(size=body.size or "720x1280", seconds=int(body.seconds or 4)))


def _remix(asked: _Asked) -> Answer:
    return _accept(asked, _finished(asked, asked.id).clip)


def _change(asked: _Asked) -> Answer:
    """Edit or extend a video."""
    body: Any = asked.body
    source = clip(asked.files[0].body) if asked.files else _finished(asked, body.video["id"]).clip
    assert source
    return _accept(asked, replace(source, seconds=source.seconds + int(getattr(body, "seconds", 0))))


def _accept(asked: _Asked, goal: Clip) -> Answer:
    body: Any = asked.body
    goal = replace(goal, seed=goal.seed + body.model_dump_json().encode())
    polls = asked.state.settings.polls
    video = Video(polls=polls, id=f"video_{new_id()}", prompt=body.prompt, clip=goal)
    asked.state.videos[video.id] = video
    asked.state.under_way.append(video)
    return answer_json(_shown(video, "queued"))


def _finished(asked: _Asked, name: str) -> Video:
    video = asked.state.videos.get(name)
    if video is None or video.expired or not video.done:
        raise refusal(404, f"Video with id '{name}' not found.", param="video_id")
    return video


def _retrieve(asked: _Asked) -> Answer:
    if asked.id not in asked.state.videos:
        raise refusal(404, f"Video with id '{asked.id}' not found.", param="video_id")
    video = asked.state.videos[asked.id]
    return answer_json(_shown(video, video.poll()))


def _shown(video: Video, state: str) -> Mapping[str, object]:
    return {
        "id": video.id,
        "object": "video",
        "model": "sora-2",
        "status": _STATUSES[state],
        "progress": int(100 * video.progress),
        "created_at": int(time.time()),
        "completed_at": None,
        "expires_at": None,
        "prompt": video.prompt,
        "size": video.clip.size,
        "seconds": str(video.clip.seconds),
        "remixed_from_video_id": None,
        "error": None,
    }


def _content(asked: _Asked) -> Answer:
    goal = _finished(asked, asked.id).clip
    return Answer(mime="video/mp4", body=film(goal.seed, pixels(goal.size), goal.seconds), chunked=True)


ROUTES: Mapping[str, Route[OpenAIState]] = {
    "POST /v1/videos": Route(answer=_create, form=requests.Video, check=_check_frame),
    "POST /v1/videos/edits": Route(
        answer=_change, body=requests.VideoEdit, form=requests.VideoFileEdit, check=_check_video
    ),
    "POST /v1/videos/extensions": Route(
        answer=_change, body=requests.VideoExtension, form=requests.VideoFileExtension, check=_check_video
    ),
    "POST /v1/videos/{id}/remix": Route(answer=_remix, body=requests.VideoRemix),
    "GET /v1/videos/{id}": Route(answer=_retrieve),
    "GET /v1/videos/{id}/content": Route(answer=_content),
}
"""The routes of videos."""
