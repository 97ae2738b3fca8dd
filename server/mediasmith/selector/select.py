"""The choices that can do a request, in the order they are tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import takewhile
from typing import Any

from mediasmith.arguments import closest
from mediasmith.contract import Backend, Capability, Kind, Model
from mediasmith.errors import InvalidRequest, MissingKey, NothingSuitable
from mediasmith.selector.choice import Choice, Wish
from mediasmith.selector.fit import NOT_AT_ALL, fit


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
    unready = reason == installed.missing.get(backend.name)
    if unready and any(key in reason for key in backend.keys):
        error = MissingKey(backend.name, backend.keys)
        error.hint = f"{reason}."
        raise error
    if unready:
        raise InvalidRequest(f"{backend.name} is not ready: {reason}.", billed="no")
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
    """The backend's choices, or the most telling reason why there are none.

    That is what keeps its best model from doing it, but for a word that others take; and what would enable a
    capability that could do it.
    """
    able = [capability for capability in backend.capabilities if capability.kind == wish.kind]
    if not able:
        return [], f"makes no {wish.kind.replace('_', ' ')}"
    if reason := installed.missing.get(backend.name):
        return [], reason
    choices: list[Choice] = []
    reasons: list[str] = []
    to_enable: list[str] = []
    for capability in able:
        disabled = installed.missing.get(f"{backend.name}.{capability.name}", "")
        for model, note in _models(wish, installed, backend, capability):
            fitted = fit(wish, backend, capability, model)
            if isinstance(fitted, Choice) and disabled:
                to_enable.append(disabled)
            elif isinstance(fitted, Choice):
                choices.append(replace(fitted, warnings=(*note, *fitted.warnings)))
            elif not disabled:
                reasons.append(fitted)
    telling = [reason for reason in reasons if not reason.startswith(NOT_AT_ALL)]
    if telling and to_enable:
        return choices, f"{telling[0]}; or else {to_enable[0]}"
    found = [*to_enable, *telling, *reasons]
    return choices, found[0] if found else _unserved(wish, installed, backend, able)


def _unserved(wish: Wish, installed: Installed, backend: Backend[Any], able: Sequence[Capability[Any, Any]]) -> str:
    """Why there is no model to try of those that are ready."""
    owners = [one for one in able if wish.model in {model.id for model in one.models}] or able
    disabled = [reason for one in owners if (reason := installed.missing.get(f"{backend.name}.{one.name}"))]
    if len(disabled) == len(owners):
        return disabled[0]
    if wish.model:
        return f"has no model {wish.model[:60]!r}"
    ready = [one for one in able if f"{backend.name}.{one.name}" not in installed.missing]
    retired = [model.id for one in ready for model in one.models]
    names = f" ({', '.join(retired)}); name one to try it" if retired else ""
    return f"has no model in service{names}"


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
        wish.draft and not choice.model.draft,
        choice.lacks > 0,
        not _is_called(choice.backend, preferred),
        choice.model.id != (configured or choice.model.id),
        min(places, default=len(installed.order)),
        -choice.capability.preference,
    )
