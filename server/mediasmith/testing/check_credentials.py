"""How it signs in, and that the key stays where it belongs."""

from __future__ import annotations

import json
import logging
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from mediasmith.plugin.contract import Access, Capability
from mediasmith.plugin.errors import MissingKey
from mediasmith.runtime.network import SystemNetwork
from mediasmith.testing.engine_harness import EngineHarness, failure, working
from mediasmith.testing.rig import KEY, CheckContext, Rig, check, leaks, needs_key
from mediasmith.testing.wire import Answer

_STATUSES = (400, 401, 403, 404, 429, 500)


@check("without a key it says which one it needs", needs=needs_key)
async def missing_key(bench: CheckContext) -> None:
    """C5."""
    async with working(bench, env={}) as shop:
        error = await failure(shop.make())
    assert isinstance(error, MissingKey), f"without a key it ends with {error!r}, not MissingKey."
    assert set(error.variables) == set(bench.backend.keys), f"MissingKey names {error.variables}."
    assert all(name in str(error) for name in bench.backend.keys), f"the message does not name every variable: {error}"
    assert not shop.seen.starts, "start was called without a key."
    assert not bench.paid(), "a paying request went out without a key."


def _has_key_to_leak(rig: Rig, capability: Capability[Any, Any]) -> bool:
    return needs_key(rig, capability) and not set(rig.backend.keys) & set(rig.env)


@check("the key shows nowhere", needs=_has_key_to_leak)
async def secret(bench: CheckContext) -> None:
    """C6."""
    with _logged() as told:
        await _in_errors(bench)
        async with working(bench) as shop:
            result = await shop.make()
            _hidden("the result", result.text())
            for answer in shop.seen.answers:
                _hidden("a handle, state, message or detail", repr(answer))
            _hidden("a file's name", " ".join(shop.files()))
            await _when_echoed(bench, shop)
        for path in sorted((shop.folder / "data").rglob("*")):
            if path.is_file():
                _hidden(f"the library ({path.name}): no handle, state or detail may hold it", path.read_bytes())
    for line in told:
        _hidden("the log", line)


async def _in_errors(bench: CheckContext) -> None:
    """What the backend itself says, before the server blots anything out."""
    async with bench.hands() as hands:
        access = Access(key=KEY, env={}, base_url=bench.url, network=SystemNetwork())
        _hidden("repr of Access", repr(access))
        _hidden("repr of a call (its client's repr)", repr(hands.call_for(bench.ask())))
        answers = [Answer(status=status, body=b"{}") for status in _STATUSES] if bench.wire else []
        for answer in (*answers, Answer(fault="reset")):
            if bench.wire:
                bench.wire.clear()
                bench.wire.script(*[answer] * 4)
            try:
                await hands.capability.start(hands.call_for(bench.ask()))
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not tell the key
                known = bench.explained(error)
                _hidden("an error's message", str(known) if known else "")
    if bench.wire:
        bench.wire.clear()


async def _when_echoed(bench: CheckContext, shop: EngineHarness) -> None:
    """A provider that repeats the key in what it answers."""
    if bench.wire is None:
        return
    echo = json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}", "code": KEY}, "detail": KEY})
    bench.wire.clear()
    bench.wire.script(*[Answer(status=400, body=echo.encode())] * 4)
    error = await failure(shop.make(prompt=bench.prompts[1]))
    _hidden("the message for a provider's error that repeats it", str(error))
    bench.wire.clear()


def _hidden(place: str, text: str | bytes) -> None:
    form = leaks(text)
    how = "whole" if form == KEY else "in part or encoded"
    assert not form, f"the key stands in {place}, {how}: never put it, or a client's or request's repr, into text."


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


CHECKS = (missing_key, secret)
