"""Match the input files of a request with what one model takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mediasmith.plugin.contract import Capability, Model, Takes
from mediasmith.plugin.files import Source
from mediasmith.plugin.kinds import Role
from mediasmith.plugin.media import media_type
from mediasmith.storage.inputs.input_file import InputFile

_CONVERT: Mapping[str, str] = {
    "image/heic": "convert it to JPEG, or install mediasmith[heic], which converts it",
}


def fit_inputs(
    inputs: Mapping[Role, tuple[Source, ...]], capability: Capability[Any, Any], model: Model
) -> dict[Role, tuple[Source, ...]]:
    """Return the inputs, with the copy of a file in place of one whose type this model does not take."""
    taken = capability.takes_with(model)
    return {role: tuple(_fitting(file, taken.get(role)) for file in files) for role, files in inputs.items()}


def input_notes(inputs: Mapping[Role, tuple[Source, ...]]) -> tuple[str, ...]:
    """Return what a caller should know of the files that are sent."""
    return tuple(file.note for files in inputs.values() for file in files if isinstance(file, InputFile) and file.note)


def input_fault(inputs: Mapping[Role, tuple[Source, ...]], capability: Capability[Any, Any], model: Model) -> str:
    """Return why this model does not take these files, or ""."""
    taken = capability.takes_with(model)
    for role, takes in taken.items():
        if takes.required and not inputs.get(role):
            return f"needs {role}"
    for role, files in inputs.items():
        takes = taken.get(role)
        if takes is None or takes.max == 0:
            return f"does not take {role}{f' with {model.id}' if role in capability.takes else ''}"
        if len(files) > takes.max:
            return f"takes at most {takes.max} {role}{f' with {model.id}' if role in model.takes else ''}"
        for file in files:
            if file.mime not in takes.mimes:
                return f"takes {role} as {', '.join(takes.mimes)}, and {file.name} is {file.mime}{_advice(file, takes)}"
            if file.size > takes.max_bytes:
                return f"takes {role} up to {takes.max_bytes:,} bytes, and {file.name} has {file.size:,}"
    return ""


def _advice(file: Source, takes: Takes) -> str:
    """Return how to convert a file to one of the types taken, if it is of their kind."""
    alike = media_type(file.mime) in {media_type(mime) for mime in takes.mimes}
    return f": {_CONVERT.get(file.mime, 'convert it')}" if alike else ""


def _fitting(file: Source, takes: Takes | None) -> Source:
    if takes is None or file.mime in takes.mimes or not isinstance(file, InputFile) or file.substitute is None:
        return file
    return file.substitute
