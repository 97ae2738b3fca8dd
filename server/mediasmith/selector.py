"""Which backend and model shall do a request: a pure function from what is installed and asked to ordered choices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice, takewhile
from typing import Any

from pydantic import ValidationError

from mediasmith.arguments import closest
from mediasmith.contract import JSON, Ask, Backend, Capability, Kind, Model, Params, Range, Role, Source
from mediasmith.errors import InvalidRequest, MissingKey, NothingSuitable
from mediasmith.params import WORDS
from mediasmith.schema import field_schemas


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What an edit continues from: who made it, with which model, and the saved file.

    `native` says that the backend keeps state of its own for this file, which is `state`; `options` are those it was
    made with.
    """

    backend: str
    capability: str
    model: str
    native: bool
    file: Source | None
    state: JSON = None
    options: Mapping[str, JSON] = field(default_factory=dict[str, JSON])

    def made_with(self, backend: Backend[Any], capability: Capability[Any, Any]) -> bool:
        """Whether this capability made the file."""
        return (self.backend, self.capability) == (backend.name, capability.name)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the selector looks at.

    `words` were given now, `inherited` come from the file that is edited and count as advisory. `backend` and
    `model` are empty unless they were named.
    """

    kind: Kind
    prompts: tuple[str, ...]
    backend: str = ""
    model: str = ""
    words: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    inherited: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    options: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    inputs: Mapping[Role, tuple[Source, ...]] = field(default_factory=dict[Role, tuple[Source, ...]])
    draft: bool = False
    origin: Origin | None = None


@dataclass(frozen=True, kw_only=True)
class Installed:
    """What there is to choose from, and in which order.

    `missing` maps a backend, or `backend.capability`, to why it is not ready. `defaults` and `order` are the user's;
    `resting` backends failed a moment ago and are tried last.
    """

    backends: Sequence[Backend[Any]]
    missing: Mapping[str, str]
    today: date
    defaults: Mapping[Kind, str] = field(default_factory=dict[Kind, str])
    order: tuple[str, ...] = ()
    resting: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One way to do the request. `values` are the params but for `n`; `warnings` say what was left out or changed.

    `per_call` is how many files one paid call makes at most. `native` continues from the backend's own state; a
    choice that is not native is given the saved file. `lacks` counts the words that were left out.
    """

    backend: Backend[Any]
    capability: Capability[Any, Any]
    model: Model
    values: Mapping[str, JSON]
    inputs: Mapping[Role, tuple[Source, ...]] = field(default_factory=dict[Role, "tuple[Source, ...]"])
    per_call: int = 1
    native: bool = False
    warnings: tuple[str, ...] = ()
    lacks: int = 0

    def params(self, count: int, first: int = 0) -> Params:
        """The validated parameters of a call that makes `count` files, the first of them number `first`.

        Calls that share a seed would make the same file, so the seed counts up with the files.
        """
        changed: dict[str, JSON] = {"n": count} if "n" in self.capability.params.model_fields else {}
        seed = self.values.get("seed")
        if first and isinstance(seed, int):
            highest = field_schemas(self.capability.params)["seed"].get("maximum", 2**32 - 1)
            changed["seed"] = (seed + first) % (highest + 1)
        return self.capability.params.model_validate({**self.values, **changed})

    def from_file(self, file: Source) -> Choice:
        """The same choice, with the saved file in place of the backend's own state."""
        return replace(self, native=False, inputs=_with_file(self.capability, self.inputs, file))


def select(wish: Wish, installed: Installed) -> tuple[Choice, ...]:
    """The choices that can do the request, best first.

    Raises:
        InvalidRequest: the named backend does not exist or cannot do it; the message says why.
        MissingKey: the named backend is not signed in.
        NothingSuitable: no backend can; it carries why each one was passed over.
    """
    backends = _named(wish, installed) if wish.backend else list(installed.backends)
    passed: dict[str, str] = {}
    choices: list[Choice] = []
    for backend in backends:
        found, reason = _of_backend(wish, installed, backend)
        choices.extend(found)
        if not found:
            passed[backend.name] = reason
    if wish.backend and not choices:
        _refuse_named(backends[0], installed, passed[backends[0].name])
    if not wish.backend:
        choices = _without_stand_ins(wish, installed, choices)
    if not choices:
        raise _nothing(wish, installed, passed)
    return tuple(sorted(choices, key=lambda choice: _rank(wish, installed, choice)))


