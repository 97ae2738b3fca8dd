"""Videos: `/videos`, submitted and polled, and the list of its models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from fakes.openrouter.models import VIDEO_MODELS, VIDEO_REFERENCES
from fakes.openrouter.requests import VideoRequest
from fakes.openrouter.state import RouterState, Video, check_model, refusal
from loopback.connection import Answer
from loopback.faults import answer_json
from loopback.films import film
from loopback.pictures import pixels
from loopback.routes import Asked, Route
from loopback.state import new_id

_Asked: TypeAlias = Asked[RouterState]

_STATUSES = {"queued": "pending", "running": "in_progress", "done": "completed"}
_USD = 0.4


def _check(asked: _Asked) -> None:
    """Refuse what the model does not list, and references that would be ignored beside frames."""
    body: VideoRequest = asked.body
    check_model(asked.state, body.model, VIDEO_MODELS)
    for field, accepted in _accepted(body):
        if field in body.model_fields_set and not accepted:
            raise refusal(400, f"{body.model} does not support this {field}.", {"field": field})


def _accepted(body: VideoRequest) -> Iterator[tuple[str, bool]]:
    listed, references = VIDEO_MODELS[body.model], VIDEO_REFERENCES.get(body.model, {"image_url"})
    yield "aspect_ratio", body.aspect_ratio in listed["supported_aspect_ratios"]
    yield "duration", body.duration in listed["supported_durations"]
    yield "frame_images", {frame.frame_type for frame in body.frame_images} <= set(listed["supported_frame_images"])
    yield "generate_audio", listed["generate_audio"] or not body.generate_audio
    yield "input_references", {part.type for part in body.input_references} <= references and not body.frame_images
    yield "previous_job_id", body.model in VIDEO_REFERENCES
    yield "resolution", body.resolution in listed["supported_resolutions"]
    yield "seed", listed["seed"]
    yield "size", body.size in listed["supported_sizes"]


def _create(asked: _Asked) -> Answer:
    body: VideoRequest = asked.body
    earlier = _finished(asked, body.previous_job_id).seed if body.previous_job_id else b""
    video = Video(
        polls=asked.state.settings.polls,
        id=f"gen-vid-{new_id()}",
        size=body.size or "640x360",
        seconds=body.duration or 4,
        seed=earlier + body.model_dump_json().encode(),
    )
    asked.state.videos[video.id] = video
    asked.state.under_way.append(video)
    return answer_json(_shown(video, "pending"), status=202)


def _finished(asked: _Asked, name: str) -> Video:
    video = asked.state.videos.get(name)
    if video is None or not video.done or video.expired:
        raise refusal(400, "Video generation job is not completed.")
    return video


def _poll(asked: _Asked) -> Answer:
    if asked.id not in asked.state.videos:
        raise refusal(404, "Video generation job not found.")
    video = asked.state.videos[asked.id]
    answer = _shown(video, _STATUSES[video.poll()])
    if video.done:
        content = f"http://{asked.host}/api/v1/videos/{video.id}/content?index=0"
        answer |= {"unsigned_urls": [content], "urls": [f"http://{asked.host}/storage/{video.id}"]}
        answer |= {"generation_id": f"gen-{video.id[-16:]}", "usage": {"cost": _USD, "is_byok": False}}
    return answer_json(answer)


def _shown(video: Video, status: str) -> dict[str, object]:
    return {"id": video.id, "polling_url": f"/api/v1/videos/{video.id}", "status": status}


def _content(asked: _Asked) -> Answer:
    video = _finished(asked, asked.id)
    return Answer(mime="video/mp4", body=film(video.seed, pixels(video.size), video.seconds), chunked=True)


def _models(asked: _Asked) -> Answer:
    listed = [_listed(name) for name in VIDEO_MODELS if name not in asked.state.settings.retired]
    return answer_json({"data": listed})


def _listed(name: str) -> Mapping[str, object]:
    return {
        "id": name,
        "canonical_slug": name,
        "name": name.partition("/")[2],
        "description": "A model that makes videos.",
        "created": 1_780_000_000,
        "upscale_factor": None,
        "creativity": None,
        "allowed_passthrough_parameters": [],
        **VIDEO_MODELS[name],
    }


def _open(_state: RouterState) -> bool:
    """Return that a route takes requests without a key, as signed URLs do."""
    return True


ROUTES: Mapping[str, Route[RouterState]] = {
    "POST /api/v1/videos": Route(answer=_create, body=VideoRequest, check=_check),
    "GET /api/v1/videos/models": Route(answer=_models),
    "GET /api/v1/videos/{id}": Route(answer=_poll),
    "GET /storage/{id}": Route(answer=_content, open=_open),
}
"""The routes of videos."""
