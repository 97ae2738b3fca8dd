"""Requests of enterprise mode: their paths, and the parts that Veo and Imagen share. The SDK has no types for these."""

from __future__ import annotations

from typing import Generic, Literal, Self, TypeVar

from pydantic import ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from loopback.faults import Strict, rule
from loopback.pictures import seen

_MODELS = "/v1beta1/projects/{project}/locations/{location}/publishers/google/models"


def model_route(model: str, verb: str) -> str:
    """Return the route on which a model does this."""
    return f"POST {_MODELS}/{model}:{verb}"


class Camel(Strict):
    """A part of a request."""

    model_config = ConfigDict(alias_generator=to_camel, val_json_bytes="base64", ser_json_bytes="base64")


class FilePart(Camel):
    """A file, inline or in Cloud Storage."""

    bytes_base64_encoded: bytes = b""
    gcs_uri: str = Field(default="", pattern="^gs://.+/.+$")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.bytes_base64_encoded) == bool(self.gcs_uri):
            raise rule("oneof", "needs either bytes or a URI")
        return self


class ImagePart(FilePart):
    """An image."""

    mime_type: Literal["image/png", "image/jpeg"]

    @model_validator(mode="after")
    def _is_an_image(self) -> Self:
        found = seen(self.bytes_base64_encoded)
        if self.bytes_base64_encoded and (found is None or found.mime != self.mime_type):
            raise rule("image", "is not an image of this type")
        return self


I = TypeVar("I", bound=Strict)  # noqa: E741 - an instance
P = TypeVar("P", bound=Strict)


class Prediction(Strict, Generic[I, P]):
    """The body of a request."""

    instances: list[I] = Field(min_length=1, max_length=1)
    parameters: P
