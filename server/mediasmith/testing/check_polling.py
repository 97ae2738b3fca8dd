"""Work with a handle: polled, cancelled, and collected later."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from mediasmith.jobs.polling import first_pause
from mediasmith.plugin.contract import Accepted, Capability, Failed, Pending, Remote, Result
from mediasmith.plugin.errors import InvalidRequest, MediaError
from mediasmith.testing.adapter_harness import AdapterHarness
from mediasmith.testing.bad_answers import PAGE, UNKNOWN_WORDS
from mediasmith.testing.engine_harness import EngineHarness, failure_of, running_engine, until
from mediasmith.testing.rig import CheckContext, Rig, check, polled, sequence, wired_and_polled
from mediasmith.testing.wire import Answer, Wire


@check("start answers with a handle exactly when there is a poll")
async def handle_or_result(context: CheckContext) -> None:
    """A handle is worth nothing without poll, and a finished job can be polled again."""
    async with context.adapter() as adapter:
        answer = await adapter.capability.start(adapter.call_for(context.request()))
        if isinstance(answer, Accepted):
            assert context.capability.poll, "start answers with a handle, but there is no poll to ask about it with."
            await adapter.finish(answer)
            await _finish_again(adapter, answer)
        else:
            assert isinstance(answer, Result), f"start answered with a {type(answer).__name__}, not Result or Accepted."
            assert answer.outputs, "start answered without a file."
            assert not context.capability.poll, "there is a poll, but start never answers with a handle: leave it out."
    for pending in (*adapter.reports, *([] if isinstance(answer, Result) else await _pending_answers(context))):
        progress = pending.progress
        assert progress is None or 0 <= progress <= 1, f"progress is {progress}: it runs from 0 to 1, or is None."


async def _finish_again(adapter: AdapterHarness, answer: Accepted) -> None:
    try:
        again = await adapter.finish(answer)
    except Exception as error:
        raise AssertionError(
            f"a finished job cannot be polled again ({error}): a server may die before it has saved the file."
        ) from error
    assert again.outputs, "a finished job answers without a file when it is polled again."


async def _pending_answers(context: CheckContext) -> list[Pending]:
    async with running_engine(context) as harness:
        await harness.generate()
    return [answer for answer in harness.observed.answers if isinstance(answer, Pending)]


def _can_cancel(_rig: Rig, capability: Capability[Any, Any]) -> bool:
    return capability.cancel is not None


def _cannot_cancel(_rig: Rig, capability: Capability[Any, Any]) -> bool:
    return capability.poll is not None and capability.cancel is None


@check("a job that cannot be cancelled goes on and is collected", needs=_cannot_cancel, about="functions")
async def unstoppable(context: CheckContext) -> None:
    """Where the provider has no way to stop."""
    async with running_engine(context, jump=False) as harness:
        job_id = await _begin_and_poll(harness)
        error = await failure_of(harness.get_job(job_id, cancel=True))
        assert isinstance(error, InvalidRequest), f"a cancel that is not possible ends with {error!r}."
        assert error.job_id == job_id, "the error of such a cancel does not say how to collect the job."
        async with harness.clock.autojump():
            ended = await harness.ended(job_id)
        assert ended.status == "done", f"a job that could not be cancelled is {ended.status}: {ended.error}"
        assert len(ended.files) == 1, "a job that could not be cancelled has lost its file."


@check("a job is cancelled at the provider, once", needs=_can_cancel, about="functions")
async def cancelled(context: CheckContext) -> None:
    """A cancel between two polls."""
    async with running_engine(context, jump=False) as harness:
        job_id = await _begin_and_poll(harness)
        before = len(context.wire.requests()) if context.wire else 0
        ended = await harness.get_job(job_id, cancel=True)
        outcomes = harness.observed.cancelled
        assert len(outcomes) == 1, f"cancel was called {len(outcomes)} times."
        assert outcomes[0] in {"stopped", "asked"}, f"cancel of running work answered {outcomes[0]!r}."
        assert ended.status == "cancelled", f"a cancelled job is {ended.status}: {ended.error}"
        assert not ended.files, "a cancelled job has files."
        assert not harness.files(), f"a cancelled job left {', '.join(harness.files())}."
        changing = [one for one in context.wire.requests()[before:] if one.method != "GET"] if context.wire else [None]
        assert len(changing) == 1, f"cancel sent {len(changing)} requests that change something; one is enough."


def _has_cancel_answers(rig: Rig, capability: Capability[Any, Any]) -> bool:
    return rig.wire is not None and capability.cancel is not None and capability.name in rig.cancelled


@check("a cancel says what the provider made of it", needs=_has_cancel_answers, about="functions")
async def outcomes(context: CheckContext) -> None:
    """Whether the work has stopped, may go on, or has ended already, as `Rig.cancelled` has it."""
    async with context.adapter() as adapter:
        for outcome, answers in context.rig.cancelled[context.capability.name].items():
            accepted = await _accepted(context, adapter)
            context.on_wire.script(*sequence(answers), pays=False)
            try:
                found = await adapter.cancel(accepted.handle)
            except Exception as error:
                raise AssertionError(
                    f"cancel raised {type(error).__name__} for the answer that means {outcome!r}: {error}"
                ) from error
            assert found == outcome, f"cancel answered {found!r} where the provider's answer means {outcome!r}."


async def _begin_and_poll(harness: EngineHarness) -> str:
    """Begin a job, and return its id once it has a handle and was polled once."""
    job_id = await harness.begin()
    answers = harness.observed.answers
    await until(lambda: answers or harness.engine.jobs.active(job_id) is None)
    await harness.clock.advance(first_pause(harness.context.capability))
    await until(lambda: len(answers) > 1 or harness.engine.jobs.active(job_id) is None)
    await harness.clock.advance(0)
    assert isinstance(answers[-1], Pending), (
        "the work was done, or failed, at the first poll: have the fake provider be pending at least once."
    )
    return job_id


@check("a job outlives the deadline and the process", needs=polled, about="functions")
async def outlives(context: CheckContext) -> None:
    """What has a handle is collected later, by another process, without paying again."""
    async with running_engine(context, deadline=first_pause(context.capability) / 2) as harness:
        waiting = await harness.generate()  # get_job would ask once more, and may collect it here
        assert waiting.status == "running", f"after the deadline the job is {waiting.status}: {waiting.error}"
    async with running_engine(context) as later:
        collected = await later.get_job(waiting.job_id, wait=1e9)
        assert collected.status == "done", f"collected after a restart it is {collected.status}: {collected.error}"
        assert not later.observed.starts, "collecting it called start again."
    assert context.wire is None or len(context.paid()) == 1, "collecting it was paid for again."


_ODD_ANSWERS: Mapping[str, Answer] = {
    "a page": Answer(status=200, body=PAGE, mime="text/html"),
    "a page with status 502": Answer(status=502, body=PAGE, mime="text/html"),
    **{
        f"status {status} and no words": Answer(status=status, body=b"{}")
        for status in (400, 401, 402, 403, 404, 408, 409, 410, 422, 429, 451, 500, 502, 503, 504)
    },
    "an empty answer": Answer(status=200),
    "junk": Answer(status=200, body=b"\x00\xff\x07 junk", mime="application/octet-stream"),
    "unknown words": Answer(edit=UNKNOWN_WORDS),
    "a broken connection": Answer(fault="reset"),
}
"""Answers that do not say that the work has ended."""


@check("trouble while polling never ends the work", needs=wired_and_polled, about="functions")
async def trouble(context: CheckContext) -> None:
    """A garbled answer, a bare error or a broken connection at any request of a poll, or an odd download."""
    await _trouble_at_every_request(context)
    async with running_engine(context) as harness:
        context.on_wire.clear()
        context.on_wire.script(*list(_ODD_ANSWERS.values())[:4], pays=False)
        harness.observed.odd_downloads = [PAGE, b"", b"\x00 junk"]
        error = await failure_of(harness.generate())
        context.on_wire.clear()
    assert error is None, f"trouble while polling ended the work: {error}"


async def _trouble_at_every_request(context: CheckContext) -> None:
    wire = context.on_wire
    async with context.adapter() as adapter:
        accepted = await _accepted(context, adapter)
        for place in range(await _count_requests(adapter, accepted, wire)):
            for odd, answer in _ODD_ANSWERS.items():
                wire.clear()
                wire.script(*[Answer()] * place, answer, pays=False)
                await _poll_in_trouble(context, adapter, accepted, f"{odd} at request {place + 1} of a poll")
        wire.clear()
        await adapter.finish(accepted)


async def _accepted(context: CheckContext, adapter: AdapterHarness) -> Accepted:
    context.on_wire.clear()
    answer = await adapter.capability.start(adapter.call_for(context.request()))
    assert isinstance(answer, Accepted), f"start answered with a {type(answer).__name__}, so there is nothing to poll."
    return answer


async def _count_requests(adapter: AdapterHarness, accepted: Accepted, wire: Wire) -> int:
    """Return how many requests the poll of finished work sends."""
    await adapter.finish(accepted)
    wire.clear()
    await adapter.finish(accepted)
    return len(wire.requests())


async def _poll_in_trouble(context: CheckContext, adapter: AdapterHarness, accepted: Accepted, what: str) -> None:
    answer: object = None
    raised: Exception | None = None
    try:
        answer = await adapter.poll(accepted.handle)
    except Exception as error:  # noqa: BLE001 - explain says what it was
        raised = error
    assert raised is None or isinstance(raised, OSError | TimeoutError) or context.explain(raised), (
        f"{what} raised {type(raised).__name__}, which explain does not know: have explain make it a MediaError with a "
        "sentence of your own."
    )
    assert not isinstance(answer, Failed), (
        f"poll answered Failed ({answer.error}) to {what}, which does not say that the work has ended: return Failed "
        "only for a body that says so, and let exceptions go."
    )


@check("an answer that says the work failed ends it", needs=wired_and_polled)
async def verdict(context: CheckContext) -> None:
    """The provider's own verdict, as `Rig.failed` has it."""
    answers = sequence(context.rig.failed.get(context.capability.name, ()))
    assert answers, (
        f"give the provider's answer for failed work in Rig(failed={{'{context.capability.name}': Answer(…)}}), or one "
        "for each request of that poll."
    )
    async with running_engine(context, jump=False) as harness:
        job_id = await _begin_and_poll(harness)
        context.on_wire.script(*answers * 50, pays=False)
        async with harness.clock.autojump():
            ended = await harness.ended(job_id)
        context.on_wire.clear()
    assert any(isinstance(one, Failed) for one in harness.observed.answers), (
        "poll did not answer Failed to an answer that says the work has failed."
    )
    assert ended.status in {"failed", "unknown", "cancelled"}, (
        f"the provider said that the work has failed, and the job is {ended.status}."
    )


