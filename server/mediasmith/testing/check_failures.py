"""Providers that refuse, talk nonsense, or fall silent."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import cast

import anyio

from mediasmith.plugin.errors import MediaError, MissingKey, OutOfCredit, RateLimited, Unreachable
from mediasmith.testing.engine_harness import EngineHarness, failure, until, working
from mediasmith.testing.rig import CheckContext, check, wired
from mediasmith.testing.wire import Answer, Fault

_STATUSES = (400, 401, 402, 403, 404, 408, 409, 413, 415, 422, 429, 451, 500, 502, 503, 504, 529)
_DUE: Mapping[int, tuple[type[MediaError], ...]] = {
    401: (MissingKey, OutOfCredit),
    402: (OutOfCredit,),
    429: (RateLimited, OutOfCredit),
}
_NOT_ACCEPTED = {404, 429, 503}
"""The statuses that say a paying request was not accepted, so that it may be sent again."""

_AGAIN = 4  # times one request is sent at most: once, and three times again

_CUT_OFF = 10.0
"""Seconds after which a cancelled job does not wait for its handle any more."""

_PYTHON = re.compile(r"\b\w*(Error|Exception|Traceback)\b|[Ll]ine \d+|<class |object at 0x|\b[A-Z]\w*\([)'\"]")
"""What comes from a program, not from a person who writes to one."""


@check("every status is told, and paid for at most once", needs=wired)
async def statuses(bench: CheckContext) -> None:
    """C7."""
    async with working(bench) as shop:
        for status in _STATUSES:
            answer = Answer(status=status, body=b'{"error": {"message": "scripted"}}')
            error = await _fails(shop, f"status {status}", *[answer] * (2 * _AGAIN))
            due = _DUE.get(status, (MediaError,))
            assert isinstance(error, due), (
                f"status {status} becomes {type(error).__name__}; explain must make it {due[0].__name__}."
            )
            most = _AGAIN if status in _NOT_ACCEPTED else 1
            paid = len(bench.paid())
            assert 1 <= paid <= most, (
                f"status {status}: {paid} paying requests went out, at most {most} may. Switch the SDK's retries off "
                "and leave billed alone unless the provider says that nothing was charged."
            )


@check("an answer that makes no sense is told", needs=wired)
async def nonsense(bench: CheckContext) -> None:
    """C8."""
    async with working(bench) as shop:
        for body in _BODIES:
            await _fails(shop, f"the answer {body[:40]!r}", Answer(status=200, body=body))
        await _fails(shop, "a page where JSON is due", Answer(status=200, body=_PAGE, mime="text/html"))
        for name, edit in EDITS.items():
            await _fails(shop, f"an answer {name}", Answer(edit=edit), may_work=True)


_PAGE = b"<html><body>Gateway</body></html>"
_BODIES = (
    *(b"", b"{", b"null", b"[]", b"{}", b'"text"', b"NaN", b"\xff\xfe\x00", b'{"data": []}', b"[" * 100_000),
    b'{"error": {"message": "scripted"}}',
)


def _through(change: Callable[[object], object]) -> Callable[[bytes], bytes]:
    """A change of a JSON answer, made from the inside out."""

    def edit(body: bytes) -> bytes:
        try:
            return json.dumps(_changed(json.loads(body), change)).encode()
        except ValueError:
            return b""

    return edit


def _changed(value: object, change: Callable[[object], object]) -> object:
    if isinstance(value, dict):
        mapping = cast("dict[str, object]", value)
        return change({name: _changed(inner, change) for name, inner in mapping.items()})
    if isinstance(value, list):
        return change([_changed(inner, change) for inner in cast("list[object]", value)])
    return change(value)


def _without(place: int) -> Callable[[object], object]:
    def change(value: object) -> object:
        if not isinstance(value, dict) or value == {}:
            return cast("object", value)
        mapping = dict(cast("Mapping[str, object]", value))
        del mapping[list(mapping)[place]]
        return mapping

    return change


def _in_a_list(value: object) -> object:
    return [cast("object", value)] if isinstance(value, dict) else value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


UNKNOWN_WORDS = _through(lambda value: "somersault" if isinstance(value, str) else value)
"""An answer in which every text is a word that nobody knows."""

EDITS: Mapping[str, Callable[[bytes], bytes]] = {
    "whose texts are all unknown words": UNKNOWN_WORDS,
    "whose texts are all numbers": _through(lambda value: 7 if isinstance(value, str) else value),
    "whose texts are all null": _through(lambda value: None if isinstance(value, str) else value),
    "whose numbers are all NaN": _through(lambda value: float("nan") if _is_number(value) else value),
    "whose numbers are all texts": _through(lambda value: "many" if _is_number(value) else value),
    "whose lists are all empty": _through(lambda value: [] if isinstance(value, list) else value),
    "whose lists are all null": _through(lambda value: None if isinstance(value, list) else value),
    "whose first fields are gone": _through(_without(0)),
    "whose last fields are gone": _through(_without(-1)),
    "whose fields are all in a list": _through(_in_a_list),
}
"""Normal answers, spoilt."""


@check("a broken connection is told, and never paid for twice", needs=wired)
async def broken(bench: CheckContext) -> None:
    """C9."""
    faults: Iterable[Fault] = ("reset", "truncate")
    async with working(bench) as shop:
        for fault in faults:
            error = await _fails(shop, f"a connection that ends in {fault}", *[Answer(fault=fault)] * (2 * _AGAIN))
            paid = len(bench.paid())
            assert paid == 1, f"{fault}: {paid} paying requests went out, but the first may have been billed."
            assert error.billed != "no", f"{fault}: billed is 'no' although the request had gone out."


@check("a provider that cannot be reached costs nothing", needs=wired)
async def refused(bench: CheckContext) -> None:
    """C9: nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as once:
        port = once.getsockname()[1]
    env = {name: f"http://127.0.0.1:{port}" if value == bench.url else value for name, value in bench.env().items()}
    async with working(bench, env=env) as shop:
        error = await failure(shop.make())
        assert error, "it worked although nobody listens at its base URL: does connect use access.base_url?"
        assert isinstance(error, Unreachable) and error.billed == "no", (  # noqa: PT018 - one sentence says both
            "nobody listens at the base URL: explain must make it Unreachable(billed='no'), not "
            f"{type(error).__name__}(billed={error.billed!r})."
        )
        shop.explained("a refused connection")
        _readable(error, "a refused connection")


