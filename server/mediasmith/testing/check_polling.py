"""Work with a handle: polled for, cancelled, and collected later."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from mediasmith.plugin.contract import Accepted, Capability, Pending, Remote, Result
from mediasmith.plugin.errors import InvalidRequest, MediaError
from mediasmith.testing.adapter_harness import AdapterHarness
from mediasmith.testing.check_failures import UNKNOWN_WORDS
from mediasmith.testing.engine_harness import EngineHarness, failure, until, working
from mediasmith.testing.rig import CheckContext, Rig, check, polled, wired_and_polled
from mediasmith.testing.wire import Answer


@check("start answers with a handle just when there is a poll")
async def handle_or_result(bench: CheckContext) -> None:
    """A handle is worth nothing without poll."""
    async with bench.hands() as hands:
        answer = await hands.capability.start(hands.call_for(bench.ask()))
        if isinstance(answer, Accepted):
            assert bench.capability.poll, "start answers with a handle, but there is no poll to ask about it with."
            await hands.finish(answer)
            await _again(hands, answer)
        else:
            assert isinstance(answer, Result), f"start answered with a {type(answer).__name__}, not Result or Accepted."
            assert answer.outputs, "start answered without a file."
            assert not bench.capability.poll, "there is a poll, but start never answers with a handle: leave poll out."
    for told in (*hands.reports, *([] if isinstance(answer, Result) else await _pendings(bench))):
        progress = told.progress
        assert progress is None or 0 <= progress <= 1, f"progress is {progress}: it runs from 0 to 1, or is None."


async def _again(hands: AdapterHarness, answer: Accepted) -> None:
    try:
        again = await hands.finish(answer)
    except Exception as error:
        raise AssertionError(
            f"a finished job cannot be polled again ({error}): a server may die before it has saved the file."
        ) from error
    assert again.outputs, "a finished job answers without a file when it is polled again."


async def _pendings(bench: CheckContext) -> list[Pending]:
    async with working(bench) as shop:
        await shop.make()
    return [answer for answer in shop.seen.answers if isinstance(answer, Pending)]


def _can_cancel(_rig: Rig, capability: Capability[Any, Any]) -> bool:
    return capability.cancel is not None


def _cannot_cancel(_rig: Rig, capability: Capability[Any, Any]) -> bool:
    return capability.poll is not None and capability.cancel is None


@check("a job that cannot be cancelled goes on and is collected", needs=_cannot_cancel)
async def unstoppable(bench: CheckContext) -> None:
    """C10, where the provider has no way to stop."""
    async with working(bench, jump=False) as shop:
        job_id = await _begun(shop)
        error = await failure(shop.job(job_id, cancel=True))
        assert isinstance(error, InvalidRequest), (
            f"a cancel that cannot be had ends with {error!r}, not InvalidRequest."
        )
        assert error.job_id == job_id, "who could not cancel is not told how to collect the job."
        async with shop.clock.autojump():
            ended = await shop.ended(job_id)
        assert ended.status == "done", f"a job that could not be cancelled is {ended.status}: {ended.error}"
        assert len(ended.files) == 1, "a job that could not be cancelled has lost its file."


@check("a job is cancelled at the provider, once", needs=_can_cancel)
async def cancelled(bench: CheckContext) -> None:
    """C10, between two polls."""
    async with working(bench, jump=False) as shop:
        job_id = await _begun(shop)
        before = len(bench.wire.requests()) if bench.wire else 0
        ended = await shop.job(job_id, cancel=True)
        assert ended.status == "cancelled", f"a cancelled job is {ended.status}: {ended.error}"
        assert not ended.files, "a cancelled job has files."
        assert not shop.files(), f"a cancelled job left {', '.join(shop.files())}."
        assert shop.seen.cancels == 1, f"cancel was called {shop.seen.cancels} times."
        sent = len(bench.wire.requests()) - before if bench.wire else 1
        assert sent == 1, f"cancel sent {sent} requests, one is due."


async def _begun(shop: EngineHarness) -> str:
    """A job that has a handle, was asked about once, and is not done yet."""
    job_id = await shop.begin()
    await until(lambda: len(shop.seen.answers) > 1 or shop.engine.jobs.active(job_id) is None)
    await shop.clock.advance(0)
    assert isinstance(shop.seen.answers[-1], Pending), (
        "the work was done, or failed, at the first poll: have the fake provider say 'not yet' at least once."
    )
    return job_id


@check("a job outlives our patience and our process", needs=polled)
async def outlives(bench: CheckContext) -> None:
    """C11: what has a handle is collected later, by another process, without paying again."""
    async with working(bench, deadline=bench.capability.every / 2) as shop:
        job_id = (await shop.make()).job_id
        waiting = await shop.job(job_id)
        assert waiting.status == "running", f"when the deadline is over the job is {waiting.status}: {waiting.error}"
    async with working(bench) as later:
        collected = await later.job(job_id, wait=1e9)
        assert collected.status == "done", f"collected after a restart it is {collected.status}: {collected.error}"
        assert not later.seen.starts, "collecting it called start again."
    assert bench.wire is None or len(bench.paid()) == 1, "collecting it was paid for again."


_ODD_POLLS = (
    *(Answer(status=status, body=b"{}") for status in (400, 401, 404, 500, 503)),
    Answer(body=b"<html>busy</html>"),
    Answer(fault="reset"),
)


@check("trouble while polling passes", needs=wired_and_polled)
async def trouble(bench: CheckContext) -> None:
    """C11: what an SDK raises for one poll is not the end of the work."""
    async with working(bench) as shop:
        wire = bench.on_wire
        for answer in _ODD_POLLS:
            wire.clear()
            wire.script(answer, pays=False)
            what = answer.fault or f"status {answer.status}"
            error = await failure(shop.make(prompt=f"{bench.prompts[0]} {what}"))
            assert error is None, (
                f"one poll met {what} and the job ended with: {error} Return Failed only when the body of an answer "
                "says that the work has ended."
            )
            shop.explained(what)


@check("an unknown status is trouble, and never the end", needs=wired_and_polled)
async def unknown_status(bench: CheckContext) -> None:
    """C11: a new word is neither 'not yet' without a word nor a verdict."""
    async with working(bench, deadline=bench.capability.every * 4) as shop:
        bench.on_wire.clear()
        bench.on_wire.script(*[Answer(edit=UNKNOWN_WORDS)] * 1000, pays=False)
        job = await shop.make()
        bench.on_wire.clear()
        assert job.status == "running", f"an unknown status made the job {job.status}: only Failed may end it."
        assert not any(isinstance(answer, Pending) for answer in shop.seen.answers), (
            "poll takes an unknown status for work that goes on: raise an error for any word that is not listed."
        )
        collected = await shop.job(job.job_id, wait=1e9)
        assert collected.status == "done", f"afterwards the job cannot be collected: {collected.error}"


@check("a URL in an answer is left to the server", needs=wired_and_polled)
async def remote(bench: CheckContext) -> None:
    """C12: only the server fetches, after it has looked where a URL leads."""
    async with working(bench) as shop:
        wire = bench.on_wire
        wire.clear()
        moved = Answer(edit=lambda body: body.replace(b"127.0.0.1", b"localhost"))
        wire.script(*[moved] * 1000, pays=False)
        with suppress(MediaError):
            await shop.make()
        led_astray = [request for request in wire.requests() if request.headers.get("host", "").startswith("localhost")]
        bodies = [output.body for result in shop.seen.results for output in result.outputs]
        waits = any(isinstance(body, Remote) and "localhost" in body.url for body in bodies)
        files = shop.files()
        wire.clear()
    assert not led_astray, "it fetched a URL from an answer itself: answer with Remote(url=…), the server checks it."
    assert not (waits and files), "a URL at a private address was fetched."


CHECKS = (
    handle_or_result,
    cancelled,
    unstoppable,
    outlives,
    trouble,
    unknown_status,
    remote,
)
