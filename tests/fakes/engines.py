"""An engine in this process over backends that do what a test says, and count what they are asked."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from types import FunctionType
from typing import Any, TypeAlias, Unpack

import anyio

from fakes.backends import AnyJson, FakeParams, Fields, fake, png
from fakes.virtual_clock import VirtualClock
from mediasmith.config.caller import Caller
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.engine.bootstrap import open_engine
from mediasmith.engine.results import JobList, MediaResult
from mediasmith.engine.use_cases import Engine
from mediasmith.plugin.contract import (
    JSON,
    Accepted,
    Backend,
    Call,
    Cancellation,
    Context,
    Model,
    Output,
    Pending,
    Price,
    Result,
)
from mediasmith.runtime.clock import Clock
from mediasmith.storage.library.records import Artifact, Job, Task
from mediasmith.storage.library.store import Library

WAIT_FOR_END = Caller(wait=math.inf)
"""Waits for the end."""

NO_WAIT = Caller(wait=0)
"""Does not wait."""

Step: TypeAlias = Any
"""What a scripted provider does once: answers this, raises this, or does what this function does with the call."""


def picture(*, state: JSON = None, cost: float | None = None, **details: JSON) -> Result:
    """A result with one picture."""
    return Result(
        outputs=(Output(body=png(), mime="image/png", state=None if state is None else AnyJson(state)),),
        cost_usd=cost,
        details=details,
    )


def one_file(body: Any, mime: str = "image/png") -> Result:
    """A result with this file."""
    return Result(outputs=(Output(body=body, mime=mime),))


def pictures(count: int) -> Result:
    """A result with several pictures."""
    return Result(outputs=picture().outputs * count)


class Scripted:
    """A provider. `starts` and `polls` are done one after the other; when there are no more, a picture is made."""

    def __init__(self, *starts: Step, polls: Iterable[Step] = ()) -> None:
        self.starts = deque(starts)
        self.polls = deque(polls)
        self.calls: list[Call[None, Any]] = []
        self.polled: list[JSON] = []
        self.cancelled: list[JSON] = []

    @property
    def states(self) -> list[JSON]:
        """The state that each call to `start` was given."""
        return [call.state and call.state.root for call in self.calls]

    def backend(self, name: str = "one", **fields: Unpack[Fields]) -> Backend[None]:
        """A backend in front of this provider that cannot cancel."""
        functions: Fields = {"start": self.start, "poll": self.poll, **fields}
        return fake(name, **functions)

    async def start(self, call: Call[None, Any]) -> Any:
        self.calls.append(call)
        return await _done(self.starts, call)

    async def poll(self, context: Context[None], handle: AnyJson) -> Any:
        self.polled.append(handle.root)
        return await _done(self.polls, context, handle.root)

    async def cancel(self, _context: Context[None], handle: AnyJson) -> Cancellation:
        self.cancelled.append(handle.root)
        return "stopped"


async def _done(script: deque[Step], *given: object) -> Any:
    if not script:
        return picture()
    step = script.popleft()
    if isinstance(step, BaseException):
        raise step
    return await step(*given) if isinstance(step, FunctionType) else step


def accepted(handle: JSON = "job-1") -> Accepted:
    """The answer of a provider that took the work and named it."""
    return Accepted(handle=AnyJson(handle))


def pending(times: int) -> list[Pending]:
    """The answers of a provider that is not done for so many polls, five seconds apart."""
    return [Pending(progress=index / times, message="drawing", after=5) for index in range(times)]


def per_image(price: float) -> tuple[Price, ...]:
    """A price for each image."""
    return (Price(usd=price, per="image", as_of=date(2026, 1, 1), source="https://one.invalid/prices"),)


class Voiced(FakeParams):
    """Who speaks, and who speak to one another."""

    voice: str | None = None
    voices: tuple[str, ...] = ()


def voice_list(*names: str, word: str = "voice") -> Mapping[str, Callable[[None], Awaitable[Sequence[str]]]]:
    """A provider's list of voices; of none when there are no names."""

    async def fetch(_client: None) -> Sequence[str]:
        if not names:
            raise ValueError("not today")
        return names

    return {word: fetch}


def voice_backend(
    provider: Scripted, name: str, *names: str, word: str = "voice", preference: int = 0, models: int = 1
) -> Backend[None]:
    """A backend that has these voices."""
    offered = tuple(Model(id=f"{name}-{number}") for number in range(models))
    choices = voice_list(*names, word=word)
    return provider.backend(name, params=Voiced, choices=choices, preference=preference, models=offered)


