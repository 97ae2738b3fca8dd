"""One call that goes well."""

from __future__ import annotations

import io
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
from pydantic import BaseModel

from mediasmith.engine.results import MediaResult
from mediasmith.plugin.contract import JSON, Request, Result
from mediasmith.plugin.media import HEAD, sniff
from mediasmith.testing.adapter_harness import AdapterHarness
from mediasmith.testing.engine_harness import EngineHarness, working
from mediasmith.testing.probes import probes
from mediasmith.testing.rig import CheckContext, Rig, accepts, check, content, counted, noise
from mediasmith.testing.wire import Answer, Sent, facts

_MAX_STATE = 65_536
_BLOCKED_SECONDS = 0.5


@check("one call is one paying request and one file")
async def one_call(bench: CheckContext) -> None:
    """What is asked for is made, once."""
    async with working(bench) as shop:
        result = await shop.make()
        assert result.status == "done", f"the result is {result.status}: {result.error or result.text()}"
        assert shop.seen.starts == 1, f"start was called {shop.seen.starts} times."
        paid = len(bench.paid())
        assert bench.wire is None or paid == 1, (
            f"{paid} paying requests went out for one call: send one, and switch the SDK's own retries off."
            if paid
            else "no paying request went out: is `pays` of the wire right?"
        )
        assert len(result.files) == 1, f"{len(result.files)} files were made where one was asked for."
        lost = [text for text in shop.seen.warnings if text not in result.warnings]
        assert not lost, f"these warnings did not reach the result: {lost}"
        _kept_only(shop, result)
        await _readable(shop, result)


def _kept_only(shop: EngineHarness, result: MediaResult) -> None:
    """A sink that was opened and not returned is gone."""
    due = sorted(Path(file.path).name for file in result.files)
    assert shop.files() == due, f"the output folder holds {shop.files()}, the result names {due}."


async def _readable(shop: EngineHarness, result: MediaResult) -> None:
    """C17."""
    for file in result.files:
        record = await shop.engine.artifact(file.id, "local")
        data = await anyio.Path(record.path).read_bytes()
        same = (len(data), sha256(data).hexdigest()) == (record.bytes, record.sha256)
        assert same, f"{file.path} is not what was saved."


@check("a file is of the type it is said to be")
async def true_types(bench: CheckContext) -> None:
    """C13: for every format that can be asked for."""
    async with bench.hands() as hands:
        found = [probe for probe in await probes(bench, hands) if probe.word == "output_format"]
        for value in (None, *(found[0].values if found else ())):
            given: Mapping[str, JSON] = {} if value is None else {"output_format": value}
            ask = bench.ask({**(bench.rig.companions.get("output_format", {}) if given else {}), **given})
            model = next(one for one in bench.models if value is None or accepts(one, "output_format", value))
            _true_type(await _made(hands, replace(ask, model=model)), value)
    async with working(bench) as shop:
        result = await shop.make()
    claimed = [output.mime for output in shop.seen.results[-1].outputs]
    assert claimed == [file.mime for file in result.files], (
        f"the outputs say {claimed}, the files are {[file.mime for file in result.files]}."
    )


def _true_type(result: Result, asked: JSON) -> None:
    for output in result.outputs:
        data = content(output)
        if data is not None:
            found = sniff(data[:HEAD])
            assert found == output.mime, (
                f"an output says it is {output.mime}, but its first bytes are of {found or 'no known type'}"
                f"{f' (output_format {asked})' if asked else ''}. Give the true type; wrap headerless audio with "
                "mediasmith.plugin.media.wav."
            )


async def _started(hands: AdapterHarness, ask: Request[Any]) -> None:
    await hands.capability.start(hands.call_for(ask))


async def _made(hands: AdapterHarness, ask: Request[Any]) -> Result:
    return await hands.finish(await hands.capability.start(hands.call_for(ask)))


@check("what is kept with a file is small JSON and leads on")
async def state(bench: CheckContext) -> None:
    """C14."""
    async with working(bench) as shop:
        result = await shop.make()
        kept = [output.state for output in shop.seen.results[-1].outputs]
        for one in (*kept, *shop.seen.handles):
            assert one is None or isinstance(one, BaseModel), f"state or handle is a {type(one).__name__}, not a model."
            if one is not None:
                _survives_json(one)
        if bench.capability.edits is None and not any(kept):
            return
        taken = {mime for takes in bench.capability.takes.values() for mime in takes.mimes}
        assert bench.capability.edits or not any(file.mime in taken for file in result.files), (
            "it keeps state with a file and takes such files, but has no edits role for when that state is gone."
        )
        before = len(bench.wire.requests()) if bench.wire else 0
        edited = await shop.edit(continuation_id=result.continuation_id, prompt=bench.prompts[1])
        assert edited.status == "done", f"continuing its own file is {edited.status}: {edited.error}"
        assert not any("was left out" in warning for warning in edited.warnings), f"{edited.warnings}"
    if bench.wire:
        await _differs_from_plain(bench, bench.wire.requests()[before:])


