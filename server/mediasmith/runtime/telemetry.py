"""Trace and measure work through OpenTelemetry's API: only for those who have set it up, and without prompts or keys.

`opentelemetry-instrument`, or the program, sets up what is done with it. The names are those of the conventions for
generative AI, as far as there are any.
"""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from opentelemetry.metrics import Counter, Histogram, MeterProvider, UpDownCounter
    from opentelemetry.trace import Span

_Attributes: TypeAlias = "Mapping[str, str | int]"

_NAME = "mediasmith"
_FAILED = ("failed", "unknown")


@dataclass(kw_only=True)
class ObservedJob:
    """A job; `state` is the one that it ends in, if it ends here."""

    state: str = "running"


@dataclass(frozen=True, kw_only=True)
class ProviderCall:
    """A provider call: a task of a job, and what it was made with."""

    job_id: str
    number: int
    kind: str
    backend: str
    model: str
    count: int


@dataclass(frozen=True, kw_only=True)
class _Instruments:
    running: UpDownCounter
    ended: Counter
    queued: UpDownCounter
    slots: UpDownCounter
    seconds: Histogram
    cost: Counter


@contextmanager
def observe_job(job_id: str, kind: str) -> Generator[ObservedJob]:
    """Observe in this block the work of this process on a job."""
    job = ObservedJob()
    if not _is_set_up():
        yield job
        return
    own = {"mediasmith.kind": kind}
    with _span(f"job {kind}", {"mediasmith.job.id": job_id, **own}) as span, _counted(_instruments().running, own):
        yield job
        span.set_attribute("mediasmith.job.state", job.state)
        if job.state in _FAILED:
            _mark_failed(span, job.state)
        if job.state != "running":
            _instruments().ended.add(1, {**own, "mediasmith.job.state": job.state})


@asynccontextmanager
async def observe_call(call: ProviderCall, spent: Callable[[], float | None]) -> AsyncGenerator[None]:
    """Observe in this block a provider call; `spent` is asked at its end for what it has cost in US dollars."""
    if not _is_set_up():
        yield
        return
    shared: _Attributes = {
        "gen_ai.operation.name": "generate_content",
        "gen_ai.provider.name": call.backend,
        "gen_ai.request.model": call.model,
        "gen_ai.output.type": call.kind,
    }
    own: _Attributes = {
        "gen_ai.request.choice.count": call.count,
        "mediasmith.job.id": call.job_id,
        "mediasmith.task.number": call.number,
    }
    begun = time.monotonic()
    failure: dict[str, str] = {}
    with _span(f"generate_content {call.model}", {**shared, **own}, client=True) as span:
        try:
            yield
        except BaseException as error:
            failure["error.type"] = type(error).__name__
            _mark_failed(span, type(error).__name__)
            raise
        finally:
            _instruments().seconds.record(time.monotonic() - begun, {**shared, **failure})
            if cost := spent():
                span.set_attribute("mediasmith.cost_usd", cost)
                _instruments().cost.add(cost, shared)


@asynccontextmanager
async def observe_slot(slot: AbstractAsyncContextManager[None], backend: str) -> AsyncGenerator[None]:
    """Hold a slot of a backend in this block, and count it, and the tasks that wait for one."""
    if not _is_set_up():
        async with slot:
            yield
        return
    own = {"gen_ai.provider.name": backend}
    async with AsyncExitStack() as stack:
        with _counted(_instruments().queued, own):
            await stack.enter_async_context(slot)
        with _counted(_instruments().slots, own):
            yield


def _is_set_up() -> bool:
    """Return whether an SDK is loaded. Without one, there is no listener, and to import all of the API takes long."""
    return "opentelemetry.sdk" in sys.modules


@contextmanager
def _span(name: str, attributes: _Attributes, *, client: bool = False) -> Generator[Span]:
    """Open a span. Exceptions are not recorded: their texts may repeat a prompt."""
    from opentelemetry import trace  # noqa: PLC0415 - late: see `_is_set_up`

    kind = trace.SpanKind.CLIENT if client else trace.SpanKind.INTERNAL
    with trace.get_tracer(_NAME).start_as_current_span(
        name, kind=kind, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        yield span


def _mark_failed(span: Span, error: str) -> None:
    from opentelemetry.trace import StatusCode  # noqa: PLC0415 - late: as above

    span.set_attribute("error.type", error)
    span.set_status(StatusCode.ERROR)


@contextmanager
def _counted(counter: UpDownCounter, attributes: _Attributes) -> Generator[None]:
    counter.add(1, attributes)
    try:
        yield
    finally:
        counter.add(-1, attributes)


def _instruments() -> _Instruments:
    from opentelemetry.metrics import get_meter_provider  # noqa: PLC0415 - late: as above

    return _instruments_of(get_meter_provider())


@cache
def _instruments_of(provider: MeterProvider) -> _Instruments:
    meter = provider.get_meter(_NAME)
    return _Instruments(
        running=meter.create_up_down_counter("mediasmith.jobs.running", "{job}", "Jobs that this process works on."),
        ended=meter.create_counter("mediasmith.jobs.ended", "{job}", "Jobs that have ended, by state."),
        queued=meter.create_up_down_counter("mediasmith.tasks.queued", "{task}", "Tasks that wait for a slot."),
        slots=meter.create_up_down_counter("mediasmith.slots.in_use", "{slot}", "Slots in use, by backend."),
        seconds=meter.create_histogram("gen_ai.client.operation.duration", "s", "Duration of a provider call."),
        cost=meter.create_counter(
            "mediasmith.cost", "{USD}", "What provider calls that succeeded have cost, or were estimated to."
        ),
    )
