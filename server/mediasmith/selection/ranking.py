"""The candidates that can do a request, in the order they are tried."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from mediasmith.config.retired_models import all_retired, describe_retirement
from mediasmith.plugin.contract import Backend, Capability, Model
from mediasmith.plugin.errors import InvalidRequest, MediaError, MissingKey, NothingSuitable
from mediasmith.plugin.kinds import Kind
from mediasmith.selection.candidate import Candidate
from mediasmith.selection.matching import UNKNOWN_WORD, match
from mediasmith.selection.near_matches import SIMILAR_BACKEND, suggest
from mediasmith.selection.retirement import in_service, retirement_note
from mediasmith.selection.selection_request import SelectionRequest


@dataclass(frozen=True, kw_only=True)
class SelectionContext:
    """What there is to choose from, and in which order.

    `missing` maps a backend, or `backend.capability`, to why it is not ready, and `unasked` a backend to why the model
    that is wanted of it could not be looked up. `defaults` and `order` are the user's, and `problems` what of the
    settings has no effect; `resting` backends have a cooldown of so many more seconds, and are tried last.
    """

    backends: Sequence[Backend[Any]]
    missing: Mapping[str, str]
    today: date
    defaults: Mapping[str, str] = field(default_factory=dict[str, str])
    order: tuple[str, ...] = ()
    problems: Sequence[str] = ()
    resting: Mapping[str, float] = field(default_factory=dict[str, float])
    unasked: Mapping[str, str] = field(default_factory=dict[str, str])

    def offers(self, backend: Backend[Any], capability: Capability[Any, Any]) -> bool:
        """Return whether a capability is ready."""
        return not {backend.name, f"{backend.name}.{capability.name}"} & self.missing.keys()

    def default(self, kind: Kind) -> tuple[str, str]:
        """Return the user's default backend and model for a kind, each "" where there is none."""
        name, _, model = self.defaults.get(kind, "").partition(":")
        return name, model


def select(request: SelectionRequest, context: SelectionContext) -> tuple[Candidate, ...]:
    """Return the candidates that can do the request, best first.

    Raises:
        InvalidRequest: the named backend does not exist or cannot do it; the message says why.
        MissingKey: the named backend is not signed in.
        NothingSuitable: no backend can; it carries why each one was passed over.
    """
    backends = named(request, context) if request.backend else list(context.backends)
    request = replace(request, model=_as_listed(request.model, backends))
    passed: dict[str, str] = {}
    candidates: list[Candidate] = []
    for backend in backends:
        found, reason = match_backend(request, context, backend)
        candidates.extend(found)
        if not found:
            passed[backend.name] = reason
    if request.backend and not candidates:
        _refuse_named(backends[0], context, passed[backends[0].name])
    if not request.backend:
        candidates = _without_stand_ins(request, context, candidates)
    if not candidates:
        raise _nothing_suitable(request, context, passed)
    ordered = sorted(candidates, key=lambda candidate: _rank(request, context, candidate))
    return tuple(ordered if request.backend else _without_fallback_to_stand_ins(request, context, ordered))


def _as_listed(model: str, backends: Sequence[Backend[Any]]) -> str:
    """Return a model's name in the case in which a backend lists it."""
    names = [model.id for backend in backends for one in backend.capabilities for model in one.models]
    return model if model in names else next((one for one in names if one.casefold() == model.casefold()), model)


def is_called(backend: Backend[Any], name: str) -> bool:
    """Return whether the backend has this name or alias."""
    return name in {backend.name, *backend.aliases}


def named(request: SelectionRequest, context: SelectionContext) -> list[Backend[Any]]:
    """Return the backend that the caller names.

    Raises:
        InvalidRequest: there is none of this name.
    """
    found = [backend for backend in context.backends if is_called(backend, request.backend)]
    if not found:
        names = ["auto", *(backend.name for backend in context.backends)]
        hint = suggest(request.backend[:40], names, similar=SIMILAR_BACKEND)
        if re.search("[:/]", request.backend):
            hint = f"Give the name of the backend alone, and that of the model in model. {hint}"
        raise InvalidRequest(f"There is no backend {request.backend[:40]!r}. {hint}", billed="no")
    return found


