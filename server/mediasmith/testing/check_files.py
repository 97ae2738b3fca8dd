"""One call that goes well: its requests, its file, its state, and what it leaves alone."""

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
from mediasmith.plugin.contract import JSON, Capability, Request, Result
from mediasmith.plugin.media import HEAD, sniff
from mediasmith.testing.adapter_harness import AdapterHarness
from mediasmith.testing.engine_harness import EngineHarness, running_engine
from mediasmith.testing.probes import probes, unfit
from mediasmith.testing.rig import CheckContext, Rig, accepts, check, content, counted, noise
from mediasmith.testing.wire import Answer, Sent, facts

_MAX_STATE = 65_536
_BLOCKED_SECONDS = 0.5


@check("one call is one paying request and one file")
async def one_call(context: CheckContext) -> None:
    """What is asked for is made, once."""
    async with running_engine(context) as harness:
        result = await harness.generate()
        assert result.status == "done", f"the result is {result.status}: {result.error or result.text()}"
        assert harness.observed.starts == 1, f"start was called {harness.observed.starts} times."
        paid = len(context.paid())
        assert context.wire is None or paid == 1, (
            f"{paid} paying requests went out for one call: send one, and switch the SDK's own retries off."
            if paid
            else "no paying request went out: is `pays` of the wire right?"
        )
        assert len(result.files) == 1, f"{len(result.files)} files were made where one was asked for."
        lost = [text for text in harness.observed.warnings if text not in result.warnings]
        assert not lost, f"these warnings did not reach the result: {lost}"
        _kept_only(harness, result)
        await _readable(harness, result)


def _kept_only(harness: EngineHarness, result: MediaResult) -> None:
    """Make sure that a sink which was opened and not returned is gone."""
    due = sorted(Path(file.path).name for file in result.files)
    assert harness.files() == due, f"the output folder holds {harness.files()}, the result names {due}."


async def _readable(harness: EngineHarness, result: MediaResult) -> None:
    """Make sure that the record of each file is true."""
    for file in result.files:
        record = await harness.engine.artifact(file.id, "local")
        data = await anyio.Path(record.path).read_bytes()
        same = (len(data), sha256(data).hexdigest()) == (record.bytes, record.sha256)
        assert same, f"{file.path} is not what was saved."


def _takes_two(rig: Rig, capability: Capability[Any, Any]) -> bool:
    return "n" in capability.params.model_fields and not unfit(capability, rig, "n", 2)


@check("as many files come as are asked for", needs=_takes_two)
async def several(context: CheckContext) -> None:
    """What is paid for is returned."""
    request = context.request({**context.rig.companions.get("n", {}), "n": 2})
    model = next((model for model in context.models if accepts(model, "n", 2)), None)
    if model is None:
        return
    async with context.adapter() as adapter:
        result = await _finished(adapter, replace(request, model=model))
    assert len(result.outputs) == 2, (  # noqa: PLR2004 - as asked for
        f"{len(result.outputs)} files came where n was 2: return every file of the answer, and have the fake provider "
        "answer with as many as it is asked for."
    )


@check("a file is of the type it is said to be")
async def true_types(context: CheckContext) -> None:
    """For every format that can be asked for."""
    async with context.adapter() as adapter:
        found = [probe for probe in await probes(context, adapter) if probe.word == "output_format"]
        for value in (None, *(found[0].values if found else ())):
            given: Mapping[str, JSON] = {} if value is None else {"output_format": value}
            request = context.request({**(context.rig.companions.get("output_format", {}) if given else {}), **given})
            able = (one for one in context.models if value is None or accepts(one, "output_format", value))
            if model := next(able, None):  # a model that is looked up may accept more
                _true_type(await _finished(adapter, replace(request, model=model)), value)
    async with running_engine(context) as harness:
        result = await harness.generate()
    claimed = [output.mime for output in harness.observed.results[-1].outputs]
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


async def _started(adapter: AdapterHarness, request: Request[Any]) -> None:
    await adapter.capability.start(adapter.call_for(request))


async def _finished(adapter: AdapterHarness, request: Request[Any]) -> Result:
    return await adapter.finish(await adapter.capability.start(adapter.call_for(request)))


