"""Backends made of plain functions, without any provider; and any backend in one's hands, without the server."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any, BinaryIO, TypedDict, Unpack

import pytest

from mediasmith.contract import (
    JSON,
    Accepted,
    Access,
    Ask,
    Backend,
    Call,
    Capability,
    Kind,
    Model,
    Output,
    Params,
    Pending,
    Result,
    Role,
    Source,
    Takes,
    Work,
)
from mediasmith.errors import MediaError
from mediasmith.params import AspectRatio, Seed


class FakeParams(Params):
    """A binding word, an advisory one, and an option."""

    aspect_ratio: AspectRatio | None = None
    seed: Seed | None = None
    mood: str | None = None


def png(width: int = 16, height: int = 16, colour: bytes = b"\x20\x60\xc0") -> bytes:
    """A PNG of one colour, given as red, green and blue."""
    row = b"\0" + colour * width
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(row * height)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


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
    poll: Callable[[Work[None], JSON], Awaitable[Pending | Result]]
    cancel: Callable[[Work[None], JSON], Awaitable[None]]
    takes: Mapping[Role, Takes]
    edits: Role | None
    every: float
    deadline: float
    preference: int
    refuses: Callable[[Ask[Any]], str]
    missing: Callable[[Access], str]
    discover: Callable[[None], Awaitable[Sequence[Model]]]
    choices: Mapping[str, Callable[[None], Awaitable[Sequence[str]]]]


def capability(name: str = "image", **fields: Unpack[Fields]) -> Capability[None, Any]:
    """A capability that makes a picture at once, but for the fields given."""
    plain = Capability(kind="image", name=name, params=FakeParams, models=(Model(id="fake-1"),), start=make)
    return replace(plain, **fields)


def fake(  # noqa: PLR0913 - the fields of a backend, each by name
    name: str = "fake",
    *,
    keys: tuple[str, ...] = (),
    env: tuple[str, ...] = (),
    aliases: tuple[str, ...] = (),
    connect: Callable[[Access], AbstractAsyncContextManager[None]] = no_client,
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
        aliases=aliases,
        explain=explain,
    )


class MemorySink:
    """A file of the server's, in memory."""

    def __init__(self) -> None:
        self.data = b""

    async def write(self, data: bytes) -> None:
        self.data += data

    async def write_all(self, chunks: AsyncIterable[bytes]) -> None:
        async for chunk in chunks:
            await self.write(chunk)


class Drawing:
    """An input file, in memory: a PNG of 16x16."""

    name = "drawing.png"
    mime = "image/png"
    dimensions = (16, 16)

    def __init__(self, colour: bytes = b"\x20\x60\xc0") -> None:
        self.data = png(colour=colour)
        self.size = len(self.data)

    def open(self) -> BinaryIO:
        return io.BytesIO(self.data)

    async def read(self) -> bytes:
        return self.data

    async def data_uri(self) -> str:
        return f"data:{self.mime};base64,{base64.b64encode(self.data).decode()}"


class Hands:
    """A backend's only capability, driven by hand and signed in."""

    def __init__(self, backend: Backend[Any], client: Any) -> None:
        self.backend = backend
        self.capability = backend.capabilities[0]
        self.client = client
        self.sink = MemorySink()
        self.types: list[str] = []

    def file(self, mime: str) -> MemorySink:
        self.types.append(mime)
        return self.sink

    @property
    def work(self) -> Work[Any]:
        model = self.capability.models[0]
        return Work(client=self.client, model=model, file=self.file, report=_ignore, warn=_ignore)

    def call(
        self, inputs: Mapping[Role, Sequence[Source]] | None = None, state: JSON = None, **params: Any
    ) -> Call[Any, Any]:
        return Call(
            client=self.client,
            model=self.capability.models[0],
            file=self.file,
            report=_ignore,
            warn=_ignore,
            prompt="a red kite",
            params=self.capability.params(**params),
            inputs=inputs or {},
            state=state,
        )

    async def start(self, **given: Any) -> Result | Accepted:
        return await self.capability.start(self.call(**given))

    async def make(self, **given: Any) -> Result:
        result = await self.start(**given)
        assert isinstance(result, Result)
        return result

    async def submit(self, **given: Any) -> JSON:
        accepted = await self.start(**given)
        assert isinstance(accepted, Accepted)
        return accepted.handle

    async def poll(self, handle: JSON) -> Pending | Result:
        assert self.capability.poll
        return await self.capability.poll(self.work, handle)

    async def fails(self, **given: Any) -> MediaError:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - explain is asked what it was
            await self.start(**given)
        raised = caught.value
        explained = raised if isinstance(raised, MediaError) else self.backend.explain(raised)
        assert explained
        return explained


def _ignore(_news: object) -> None:
    pass


@asynccontextmanager
async def signed_in(backend: Backend[Any], url: str, key: str = "key", **env: str) -> AsyncGenerator[Hands]:
    """A backend in one's hands, connected to this address."""
    async with backend.connect(Access(key=key, env=env, base_url=url)) as client:
        yield Hands(backend, client)
