"""A capability at work in the real engine, with folders and a clock of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import anyio
from pydantic import BaseModel

from mediasmith.config.caller import Caller
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.engine.bootstrap import open_engine
from mediasmith.engine.results import MediaResult
from mediasmith.engine.use_cases import Engine
from mediasmith.plugin.access import Access
from mediasmith.plugin.contract import (
    JSON,
    Accepted,
    Backend,
    Call,
    Cancellation,
    Capability,
    Context,
    Failed,
    Model,
    Params,
    Pending,
    Result,
    Takes,
)
from mediasmith.plugin.errors import MediaError, Unsuitable
from mediasmith.plugin.kinds import Role
from mediasmith.plugin.media import EXTENSIONS
from mediasmith.plugin.params import INPUT_WORDS, WORDS
from mediasmith.storage.downloader import Downloader
from mediasmith.testing.doubles import MemorySource
from mediasmith.testing.rig import CheckContext
from mediasmith.testing.virtual_clock import VirtualClock

_FOREVER = 1e9
_WELL_BEFORE = timedelta(days=60)
"""So long before a model retires, there is no warning yet."""

_ARGUMENT: Mapping[Role, tuple[Role, str]] = {
    role: (name, f"{prefix}=") for name, word in INPUT_WORDS.items() for prefix, role in word.prefixes.items()
}


@dataclass(kw_only=True)
class Observed:
    """What passed between the engine and the capability.

    `odd_downloads` are what comes in place of the next files that are downloaded.
    """

    starts: int = 0
    cancelled: list[Cancellation] = field(default_factory=list["Cancellation"])
    odd_downloads: list[bytes] = field(default_factory=list[bytes])
    answers: list[Result | Accepted | Pending | Failed] = field(
        default_factory=list["Result | Accepted | Pending | Failed"]
    )
    warnings: list[str] = field(default_factory=list[str])
    raised: list[Exception] = field(default_factory=list[Exception])

    @contextmanager
    def trouble(self) -> Generator[None]:
        """Record what is raised inside."""
        try:
            yield
        except Exception as error:
            self.raised.append(error)
            raise

    @property
    def polled(self) -> bool:
        """Whether a poll was answered."""
        return any(isinstance(answer, Pending | Result | Failed) for answer in self.answers)

    @property
    def results(self) -> list[Result]:
        """The results among the answers."""
        return [answer for answer in self.answers if isinstance(answer, Result)]

    @property
    def handles(self) -> list[BaseModel]:
        """The handles among the answers."""
        return [answer.handle for answer in self.answers if isinstance(answer, Accepted)]


@dataclass(frozen=True, kw_only=True)
class EngineHarness:
    """The engine with this one capability."""

    context: CheckContext
    engine: Engine
    clock: VirtualClock
    observed: Observed
    folder: Path

    def arguments(self, **more: JSON) -> dict[str, JSON]:
        """Return the arguments of a plain call, and these."""
        context = self.context
        fields = context.capability.params.model_fields
        own = {name: value for name, value in context.rig.base.items() if name in fields}
        options = {name: value for name, value in own.items() if name not in WORDS}
        plain: dict[str, JSON] = {
            "prompt": context.prompts[0],
            "kind": context.capability.kind,
            "backend": context.backend.name,
            "model": context.models[0].id,
            **{name: value for name, value in own.items() if name in WORDS},
            **({"options": options} if options else {}),
        }
        for role in context.required():
            plain |= self.file_argument(role)
        return {**plain, **more}

    def file_argument(self, role: Role) -> dict[str, JSON]:
        """Return the argument that gives a file in this role."""
        return self._file(role, self.context.source(role))

    def foreign_file(self, role: Role) -> dict[str, JSON]:
        """Return the argument that gives a file in a role the capability does not take."""
        mime = {"audio": "audio/wav", "voice_sample": "audio/wav", "video": "video/mp4"}.get(role, "image/png")
        return self._file(role, MemorySource(mime=mime))

    def _file(self, role: Role, source: MemorySource) -> dict[str, JSON]:
        path = self.folder / "in" / f"{role}.{EXTENSIONS[source.mime]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.data)
        name, prefix = _ARGUMENT.get(role, (role, ""))
        return {name: [f"{prefix}{path}"] if INPUT_WORDS[name].many else str(path)}

    async def generate(self, **more: JSON) -> MediaResult:
        """Generate one file, and receive the answer."""
        result = await self.engine.generate(self.arguments(**more), Caller(wait=_FOREVER))
        return self._received(result)

    async def edit(self, **given: JSON) -> MediaResult:
        """Edit one file, and receive the answer."""
        return self._received(await self.engine.continue_edit(given, Caller(wait=_FOREVER)))

    async def begin(self, **more: JSON) -> str:
        """Begin a job, and return its id."""
        return (await self.engine.generate(self.arguments(**more), Caller())).job_id

    async def get_job(self, job_id: str, *, cancel: bool = False, wait: float = 0) -> MediaResult:
        """Return a job as it stands after so many seconds."""
        asked = {"job_id": job_id, **({"cancel": True} if cancel else {})}
        result = await self.engine.get_job(asked, Caller(wait=wait))
        assert isinstance(result, MediaResult)
        return result

    async def ended(self, job_id: str) -> MediaResult:
        """Return a job once this process has done with it."""
        active = self.engine.jobs.active(job_id)
        if active is not None:
            await active.done.wait()
        return await self.get_job(job_id)

    def files(self) -> list[str]:
        """Return the names of everything in the output folder."""
        return sorted(path.name for path in (self.folder / "out").rglob("*") if path.is_file())

    def _received(self, result: MediaResult) -> MediaResult:
        with self.engine.delivery(result):
            return result


@asynccontextmanager
async def running_engine(
    context: CheckContext,
    *,
    env: Mapping[str, str] | None = None,
    folder: str = "work",
    deadline: float | None = None,
    jump: bool = True,
) -> AsyncGenerator[EngineHarness]:
    """Run an engine with this capability, and beside it a backend that takes every word but makes nothing.

    With `jump` the clock moves by itself, except while the capability is called. It starts before any model retires.
    """
    place = context.folder / folder
    observed, clock = Observed(), _clock_before_retirement(context.capability)
    settings = Settings(
        data_dir=place / "data", output_dir=place / "out", allowed_dirs=(place / "in",), deadline_seconds=deadline
    )
    backend = replace(
        context.backend,
        capabilities=(_watched(context.capability, observed, clock),),
        connect=_connecting(context.backend.connect, clock),
    )
    backends = Registry(backends={backend.name: backend, _TAKER: _takes_everything(context.capability)}, broken={})
    async with AsyncExitStack() as stack:
        if jump:
            await stack.enter_async_context(clock.autojump())
        engine = await stack.enter_async_context(
            open_engine(settings=settings, env=context.env() if env is None else env, backends=backends, clock=clock)
        )
        _watch_downloads(engine.starter.planner.downloader, observed, clock)
        yield EngineHarness(context=context, engine=engine, clock=clock, observed=observed, folder=place)


def _clock_before_retirement(capability: Capability[Any, Any]) -> VirtualClock:
    days = [model.retires for model in capability.models if model.retires]
    if not days:
        return VirtualClock()
    return VirtualClock(datetime.combine(min(days) - _WELL_BEFORE, time(), UTC).timestamp())


async def failure_of(call: Awaitable[MediaResult]) -> MediaError | None:
    """Return the error that a call fails with, or None."""
    try:
        await call
    except MediaError as error:
        return error
    return None


async def until(true: Callable[[], object]) -> None:
    """Wait for something that happens in another thread or process; the suite's patience ends it."""
    while not true():  # noqa: ASYNC110 - no event reaches over from there
        await anyio.sleep(0.002)