@asynccontextmanager
async def running_engine(
    folder: Path,
    *backends: Backend[Any],
    clock: Clock | None = None,
    env: Mapping[str, str] | None = None,
    **settings: Any,
) -> AsyncGenerator[Engine]:
    """An engine with its library and its files in `folder`; the next one there finds what this one left.

    Its clock does not move unless one is given that does.
    """
    async with open_engine(
        settings=Settings(data_dir=folder / "data", output_dir=folder / "out", **settings),
        env=env or {},
        backends=Registry(backends={backend.name: backend for backend in backends}, broken={}),
        clock=clock or VirtualClock(),
    ) as engine:
        yield engine


@asynccontextmanager
async def jumping_engine(folder: Path, *backends: Backend[Any], **more: Any) -> AsyncGenerator[Engine]:
    """An engine whose clock jumps to whatever waits for it, such as the next poll."""
    clock = VirtualClock()
    async with running_engine(folder, *backends, clock=clock, **more) as engine, clock.autojump():
        yield engine


@asynccontextmanager
async def open_library(folder: Path) -> AsyncGenerator[Library]:
    """The library that an engine left, or will find, in this folder."""
    async with Library.open(folder / "data" / "library.sqlite3") as library:
        yield library


async def generate(
    engine: Engine, prompt: str = "a red kite", caller: Caller = WAIT_FOR_END, **given: Any
) -> MediaResult:
    """What generate_media answers, its answer having left the server."""
    result = await engine.generate({"prompt": prompt, **given}, caller)
    with engine.delivery(result):
        return result


async def continue_edit(engine: Engine, of: str, prompt: str = "make it blue", **given: Any) -> MediaResult:
    """What continue_edit answers, its answer having left the server."""
    result = await engine.continue_edit({"continuation_id": of, "prompt": prompt, **given}, WAIT_FOR_END)
    with engine.delivery(result):
        return result


async def generate_batch(engine: Engine, *prompts: str, **given: Any) -> MediaResult:
    """What generate_media answers to several prompts."""
    result = await engine.generate({"prompts": list(prompts), **given}, WAIT_FOR_END)
    with engine.delivery(result):
        return result


async def get_job(engine: Engine, job_id: str, caller: Caller = WAIT_FOR_END, **given: Any) -> MediaResult:
    """What get_job answers for one job."""
    result = await engine.get_job({"job_id": job_id, **given}, caller)
    assert isinstance(result, MediaResult)
    with engine.delivery(result):
        return result


async def wait_until_idle(engine: Engine) -> None:
    """Wait until nothing more can happen, after the first poll of accepted work, unless the test does something."""
    assert isinstance(engine.clock, VirtualClock)
    await engine.clock.advance(0.25)


def read_files(result: MediaResult) -> list[bytes]:
    """The bytes of a result's files on the disk."""
    return [Path(file.path).read_bytes() for file in result.files]


def output_files(folder: Path) -> list[str]:
    """The names of all files that an engine has in its output folder, temporary ones too."""
    out = folder / "out"
    return sorted(path.name for path in out.rglob("*")) if out.exists() else []


def job_record(folder: Path, /, **changed: Any) -> Job:
    """A job's record as a process that is gone may have left it."""
    values: dict[str, Any] = {
        "id": "j" * 26,
        "principal": "local",
        "fingerprint": "f",
        "tool": "generate_media",
        "kind": "image",
        "request": {"prompts": ["a red kite"], "count": 1, "parent": "", "history": []},
        "owner": "a" * 26,
        "folder": str(folder / "out"),
        "stem": "",
        "created": 1_799_999_990.0,
        "updated": 1_799_999_990.0,
    }
    return Job(**{**values, **changed})


def task_record(**changed: Any) -> Task:
    """A task's record."""
    values: dict[str, Any] = {
        "job_id": "j" * 26,
        "number": 0,
        "prompt": "a red kite",
        "backend": "one",
        "capability": "image",
        "model": "fake-1",
        "params": {},
    }
    return Task(**{**values, **changed})


def artifact_record(path: Path, **changed: Any) -> Artifact:
    """An artifact's record."""
    values: dict[str, Any] = {
        "id": "a" * 26,
        "job_id": "j" * 26,
        "task": 0,
        "position": 0,
        "path": str(path),
        "mime": "image/png",
        "bytes": len(png()),
        "sha256": "",
        "kind": "image",
        "backend": "one",
        "capability": "image",
        "model": "fake-1",
        "params": {},
        "prompts": ("a red kite",),
        "principal": "local",
        "created": 1_800_000_000.0,
        "used": 1_800_000_000.0,
    }
    return Artifact(**{**values, **changed})


async def hang(*_given: object) -> Any:
    """A provider that never answers."""
    await anyio.sleep_forever()


async def newest_job(engine: Engine) -> MediaResult:
    """The newest job in its current state."""
    listed = await engine.get_job({}, WAIT_FOR_END)
    assert isinstance(listed, JobList)
    return await get_job(engine, listed.jobs[0].job_id, NO_WAIT)
