"""Every word is honoured or refused aloud."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mediasmith.plugin.contract import JSON, Model, Request
from mediasmith.plugin.files import Source
from mediasmith.plugin.kinds import Role
from mediasmith.plugin.params import INPUT_WORDS, WORDS
from mediasmith.testing.adapter_harness import AdapterHarness
from mediasmith.testing.engine_harness import EngineHarness, failure, working
from mediasmith.testing.probes import Probe, probes
from mediasmith.testing.rig import CheckContext, accepts, check, noise, without
from mediasmith.testing.wire import Facts

_NEW = b"\xc0\x20\x20"


class _Differences:
    """What goes out, but for what differs between any two calls. Without a wire: what comes out."""

    def __init__(self, bench: CheckContext, hands: AdapterHarness) -> None:
        self.bench = bench
        self.hands = hands
        self._noise: frozenset[str] = frozenset()
        self._without: dict[str, Facts] = {}

    async def calibrate(self) -> None:
        """Learn what differs between two equal calls."""
        one, other = await self.of(self.bench.ask()), await self.of(self.bench.ask())
        self._noise = noise(one, other)
        assert self.bench.wire or not self._noise, (
            "two equal calls made different files, so nothing can be compared: give the Rig a wire, or a base that "
            "makes the same file twice (a seed)."
        )

    async def without(self, ask: Request[Any]) -> Facts:
        """The facts of a call without the word that is tried; many words share it."""
        key = _told(ask)
        if key not in self._without:
            self._without[key] = await self.of(ask)
        return self._without[key]

    async def of(self, ask: Request[Any]) -> Facts:
        """The facts of one call."""
        refused = self.bench.capability.refuses(ask)
        assert not refused, f"refuses says: {refused}. Name what it needs beside it in Rig(companions=…)."
        try:
            found = await self.bench.sent(self.hands, ask)
        except Exception as error:
            told = self.bench.explained(error) or error
            raise AssertionError(f"start failed with {_told(ask)}: {told!r}") from error
        return without(found, self._noise)


def _told(ask: Request[Any]) -> str:
    given = ask.params.model_dump(exclude_defaults=True)
    return f"model {ask.model.id}, {given}, inputs {', '.join(ask.inputs) or 'none'}"


@check("every parameter reaches the provider")
async def parameters(bench: CheckContext) -> None:
    """C3: each value of each parameter makes a difference, or a warning says that it does not."""
    async with bench.hands() as hands:
        differences = _Differences(bench, hands)
        await differences.calibrate()
        for probe in await probes(bench, hands):
            await _try(differences, probe)


async def _try(differences: _Differences, probe: Probe) -> None:
    bench, hands, word = differences.bench, differences.hands, probe.word
    seen: dict[str, list[tuple[JSON, Facts]]] = {}
    for value in probe.values:
        model = _model_for(bench, word, value)
        beside = bench.rig.companions.get(word, {})
        base = await differences.without(_asked(bench, model, beside))
        hands.warnings.clear()
        given = await differences.of(_asked(bench, model, {**beside, word: value}))
        if any(word in warning for warning in hands.warnings):
            continue  # it was said aloud
        same = [repr(earlier) for earlier, facts in seen.get(model.id, ()) if facts == given]
        assert not same or value == "auto", _alike(bench, f"{word} {value!r}", f"{word} {same[0]}")
        assert given != base or _may_be_unsaid(bench, probe, value), _alike(bench, f"{word} {value!r}", f"no {word}")
        if value != "auto":
            seen.setdefault(model.id, []).append((value, given))


def _may_be_unsaid(bench: CheckContext, probe: Probe, value: JSON) -> bool:
    """Whether this value may be what happens anyway. Without a wire any one may: two that are alike are found."""
    return value in (probe.default, "auto") or (bench.wire is None and len(probe.values) > 1)


def _alike(bench: CheckContext, one: str, other: str) -> str:
    return (
        f"{bench.backend.name}.{bench.capability.name} does the same for {one} as for {other}: send it, call.warn that "
        "it is left out or changed, refuse it, or do not declare it."
    )


def _model_for(bench: CheckContext, word: str, value: JSON) -> Model:
    beside = {**bench.rig.base, **bench.rig.companions.get(word, {}), word: value}
    for model in bench.models:
        if all(accepts(model, name, given) for name, given in beside.items()):
            return model
    raise AssertionError(f"no model accepts {word} {value!r}: see Model.accepts, or do not declare it.")


def _asked(bench: CheckContext, model: Model, given: Mapping[str, JSON]) -> Request[Any]:
    """A call with these parameters; what names an input among them gives a file."""
    roles: dict[Role, Sequence[Source]] = {
        role: [bench.source(role)] for role in bench.capability.takes if role in given
    }
    params = {word: value for word, value in given.items() if word not in bench.capability.takes}
    return bench.ask(params, model=model, inputs=roles)


@check("the prompt, the model and every input reach the provider")
async def rest_of_the_call(bench: CheckContext) -> None:
    """C3, for what is no parameter."""
    async with bench.hands() as hands:
        differences = _Differences(bench, hands)
        await differences.calibrate()
        base = await differences.of(bench.ask())
        other = await differences.of(bench.ask(prompt=bench.prompts[1]))
        said = any("prompt" in warning for warning in hands.warnings)
        assert base != other or said, _alike(bench, "one prompt", "another prompt")
        for model in bench.models[1:] if bench.wire else ():
            given = await differences.of(replace(bench.ask(), model=model))
            assert base != given, _alike(bench, f"model {model.id}", f"model {bench.models[0].id}")
        for role in bench.capability.takes:
            plain = await differences.without(bench.ask(model=_model_taking(bench, role)))
            one, two = [await differences.of(ask) for ask in _with_inputs(bench, role)]
            assert plain != one or role in bench.required(), _alike(bench, f"a file in {role}", "no file")
            assert one != two, _alike(bench, f"one file in {role}", "another file")


def _model_taking(bench: CheckContext, role: Role) -> Model:
    """Return the first model that takes a file in this role, and what the file needs beside it."""
    roles = {role, *(name for name in bench.capability.takes if name in _beside(bench, role))}
    for model in bench.models:
        if roles <= bench.capability.takes_with(model).keys():
            return model
    raise AssertionError(f"no model takes {role}: see Model.takes, or do not declare it.")


def _beside(bench: CheckContext, role: Role) -> Mapping[str, Any]:
    return {**({"image": True} if role == "mask" else {}), **bench.rig.companions.get(role, {})}


def _with_inputs(bench: CheckContext, role: Role) -> Iterator[Request[Any]]:
    beside = _beside(bench, role)
    for colour in (_NEW, _NEW[::-1]):
        inputs: dict[Role, Sequence[Source]] = {
            name: [bench.source(name)] for name in bench.capability.takes if name in beside
        }
        params = {word: value for word, value in beside.items() if word not in bench.capability.takes}
        yield bench.ask(params, model=_model_taking(bench, role), inputs={**inputs, role: [bench.source(role, colour)]})


@check("a word it does not take is refused or warned about")
async def foreign_words(bench: CheckContext) -> None:
    """C4."""
    async with working(bench) as shop:
        for argument in _foreign(bench, shop, binding=True):
            await _refused(shop, argument)
        tuning = {word: value for one in _foreign(bench, shop, binding=False) for word, value in one.items()}
        result = await shop.make(**tuning)
    for word in tuning:
        assert any(word in warning for warning in result.warnings), f"{word} was left out without a warning."


async def _refused(shop: EngineHarness, argument: Mapping[str, JSON]) -> None:
    names = ", ".join(argument)
    error = await failure(shop.make(**argument))
    assert error, f"{names} is binding, not declared, and was taken all the same."
    said = any(name in str(error) for name in argument)
    assert said, f"{names} was refused, but the message does not say so: {error}"
    assert not shop.seen.starts, f"{names} was refused only after start had been called."


_VALUES: Mapping[str, JSON] = {"string": "alpha", "integer": 1, "number": 1, "boolean": True, "strings": ["alpha"]}


def _foreign(bench: CheckContext, shop: EngineHarness, *, binding: bool) -> Iterator[dict[str, JSON]]:
    """An argument for each word, and with `binding` each input, that the capability does not take."""
    for name, word in WORDS.items():
        if name not in bench.capability.params.model_fields and word.binding == binding and name != "n":
            yield {name: _VALUES[word.type]}
    lacking: list[Role] = [role for role in INPUT_WORDS if role not in bench.capability.takes]
    for role in lacking if binding else ():
        yield shop.foreign_file(role)


CHECKS = (parameters, rest_of_the_call, foreign_words)
