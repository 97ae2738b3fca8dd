"""Poll accepted work: the pace, trouble on the way, the deadline, and the end."""

from __future__ import annotations

import math
import re
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import anyio
import pytest
from pydantic import BaseModel

from fakes.backends import AnyJson, fake
from fakes.engines import Scripted, hang, job_record, pending, picture
from fakes.faults import ANSWERS, EXCEPTIONS
from fakes.virtual_clock import VirtualClock
from mediasmith.config.settings import Settings
from mediasmith.jobs.active_job import ActiveJob
from mediasmith.jobs.cancellation import ProviderCancel
from mediasmith.jobs.job_spec import JobSpec
from mediasmith.jobs.polling import Poller, WorkFailed
from mediasmith.plugin.contract import Backend, Context, Failed, Pending, Result
from mediasmith.plugin.errors import (
    Cancelled,
    InvalidRequest,
    MediaError,
    MissingKey,
    ProviderError,
    RateLimited,
    Refused,
    TimedOut,
    Unreachable,
)
from mediasmith.runtime.error_mapping import ErrorMapper
from mediasmith.runtime.redaction import Redactor
from mediasmith.selection.candidate import Candidate

FOLDER = Path("/nowhere")


class Polling:
    """One task on a clock that jumps. Each poll takes `took` seconds; `times` are those of their starts."""

    def __init__(
        self,
        *polls: Any,
        backend: Backend[Any] | None = None,
        settings: Settings | None = None,
        since: float = 0,
        **more: Any,
    ) -> None:
        self.clock = VirtualClock()
        self.begun = self.clock.now() - since
        self.times: list[float] = []
        self.saved: list[Result] = []
        self.saving: list[MediaError] = []
        self.took = 0.0
        self.provider = Scripted(polls=polls)
        job = job_record(FOLDER)
        self.active = ActiveJob(job=job, spec=JobSpec.from_job(job), destination=cast("Any", None))
        one = backend or fake("one", start=self.provider.start, poll=self.poll, **more)
        [capability] = one.capabilities
        self.candidate = Candidate(backend=one, capability=capability, model=capability.models[0], values={})
        self.poller = Poller(
            clock=self.clock,
            settings=settings or Settings(data_dir=FOLDER, output_dir=FOLDER),
            errors=ErrorMapper(redact=Redactor(())),
            provider_cancel=ProviderCancel(clock=self.clock),
        )

    async def poll(self, context: Context[None], handle: AnyJson) -> Any:
        self.times.append(self.clock.now())
        await self.clock.sleep(self.took)
        return await self.provider.poll(context, handle)

    async def save(self, result: Result) -> None:
        if self.saving:
            raise self.saving.pop(0)
        self.saved.append(result)

    async def collect(self) -> Polling:
        """Poll until the end."""
        context = Context(
            client=None,
            model=self.candidate.model,
            file=cast("Any", None),
            report=self.active.report,
            warn=self.active.warn,
        )
        async with self.clock.autojump():
            await self.poller.collect(self.active, self.candidate, context, "job-1", self.save, begun=self.begun)
        return self

    @property
    def pauses(self) -> list[float]:
        """The seconds between two polls each."""
        return [later - earlier for earlier, later in pairwise(self.times)]


async def test_a_pause_is_a_tenth_of_the_time_that_the_work_has_taken() -> None:
    polling = await Polling(*[Pending()] * 60, every=7).collect()
    assert polling.times[0] - polling.begun == 0.25
    due = [min(7, max(0.1, (time - polling.begun) / 10)) for time in polling.times[:-1]]
    assert polling.pauses == pytest.approx(due)
    assert (due[0], due[-1]) == (0.1, 7)


@pytest.mark.parametrize(("took", "pause"), [(0.04, 0.1), (3.0, 3.05)])
async def test_the_time_that_a_poll_takes_is_part_of_the_pause(took: float, pause: float) -> None:
    polling = Polling(Pending(after=0.1), Pending(after=0.1))
    polling.took = took
    assert (await polling.collect()).pauses == pytest.approx([pause, pause])


async def test_work_of_an_earlier_process_is_polled_at_once() -> None:
    polling = await Polling(Pending(), since=600).collect()
    assert polling.times == [polling.begun + 600, polling.begun + 605]


async def test_many_jobs_of_a_backend_are_polled_ten_times_a_second_together() -> None:
    polling = Polling(*[Pending()] * 500)
    context = cast("Any", Mock(report=polling.active.report))
    async with polling.clock.autojump(), anyio.create_task_group() as task_group:
        for _ in range(100):
            one = partial(polling.poller.collect, begun=polling.begun)
            task_group.start_soon(one, polling.active, polling.candidate, context, "job-1", polling.save)
    assert (len(polling.saved), len(polling.times)) == (100, 600)
    assert polling.times[-1] - polling.times[99] == pytest.approx(5 * 10)


@pytest.mark.parametrize(
    ("after", "pause"),
    [(33, 33), (0.5, 0.5), (0, 0.1), (None, 1), (-1, 1), (math.nan, 1), (math.inf, 1), ("soon", 1)],
)
async def test_the_provider_may_say_when_to_poll_again(after: Any, pause: float) -> None:
    assert (await Polling(Pending(after=after), since=10).collect()).pauses == pytest.approx([pause])


async def test_a_pause_never_goes_beyond_the_deadline() -> None:
    polling = Polling(*[Pending(after=3600)] * 3, deadline=100)
    with pytest.raises(TimedOut, match="still at work after 100 seconds"):
        await polling.collect()
    assert polling.times == [polling.begun + 0.25, polling.begun + 100]


