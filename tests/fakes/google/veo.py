"""Veo: started, polled until it is done, and written to Cloud Storage or into the answer."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from typing import Annotated, Literal, Self
from urllib.parse import unquote

from pydantic import Field, model_validator

from fakes.google.errors import rpc_error
from fakes.google.predict import Camel, FilePart, ImagePart, Prediction, model_route
from fakes.google.state import GoogleState, Operation
from loopback.connection import Answer
from loopback.faults import Strict, answer_json, rule
from loopback.films import clip, film
from loopback.routes import Asked, Route
from loopback.state import new_id

VEO = ("veo-3.1-generate-001", "veo-3.1-fast-generate-001", "veo-3.1-lite-generate-001")
START = {model: model_route(model, "predictLongRunning") for model in VEO}
FETCH = {model: model_route(model, "fetchPredictOperation") for model in VEO}
STORED = "GET /storage/v1/b/{bucket}/o/{object}"

_SIZES = {"720p": (1280, 720), "1080p": (1920, 1080)}


class _VideoPart(FilePart):
    mime_type: Literal["video/mp4"]

    @model_validator(mode="after")
    def _is_a_video(self) -> Self:
        if self.bytes_base64_encoded and clip(self.bytes_base64_encoded) is None:
            raise rule("video", "is not a video")
        return self


class _Reference(Camel):
    image: ImagePart
    reference_type: Literal["asset", "ASSET"]


class _Instance(Camel):
    prompt: str = Field(min_length=1)
    image: ImagePart | None = None
    last_frame: ImagePart | None = None
    video: _VideoPart | None = None
    reference_images: list[_Reference] = Field(default_factory=list[_Reference], max_length=3)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.last_frame and not self.image:
            raise rule("frames", "lastFrame needs image")
        if bool(self.image) + bool(self.video) + bool(self.reference_images) > 1:
            raise rule("inputs", "takes frames, reference images or a video")
        return self


class _Parameters(Camel):
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


class VeoRequest(Prediction[_Instance, _Parameters]):
    """The body of the paying request."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        instance, parameters = self.instances[0], self.parameters
        if (instance.video or instance.reference_images) and parameters.duration_seconds != 8:
            raise rule("duration", "durationSeconds must be 8 for this")
        if instance.video and parameters.resolution != "720p":
            raise rule("resolution", "resolution must be 720p for this")
        return self


def _start(asked: Asked[GoogleState]) -> Answer:
    body: VeoRequest = asked.body
    project, location = asked.ids
    model = asked.route.rpartition("/")[2].partition(":")[0]
    instance, parameters = body.instances[0], body.parameters
    if instance.reference_images and "lite" in model:
        raise rpc_error(400, "Reference images are not supported by this model.")
    if instance.video and instance.video.gcs_uri and instance.video.gcs_uri not in asked.state.stored:
        raise rpc_error(400, f"The video {instance.video.gcs_uri} could not be read.")
    size = _SIZES[parameters.resolution][:: 1 if parameters.aspect_ratio == "16:9" else -1]
    seed, seconds = sha256(body.model_dump_json().encode()).digest(), parameters.duration_seconds
    operation = Operation(
        polls=asked.state.settings.polls,
        name=f"projects/{project}/locations/{location}/publishers/google/models/{model}/operations/{new_id()}",
        video=partial(film, seed, (size[0], size[1]), seconds, audio=parameters.generate_audio),
        folder=parameters.storage_uri,
    )
    asked.state.operations[operation.name] = operation
    asked.state.under_way.append(operation)
    return answer_json({"name": operation.name})


class _Fetch(Camel):
    operation_name: str


def _fetch(asked: Asked[GoogleState]) -> Answer:
    operation = asked.state.operations.get(asked.body.operation_name)
    if operation is None:
        raise rpc_error(404, "The operation was not found.")
    if operation.poll() != "done":
        return answer_json({"name": operation.name})
    video = {"mimeType": "video/mp4"}
    if operation.folder:
        video["gcsUri"] = f"{operation.folder}/{operation.name.rpartition('/')[2]}/sample_0.mp4"
        asked.state.stored[video["gcsUri"]] = operation.video
    else:
        video["bytesBase64Encoded"] = b64encode(operation.video()).decode()
    return answer_json({"name": operation.name, "done": True, "response": {"videos": [video]}})


class _Alt(Strict):
    alt: Literal["media", ""] = ""


def _stored(asked: Asked[GoogleState]) -> Answer:
    bucket, name = asked.ids
    video = asked.state.stored.get(f"gs://{bucket}/{unquote(name)}")
    if video is None:
        raise rpc_error(404, f"No such object: {bucket}/{unquote(name)}")
    if asked.query.alt:
        return Answer(mime="video/mp4", body=video(), chunked=True)
    return answer_json({"kind": "storage#object", "bucket": bucket, "name": unquote(name)})


ROUTES: Mapping[str, Route[GoogleState]] = {
    **dict.fromkeys(START.values(), Route(answer=_start, body=VeoRequest)),
    **dict.fromkeys(FETCH.values(), Route(answer=_fetch, body=_Fetch)),
    STORED: Route(answer=_stored, query=_Alt),
}
