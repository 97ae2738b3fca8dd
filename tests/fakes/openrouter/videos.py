"""Videos, later: `/videos`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

from pydantic import Field, model_validator

from fakes.openrouter.catalogue import FORBIDDEN, VIDEO_MODELS, VideoModel
from fakes.openrouter.errors import refusal
from fakes.openrouter.images import anyone
from fakes.openrouter.references import Frame, Options, Reference
from fakes.openrouter.shapes import agree, around
from fakes.openrouter.state import RouterState, Video
from loopback.connection import Answer
from loopback.faults import Strict, answer_json, rule
from loopback.films import film
from loopback.pictures import pixels
from loopback.routes import Asked, Route
from loopback.state import new_id

_Asked: TypeAlias = Asked[RouterState]

_EDGES = {"360p": 360, "480p": 480, "720p": 720, "768p": 768, "1080p": 1080, "1K": 1024, "2K": 1440, "4K": 2160}
_STATUSES = {"queued": "pending", "running": "in_progress"}


class Shot(Strict):
    """The body of `POST /api/v1/videos`."""

    model: str
    prompt: str = ""
    aspect_ratio: Literal["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9", "9:21", ""] = ""
    callback_url: str = Field(default="", pattern="^(https://.*)?$")
    duration: int = Field(default=0, ge=1)
    frame_images: list[Frame] = Field(default_factory=list, min_length=1, max_length=2)
    generate_audio: bool = False
    input_references: list[Reference] = Field(default_factory=list, min_length=1)
    previous_job_id: str = ""
    provider: Options = Options()
    resolution: Literal["360p", "480p", "720p", "768p", "1080p", "1K", "2K", "4K", ""] = ""
    seed: int = 0
    size: str = ""

    @model_validator(mode="after")
    def _holds_together(self) -> Shot:
        agree(self.size, self.resolution, self.aspect_ratio, _EDGES)
        if not (self.prompt or self.frame_images or self.input_references):
            raise rule("prompt", "is needed without pictures", "prompt")
        # The provider would look at the frames only; what has no effect is a mistake of who asks for it.
        if self.frame_images and self.input_references:
            raise rule("input_references", "have no effect beside frame_images", "input_references")
        if len({frame.frame_type for frame in self.frame_images}) < len(self.frame_images):
            raise rule("frame_images", "are both of one type", "frame_images")
        return self


def _check(asked: _Asked) -> None:
    """Refuse what the model does not take."""
    body: Shot = asked.body
    model = VIDEO_MODELS.get(body.model)
    if model is None:
        return
    body.provider.fit(model.provider, model.options)
    for field, taken in _taken(body, model):
        if field in body.model_fields_set and not taken:
            raise refusal(400, f"{body.model} does not support this {field}.", {"field": field})


def _taken(body: Shot, model: VideoModel) -> Iterator[tuple[str, bool]]:
    yield "aspect_ratio", body.aspect_ratio in model.ratios
    yield "duration", body.duration in model.durations
    yield "frame_images", all(frame.frame_type in model.frames for frame in body.frame_images)
    yield "generate_audio", model.audio or not body.generate_audio
    yield "input_references", all(reference.type in model.references for reference in body.input_references)
    yield "previous_job_id", model.continues
    yield "resolution", body.resolution in model.resolutions
    yield "seed", model.seed
    yield "size", body.size in _sizes(model)


def _sizes(model: VideoModel) -> list[str]:
    shapes = [around(_EDGES[resolution], ratio) for resolution in model.resolutions for ratio in model.ratios]
    return [f"{width}x{height}" for width, height in shapes]


def _create(asked: _Asked) -> Answer:
    body: Shot = asked.body
    asked.state.served(body.model, VIDEO_MODELS)
    model = VIDEO_MODELS[body.model]
    before = _finished(asked, body.previous_job_id).seed if body.previous_job_id else b""
    seconds = body.duration or model.durations[0]
    asked.state.spend(model.usd * seconds)
    shape = around(_EDGES[body.resolution or model.resolutions[0]], body.aspect_ratio or model.ratios[0])
    video = Video(
        polls=asked.state.settings.polls,
        id=f"gen-vid-{new_id()}",
        model=body.model,
        size=pixels(body.size) if body.size else shape,
        seconds=seconds,
        audio=body.generate_audio if "generate_audio" in body.model_fields_set else model.audio,
        seed=before + body.model_dump_json(exclude={"callback_url"}).encode(),
        usd=model.usd * seconds,
        blocked=FORBIDDEN in body.prompt,
    )
    asked.state.videos[video.id] = video
    asked.state.under_way.append(video)
    answer = {"id": video.id, "polling_url": f"/api/v1/videos/{video.id}", "status": "pending"}
    return answer_json(answer, status=202)


def _known(asked: _Asked, name: str) -> Video:
    if name not in asked.state.videos:
        raise refusal(404, "Video generation job not found.")
    return asked.state.videos[name]


def _finished(asked: _Asked, name: str) -> Video:
    video = _known(asked, name)
    if not video.done or video.blocked or video.expired:
        raise refusal(400, "Video generation job is not completed.")
    return video


def _poll(asked: _Asked) -> Answer:
    video = _known(asked, asked.id)
    state = video.poll()
    status = "expired" if video.expired else _STATUSES.get(state) or ("failed" if video.blocked else "completed")
    answer: dict[str, object] = {"id": video.id, "polling_url": f"/api/v1/videos/{video.id}", "status": status}
    if status == "completed":
        answer |= {
            "generation_id": f"gen-{video.id[-16:]}",
            "unsigned_urls": [f"http://{asked.host}/api/v1/videos/{video.id}/content?index=0"],
            "urls": [f"http://{asked.host}/storage/{video.id}"],
            "usage": {"cost": video.usd, "is_byok": False},
        }
    if status in ("failed", "expired"):
        answer["error"] = "Content policy violation" if status == "failed" else "Job exceeded maximum time to live"
    return answer_json(answer)


class Part(Strict):
    """The query of `GET /api/v1/videos/{id}/content`."""

    index: int = Field(default=0, ge=0, le=0)


def _content(asked: _Asked) -> Answer:
    video = _finished(asked, asked.id)
    data = film(video.seed, video.size, video.seconds, audio=video.audio)
    return Answer(mime="video/mp4", body=data, chunked=True)


def _models(asked: _Asked) -> Answer:
    listed = [_listed(name) for name in VIDEO_MODELS if name not in asked.state.settings.retired]
    return answer_json({"data": listed})


def _listed(name: str) -> Mapping[str, object]:
    model = VIDEO_MODELS[name]
    return {
        "id": name,
        "canonical_slug": name,
        "name": name.partition("/")[2],
        "description": "A model that makes videos.",
        "created": 1_780_000_000,
        "supported_resolutions": model.resolutions,
        "supported_aspect_ratios": model.ratios,
        "supported_sizes": _sizes(model),
        "supported_durations": model.durations,
        "supported_frame_images": model.frames or None,
        "upscale_factor": None,
        "creativity": None,
        "generate_audio": model.audio,
        "seed": model.seed,
        "pricing_skus": {"per-video-second": str(model.usd)},
        "allowed_passthrough_parameters": model.options,
    }


ROUTES: Mapping[str, Route[RouterState]] = {
    "POST /api/v1/videos": Route(answer=_create, body=Shot, check=_check),
    "GET /api/v1/videos/models": Route(answer=_models, open=anyone),
    "GET /api/v1/videos/{id}": Route(answer=_poll),
    "GET /api/v1/videos/{id}/content": Route(answer=_content, query=Part),
    "GET /storage/{id}": Route(answer=_content, open=anyone),
}
"""The requests for videos. What is in storage is open to who knows its address."""