def _is_called(backend: Backend[Any], name: str) -> bool:
    return name in {backend.name, *backend.aliases}


def _named(wish: Wish, installed: Installed) -> list[Backend[Any]]:
    found = [backend for backend in installed.backends if _is_called(backend, wish.backend)]
    if not found:
        names = ["auto", *(backend.name for backend in installed.backends)]
        raise InvalidRequest(
            f"There is no backend {wish.backend[:40]!r}. {closest(wish.backend[:40], names)}", billed="no"
        )
    return found


def _refuse_named(backend: Backend[Any], installed: Installed, reason: str) -> None:
    if backend.name in installed.missing and backend.keys:
        raise MissingKey(backend.name, backend.keys)
    raise InvalidRequest(f"{backend.name} cannot do this: {reason}.", "Use another value or backend auto.", billed="no")


def _nothing(wish: Wish, installed: Installed, passed: Mapping[str, str]) -> NothingSuitable:
    stand_ins = [backend.name for backend in installed.backends if backend.name not in passed]
    hint = f"For a local draft that costs nothing, name backend {stand_ins[0]}." if stand_ins else ""
    if not installed.backends:
        hint = "No backend is installed: install mediasmith again, or a plug-in, and restart the server."
    return NothingSuitable(f"No backend can make this {wish.kind.replace('_', ' ')}.", hint, passed_over=passed)


def _without_stand_ins(wish: Wish, installed: Installed, choices: list[Choice]) -> list[Choice]:
    """A stand-in (negative preference) is chosen only while nobody is signed in, or for what it made itself.

    It is never what another choice falls back on.
    """
    signed_in = any(backend.keys and backend.name not in installed.missing for backend in installed.backends)
    made_by = wish.origin.backend if wish.origin else ""
    real = [choice for choice in choices if choice.capability.preference >= 0 or choice.backend.name == made_by]
    return real if real or signed_in else choices


def _of_backend(wish: Wish, installed: Installed, backend: Backend[Any]) -> tuple[list[Choice], str]:
    """The backend's choices, or the most telling reason why there are none."""
    if reason := installed.missing.get(backend.name):
        return [], reason
    reason = ""
    choices: list[Choice] = []
    for capability in backend.capabilities:
        if capability.kind != wish.kind:
            continue
        if unready := installed.missing.get(f"{backend.name}.{capability.name}"):
            reason = unready
            continue
        reason = reason or (f"has no model {wish.model[:60]!r}" if wish.model else "has no model in service")
        for model, note in _models(wish, installed, backend, capability):
            fitted = _fit(wish, backend, capability, model)
            if isinstance(fitted, str):
                reason = fitted
            else:
                choices.append(replace(fitted, warnings=(*note, *fitted.warnings)))
    return choices, reason or f"makes no {wish.kind.replace('_', ' ')}"


def _models(
    wish: Wish, installed: Installed, backend: Backend[Any], capability: Capability[Any, Any]
) -> Iterator[tuple[Model, tuple[str, ...]]]:
    """The models to try, best first, each with what the caller should know about it."""
    wanted = wish.model or _configured_model(wish, installed, backend) or _model_of_origin(wish, backend, capability)
    known = {model.id: model for model in capability.models}
    of_kind = {model.id for one in backend.capabilities if one.kind == wish.kind for model in one.models}
    if wish.model and wish.model not in known and (wish.model in of_kind or not wish.backend):
        return
    if wanted in known or (wanted and wanted not in of_kind):
        model = known.get(wanted, Model(id=wanted))
        unlisted = () if wanted in known else (f"{backend.name} lists no model {wanted[:60]!r}; it was sent as given.",)
        yield model, (*unlisted, *_notes(wish, installed, model))
        if wish.model:
            return
    ordered = sorted(capability.models, key=lambda model: wish.draft and not model.draft)
    retired = [model for model in ordered if model.retires and model.retires <= installed.today]
    replaced = [
        f"Model {model.id} retired on {model.retires}; another one is used."
        for model in takewhile(retired.__contains__, ordered)
    ]
    for model in ordered:
        if model.id != wanted and model not in retired:
            yield model, (*replaced, *_notes(wish, installed, model))


def _configured_model(wish: Wish, installed: Installed, backend: Backend[Any]) -> str:
    name, _, model = installed.defaults.get(wish.kind, "").partition(":")
    return model if _is_called(backend, name) and not wish.draft else ""