@check("an unknown status is trouble, not progress", needs=wired_and_polled, about="functions")
async def unknown_status(context: CheckContext) -> None:
    """A new word is not 'pending' for ever without anyone knowing: it is reported, and the work can be collected."""
    async with running_engine(context, deadline=context.capability.every * 4) as harness:
        context.on_wire.clear()
        context.on_wire.script(*[Answer(edit=UNKNOWN_WORDS)] * 1000, pays=False)
        job = await harness.generate()
        context.on_wire.clear()
        assert job.status == "running", f"an unknown status made the job {job.status}: only Failed may end it."
        assert not any(isinstance(answer, Pending) for answer in harness.observed.answers), (
            "poll takes an unknown status for work that goes on: raise an error for any word that is not listed."
        )
        collected = await harness.get_job(job.job_id, wait=1e9)
        assert collected.status == "done", f"afterwards the job cannot be collected: {collected.error}"


@check("a URL in an answer is left to the server", needs=wired_and_polled)
async def remote(context: CheckContext) -> None:
    """Only the server downloads, after it has checked where a URL leads."""
    async with running_engine(context) as harness:
        wire = context.on_wire
        wire.clear()
        moved = Answer(edit=lambda body: body.replace(b"127.0.0.1", b"localhost"))
        wire.script(*[moved] * 1000, pays=False)
        with suppress(MediaError):
            await harness.generate()
        astray = [request for request in wire.requests() if request.headers.get("host", "").startswith("localhost")]
        bodies = [output.body for result in harness.observed.results for output in result.outputs]
        waits = any(isinstance(body, Remote) and "localhost" in body.url for body in bodies)
        files = harness.files()
        wire.clear()
    assert not astray, "it fetched a URL from an answer itself: answer with Remote(url=…), the server checks it."
    assert not (waits and files), "a URL at a private address was downloaded."


CHECKS = (
    handle_or_result,
    cancelled,
    outcomes,
    unstoppable,
    outlives,
    trouble,
    verdict,
    unknown_status,
    remote,
)