def _watched(capability: Capability[Any, Any], observed: Observed, clock: VirtualClock) -> Capability[Any, Any]:
    async def start(call: Call[Any, Any]) -> Result | Accepted:
        def warn(text: str) -> None:
            observed.warnings.append(text)
            call.warn(text)

        observed.starts += 1
        with clock.hold(), observed.trouble():
            answer = await capability.start(replace(call, warn=warn))
        observed.answers.append(answer)
        return answer

    async def poll(context: Context[Any], handle: Any) -> Pending | Result | Failed:
        assert capability.poll
        with clock.hold(), observed.trouble():
            answer = await capability.poll(context, handle)
        observed.answers.append(answer)
        return answer

    async def cancel(context: Context[Any], handle: Any) -> Cancellation:
        assert capability.cancel
        with clock.hold():
            outcome = await capability.cancel(context, handle)
        observed.cancelled.append(outcome)
        return outcome

    def held_during(fetch: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
        async def fetched(client: Any) -> Any:
            with clock.hold():
                return await fetch(client)

        return fetched

    return replace(
        capability,
        start=start,
        poll=poll if capability.poll else None,
        cancel=cancel if capability.cancel else None,
        discover=held_during(capability.discover) if capability.discover else None,
        choices={word: held_during(fetch) for word, fetch in capability.choices.items()},
    )


def _connecting(connect: Callable[[Access], AbstractAsyncContextManager[Any]], clock: VirtualClock) -> Any:
    """Stop the clock while a client is opened."""

    @asynccontextmanager
    async def connected(access: Access) -> AsyncGenerator[Any]:
        async with AsyncExitStack() as stack:
            with clock.hold():
                client = await stack.enter_async_context(connect(access))
            yield client

    return connected


def _watch_downloads(downloader: Downloader, observed: Observed, clock: VirtualClock) -> None:
    """Stop the clock while a file comes from the provider, which is another process; let some be an error page."""
    fetch = downloader.fetch

    async def watched(url: str, write: Callable[[bytes], Awaitable[None]], **named: Any) -> str:
        if observed.odd_downloads:
            await write(observed.odd_downloads.pop(0))
            return "text/html"
        with clock.hold():
            return await fetch(url, write, **named)

    object.__setattr__(downloader, "fetch", watched)  # it is frozen, and shared by everything that downloads


_TAKER = "takes_everything"


class _Everything(Params):
    """Every shared word."""

    aspect_ratio: str | None = None
    size: str | None = None
    duration: float | None = None
    quality: str | None = None
    background: str | None = None
    output_format: str | None = None
    voice: str | None = None
    voices: tuple[str, ...] = ()
    language: str | None = None
    instructions: str | None = None
    speed: float | None = None
    generate_audio: bool | None = None
    seed: int | None = None
    n: int = 1


async def _makes_nothing(_call: Call[None, _Everything]) -> Result:
    raise Unsuitable("This makes nothing.")


@asynccontextmanager
async def _no_client(_access: Access) -> AsyncGenerator[None]:
    yield None


def _takes_everything(like: Capability[Any, Any]) -> Backend[None]:
    """A backend whose words and inputs make the tools take them all."""
    mimes = ("image/png", "audio/wav", "video/mp4")
    capability = Capability(
        kind=like.kind,
        name="everything",
        params=_Everything,
        models=(Model(id="nothing"),),
        start=_makes_nothing,
        takes={role: Takes(mimes=mimes) for role in (*INPUT_WORDS, *_ARGUMENT)},
        preference=-1_000,
    )
    return Backend(name=_TAKER, title="Everything", docs="", capabilities=(capability,), connect=_no_client)
