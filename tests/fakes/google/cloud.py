"""What the requests of enterprise mode are made of, and where they go."""

from __future__ import annotations

from typing import Generic, Literal, Self, TypeVar

from pydantic import ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from fakes.google.content import Data, decoded
from loopback.faults import Strict, rule
from loopback.pictures import seen

_PLACE = "/v1beta1/projects/{project}/locations/{location}/publishers/google/models"


def route(model: str, verb: str) -> str:
    """The name of the requests that have a model do this."""
    return f"POST {_PLACE}/{model}:{verb}"


class Camel(Strict):
    """Fields as the provider spells them."""

    model_config = ConfigDict(alias_generator=to_camel)


class Medium(Camel):
    """A file, within the request or in the storage."""

    bytes_base64_encoded: Data = ""
    gcs_uri: str = Field(default="", pattern="^gs://.+/.+$")

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if bool(self.bytes_base64_encoded) == bool(self.gcs_uri):
            raise rule("oneof", "is either bytes or a place")
        return self


class Picture(Medium):
    """A picture."""

    mime_type: Literal["image/png", "image/jpeg"]

    @model_validator(mode="after")
    def _is_what_it_says(self) -> Self:
        found = seen(decoded(self.bytes_base64_encoded))
        if self.bytes_base64_encoded and (found is None or found.mime != self.mime_type):
            raise rule("image", "is not a picture of the type it claims to be", "bytesBase64Encoded")
        return self


I = TypeVar("I", bound=Strict)  # noqa: E741 - an instance
P = TypeVar("P", bound=Strict)


class Predicted(Strict, Generic[I, P]):
    """The body of a request: one instance, and how it shall be."""

    instances: list[I] = Field(min_length=1, max_length=1)
    parameters: P
