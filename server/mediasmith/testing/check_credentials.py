"""Sign in with the key, and keep it secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from mediasmith.config.base_urls import base_url_variable
from mediasmith.plugin.access import Access
from mediasmith.plugin.contract import Accepted, Capability, Output, Pending, Remote, Result
from mediasmith.plugin.errors import MissingKey
from mediasmith.runtime.network import SystemNetwork
from mediasmith.testing.adapter_harness import AdapterHarness
from mediasmith.testing.bad_answers import moved_to
from mediasmith.testing.engine_harness import EngineHarness, failure_of, running_engine
from mediasmith.testing.rig import KEY, CheckContext, Rig, check, leaks, needs_key
from mediasmith.testing.wire import Answer

_STATUSES = (400, 401, 403, 404, 429, 500)


@check("without a key, the error names the variables", needs=needs_key, about="functions")
async def missing_key(context: CheckContext) -> None:
    """Without a key no function of the backend is called."""
    address = base_url_variable(context.backend.name)
    async with running_engine(context, env={address: context.url} if context.url else {}) as harness:
        error = await failure_of(harness.generate())
    assert isinstance(error, MissingKey), f"without a key it ends with {error!r}, not MissingKey."
    assert set(error.variables) == set(context.backend.keys), f"MissingKey names {error.variables}."
    assert all(name in str(error) for name in context.backend.keys), (
        f"the message does not name every variable: {error}"
    )
    assert not harness.observed.starts, "start was called without a key."
    assert not context.paid(), "a paying request went out without a key."


def _has_key_to_leak(rig: Rig, _capability: Capability[Any, Any]) -> bool:
    return bool(rig.backend.keys) and not set(rig.backend.keys) & set(rig.env)


@check("the key shows up nowhere", needs=_has_key_to_leak, about="functions")
async def secret(context: CheckContext) -> None:
    """The key, also encoded or in part, is in no error, log, result, file name or record."""
    with _logged() as lines:
        await _in_errors(context)
        async with running_engine(context) as harness:
            result = await harness.generate()
            _hidden("the result", result.text())
            for answer in harness.observed.answers:
                _hidden("a handle, state, message or detail", repr(answer))
            _hidden("a file's name", " ".join(harness.files()))
            await _when_echoed(context, harness)
        for path in sorted((harness.folder / "data").rglob("*")):
            if path.is_file():
                _hidden(f"the library ({path.name}): no handle, state or detail may hold it", path.read_bytes())
    for line in lines:
        _hidden("the log", line)


async def _in_errors(context: CheckContext) -> None:
    """What the backend itself says, before the server redacts anything."""
    async with context.adapter() as adapter:
        access = Access(key=KEY, env={}, base_url=context.url, network=SystemNetwork())
        _hidden("repr of Access", repr(access))
        _hidden("repr of a call (its client's repr)", repr(adapter.call_for(context.request())))
        answers = [Answer(status=status, body=b"{}") for status in _STATUSES] if context.wire else []
        for answer in (*answers, Answer(fault="reset")):
            if context.wire:
                context.wire.clear()
                context.wire.script(*[answer] * 4)
            try:
                await adapter.capability.start(adapter.call_for(context.request()))
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not show the key
                known = context.explain(error)
                _hidden("an error's message", str(known) if known else "")
    if context.wire:
        context.wire.clear()


async def _when_echoed(context: CheckContext, harness: EngineHarness) -> None:
    """A provider that repeats the key in its answer."""
    if context.wire is None:
        return
    echo = json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}", "code": KEY}, "detail": KEY})
    context.wire.clear()
    context.wire.script(*[Answer(status=400, body=echo.encode())] * 4)
    error = await failure_of(harness.generate(prompt=context.prompts[1]))
    _hidden("the message for a provider's error that repeats it", str(error))
    context.wire.clear()


def _hidden(place: str, text: str | bytes) -> None:
    form = leaks(text)
    how = "whole" if form == KEY else "in part or encoded"
    assert not form, f"the key stands in {place}, {how}: never put it, or a client's or request's repr, into text."


def _may_send_key(rig: Rig, capability: Capability[Any, Any]) -> bool:
    return rig.wire is not None and _has_key_to_leak(rig, capability)


@check("the key goes to no other host", needs=_may_send_key, about="functions")
async def one_host(context: CheckContext) -> None:
    """Every URL in an answer names another host: what leads there has no key."""
    wire = context.on_wire
    host = f"localhost:{urlsplit(wire.url).port}"
    moved = Answer(edit=moved_to(host))
    async with context.adapter() as adapter:
        wire.clear()
        wire.script(moved)
        wire.script(*[moved] * 1000, pays=False)
        outputs = await _outputs(adapter, context)
        sent = [request for request in wire.requests() if request.headers.get("host") == host]
        wire.clear()
    bodies = [output.body for output in outputs]
    remote = [body for body in bodies if isinstance(body, Remote) and urlsplit(body.url).netloc == host]
    assert not any(leaks(repr((request.path, request.headers, request.body))) for request in sent), (
        "it sent the key to another host, which an answer had named: ask at a URL of an answer only if same_origin "
        "says that it is the base URL's."
    )
    assert not any(leaks(repr((body.url, dict(body.headers)))) for body in remote), (
        "Remote has the key for a URL at another host: add headers only if same_origin says that it is the base URL's."
    )


async def _outputs(adapter: AdapterHarness, context: CheckContext) -> tuple[Output, ...]:
    """Start, poll and cancel, and return the outputs if there are any."""
    answer: object = None
    with suppress(Exception):
        answer = started = await adapter.capability.start(adapter.call_for(context.request()))
        if isinstance(started, Accepted):
            with suppress(Exception):
                answer = await adapter.poll(started.handle)
                while isinstance(answer, Pending):
                    answer = await adapter.poll(started.handle)
            if adapter.capability.cancel:
                await adapter.cancel(started.handle)
    return answer.outputs if isinstance(answer, Result) else ()


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(logging.Formatter().format(record))


@contextmanager
def _logged() -> Generator[list[str]]:
    """Every line that is logged, by anyone, from INFO up."""
    root, lines = logging.getLogger(), _Lines()
    level = root.level
    root.addHandler(lines)
    root.setLevel(logging.INFO)
    try:
        yield lines.lines
    finally:
        root.setLevel(level)
        root.removeHandler(lines)


CHECKS = (missing_key, secret, one_host)
