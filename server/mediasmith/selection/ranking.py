"""The choices that can do a request, in the order they are tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import takewhile
from typing import Any

from mediasmith.plugin.contract import Backend, Capability, Model
from mediasmith.plugin.errors import InvalidRequest, MissingKey, NothingSuitable
from mediasmith.plugin.kinds import Kind
from mediasmith.selection.candidate import Candidate, SelectionRequest
from mediasmith.selection.matching import NOT_AT_ALL, fit
from mediasmith.selection.near_matches import suggest


@dataclass(frozen=True, kw_only=True)
class SelectionContext:
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


def select(request: SelectionRequest, installed: SelectionContext) -> tuple[Candidate, ...]:
    """The choices that can do the request, best first.

    Raises:
        InvalidRequest: the named backend does not exist or cannot do it; the message says why.
        MissingKey: the named backend is not signed in.
        NothingSuitable: no backend can; it carries why each one was passed over.
    """
    backends = _named(request, installed) if request.backend else list(installed.backends)
    passed: dict[str, str] = {}
    candidates: list[Candidate] = []
    for backend in backends:
        found, reason = _of_backend(request, installed, backend)
        candidates.extend(found)
        if not found:
            passed[backend.name] = reason
    if request.backend and not candidates:
        _refuse_named(backends[0], installed, passed[backends[0].name])
    if not request.backend:
        candidates = _without_stand_ins(request, installed, candidates)
    if not candidates:
        raise _nothing(request, installed, passed)
    return tuple(sorted(candidates, key=lambda candidate: _rank(request, installed, candidate)))


def _is_called(backend: Backend[Any], name: str) -> bool:
    return name in {backend.name, *backend.aliases}


def _named(request: SelectionRequest, installed: SelectionContext) -> list[Backend[Any]]:
    found = [backend for backend in installed.backends if _is_called(backend, request.backend)]
    if not found:
        names = ["auto", *(backend.name for backend in installed.backends)]
        raise InvalidRequest(
            f"There is no backend {request.backend[:40]!r}. {suggest(request.backend[:40], names)}", billed="no"
        )
    return found


def _refuse_named(backend: Backend[Any], installed: SelectionContext, reason: str) -> None:
    unready = reason == installed.missing.get(backend.name)
    if unready and any(key in reason for key in backend.keys):
        error = MissingKey(backend.name, backend.keys)
        error.hint = f"{reason}."
        raise error
    if unready:
        raise InvalidRequest(f"{backend.name} is not ready: {reason}.", billed="no")
    raise InvalidRequest(f"{backend.name} cannot do this: {reason}.", "Use another value or backend auto.", billed="no")


def _nothing(request: SelectionRequest, installed: SelectionContext, passed: Mapping[str, str]) -> NothingSuitable:
    stand_ins = [backend.name for backend in installed.backends if backend.name not in passed]
    hint = f"For a local draft that costs nothing, name backend {stand_ins[0]}." if stand_ins else ""
    if not installed.backends:
        hint = "No backend is installed: install mediasmith again, or a plug-in, and restart the server."
    return NothingSuitable(f"No backend can make this {request.kind.replace('_', ' ')}.", hint, passed_over=passed)


def _without_stand_ins(
    request: SelectionRequest, installed: SelectionContext, candidates: list[Candidate]
) -> list[Candidate]:
    """A stand-in (negative preference) is chosen only while nobody is signed in, or for what it made itself.

    It is never what another choice falls back on.
    """
    signed_in = any(backend.keys and backend.name not in installed.missing for backend in installed.backends)
    made_by = request.origin.backend if request.origin else ""
    real = [
        candidate
        for candidate in candidates
        if candidate.capability.preference >= 0 or candidate.backend.name == made_by
    ]
    return real if real or signed_in else candidates


def _of_backend(
    request: SelectionRequest, installed: SelectionContext, backend: Backend[Any]
) -> tuple[list[Candidate], str]:
    """The backend's choices, or the most telling reason why there are none.

    That is what keeps its best model from doing it, but for a word that others take; and what would enable a
    capability that could do it.
    """
    able = [capability for capability in backend.capabilities if capability.kind == request.kind]
    if not able:
        return [], f"makes no {request.kind.replace('_', ' ')}"
    if reason := installed.missing.get(backend.name):
        return [], reason
    candidates: list[Candidate] = []
    reasons: list[str] = []
    to_enable: list[str] = []
    for capability in able:
        disabled = installed.missing.get(f"{backend.name}.{capability.name}", "")
        for model, note in _models(request, installed, backend, capability):
            fitted = fit(request, backend, capability, model)
            if isinstance(fitted, Candidate) and disabled:
                to_enable.append(disabled)
            elif isinstance(fitted, Candidate):
                candidates.append(replace(fitted, warnings=(*note, *fitted.warnings)))
            elif not disabled:
                reasons.append(fitted)
    telling = [reason for reason in reasons if not reason.startswith(NOT_AT_ALL)]
    if telling and to_enable:
        return candidates, f"{telling[0]}; or else {to_enable[0]}"
    found = [*to_enable, *telling, *reasons]
    return candidates, found[0] if found else _unserved(request, installed, backend, able)


def _unserved(
    request: SelectionRequest, installed: SelectionContext, backend: Backend[Any], able: Sequence[Capability[Any, Any]]
) -> str:
    """Why there is no model to try of those that are ready."""
    owners = [one for one in able if request.model in {model.id for model in one.models}] or able
    disabled = [reason for one in owners if (reason := installed.missing.get(f"{backend.name}.{one.name}"))]
    if len(disabled) == len(owners):
        return disabled[0]
    if request.model:
        return f"has no model {request.model[:60]!r}"
    ready = [one for one in able if f"{backend.name}.{one.name}" not in installed.missing]
    retired = [model.id for one in ready for model in one.models]
    names = f" ({', '.join(retired)}); name one to try it" if retired else ""
    return f"has no model in service{names}"


def _models(
    request: SelectionRequest, installed: SelectionContext, backend: Backend[Any], capability: Capability[Any, Any]
) -> Iterator[tuple[Model, tuple[str, ...]]]:
    """The models to try, best first, each with what the caller should know about it."""
    wanted = (
        request.model
        or _configured_model(request, installed, backend)
        or _model_of_origin(request, backend, capability)
    )
    known = {model.id: model for model in capability.models}
    of_kind = {model.id for one in backend.capabilities if one.kind == request.kind for model in one.models}
    if request.model and request.model not in known and (request.model in of_kind or not request.backend):
        return
    if wanted in known or (wanted and wanted not in of_kind):
        model = known.get(wanted, Model(id=wanted))
        unlisted = () if wanted in known else (f"{backend.name} lists no model {wanted[:60]!r}; it was sent as given.",)
        yield model, (*unlisted, *_notes(request, installed, model))
        if request.model:
            return
    ordered = sorted(capability.models, key=lambda model: request.draft and not model.draft)
    retired = [model for model in ordered if model.retires and model.retires <= installed.today]
    replaced = [
        f"Model {model.id} retired on {model.retires}; another one is used."
        for model in takewhile(retired.__contains__, ordered)
    ]
    for model in ordered:
        if model.id != wanted and model not in retired:
            yield model, (*replaced, *_notes(request, installed, model))


def _configured_model(request: SelectionRequest, installed: SelectionContext, backend: Backend[Any]) -> str:
    name, _, model = installed.defaults.get(request.kind, "").partition(":")
    return model if _is_called(backend, name) and not request.draft else ""


def _model_of_origin(request: SelectionRequest, backend: Backend[Any], capability: Capability[Any, Any]) -> str:
    origin = request.origin
    same = origin and origin.made_with(backend, capability) and not request.draft
    return origin.model if origin and same else ""


_SOON_DAYS = 30
"""A model that retires within so many days is warned about."""


def _notes(request: SelectionRequest, installed: SelectionContext, model: Model) -> Iterator[str]:
    """What the caller should know about the model that is used."""
    if model.retires and (model.retires - installed.today).days <= _SOON_DAYS:
        verb = "retires" if model.retires > installed.today else "was to retire"
        yield f"Model {model.id} {verb} on {model.retires}."
    if request.draft and not model.draft:
        yield f"Model {model.id[:60]} is not marked as a draft model."


def _rank(request: SelectionRequest, installed: SelectionContext, candidate: Candidate) -> tuple[object, ...]:
    name = candidate.backend.name
    origin = request.origin
    preferred, _, _ = installed.defaults.get(request.kind, "").partition(":")
    configured = _configured_model(request, installed, candidate.backend)
    places = [place for place, listed in enumerate(installed.order) if _is_called(candidate.backend, listed)]
    return (
        name in installed.resting,
        not (origin and name == origin.backend),
        not (origin and origin.made_with(candidate.backend, candidate.capability)),
        request.draft and not candidate.model.draft,
        candidate.lacks > 0,
        not _is_called(candidate.backend, preferred),
        candidate.model.id != (configured or candidate.model.id),
        min(places, default=len(installed.order)),
        -candidate.capability.preference,
    )