def _refuse_named(backend: Backend[Any], context: SelectionContext, reason: str) -> None:
    if reason == context.missing.get(backend.name):
        raise not_ready(backend, reason, "Then call again, or set backend to auto.")
    raise InvalidRequest(
        f"{backend.name} cannot do this: {reason}.", "Change that, or set backend to auto.", billed="no"
    )


def not_ready(backend: Backend[Any], reason: str, hint: str) -> MediaError:
    """Return the error of a backend that is not ready."""
    if any(key in reason for key in backend.keys):
        error = MissingKey(backend.name, backend.keys)
        error.hint = f"{reason}."
        return error
    return InvalidRequest(f"{backend.name} is not ready: {reason}.", hint, billed="no")


def _nothing_suitable(
    request: SelectionRequest, context: SelectionContext, passed: Mapping[str, str]
) -> NothingSuitable:
    stand_ins = [backend.name for backend in context.backends if backend.name not in passed]
    hint = f"For a free local draft, set backend to {stand_ins[0]}." if stand_ins else ""
    if not context.backends:
        hint = "No backend is installed. Reinstall mediasmith or install a plug-in, and restart the server."
    return NothingSuitable(f"No backend can make this {request.kind.replace('_', ' ')}.", hint, passed_over=passed)


def _without_stand_ins(
    request: SelectionRequest, context: SelectionContext, candidates: list[Candidate]
) -> list[Candidate]:
    """Leave out stand-ins, unless no other backend is signed in or they made the file."""
    signed_in = any(backend.keys and backend.name not in context.missing for backend in context.backends)
    made_by = request.origin.backend if request.origin else ""
    real = [one for one in candidates if not _is_stand_in(request, context, one) or one.backend.name == made_by]
    return real if real or signed_in else candidates


def _without_fallback_to_stand_ins(
    request: SelectionRequest, context: SelectionContext, ordered: list[Candidate]
) -> list[Candidate]:
    """Leave out stand-ins after the first backend: a draft is no fallback for a provider's result."""
    first = ordered[0].backend
    return [one for one in ordered if one.backend is first or not _is_stand_in(request, context, one)]


def _is_stand_in(request: SelectionRequest, context: SelectionContext, candidate: Candidate) -> bool:
    """Return whether it only stands in for providers (negative preference), and the user's settings do not name it."""
    named = (context.default(request.kind)[0], *context.order)
    return candidate.capability.preference < 0 and not any(is_called(candidate.backend, name) for name in named)


def match_backend(
    request: SelectionRequest, context: SelectionContext, backend: Backend[Any]
) -> tuple[list[Candidate], str]:
    """Return the backend's candidates, or the most specific reason why there are none.

    That is what keeps its best model from doing it, other than a word that other models take; and what would enable a
    capability that could do it.
    """
    able = [capability for capability in backend.capabilities if capability.kind == request.kind]
    if not able:
        return [], f"makes no {request.kind.replace('_', ' ')}"
    if reason := context.missing.get(backend.name):
        ended = [_reason_ended(context, backend, capability) for capability in able]
        return [], ended[0] if all(ended) else reason
    candidates: list[Candidate] = []
    reasons: list[str] = []
    to_enable: list[str] = []
    for capability in able:
        disabled = context.missing.get(f"{backend.name}.{capability.name}", "")
        for model, notes in _models(request, context, backend, capability):
            matched = match(request, backend, capability, model)
            if isinstance(matched, Candidate) and disabled:
                to_enable.append(disabled)
            elif isinstance(matched, Candidate):
                candidates.append(replace(matched, warnings=(*notes, *matched.warnings)))
            elif not disabled:
                reasons.append(matched)
    specific = [reason for reason in reasons if not reason.startswith(UNKNOWN_WORD)]
    if specific and to_enable:
        return candidates, f"{specific[0]}; alternatively, {to_enable[0]}"
    found = [*to_enable, *specific, *reasons]
    return candidates, found[0] if found else _no_model(request, context, backend, able)


def _reason_ended(context: SelectionContext, backend: Backend[Any], capability: Capability[Any, Any]) -> str:
    """Return why this could not be made even with a key, or ""."""
    retired = describe_retirement(capability.models) if all_retired(capability, context.today) else ""
    return context.missing.get(f"{backend.name}.{capability.name}", retired)


