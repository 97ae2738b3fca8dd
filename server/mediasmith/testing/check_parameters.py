"""Every word is honoured, or refused with a message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mediasmith.plugin.contract import JSON, Model, Request
from mediasmith.plugin.files import Source
from mediasmith.plugin.kinds import Role
from mediasmith.plugin.params import INPUT_WORDS, WORDS
from mediasmith.testing.adapter_harness import AdapterHarness
from mediasmith.testing.engine_harness import EngineHarness, failure_of, running_engine
from mediasmith.testing.probes import Probe, probes
from mediasmith.testing.rig import CheckContext, accepts, check, noise, without
from mediasmith.testing.wire import Facts

_NEW = b"\xc0\x20\x20"


class _Differences:
    """What a call sends, without what differs between any two calls. Without a wire: what it returns."""

    def __init__(self, context: CheckContext, adapter: AdapterHarness) -> None:
        self.context = context
        self.adapter = adapter
        self._noise: frozenset[str] = frozenset()
        self._without: dict[str, Facts] = {}

    async def calibrate(self) -> None:
        """Learn what differs between two equal calls."""
        one, other = await self.of(self.context.request()), await self.of(self.context.request())
        self._noise = noise(one, other)
        assert self.context.wire or not self._noise, (
            "two equal calls made different files, so nothing can be compared: give the Rig a wire, or a base that "
            "makes the same file twice (a seed)."
        )

    async def without(self, request: Request[Any]) -> Facts:
        """Return the facts of a call without the word that is tried; many words share it."""
        key = _describe(request)
        if key not in self._without:
            self._without[key] = await self.of(request)
        return self._without[key]

    async def of(self, request: Request[Any]) -> Facts:
        """Return the facts of one call."""
        refused = self.context.capability.refuses(request)
        assert not refused, f"refuses says: {refused}. Name what it needs beside it in Rig(companions=…)."
        try:
            found = await self.context.sent(self.adapter, request)
        except Exception as error:
            known = self.context.explain(error) or error
            raise AssertionError(f"start failed with {_describe(request)}: {known!r}") from error
        return without(found, self._noise)


def _describe(request: Request[Any]) -> str:
    given = request.params.model_dump(exclude_defaults=True)
    return f"model {request.model.id}, {given}, inputs {', '.join(request.inputs) or 'none'}"


@check("every parameter reaches the provider")
async def parameters(context: CheckContext) -> None:
    """Each value of each parameter makes a difference, or a warning says that it does not."""
    async with context.adapter() as adapter:
        differences = _Differences(context, adapter)
        await differences.calibrate()
        for probe in await probes(context, adapter):
            await _try(differences, probe)


async def _try(differences: _Differences, probe: Probe) -> None:
    context, adapter, word = differences.context, differences.adapter, probe.word
    seen: dict[str, list[tuple[JSON, Facts]]] = {}
    for value in probe.values:
        model = _model_for(context, word, value)
        if model is None:
            continue
        beside = context.rig.companions.get(word, {})
        base = await differences.without(_asked(context, model, beside))
        adapter.warnings.clear()
        given = await differences.of(_asked(context, model, {**beside, word: value}))
        if any(word in warning for warning in adapter.warnings):
            continue  # there was a warning
        same = [repr(earlier) for earlier, facts in seen.get(model.id, ()) if facts == given]
        assert not same or value == "auto", _alike(context, f"{word} {value!r}", f"{word} {same[0]}")
        assert given != base or _may_be_unsaid(context, probe, value), _alike(
            context, f"{word} {value!r}", f"no {word}"
        )
        if value != "auto":
            seen.setdefault(model.id, []).append((value, given))


def _may_be_unsaid(context: CheckContext, probe: Probe, value: JSON) -> bool:
    """Whether this value may be what happens anyway. Without a wire any one may: two that are alike are found."""
    return value in (probe.default, "auto") or (context.wire is None and len(probe.values) > 1)


def _alike(context: CheckContext, one: str, other: str) -> str:
    return (
        f"{context.backend.name}.{context.capability.name} does the same for {one} as for {other}: send it, "
        "call.warn that it is left out or changed, refuse it, or do not declare it."
    )


def _model_for(context: CheckContext, word: str, value: JSON) -> Model | None:
    """Return a model that accepts this; None where only one that is looked up may."""
    beside = {**context.rig.base, **context.rig.companions.get(word, {}), word: value}
    for model in context.models:
        if all(accepts(model, name, given) for name, given in beside.items()):
            return model
    alike = [one for one in context.backend.capabilities if one.params is context.capability.params]
    if any(one.lookup for one in alike):
        return None
    raise AssertionError(f"no model accepts {word} {value!r}: see Model.accepts, or do not declare it.")


def _asked(context: CheckContext, model: Model, given: Mapping[str, JSON]) -> Request[Any]:
    """A call with these parameters; what names an input among them gives a file."""
    roles: dict[Role, Sequence[Source]] = {
        role: [context.source(role)] for role in context.capability.takes if role in given
    }
    params = {word: value for word, value in given.items() if word not in context.capability.takes}
    return context.request(params, model=model, inputs=roles)


@check("the prompt, the model and every input reach the provider")
async def rest_of_the_call(context: CheckContext) -> None:
    """Whatever is not a parameter."""
    async with context.adapter() as adapter:
        differences = _Differences(context, adapter)
        await differences.calibrate()
        base = await differences.of(context.request())
        other = await differences.of(context.request(prompt=context.prompts[1]))
        said = any("prompt" in warning for warning in adapter.warnings)
        assert base != other or said, _alike(context, "one prompt", "another prompt")
        for model in context.models[1:] if context.wire else ():
            given = await differences.of(replace(context.request(), model=model))
            assert base != given, _alike(context, f"model {model.id}", f"model {context.models[0].id}")
        for role in context.capability.takes:
            plain = await differences.without(context.request(model=_model_taking(context, role)))
            one, two = [await differences.of(request) for request in _with_inputs(context, role)]
            assert plain != one or role in context.required(), _alike(context, f"a file in {role}", "no file")
            assert one != two, _alike(context, f"one file in {role}", "another file")


def _model_taking(context: CheckContext, role: Role) -> Model:
    """Return the first model that takes a file in this role, and what the file needs beside it."""
    roles = {role, *(name for name in context.capability.takes if name in _beside(context, role))}
    for model in context.models:
        if roles <= context.capability.takes_with(model).keys():
            return model
    raise AssertionError(f"no model takes {role}: see Model.takes, or do not declare it.")


def _beside(context: CheckContext, role: Role) -> Mapping[str, Any]:
    return {**({"image": True} if role == "mask" else {}), **context.rig.companions.get(role, {})}


def _with_inputs(context: CheckContext, role: Role) -> Iterator[Request[Any]]:
    beside = _beside(context, role)
    for colour in (_NEW, _NEW[::-1]):
        inputs: dict[Role, Sequence[Source]] = {
            name: [context.source(name)] for name in context.capability.takes if name in beside
        }
        params = {word: value for word, value in beside.items() if word not in context.capability.takes}
        inputs[role] = [context.source(role, colour)]
        yield context.request(params, model=_model_taking(context, role), inputs=inputs)


@check("a word it does not take is refused, or left out with a warning")
async def foreign_words(context: CheckContext) -> None:
    """Binding words are refused before `start`; advisory ones are left out with a warning."""
    async with running_engine(context) as harness:
        for argument in _foreign(context, harness, binding=True):
            await _refused(harness, argument)
        tuning = {word: value for one in _foreign(context, harness, binding=False) for word, value in one.items()}
        result = await harness.generate(**tuning)
    for word in tuning:
        assert any(word in warning for warning in result.warnings), f"{word} was left out without a warning."


async def _refused(harness: EngineHarness, argument: Mapping[str, JSON]) -> None:
    names = ", ".join(argument)
    error = await failure_of(harness.generate(**argument))
    assert error, f"{names} is binding, not declared, and was taken all the same."
    said = any(name in str(error) for name in argument)
    assert said, f"{names} was refused, but the message does not say so: {error}"
    assert not harness.observed.starts, f"{names} was refused only after start had been called."


_VALUES: Mapping[str, JSON] = {"string": "alpha", "integer": 1, "number": 1, "boolean": True, "strings": ["alpha"]}


def _foreign(context: CheckContext, harness: EngineHarness, *, binding: bool) -> Iterator[dict[str, JSON]]:
    """An argument for each word, and with `binding` each input, that the capability does not take."""
    for name, word in WORDS.items():
        if name not in context.capability.params.model_fields and word.binding == binding and name != "n":
            yield {name: _VALUES[word.type]}
    lacking: list[Role] = [role for role in INPUT_WORDS if role not in context.capability.takes]
    for role in lacking if binding else ():
        yield harness.foreign_file(role)


CHECKS = (parameters, rest_of_the_call, foreign_words)