@check("a provider that falls silent is left at the deadline", needs=wired)
async def silent(bench: CheckContext) -> None:
    """C9: no answer, or one byte now and then."""
    faults: Iterable[Fault] = ("silence", "drip")
    for fault in faults:
        async with working(bench, folder=fault, jump=False) as shop:
            bench.on_wire.clear()
            answer = Answer(status=200 if fault == "drip" else 0, fault=fault)
            bench.on_wire.script(*[answer] * _AGAIN)
            job_id = await shop.begin()
            await until(bench.paid)
            await shop.clock.advance(bench.capability.deadline + 1)
            ended = await shop.ended(job_id)
            assert ended.status in {"unknown", "failed"}, f"{fault}: the job is {ended.status} after the deadline."
            _nothing_left(shop, fault)
            assert len(bench.paid()) == 1, f"{fault}: the paying request was sent again, but may have been billed."
    bench.on_wire.clear()


@check("a call that is cancelled leaves nothing", needs=wired)
async def cancelled(bench: CheckContext) -> None:
    """C10, while the paying request is out."""
    async with working(bench, jump=False) as shop:
        bench.on_wire.clear()
        bench.on_wire.script(Answer(fault="silence"))
        job_id = await shop.begin()
        await until(bench.paid)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(shop.job, job_id, cancel=True))
            await shop.clock.advance(_CUT_OFF)
        ended = await shop.job(job_id)
        assert ended.status in {"cancelled", "unknown"}, f"a cancelled job is {ended.status}: {ended.error}"
        assert not ended.files, "a cancelled job has files."
        _nothing_left(shop, "cancelled")
        bench.on_wire.clear()
        assert len(bench.paid()) == 0
        async with shop.clock.autojump():
            again = await shop.make(prompt=bench.prompts[1])
        assert again.status == "done", f"after a cancelled call the next one is {again.status}: {again.error}"


async def _fails(shop: EngineHarness, what: str, *answers: Answer, may_work: bool = False) -> MediaError:
    """How a call ends whose paying request is answered so."""
    wire = shop.bench.on_wire
    wire.clear()
    wire.script(*answers)
    error = await failure(shop.make(prompt=f"{shop.bench.prompts[0]} {shop.seen.starts}"))
    if error is None:
        assert may_work, f"{what} counts as a success: read answers with a model that demands what is used."
        return MediaError("It worked.")
    shop.explained(what)
    _readable(error, what)
    _nothing_left(shop, what, allowed=may_work)
    return error


def _readable(error: MediaError, what: str) -> None:
    found = _PYTHON.search(str(error))
    assert not found, (
        f"{what} is told as {str(error)!r}. '{found.group()}' is for programmers: have explain, or the code that reads "
        "the answer, raise a MediaError with a sentence of your own."
    )


def _nothing_left(shop: EngineHarness, what: str, *, allowed: bool = False) -> None:
    left = shop.files()
    assert allowed or not left, f"{what}: {', '.join(left)} was left in the output folder."


CHECKS = (statuses, nonsense, broken, refused, silent, cancelled)