def _no_model(
    request: SelectionRequest, context: SelectionContext, backend: Backend[Any], able: Sequence[Capability[Any, Any]]
) -> str:
    """Return why there is no model to try of those that are ready."""
    owners = [one for one in able if request.model in {model.id for model in one.models}] or able
    disabled = [reason for one in owners if (reason := context.missing.get(f"{backend.name}.{one.name}"))]
    if len(disabled) == len(owners):
        return disabled[0]
    if request.model:
        of_kind = f" of kind {request.kind}" if any(one.lookup for one in able) else ""
        return context.unasked.get(backend.name, f"has no model {request.model[:60]!r}{of_kind}")
    ready = [one for one in able if f"{backend.name}.{one.name}" not in context.missing]
    retired = describe_retirement([model for one in ready for model in one.models])
    return f"has no model in service{f' ({retired}; name one to try it anyway)' if retired else ''}"


def _models(
    request: SelectionRequest, context: SelectionContext, backend: Backend[Any], capability: Capability[Any, Any]
) -> Iterator[tuple[Model, tuple[str, ...]]]:
    """Yield the models to try, best first, each with what the caller should know about it."""
    wanted = wanted_model(request, context, backend, capability)
    known = {model.id: model for model in capability.models}
    of_kind = [one for one in backend.capabilities if one.kind == request.kind]
    unlisted = bool(wanted) and wanted not in {model.id for one in of_kind for model in one.models}
    goes_as_given = unlisted and not any(one.lookup for one in of_kind)
    if request.model and request.model not in known and not (goes_as_given and request.backend):
        return
    gone: tuple[str, ...] = ()
    if wanted in known or goes_as_given:
        model = known.get(wanted, Model(id=wanted))
        note = f"{backend.name} does not list a model {wanted[:60]!r}; the name was sent as given."
        yield model, (*((note,) if unlisted else ()), *_notes(request, context, model))
        if request.model:
            return
    elif unlisted and wanted == _model_of_origin(request, backend, capability):
        gone = (f"{backend.name} no longer has the model {wanted[:60]!r}, which made the file; another one is used.",)
    ordered = sorted(capability.models, key=lambda model: request.draft and not model.draft)
    usable, replaced = in_service(ordered, context.today)
    for model in usable:
        if model.id != wanted:
            yield model, (*gone, *replaced, *_notes(request, context, model))


def wanted_model(
    request: SelectionRequest, context: SelectionContext, backend: Backend[Any], capability: Capability[Any, Any]
) -> str:
    """Return the model that the caller, the settings or the edited file name for a capability, or ""."""
    return (
        request.model or _configured_model(request, context, backend) or _model_of_origin(request, backend, capability)
    )


def _configured_model(request: SelectionRequest, context: SelectionContext, backend: Backend[Any]) -> str:
    name, model = context.default(request.kind)
    return model if is_called(backend, name) and not request.draft else ""


def _model_of_origin(request: SelectionRequest, backend: Backend[Any], capability: Capability[Any, Any]) -> str:
    origin = request.origin
    same = origin and origin.made_with(backend, capability) and not request.draft
    return origin.model if origin and same else ""


def _notes(request: SelectionRequest, context: SelectionContext, model: Model) -> Iterator[str]:
    yield from retirement_note(model, context.today)
    if request.draft and not model.draft:
        yield f"Model {model.id[:60]} is not marked as a draft model."


def _rank(request: SelectionRequest, context: SelectionContext, candidate: Candidate) -> tuple[object, ...]:
    """Return what the candidates are sorted by: the user's settings, and what is free, come before advisory words."""
    name = candidate.backend.name
    origin = request.origin
    preferred, _ = context.default(request.kind)
    configured = _configured_model(request, context, candidate.backend)
    places = [place for place, listed in enumerate(context.order) if is_called(candidate.backend, listed)]
    return (
        name in context.resting,
        not (origin and name == origin.backend),
        not (origin and origin.made_with(candidate.backend, candidate.capability)),
        not is_called(candidate.backend, preferred),
        min(places, default=len(context.order)),
        candidate.model.id != (configured or candidate.model.id),
        request.draft and not candidate.model.draft,
        candidate.lacks > 0 and not _is_free(candidate.model),
        -candidate.capability.preference,
        candidate.lacks > 0,
    )


def _is_free(model: Model) -> bool:
    return bool(model.prices) and not any(price.usd or price.input_image_usd for price in model.prices)
