"""Request models derived from the installed SDK: what its methods send, and of which types."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import NoneType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, Field, create_model

from fakes.elevenlabs.errors import refusal
from fakes.elevenlabs.state import ElevenState
from loopback.connection import Answer
from loopback.faults import Strict
from loopback.routes import Asked, Route

SEED_31 = Field(ge=0, le=2**31 - 1)
"""The seeds of music and of designed voices."""

_BOUNDS: Mapping[str, Any] = {
    "inputs": Field(min_length=1),
    "language_code": Field(pattern="^[a-z]{2,3}$"),
    "seed": Field(ge=0, le=2**32 - 1),
    "stability": Field(ge=0, le=1),
    "similarity": Field(ge=0, le=1),
    "similarity_boost": Field(ge=0, le=1),
    "style": Field(ge=0, le=1),
    "speed": Field(ge=0.7, le=1.2),
    "previous_request_ids": Field(max_length=3),
    "duration_seconds": Field(ge=0.5, le=30),
    "prompt_influence": Field(ge=0, le=1),
    "prompt": Field(min_length=1, max_length=4100),
    "music_length_ms": Field(ge=3000, le=600_000),
    "chunks": Field(min_length=1, max_length=30),
    "duration_ms": Field(ge=3000, le=120_000),
    "name": Field(min_length=1, max_length=100),
    "voice_name": Field(min_length=1, max_length=100),
    "voice_description": Field(min_length=20, max_length=1000),
    "guidance_scale": Field(ge=0, le=100),
    "loudness": Field(ge=-1, le=1),
    "num_speakers": Field(ge=0, le=32),
    "page_size": Field(ge=1, le=100),
}
"""The bounds that the documentation states and the SDK's types do not, by field."""


def sdk_route(
    method: Callable[..., Any],
    answer: Callable[[Asked[ElevenState]], Answer],
    check: Callable[[Asked[ElevenState]], object] = lambda _asked: None,
    **bounds: Any,
) -> dict[str, Route[ElevenState]]:
    """Return the route of one method of the SDK, under the name that counts and scripts have for it."""
    sent = _Sent.of(method)

    def checked(asked: Asked[ElevenState]) -> None:
        if unknown := {file.field for file in asked.files} - sent.files:
            raise refusal(422, "invalid_parameters", "There is no such file.", param=min(unknown))
        check(asked)

    types = get_type_hints(method)
    query, body, form = (_model(fields, types, bounds) for fields in (sent.query, sent.body, sent.form))
    if sent.files and form is None:
        form = Strict
    return {sent.route: Route(answer=answer, query=query, body=body, form=form, check=checked)}


@cache
def closed(model: type[BaseModel]) -> type[Strict]:
    """Return a model of the SDK as one that refuses unknown fields, null and wrong types."""
    fields = {
        name: (_bounded(name, field.annotation, {}), ... if field.is_required() else None)
        for name, field in model.model_fields.items()
    }
    return create_model(model.__name__, __base__=Strict, **fields)  # pyright: ignore[reportCallIssue, reportArgumentType, reportUnknownVariableType] - fields by name


@dataclass(frozen=True, kw_only=True)
class _Sent:
    """What a method sends: its route, and its parameters by their names in the query, the body and the form."""

    route: str
    query: Mapping[str, str]
    body: Mapping[str, str]
    form: Mapping[str, str]
    files: frozenset[str]

    @classmethod
    def of(cls, method: Callable[..., Any]) -> _Sent:
        tree = ast.parse(textwrap.dedent(inspect.getsource(method)))
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        keywords = [{each.arg: each.value for each in call.keywords} for call in calls]
        [(call, sent)] = [(call, sent) for call, sent in zip(calls, keywords, strict=True) if "method" in sent]
        parameters = frozenset(inspect.signature(method).parameters)
        fields = {part: dict(_fields(sent.get(part), parameters)) for part in ("params", "json", "data", "files")}
        return cls(
            route=f"{ast.literal_eval(sent['method'])} /{_path(call.args[0], parameters)}",
            query=fields["params"],
            body=fields["json"],
            form=fields["data"],
            files=frozenset(fields["files"]),
        )


def _path(node: ast.AST, parameters: frozenset[str]) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_path(part, parameters) for part in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else f"{{{_parameter(node, parameters)}}}"


def _fields(node: ast.AST | None, parameters: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield each name in a dictionary of the source, and the parameter that it takes its value from."""
    for each in ast.walk(node) if node else ():
        if isinstance(each, ast.Dict):
            for key, value in zip(each.keys, each.values, strict=True):
                if isinstance(key, ast.Constant):
                    yield str(key.value), _parameter(value, parameters)


def _parameter(node: ast.AST, parameters: frozenset[str]) -> str:
    return next(each.id for each in ast.walk(node) if isinstance(each, ast.Name) and each.id in parameters)


def _model(fields: Mapping[str, str], types: Mapping[str, Any], bounds: Mapping[str, Any]) -> type[Strict] | None:
    found = {
        name: (_bounded(name, types[parameter], bounds), None if NoneType in get_args(types[parameter]) else ...)
        for name, parameter in fields.items()
    }
    return create_model("Request", __base__=Strict, **found) if found else None  # pyright: ignore[reportCallIssue, reportArgumentType, reportUnknownVariableType] - fields by name


def _bounded(name: str, kind: Any, bounds: Mapping[str, Any]) -> Any:
    bound = bounds.get(name, _BOUNDS.get(name))
    return Annotated[_strict(kind), bound] if bound else _strict(kind)


def _strict(kind: Any) -> Any:
    """Return a type without null, and without the `Any` that the SDK puts beside the values of an enumeration."""
    arguments = [each for each in get_args(kind) if each is not NoneType]
    origin = get_origin(kind)
    if origin is Union:
        if any(get_origin(each) is Literal for each in arguments):
            arguments = [each for each in arguments if each is not Any]
        return Union[tuple(map(_strict, arguments))]  # noqa: UP007 - of as many as there are
    if origin in (list, Sequence):
        return list[_strict(arguments[0])]
    return closed(kind) if inspect.isclass(kind) and issubclass(kind, BaseModel) else kind
