"""Backends, requests and contexts as selection sees them, and what it answers to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any, BinaryIO, Literal

import pytest
from pydantic import Field

from fakes.declared import backend, capability
from mediasmith.plugin.contract import Accepts, Backend, Capability, Model, Params, Request, Takes
from mediasmith.plugin.errors import InvalidRequest, NothingSuitable
from mediasmith.plugin.kinds import Kind, Role
from mediasmith.plugin.params import AspectRatio, Count, Seed
from mediasmith.selection.candidate import Candidate
from mediasmith.selection.ranking import SelectionContext, select
from mediasmith.selection.selection_request import Origin, SelectionRequest

TODAY = date(2026, 11, 20)
M = Model(id="m")


@dataclass(frozen=True)
class File:
    """An input file as the selector looks at it: by name, type and size."""

    name: str = "fox.png"
    mime: str = "image/png"
    size: int = 1_000
    dimensions: tuple[int, int] | None = (64, 64)

    def open(self) -> BinaryIO:
        raise AssertionError("the selector opens no files")

    async def read(self) -> bytes:
        raise AssertionError("the selector reads no files")

    async def data_uri(self) -> str:
        raise AssertionError("the selector reads no files")


class Picture(Params):
    aspect_ratio: AspectRatio | None = None
    size: Literal["1K", "2K", "4K"] | None = None
    background: Literal["opaque", "transparent"] | None = None
    quality: Literal["low", "high"] | None = None
    duration: Annotated[float, Field(ge=1, le=10)] | None = None
    seed: Seed | None = None
    n: Count = 1
    style: Literal["vivid", "natural"] | None = None
    strength: Annotated[float, Field(ge=0, le=1)] | None = None


class Bare(Params):
    size: Literal["1K", "2K"] | None = None


FOX, OWL = File(), File(name="owl.png")


EDITED = File(name="earlier.png")


def one(params: type[Params] = Picture, *models: Model, kind: Kind = "image", **more: Any) -> Capability[None, Any]:
    return replace(capability(kind, params), **{"models": models or (M,), **more})


def maker(name: str, params: type[Params] = Picture, *models: Model, **more: Any) -> Backend[None]:
    """A signed-in provider of one capability."""
    return backend(name, one(params, *models, **more))


def sketch(**more: Any) -> Backend[None]:
    return backend("sketch", one(Picture, preference=-1, **more), keyed=False)


def request_for(kind: Kind = "image", prompts: tuple[str, ...] = ("a fox",), **more: Any) -> SelectionRequest:
    return SelectionRequest(kind=kind, prompts=prompts, **more)


def having(*backends: Backend[None], missing: Mapping[str, str] | None = None, **more: Any) -> SelectionContext:
    return SelectionContext(backends=backends, missing=missing or {}, today=TODAY, **more)


def chosen(asked: SelectionRequest, installed: SelectionContext) -> list[str]:
    return [f"{choice.backend.name}:{choice.model.id}" for choice in select(asked, installed)]


def first(asked: SelectionRequest, *backends: Backend[None]) -> Candidate:
    return select(asked, having(*backends))[0]


def refusal(asked: SelectionRequest, *backends: Backend[None]) -> str:
    """Why a named backend cannot."""
    with pytest.raises(InvalidRequest) as caught:
        select(asked, having(*backends))
    assert caught.value.billed == "no"
    return caught.value.message


def reasons(asked: SelectionRequest, installed: SelectionContext) -> Mapping[str, str]:
    """Why each backend was passed over."""
    with pytest.raises(NothingSuitable) as caught:
        select(asked, installed)
    for name, reason in caught.value.passed_over.items():
        assert re.search(rf"\b{name}(, \w+)*: {re.escape(reason)}", str(caught.value))
    return caught.value.passed_over


def accepting(**accepts: Accepts) -> Model:
    return Model(id="m", accepts=accepts)


def edit_of(
    made_by: str,
    *,
    capability: str = "image",
    native: bool = False,
    file: File | None = EDITED,
    **more: Any,
) -> Origin:
    """What an edit of this backend's file continues from; `native`: the backend keeps state of its own for it."""
    state = more.pop("state", {"id": "r1"}) if native else None
    return Origin(backend=made_by, capability=capability, model="m", state=state, file=file, **more)


def no_style_at_night(ask: Request[Picture]) -> str:
    return "no style at night" if ask.params.style and "night" in ask.prompt else ""


IMAGE: Mapping[Role, Takes] = {"image": Takes(max=2), "mask": Takes()}


def editor(name: str, params: type[Params] = Picture, *models: Model, **more: Any) -> Backend[None]:
    return maker(name, params, *models, **{"takes": IMAGE, "edits": "image", **more})
