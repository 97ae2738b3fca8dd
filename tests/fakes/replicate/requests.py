"""The requests that Replicate accepts: strict models of our own, and the check of an input by its model's schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from pydantic import Field, TypeAdapter, ValidationError

from fakes.file_urls import FileUrl
from fakes.replicate.models import Served
from fakes.replicate.state import ReplicateState, refusal
from loopback.faults import Strict

_URL: TypeAdapter[str] = TypeAdapter(FileUrl)

_INLINE = 256_000
"""Bytes of a file that may be sent as a data URI."""


class PredictionRequest(Strict):
    """The body of a prediction by the name of an official model."""

    input: dict[str, Any]


class VersionRequest(Strict):
    """The body of a prediction by a version."""

    version: str = Field(pattern=r"^[0-9a-f]{64}$")
    input: dict[str, Any]


class FileForm(Strict):
    """The text fields beside an uploaded file: none that are used."""


def check_input(state: ReplicateState, served: Served, given: Mapping[str, Any], host: str) -> None:
    """Refuse what the model's schema does not allow, and what Replicate would silently ignore."""
    schema = {
        "type": "object",
        "properties": served.inputs,
        "required": list(served.required),
        "additionalProperties": False,
    }
    validator: Any = Draft202012Validator(schema)  # its types are only partly known
    problems = [
        f"{'.'.join(map(str, ('input', *error.absolute_path)))}: {error.message}"
        for error in validator.iter_errors(given)
    ]
    problems += [
        f"input.{name}: {reason}" for name, url in _files(served, given) if (reason := _fault(state, url, host))
    ]
    if problems:
        raise refusal(422, "\n".join(f"- {problem[:200]}" for problem in problems))


def _files(served: Served, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, field in served.inputs.items():
        if name in given and "uri" in {field.get("format"), field.get("items", {}).get("format")}:
            yield from ((name, url) for url in (given[name] if isinstance(given[name], list) else [given[name]]))


def _fault(state: ReplicateState, url: str, host: str) -> str:
    """Return what is wrong with a file, or ""."""
    own = f"http://{host}/v1/files/"
    if url.startswith(own):
        return "" if url.removeprefix(own) in state.files else "the file does not exist"
    try:
        _URL.validate_python(url)
    except ValidationError as error:
        return error.errors()[0]["msg"]
    return "is too large for a data URI" if len(url.partition(",")[2]) > -(-_INLINE // 3) * 4 else ""
