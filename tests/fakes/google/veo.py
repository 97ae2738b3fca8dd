"""Videos of enterprise mode: begun, looked at until they are done, and put into the storage or into the answer."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Literal, Self, TypeAlias
from urllib.parse import unquote

from pydantic import Field, model_validator

from fakes.google.catalogue import BROKEN, FORBIDDEN, SILENT, VEO_MODELS, VEO_WITHOUT_REFERENCES
from fakes.google.cloud import Camel, Medium, Picture, Predicted, route
from fakes.google.content import decoded
from fakes.google.errors import refusal
from fakes.google.outputs import filmed
from fakes.google.state import GoogleState, Operation, Shot
from loopback.connection import Answer
from loopback.faults import Strict, answer_json, rule
from loopback.films import clip
from loopback.routes import Asked, Route
from loopback.state import new_id

_Asked: TypeAlias = Asked[GoogleState]

_LONGEST = 8
_SIZES = {"720p": (1280, 720), "1080p": (1920, 1080)}
_REASON = "The video was held back because it may be harmful. Support code: 12345678."


class Film(Medium):
    """A video that Veo made."""

    mime_type: Literal["video/mp4"]

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if self.bytes_base64_encoded and clip(decoded(self.bytes_base64_encoded)) is None:
            raise rule("video", "is not a video", "bytesBase64Encoded")
        return self


class Reference(Camel):
    """Something or somebody to be seen in the video."""

    image: Picture
    reference_type: Literal["asset", "ASSET"]


class Instance(Camel):
    """What a video is made from."""

    prompt: str = Field(min_length=1)
    image: Picture | None = None
    last_frame: Picture | None = None
    video: Film | None = None
    reference_images: list[Reference] = Field(default_factory=list[Reference], max_length=3)

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.last_frame and not self.image:
            raise rule("frames", "needs a first frame", "lastFrame")
        if bool(self.image) + bool(self.video) + bool(self.reference_images) > 1:
            raise rule("inputs", "takes frames, reference images or a video")
        return self


class Parameters(Camel):
    """How a video shall be."""

    sample_count: Literal[1]
    generate_audio: bool
    duration_seconds: Literal[4, 6, 8] = 8
    aspect_ratio: Literal["16:9", "9:16"] = "16:9"
    resolution: Literal["720p", "1080p"] = "720p"
    seed: Annotated[int, Field(ge=0, lt=2**32)] | None = None
    fps: Literal[24] | None = None
    negative_prompt: str = Field(default="", min_length=1)
    person_generation: Literal["allow_all", "allow_adult", "dont_allow", ""] = ""
    storage_uri: str = Field(default="", pattern="^gs://[a-z0-9][a-z0-9._-]{1,220}[a-z0-9](/.+[^/])?$")


class Filming(Predicted[Instance, Parameters]):
    """The body of `:predictLongRunning`."""

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        instance, how = self.instances[0], self.parameters
        if (instance.video or instance.reference_images) and how.duration_seconds != _LONGEST:
            raise rule("duration", f"must be {_LONGEST} for this", "parameters", "durationSeconds")
        if instance.video and how.resolution != "720p":
            raise rule("resolution", "must be 720p for this", "parameters", "resolution")
        return self


def _begin(asked: _Asked) -> Answer:
    body: Filming = asked.body
    project, location = asked.ids
    model = asked.route.rpartition("/")[2].partition(":")[0]
    if model in asked.state.settings.retired:
        raise refusal(404, f"Publisher Model {model} was not found or your project does not have access to it.")
    instance, how = body.instances[0], body.parameters
    if instance.reference_images and model in VEO_WITHOUT_REFERENCES:
        raise refusal(400, "Reference images are not supported by this model.")
    earlier = instance.video.gcs_uri if instance.video else ""
    if earlier and earlier not in asked.state.stored:
        raise refusal(400, f"The video {earlier} could not be read.")
    width, height = _SIZES[how.resolution]
    size = (width, height) if how.aspect_ratio == "16:9" else (height, width)
    told = body.model_dump_json(exclude={"parameters": {"storage_uri"}}).encode()
    operation = Operation(
        polls=asked.state.settings.polls,
        name=f"projects/{project}/locations/{location}/publishers/google/models/{model}/operations/{new_id()}",
        shots=[Shot(seed=sha256(told).digest(), size=size, seconds=how.duration_seconds, audio=how.generate_audio)],
        storage=how.storage_uri,
        prompt=instance.prompt,
    )
    asked.state.operations[operation.name] = operation
    asked.state.under_way.append(operation)
    return answer_json({"name": operation.name})


class Fetch(Camel):
    """The body of `:fetchPredictOperation`."""

    operation_name: str


def _look(asked: _Asked) -> Answer:
    operation = asked.state.operations.get(asked.body.operation_name)
    if operation is None:
        raise refusal(404, "The operation was not found.")
    if operation.poll() != "done":
        return answer_json({"name": operation.name})
    return answer_json({"name": operation.name, "done": True, **_ending(asked, operation)})


def _ending(asked: _Asked, operation: Operation) -> Mapping[str, object]:
    if BROKEN in operation.prompt:
        return {"error": {"code": 13, "message": "Video generation failed due to an internal server issue."}}
    if SILENT in operation.prompt:
        return {"error": {"code": 3, "message": "The prompt could not be submitted."}}
    kind = "type.googleapis.com/cloud.ai.large_models.vision.GenerateVideoResponse"
    if FORBIDDEN in operation.prompt:
        return {"response": {"@type": kind, "raiMediaFilteredCount": 1, "raiMediaFilteredReasons": [_REASON]}}
    videos = [_delivered(asked, operation, number) for number in range(len(operation.shots))]
    return {"response": {"@type": kind, "raiMediaFilteredCount": 0, "videos": videos}}


def _delivered(asked: _Asked, operation: Operation, number: int) -> Mapping[str, str]:
    shot = operation.shots[number]
    if not operation.storage:
        return {"bytesBase64Encoded": base64.b64encode(filmed(shot)).decode(), "mimeType": "video/mp4"}
    place = f"{operation.storage}/{operation.name.rpartition('/')[2]}/sample_{number}.mp4"
    asked.state.stored[place] = shot
    return {"gcsUri": place, "mimeType": "video/mp4"}


class What(Strict):
    """The query of `GET /storage/v1/b/{bucket}/o/{object}`."""

    alt: str = Field(default="", pattern="^media$")


def _stored(asked: _Asked) -> Answer:
    bucket, name = asked.ids
    shot = asked.state.stored.get(f"gs://{bucket}/{unquote(name)}")
    if shot is None:
        raise refusal(404, f"No such object: {bucket}/{unquote(name)}")
    if asked.query.alt:
        return Answer(mime="video/mp4", body=filmed(shot), chunked=True)
    return answer_json({"kind": "storage#object", "bucket": bucket, "name": unquote(name), "contentType": "video/mp4"})


STARTS = tuple(route(model, "predictLongRunning") for model in VEO_MODELS)
"""The paying requests for videos, one for each model."""

ROUTES: Mapping[str, Route[GoogleState]] = {
    **dict.fromkeys(STARTS, Route(answer=_begin, body=Filming)),
    **{route(model, "fetchPredictOperation"): Route(answer=_look, body=Fetch) for model in VEO_MODELS},
    "GET /storage/v1/b/{bucket}/o/{object}": Route(answer=_stored, query=What),
}
"""The requests for videos, and for what lies in the storage."""