async def _differs_from_plain(bench: CheckContext, edit: Sequence[Sent]) -> None:
    async with bench.hands() as hands:
        one = await bench.sent(hands, bench.ask(prompt=bench.prompts[1]))
        other = await bench.sent(hands, bench.ask(prompt=bench.prompts[1]))
    plain = {**one, **dict.fromkeys(noise(one, other), "")}
    changed = [place for place, value in facts(edit).items() if plain.get(place) not in {value, ""}]
    assert changed, "continuing a file sends what a plain call sends: neither state nor the saved file goes out."


def _survives_json(kept: BaseModel) -> None:
    """Make sure that a state or handle comes back from its JSON as it was."""
    try:
        text = json.dumps(kept.model_dump(mode="json"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise AssertionError(
            f"state or handle is no JSON ({error}): keep plain texts, numbers, lists and mappings."
        ) from error
    assert len(text) <= _MAX_STATE, f"state or handle has {len(text):,} bytes of JSON; at most {_MAX_STATE:,} are kept."
    assert type(kept).model_validate_json(text) == kept, "state or handle changes on its way through JSON."


@check("it prints nothing and leaves nothing on the disk")
async def tidy(bench: CheckContext) -> None:
    """`start` and `poll` have no standard output and no disk, whether they go well or not."""
    bare = bench.folder / "bare"
    bare.mkdir()
    with redirect_stdout(io.StringIO()) as printed, _living_in(bare):
        async with bench.hands() as hands:
            await _made(hands, bench.ask())
            if bench.wire:
                bench.wire.script(*[Answer(status=500, body=b"{}")] * 4)
                with suppress(Exception):
                    await hands.capability.start(hands.call_for(bench.ask()))
                bench.wire.clear()
    assert not printed.getvalue(), f"it printed {printed.getvalue()[:80]!r}: standard output belongs to the protocol."
    left = sorted(str(path.relative_to(bare)) for path in bare.rglob("*"))
    assert not left, f"it left {', '.join(left)} behind: hand bytes over, or write into call.file(mime)."


@contextmanager
def _living_in(folder: Path) -> Generator[None]:
    """Have the working folder and the folder for temporary files be this one."""
    here, temporary = Path.cwd(), tempfile.tempdir
    os.chdir(folder)
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = temporary
        os.chdir(here)


@check("two calls at once keep apart")
async def apart(bench: CheckContext) -> None:
    """C16."""
    asks = [bench.ask(prompt=prompt) for prompt in bench.prompts]
    async with bench.hands() as hands:
        alone = [await _prints(bench, hands, ask) for ask in asks]
        again = await _prints(bench, hands, asks[0])
        # Each request is counted as the first of its call, so that order says nothing.
        places = frozenset(f"1.{place.partition('.')[2]}" for place in noise(alone[0][1], again[1]))
        if bench.wire is None:
            assert await _outputs_together(bench, hands, asks) == [found for _, found in alone], _MIXED
            return
        bench.wire.clear()
        async with anyio.create_task_group() as tasks:
            for ask in asks:
                tasks.start_soon(_started, hands, ask)
    due: Counter[Any] = Counter()
    for sent, _ in alone:
        due += counted(sent, places)
    assert counted(bench.wire.requests(), places) == due, _MIXED


_MIXED = (
    "two calls at once do not do what each does alone: keep what belongs to a call in local variables, not in the "
    "client, the module or a default."
)


async def _prints(
    bench: CheckContext, hands: AdapterHarness, ask: Request[Any]
) -> tuple[tuple[Sent, ...], Mapping[str, str]]:
    found = await bench.sent(hands, ask)
    return (tuple(bench.wire.requests()) if bench.wire else ()), found


async def _outputs_together(
    bench: CheckContext, hands: AdapterHarness, asks: list[Request[Any]]
) -> list[Mapping[str, str]]:
    found: dict[int, Mapping[str, str]] = {}

    async def one(number: int, ask: Request[Any]) -> None:
        found[number] = await bench.sent(hands, ask)

    async with anyio.create_task_group() as tasks:
        for number, ask in enumerate(asks):
            tasks.start_soon(one, number, ask)
    return [found[number] for number in range(len(asks))]


def _unwired(rig: Rig, _capability: Any) -> bool:
    return rig.wire is None


@check("the event loop stays free", needs=_unwired)
async def free_loop(bench: CheckContext) -> None:
    """Work that takes long is done in a worker thread. With a wire, a provider that is silent shows it."""
    gaps, took = [0.0], 0.0

    async def tick() -> None:
        last = time.perf_counter()
        while True:
            await anyio.lowlevel.checkpoint()
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    async with bench.hands() as hands, anyio.create_task_group() as tasks:
        tasks.start_soon(tick)
        await anyio.lowlevel.checkpoint()
        began = time.perf_counter()
        await _made(hands, bench.ask())
        took = time.perf_counter() - began
        await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    longest = max(gaps)
    assert longest < _BLOCKED_SECONDS or longest < took / 2, (
        f"start kept the event loop for {longest:.1f} of {took:.1f} seconds: do the work in anyio.to_thread.run_sync."
    )


CHECKS = (one_call, true_types, state, tidy, apart, free_loop)