@pytest.mark.parametrize(
    "error",
    [
        *(ConnectionResetError, TimeoutError, KeyError, ValueError),
        *(RateLimited, Unreachable, Refused, ProviderError, InvalidRequest, Cancelled),
    ],
)
async def test_any_exception_in_poll_is_retried_with_back_off(error: type[Exception]) -> None:
    polling = await Polling(*(error("for now") for _ in range(9)), Pending()).collect()
    assert polling.pauses == [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 5]
    assert len(polling.saved) == 1


@pytest.mark.parametrize("fault", [name for name in (*EXCEPTIONS, *ANSWERS) if name != "a body of text"])
async def test_no_fault_of_poll_ends_accepted_work(fault: str) -> None:
    polling = await Polling({**EXCEPTIONS, **ANSWERS}[fault]()).collect()
    assert (polling.provider.polled, len(polling.saved)) == (["job-1"] * 2, 1)


async def test_the_message_has_the_last_trouble_and_its_hint_until_the_provider_answers() -> None:
    messages: list[str] = []

    async def look(*_given: object) -> Pending:
        messages.append(polling.active.message)
        return Pending(message="drawing")

    polling = Polling(MissingKey("one", ["ONE_KEY"]), look, look)
    await polling.collect()
    assert messages == ["one has no key. Set ONE_KEY and restart the server.", "drawing"]


async def test_an_odd_download_is_polled_again() -> None:
    polling = Polling()
    polling.saving.append(ProviderError("One answered with text/html; an image was expected."))
    await polling.collect()
    assert (len(polling.times), len(polling.saved)) == (2, 1)


async def test_a_full_disk_stops_polling_with_its_own_error() -> None:
    polling = Polling()
    polling.saving.append(MediaError("The disk is full."))
    with pytest.raises(MediaError, match="The disk is full"):
        await polling.collect()
    assert len(polling.times) == 1


@pytest.mark.parametrize(
    ("advice", "pause"), [(33.0, 33), (0.2, 0.5), (-5.0, 0.5), (math.nan, 0.5), (None, 0.5)], ids=repr
)
async def test_retry_after_lengthens_the_pause_but_never_shortens_it(advice: float | None, pause: float) -> None:
    assert (await Polling(RateLimited("slowly", retry_after=advice)).collect()).pauses == [pause]


async def test_a_poll_that_hangs_is_given_up_and_repeated() -> None:
    polling = await Polling(hang).collect()
    assert polling.pauses == [60 + 5]


@pytest.mark.parametrize("kind", [Refused, ProviderError, InvalidRequest, RateLimited, Cancelled])
async def test_failed_ends_the_work(kind: type[MediaError]) -> None:
    polling = Polling(Pending(), Failed(error=kind("It failed.", billed=None)))
    with pytest.raises(WorkFailed) as caught:
        await polling.collect()
    assert isinstance(caught.value.error, kind)
    assert caught.value.error.billed == "yes"
    assert len(polling.times) == 2


async def test_failed_may_say_that_nothing_was_billed() -> None:
    with pytest.raises(WorkFailed) as caught:
        await Polling(Failed(error=Refused("Declined.", billed="no"))).collect()
    assert caught.value.error.billed == "no"


async def test_failed_without_an_error_of_ours_still_ends_the_work() -> None:
    with pytest.raises(WorkFailed):
        await Polling(Failed(error=cast("Any", "it broke"))).collect()


async def test_the_deadline_in_the_settings_overrides_the_capability() -> None:
    settings = Settings(data_dir=FOLDER, output_dir=FOLDER, deadline_seconds=20)
    polling = Polling(*pending(50), deadline=900, settings=settings)
    with pytest.raises(TimedOut, match="after 20 seconds"):
        await polling.collect()
    assert polling.times[-1] - polling.begun == 20


async def test_trouble_until_the_deadline_says_why_with_the_fix() -> None:
    with pytest.raises(Unreachable) as caught:
        await Polling(*[MissingKey("one", ["ONE_KEY"])] * 99, deadline=100).collect()
    assert caught.value.message == "One could not be asked any more: one has no key."
    assert caught.value.hint == "Set ONE_KEY and restart the server. get_job asks One again."


@pytest.mark.parametrize(
    "outcome",
    [Pending(), InvalidRequest("Odd."), RateLimited("Too many requests.", retry_after=5), Unreachable("It broke.")],
    ids=lambda outcome: type(outcome).__name__,
)
async def test_work_that_was_paid_for_is_never_told_to_be_called_for_again(outcome: Pending | MediaError) -> None:
    polling = Polling(*[outcome] * 999, deadline=100)
    with pytest.raises((Unreachable, TimedOut)) as caught:
        await polling.collect()
    assert "get_job" in str(caught.value)
    assert not re.search("call again|another call", f"{caught.value} {polling.active.message}", re.IGNORECASE)


async def test_a_handle_that_does_not_validate_is_an_error_and_is_not_polled() -> None:
    class Numbered(BaseModel):
        number: int

    polling = Polling(handle=Numbered)
    with pytest.raises(MediaError, match="cannot read the handle of this work, which is kept"):
        await polling.collect()
    assert polling.times == []


@pytest.mark.parametrize(
    ("progress", "shown"),
    [*((odd, None) for odd in (-1.0, math.nan, math.inf, 1.5, "50", None)), (1, 1.0), (0.5, 0.5), (0, 0.0)],
)
async def test_only_a_number_from_0_to_1_is_progress(progress: Any, shown: float | None) -> None:
    polling = await Polling(Pending(progress=progress)).collect()
    assert polling.active.progress == shown


async def test_a_result_is_saved_once() -> None:
    polling = await Polling(picture()).collect()
    assert (len(polling.times), len(polling.saved)) == (1, 1)