@check("state survives JSON, and an edit continues from it")
async def state(context: CheckContext) -> None:
    """State is small JSON, and an edit sends it."""
    async with running_engine(context) as harness:
        result = await harness.generate()
        kept = [output.state for output in harness.observed.results[-1].outputs]
        for one in (*kept, *harness.observed.handles):
            assert one is None or isinstance(one, BaseModel), f"state or handle is a {type(one).__name__}, not a model."
            if one is not None:
                _survives_json(one)
        if context.capability.edits is None and not any(kept):
            return
        taken = {mime for takes in context.capability.takes.values() for mime in takes.mimes}
        assert context.capability.edits or not any(file.mime in taken for file in result.files), (
            "it keeps state with a file and takes such files, but has no edits role for when that state is gone."
        )
        before = len(context.wire.requests()) if context.wire else 0
        edited = await harness.edit(continuation_id=result.continuation_id, prompt=context.prompts[1])
        assert edited.status == "done", f"continuing its own file is {edited.status}: {edited.error}"
        assert not any("was left out" in warning for warning in edited.warnings), f"{edited.warnings}"
    if context.wire:
        await _differs_from_plain(context, context.wire.requests()[before:])


async def _differs_from_plain(context: CheckContext, edit: Sequence[Sent]) -> None:
    async with context.adapter() as adapter:
        one = await context.sent(adapter, context.request(prompt=context.prompts[1]))
        other = await context.sent(adapter, context.request(prompt=context.prompts[1]))
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


@check("it prints nothing and leaves nothing on the disk", about="functions")
async def tidy(context: CheckContext) -> None:
    """`start` and `poll` have no standard output and no disk, whether they go well or not."""
    bare = context.folder / "bare"
    bare.mkdir()
    with redirect_stdout(io.StringIO()) as printed, _living_in(bare):
        async with context.adapter() as adapter:
            await _finished(adapter, context.request())
            if context.wire:
                context.wire.script(*[Answer(status=500, body=b"{}")] * 4)
                with suppress(Exception):
                    await adapter.capability.start(adapter.call_for(context.request()))
                context.wire.clear()
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


@check("concurrent calls share nothing", about="functions")
async def apart(context: CheckContext) -> None:
    """Two calls at the same time send what each sends alone."""
    asks = [context.request(prompt=prompt) for prompt in context.prompts]
    async with context.adapter() as adapter:
        alone = [await _prints(context, adapter, request) for request in asks]
        again = await _prints(context, adapter, asks[0])
        # Each request is counted as the first of its call, so that order says nothing.
        places = frozenset(f"1.{place.partition('.')[2]}" for place in noise(alone[0][1], again[1]))
        if context.wire is None:
            assert await _outputs_together(context, adapter, asks) == [found for _, found in alone], _MIXED
            return
        context.wire.clear()
        async with anyio.create_task_group() as tasks:
            for request in asks:
                tasks.start_soon(_started, adapter, request)
    due: Counter[Any] = Counter()
    for sent, _ in alone:
        due += counted(sent, places)
    assert counted(context.wire.requests(), places) == due, _MIXED


_MIXED = (
    "two calls at once do not do what each does alone: keep what belongs to a call in local variables, not in the "
    "client, the module or a default."
)


async def _prints(
    context: CheckContext, adapter: AdapterHarness, request: Request[Any]
) -> tuple[tuple[Sent, ...], Mapping[str, str]]:
    found = await context.sent(adapter, request)
    return (tuple(context.wire.requests()) if context.wire else ()), found


async def _outputs_together(
    context: CheckContext, adapter: AdapterHarness, asks: list[Request[Any]]
) -> list[Mapping[str, str]]:
    found: dict[int, Mapping[str, str]] = {}

    async def one(number: int, request: Request[Any]) -> None:
        found[number] = await context.sent(adapter, request)

    async with anyio.create_task_group() as tasks:
        for number, request in enumerate(asks):
            tasks.start_soon(one, number, request)
    return [found[number] for number in range(len(asks))]


def _unwired(rig: Rig, _capability: Any) -> bool:
    return rig.wire is None


@check("the event loop stays free", needs=_unwired)
async def free_loop(context: CheckContext) -> None:
    """Work that takes long is done in a worker thread. With a wire, a provider that is silent shows it."""
    gaps, took = [0.0], 0.0

    async def tick() -> None:
        last = time.perf_counter()
        while True:
            await anyio.lowlevel.checkpoint()
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    async with context.adapter() as adapter, anyio.create_task_group() as tasks:
        tasks.start_soon(tick)
        await anyio.lowlevel.checkpoint()
        began = time.perf_counter()
        await _finished(adapter, context.request())
        took = time.perf_counter() - began
        await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    longest = max(gaps)
    assert longest < _BLOCKED_SECONDS or longest < took / 2, (
        f"start kept the event loop for {longest:.1f} of {took:.1f} seconds: do the work in anyio.to_thread.run_sync."
    )


CHECKS = (one_call, several, true_types, state, tidy, apart, free_loop)