def _model_of_origin(wish: Wish, backend: Backend[Any], capability: Capability[Any, Any]) -> str:
    origin = wish.origin
    same = origin and origin.made_with(backend, capability) and not wish.draft
    return origin.model if origin and same else ""


_SOON_DAYS = 30
"""A model that retires within so many days is warned about."""


def _notes(wish: Wish, installed: Installed, model: Model) -> Iterator[str]:
    """What the caller should know about the model that is used."""
    if model.retires and (model.retires - installed.today).days <= _SOON_DAYS:
        verb = "retires" if model.retires > installed.today else "was to retire"
        yield f"Model {model.id} {verb} on {model.retires}."
    if wish.draft and not model.draft:
        yield f"Model {model.id[:60]} is not marked as a draft model."


def _fit(wish: Wish, backend: Backend[Any], capability: Capability[Any, Any], model: Model) -> Choice | str:
    """The request as this model would do it, or why it cannot. Inherited words give way to those given now."""
    fitted = _fit_words(wish, backend, capability, model)
    given = {**wish.words, **wish.options}
    earlier = [name for name in {**wish.inherited, **_kept(wish, backend, capability)} if name not in given]
    if isinstance(fitted, Choice) or not earlier:
        return fitted
    bare = replace(wish, inherited={}, origin=wish.origin and replace(wish.origin, options={}))
    alone = _fit_words(bare, backend, capability, model)
    if isinstance(alone, str):
        return alone
    left_out = f"The earlier {', '.join(earlier)} did not go with this and was left out."
    return replace(alone, warnings=(*alone.warnings, left_out), lacks=alone.lacks + len(earlier))


def _fit_words(wish: Wish, backend: Backend[Any], capability: Capability[Any, Any], model: Model) -> Choice | str:
    origin = wish.origin
    native = bool(origin and origin.native and origin.made_with(backend, capability))
    inputs = wish.inputs
    if origin and not native:
        if capability.edits is None:
            return "cannot edit a file"
        if origin.file is None:
            return "needs the earlier file, which is gone"
        inputs = _with_file(capability, inputs, origin.file)
    values, warnings, reason = _words(wish, backend, capability, model)
    reason = reason or _inputs(capability, inputs) or _prompt_too_long(wish, model)
    if reason:
        return reason
    choice = Choice(
        backend=backend,
        capability=capability,
        model=model,
        values=values,
        inputs=inputs,
        native=native,
        per_call=_per_call(capability, model),
        warnings=tuple(warnings),
        lacks=len(warnings),
    )
    return _counted(wish, choice)


def _with_file(
    capability: Capability[Any, Any], inputs: Mapping[Role, tuple[Source, ...]], file: Source
) -> dict[Role, tuple[Source, ...]]:
    role = capability.edits or "image"
    return {**inputs, role: (file, *inputs.get(role, ()))}


def _words(
    wish: Wish, backend: Backend[Any], capability: Capability[Any, Any], model: Model
) -> tuple[dict[str, JSON], list[str], str]:
    """The params' values, warnings for advisory words left out, and the reason if a binding one is lacking."""
    fields = field_schemas(capability.params)
    values: dict[str, JSON] = {}
    warnings: list[str] = []
    for word, value in {**wish.inherited, **wish.words}.items():
        lacking = _lacking(word, value, fields, model)
        if not lacking:
            values[word] = value
        elif word in wish.words and WORDS[word].binding:
            return {}, [], lacking
        else:
            warnings.append(f"{backend.name} {lacking}; it was left out.")
    own = [name for name in fields if name not in WORDS]
    for option, value in {**_kept(wish, backend, capability), **wish.options}.items():
        lacking = _lacking(option, value, fields, model) if option in own else _no_option(option, own)
        if not lacking:
            values[option] = value
        elif option in wish.options:
            return {}, [], lacking
        else:
            warnings.append(f"{backend.name} {lacking}; it was left out.")
    return values, warnings, ""


def _kept(wish: Wish, backend: Backend[Any], capability: Capability[Any, Any]) -> Mapping[str, JSON]:
    """The options that the edited file was made with, where they mean the same; they count as inherited."""
    return wish.origin.options if wish.origin and wish.origin.made_with(backend, capability) else {}


def _no_option(option: str, own: list[str]) -> str:
    return f"has no option {option[:60]!r} ({closest(option[:60], own) if own else 'It has none.'})"


