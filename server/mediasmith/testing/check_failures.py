"""Providers that refuse, answer badly, or fall silent."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Mapping
from functools import partial

import anyio

from mediasmith.plugin.contract import Accepted, Result
from mediasmith.plugin.errors import (
    MediaError,
    MissingKey,
    OutOfCredit,
    ProviderError,
    RateLimited,
    TimedOut,
    Unreachable,
)
from mediasmith.plugin.kinds import MEDIA_TYPES
from mediasmith.plugin.media import HEAD, media_type, sniff
from mediasmith.testing.adapter_harness import AdapterHarness
from mediasmith.testing.bad_answers import BODIES, EDITS, PAGE
from mediasmith.testing.engine_harness import EngineHarness, running_engine, until
from mediasmith.testing.rig import CheckContext, check, content, wired
from mediasmith.testing.wire import Answer, Fault

_STATUSES = (400, 401, 402, 403, 404, 408, 409, 413, 415, 422, 429, 451, 500, 502, 503, 504, 529)
_EXPECTED: Mapping[int, tuple[type[MediaError], ...]] = {
    401: (MissingKey, OutOfCredit),
    402: (OutOfCredit,),
    429: (RateLimited, OutOfCredit),
}
_NOT_ACCEPTED = {404, 429, 503}
"""Statuses that say that a paying request was not accepted, so that it may be sent again, or another way."""

_RESENT = (Unreachable, RateLimited, ProviderError)
"""Errors after which the server sends a request again, where nothing was billed."""

_HANDLE_SECONDS = 10.0
"""How long a cancelled job waits for its handle."""

_PYTHON = re.compile(r"\b\w*(Error|Exception|Traceback)\b|[Ll]ine \d+|<class |object at 0x|\b[A-Z]\w*\([)'\"]")
"""What comes from a program, not from a person who writes to one."""


@check("every status becomes its error, and is paid for at most once", needs=wired, about="functions")
async def statuses(context: CheckContext) -> None:
    """Each status that a provider may answer a paying request with."""
    async with context.adapter() as adapter:
        for status in _STATUSES:
            error = await _failure(adapter, context, f"status {status}", Answer(status=status, body=_SCRIPTED))
            expected = _EXPECTED.get(status, (MediaError,))
            assert isinstance(error, expected), (
                f"status {status} becomes {type(error).__name__}; explain must make it {expected[0].__name__}."
            )
            resent = isinstance(error, _RESENT) and error.billed == "no"
            assert not resent or status in _NOT_ACCEPTED, (
                f"status {status} becomes {type(error).__name__}(billed='no'), so the server would send the paying "
                "request again: leave billed alone unless the provider says that nothing was charged."
            )


_SCRIPTED = b'{"error": {"message": "scripted"}}'


@check("a malformed answer is an error", needs=wired, about="functions")
async def malformed(context: CheckContext) -> None:
    """Answers with status 200 that do not hold what they must."""
    async with context.adapter() as adapter:
        for body in BODIES:
            await _failure(adapter, context, f"the answer {body[:40]!r}", Answer(status=200, body=body))
        await _failure(adapter, context, "a page instead of JSON", Answer(status=200, body=PAGE, mime="text/html"))
        for name, edit in EDITS.items():
            await _failure(adapter, context, f"an answer {name}", Answer(edit=edit), may_work=True)


@check("a broken connection is an error, and never paid for twice", needs=wired, about="functions")
async def broken(context: CheckContext) -> None:
    """A connection that ends after the request has gone out."""
    faults: Iterable[Fault] = ("reset", "truncate")
    async with context.adapter() as adapter:
        for fault in faults:
            error = await _failure(adapter, context, f"a connection that ends in {fault}", Answer(fault=fault))
            assert error is None or error.billed != "no", f"{fault}: billed is 'no' although the request had gone out."


@check("a provider that cannot be reached costs nothing", needs=wired, about="functions")
async def refused(context: CheckContext) -> None:
    """No server listens at the base URL."""
    with socket.create_server(("127.0.0.1", 0)) as once:
        port = once.getsockname()[1]
    async with context.adapter(f"http://127.0.0.1:{port}") as adapter:
        try:
            await adapter.capability.start(adapter.call_for(context.request()))
        except Exception as raised:  # noqa: BLE001 - explain says what it was
            error = context.explain(raised) or MediaError(f"{type(raised).__name__}, which explain does not know")
        else:
            raise AssertionError("it worked although no server listens: does connect use access.base_url?")
    assert isinstance(error, Unreachable) and error.billed == "no", (  # noqa: PT018 - one sentence says both
        "no server listens at the base URL: explain must make it Unreachable(billed='no'), not "
        f"{type(error).__name__}(billed={error.billed!r})."
    )
    _check_readable(error, "a refused connection")


@check("a provider that falls silent is left at the deadline", needs=wired, about="functions")
async def silent(context: CheckContext) -> None:
    """No answer, or one byte now and then."""
    faults: Iterable[Fault] = ("silence", "drip")
    for fault in faults:
        async with running_engine(context, folder=fault, jump=False) as harness:
            context.on_wire.clear()
            context.on_wire.script(*[Answer(status=200 if fault == "drip" else 0, fault=fault)] * 4)
            job_id = await harness.begin()
            await until(context.paid)
            await harness.clock.advance(context.capability.deadline + 1)
            async with harness.clock.autojump():  # work that had its handle before is polled now
                ended = await harness.ended(job_id)
            assert ended.status in {"unknown", "failed"}, f"{fault}: the job is {ended.status} after the deadline."
            assert ended.error and (ended.billed == "unknown" or harness.observed.polled), (  # noqa: PT018 - one sentence says both
                f"{fault}: it may have been billed, but the job says {ended.error!r}, billed {ended.billed!r}."
            )
            _check_nothing_left(harness, fault)
            assert len(context.paid()) == 1, f"{fault}: the paying request was sent again, but may have been billed."
    context.on_wire.clear()


@check("a cancelled call leaves nothing behind", needs=wired, about="functions")
async def cancelled(context: CheckContext) -> None:
    """A cancel while the paying request is out."""
    async with running_engine(context, jump=False) as harness:
        context.on_wire.clear()
        context.on_wire.script(Answer(fault="silence"))
        job_id = await harness.begin()
        await until(context.paid)
        async with anyio.create_task_group() as task_group:
            task_group.start_soon(partial(harness.get_job, job_id, cancel=True))
            await harness.clock.advance(_HANDLE_SECONDS)
        ended = await harness.get_job(job_id)
        assert ended.status in {"cancelled", "unknown"}, f"a cancelled job is {ended.status}: {ended.error}"
        assert not ended.files, "a cancelled job has files."
        _check_nothing_left(harness, "a cancelled call")
        context.on_wire.clear()
        async with harness.clock.autojump():
            again = await harness.generate(prompt=context.prompts[1])
        assert again.status == "done", f"after a cancelled call the next one is {again.status}: {again.error}"


async def _failure(
    adapter: AdapterHarness, context: CheckContext, what: str, answer: Answer, *, may_work: bool = False
) -> MediaError | None:
    """Return the error of a call whose paying request is answered so; None where it may work, and did."""
    wire = context.on_wire
    wire.clear()
    wire.script(*[answer] * 4)
    raised: Exception | None = None
    saved = False
    try:
        saved = _would_be_saved(context, await adapter.capability.start(adapter.call_for(context.request())))
    except Exception as error:  # noqa: BLE001 - explain says what it was
        raised = error
    assert not saved or may_work, f"{what} counts as a success: read answers with a model that demands what is used."
    known = _explained(context, raised, what) if raised else None
    paid = len(context.paid())
    assert paid == 1 or (paid and answer.status in _NOT_ACCEPTED), (
        f"{what}: {paid} paying requests went out; send one, and switch the SDK's retries off."
    )
    wire.clear()
    return known


def _would_be_saved(context: CheckContext, answer: Result | Accepted) -> bool:
    """Return whether the server would take this for a success: it looks at the content of every file."""
    if isinstance(answer, Accepted):
        return True
    bodies = [content(output) for output in answer.outputs]
    kind = MEDIA_TYPES[context.capability.kind]
    return any(body is None or media_type(sniff(body[:HEAD])) == kind for body in bodies)


def _explained(context: CheckContext, raised: Exception, what: str) -> MediaError:
    """Return the error that a caller would see."""
    known = context.explain(raised) or (TimedOut("") if isinstance(raised, OSError | TimeoutError) else None)
    assert known, (
        f"{what} raised {type(raised).__name__}, which explain does not know: have explain, or the code that reads the "
        "answer, make it a MediaError with a sentence of your own."
    )
    _check_readable(known, what)
    return known


def _check_readable(error: MediaError, what: str) -> None:
    found = _PYTHON.search(str(error))
    assert not found, (
        f"the message for {what} is {str(error)!r}. '{found.group()}' is for programmers: have explain, or the code "
        "that reads the answer, raise a MediaError with a sentence of your own."
    )


def _check_nothing_left(harness: EngineHarness, what: str) -> None:
    left = harness.files()
    assert not left, f"{what}: {', '.join(left)} was left in the output folder."


CHECKS = (statuses, malformed, broken, refused, silent, cancelled)
