"""Backends made of plain functions, without any provider."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any, TypedDict, Unpack

from pydantic import BaseModel, RootModel

from mediasmith.plugin.access import Access
from mediasmith.plugin.contract import (
    Accepted,
    Backend,
    Call,
    Cancellation,
    Capability,
    Context,
    Failed,
    FoundModel,
    Model,
    Names,
    Output,
    Params,
    Pending,
    Request,
    Result,
    Takes,
)
from mediasmith.plugin.errors import MediaError
from mediasmith.plugin.kinds import Kind, Role
from mediasmith.plugin.params import AspectRatio, Seed
from mediasmith.testing import AdapterHarness, png, signed_in
from mediasmith.testing import MemorySource as Drawing

__all__ = [
    "AdapterHarness",
    "AnyJson",
    "Drawing",
    "FakeParams",
    "Fields",
    "capability",
    "fake",
    "make",
    "no_client",
    "png",
    "signed_in",
]


class AnyJson(RootModel[Any]):
    """A handle or state that is any JSON."""


class FakeParams(Params):
    """A binding word, an advisory one, and an option."""

    aspect_ratio: AspectRatio | None = None
    seed: Seed | None = None
    mood: str | None = None


async def make(call: Call[None, Any]) -> Result:
    """The default `start`: a picture at once."""
    return Result(outputs=(Output(body=png(), mime="image/png"),))


@asynccontextmanager
async def no_client(_access: Access) -> AsyncGenerator[None]:
    """The default `connect`: there is nothing to connect to."""
    yield None


class Fields(TypedDict, total=False):
    """The fields of `Capability`, but for its name."""

    kind: Kind
    params: type[Params]
    models: tuple[Model, ...]
    start: Callable[[Call[None, Any]], Awaitable[Result | Accepted]]
    poll: Callable[[Context[None], Any], Awaitable[Pending | Result | Failed]]
    cancel: Callable[[Context[None], Any], Awaitable[Cancellation]]
    handle: type[BaseModel] | None
    state: type[BaseModel] | None
    takes: Mapping[Role, Takes]
    edits: Role | None
    not_inherited: tuple[str, ...]
    every: float
    deadline: float
    preference: int
    refuses: Callable[[Request[Any]], str]
    missing: Callable[[Access], str]
    ended: Callable[[Access], str]
    discover: Callable[[None], Awaitable[Sequence[Model]]]
    lookup: Callable[[None, str], Awaitable[Model | None]]
    choices: Mapping[str, Callable[[None], Awaitable[Names]]]
    builtin_choices: Mapping[str, Names]


def capability(name: str = "image", **fields: Unpack[Fields]) -> Capability[None, Any]:
    """A capability that makes a picture at once, but for the fields given."""
    plain = Capability(
        kind="image", name=name, params=FakeParams, models=(Model(id="fake-1"),), start=make, state=AnyJson
    )
    fields.setdefault("handle", AnyJson if "poll" in fields else None)
    return replace(plain, **fields)


def fake(  # noqa: PLR0913 - the fields of a backend, each by name
    name: str = "fake",
    *,
    keys: tuple[str, ...] = (),
    env: tuple[str, ...] = (),
    base_urls: tuple[str, ...] = (),
    aliases: tuple[str, ...] = (),
    connect: Callable[[Access], AbstractAsyncContextManager[None]] = no_client,
    check: Callable[[None], Awaitable[str]] | None = None,
    search: Callable[[None, Kind | None, str], Awaitable[Sequence[FoundModel]]] | None = None,
    explain: Callable[[Exception], MediaError | None] = lambda _error: None,
    capabilities: tuple[Capability[None, Any], ...] | None = None,
    **fields: Unpack[Fields],
) -> Backend[None]:
    """A backend with one capability, which has the `fields` given; or with these `capabilities`."""
    return Backend(
        name=name,
        title=name.title(),
        docs=f"https://{name}.invalid/docs",
        capabilities=(capability(**fields),) if capabilities is None else capabilities,
        connect=connect,
        keys=keys,
        env=env,
        base_urls=base_urls,
        check=check,
        search=search,
        aliases=aliases,
        explain=explain,
    )