def _lacking(word: str, value: JSON, fields: Mapping[str, Mapping[str, Any]], model: Model) -> str:
    if word not in fields:
        return f"does not take {word}"
    accepts = model.accepts.get(word, True)
    accepted: Sequence[object] = fields[word].get("enum", ())
    if accepts is False:
        return f"does not take {word} with {model.id}"
    if isinstance(accepts, tuple):
        accepted = accepts
    if isinstance(accepts, Range) and not (isinstance(value, int | float) and accepts.low <= value <= accepts.high):
        return f"takes {word} from {accepts.low:.10g} to {accepts.high:.10g} with {model.id}"
    if accepted and value not in accepted:
        return f"takes {word} {', '.join(map(str, accepted))}"
    low, high = fields[word].get("minimum"), fields[word].get("maximum")
    if isinstance(value, int | float) and low is not None and high is not None and not low <= value <= high:
        return f"takes {word} from {low:.10g} to {high:.10g}"
    return ""


def _inputs(capability: Capability[Any, Any], inputs: Mapping[Role, tuple[Source, ...]]) -> str:
    for role, takes in capability.takes.items():
        if takes.required and not inputs.get(role):
            return f"needs {role}"
    for role, files in inputs.items():
        takes = capability.takes.get(role)
        if takes is None:
            return f"does not take {role}"
        if len(files) > takes.max:
            return f"takes at most {takes.max} {role}"
        for file in files:
            if file.mime not in takes.mimes:
                return f"takes {role} as {', '.join(takes.mimes)}, not {file.mime}"
            if file.size > takes.max_bytes:
                return f"takes {role} up to {takes.max_bytes:,} bytes"
    return ""


def _prompt_too_long(wish: Wish, model: Model) -> str:
    longest = max(map(len, wish.prompts), default=0)
    if model.max_prompt is not None and longest > model.max_prompt:
        return f"takes prompts of at most {model.max_prompt:,} characters with {model.id}; this one has {longest:,}"
    return ""


def _per_call(capability: Capability[Any, Any], model: Model) -> int:
    accepts = model.accepts.get("n", True)
    if "n" not in capability.params.model_fields or accepts is False:
        return 1
    most = int(field_schemas(capability.params)["n"].get("maximum", 1))
    if isinstance(accepts, Range):
        return min(most, int(accepts.high))
    if isinstance(accepts, tuple):
        return max(count for count in accepts if isinstance(count, int))
    return most


def _counted(wish: Wish, choice: Choice) -> Choice | str:
    """The choice with as many files per call as its rules allow, or what they say against even one."""
    reason = ""
    for count in range(choice.per_call, 0, -1):
        reason = _objection(wish, choice, count)
        if not reason:
            return replace(choice, per_call=count)
    return reason


def _problems(error: ValidationError) -> Iterable[str]:
    # A list may be wrong in thousands of places; the first few say enough.
    for problem in islice(error.errors(include_url=False, include_context=False, include_input=False), 3):
        place = ".".join(map(str, problem["loc"]))[:60]
        message = problem["msg"].removeprefix("Value error, ")
        yield f"{place}: {message}" if place else message


def _objection(wish: Wish, choice: Choice, count: int) -> str:
    try:
        params = choice.params(count)
    except ValidationError as error:
        return "; ".join(_problems(error))
    state = wish.origin.state if wish.origin and choice.native else None
    for prompt in wish.prompts:
        ask = Ask(model=choice.model, prompt=prompt, params=params, inputs=choice.inputs, state=state)
        try:
            reason = choice.capability.refuses(ask)
        except Exception as error:  # noqa: BLE001 - one plug-in's fault must not stop the others
            return f"failed to check this ({type(error).__name__})"
        if reason:
            return reason
    return ""


def _rank(wish: Wish, installed: Installed, choice: Choice) -> tuple[object, ...]:
    name = choice.backend.name
    origin = wish.origin
    preferred, _, _ = installed.defaults.get(wish.kind, "").partition(":")
    configured = _configured_model(wish, installed, choice.backend)
    places = [place for place, listed in enumerate(installed.order) if _is_called(choice.backend, listed)]
    return (
        name in installed.resting,
        not (origin and name == origin.backend),
        not (origin and origin.made_with(choice.backend, choice.capability)),
        choice.lacks > 0,
        not _is_called(choice.backend, preferred),
        choice.model.id != (configured or choice.model.id),
        min(places, default=len(installed.order)),
        -choice.capability.preference,
    )
