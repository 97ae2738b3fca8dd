"""Whether one model can do a request, and what would have to be left out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from pydantic import ValidationError

from mediasmith.config.tool_schemas import field_schemas
from mediasmith.plugin.contract import JSON, Backend, Capability, Model, Range, Request
from mediasmith.plugin.files import Source
from mediasmith.plugin.kinds import Role
from mediasmith.plugin.params import WORDS
from mediasmith.selection.candidate import Candidate, SelectionRequest, with_file
from mediasmith.selection.near_matches import match_listed, suggest

_NO_WORD, _NO_OPTION = "does not take", "has no option"
NOT_AT_ALL = (_NO_WORD, _NO_OPTION)
"""How the reason begins when something has no place at all; another model may take it."""


def fit(
    request: SelectionRequest, backend: Backend[Any], capability: Capability[Any, Any], model: Model
) -> Candidate | str:
    """The request as this model would do it, or why it cannot. Inherited words give way to those given now."""
    if request.origin and request.origin.made_with(backend, capability):
        request = _with_earlier(request, {*request.inherited, *request.origin.options} - set(capability.not_inherited))
    fitted = _fit_words(request, backend, capability, model)
    given = {**request.words, **request.options}
    earlier = [name for name in {**request.inherited, **_kept(request, backend, capability)} if name not in given]
    if isinstance(fitted, Candidate) or not earlier:
        return fitted
    kept: tuple[str, ...] = ()
    left_out: list[str] = []
    best = _fit_words(_with_earlier(request, kept), backend, capability, model)
    for name in earlier:
        tried = _fit_words(_with_earlier(request, (*kept, name)), backend, capability, model)
        if isinstance(tried, Candidate):
            best, kept = tried, (*kept, name)
        else:
            left_out.append(f"The earlier {name} was left out ({backend.name}: {tried}).")
    if isinstance(best, str):
        return best
    return replace(best, warnings=(*best.warnings, *left_out), lacks=best.lacks + len(left_out))


def _with_earlier(request: SelectionRequest, kept: Collection[str]) -> SelectionRequest:
    """The wish, inheriting nothing but these."""
    inherited = {name: value for name, value in request.inherited.items() if name in kept}
    options = {name: value for name, value in request.origin.options.items() if name in kept} if request.origin else {}
    return replace(request, inherited=inherited, origin=request.origin and replace(request.origin, options=options))


def _fit_words(
    request: SelectionRequest, backend: Backend[Any], capability: Capability[Any, Any], model: Model
) -> Candidate | str:
    origin = request.origin
    native = bool(origin and origin.native and origin.made_with(backend, capability))
    inputs = request.inputs
    if origin and not native:
        if capability.edits is None:
            return "cannot continue from a saved file"
        if origin.file is None:
            return "needs the earlier file, which is gone"
        inputs = with_file(capability, inputs, origin.file)
    values, warnings, reason = _words(request, backend, capability, model)
    reason = reason or _inputs(capability, inputs) or _prompt_too_long(request, model)
    if reason:
        return reason
    candidate = Candidate(
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
    return _counted(request, candidate)


def _words(
    request: SelectionRequest, backend: Backend[Any], capability: Capability[Any, Any], model: Model
) -> tuple[dict[str, JSON], list[str], str]:
    """The params' values, warnings for advisory words left out, and the reason if a binding one is lacking."""
    fields = field_schemas(capability.params)
    values: dict[str, JSON] = {}
    warnings: list[str] = []
    for word, said in {**request.inherited, **request.words}.items():
        value = match_listed(said, _accepted(word, fields, model))
        lacking = _lacking(word, value, fields, model)
        if not lacking:
            values[word] = value
        elif word in request.words and WORDS[word].binding:
            return {}, [], lacking
        else:
            warnings.append(f"{backend.name} {lacking}; it was left out.")
    own = [name for name in fields if name not in WORDS]
    for option, said in {**_kept(request, backend, capability), **request.options}.items():
        value = match_listed(said, _accepted(option, fields, model))
        lacking = _lacking(option, value, fields, model) if option in own else _no_option(option, own)
        if not lacking:
            values[option] = value
        elif option in request.options:
            return {}, [], lacking
        else:
            warnings.append(f"{backend.name} {lacking}; it was left out.")
    return values, warnings, ""


def _kept(request: SelectionRequest, backend: Backend[Any], capability: Capability[Any, Any]) -> Mapping[str, JSON]:
    """The options that the edited file was made with, where they mean the same; they count as inherited."""
    return request.origin.options if request.origin and request.origin.made_with(backend, capability) else {}


def _no_option(option: str, own: list[str]) -> str:
    if option in WORDS:
        return f"takes {option} as an argument of its own, not among the options"
    return f"{_NO_OPTION} {option[:60]!r} ({suggest(option[:60], own) if own else 'It has none.'})"


def _lacking(word: str, value: JSON, fields: Mapping[str, Mapping[str, Any]], model: Model) -> str:
    if word not in fields:
        return f"{_NO_WORD} {word}"
    accepts = model.accepts.get(word, True)
    accepted = _accepted(word, fields, model)
    if accepts is False:
        return f"{_NO_WORD} {word} with {model.id}"
    if isinstance(accepts, Range) and not (isinstance(value, int | float) and accepts.low <= value <= accepts.high):
        return f"takes {word} from {accepts.low:.10g} to {accepts.high:.10g} with {model.id}"
    if accepted and value not in accepted:
        return (
            f"takes {word} {', '.join(map(str, accepted))}{f' with {model.id}' if isinstance(accepts, tuple) else ''}"
        )
    return _out_of_bounds(word, value, fields[word])


def _out_of_bounds(word: str, value: JSON, field: Mapping[str, Any]) -> str:
    low, high = field.get("minimum"), field.get("maximum")
    if isinstance(value, int | float) and low is not None and high is not None and not low <= value <= high:
        return f"takes {word} from {low:.10g} to {high:.10g}"
    if isinstance(value, str) and word in WORDS and not WORDS[word].binding:  # of a binding one its model tells more
        longest, form = field.get("maxLength", len(value)), field.get("pattern", "")
        if len(value) > longest:
            return f"takes {word} of up to {longest} characters"
        if not re.search(form, value):
            return f"takes {word} in the form {form}"
    return ""


def _accepted(word: str, fields: Mapping[str, Mapping[str, Any]], model: Model) -> Sequence[object]:
    """The values of a word that are listed; none when they are not."""
    accepts = model.accepts.get(word)
    return accepts if isinstance(accepts, tuple) else fields.get(word, {}).get("enum", ())


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


def _prompt_too_long(request: SelectionRequest, model: Model) -> str:
    longest = max(map(len, request.prompts), default=0)
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


def _counted(request: SelectionRequest, candidate: Candidate) -> Candidate | str:
    """The choice with as many files per call as its rules allow, or what they say against even one."""
    reason = ""
    for count in range(candidate.per_call, 0, -1):
        reason = _objection(request, candidate, count)
        if not reason:
            return replace(candidate, per_call=count)
    return reason


def _problems(error: ValidationError) -> Iterable[str]:
    # A list may be wrong in thousands of places; the first few say enough.
    for problem in islice(error.errors(include_url=False, include_context=False, include_input=False), 3):
        place = ".".join(map(str, problem["loc"]))[:60]
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "string_pattern_mismatch" and place in WORDS:
            message = f"accepted is {WORDS[place].about.rstrip('.')}"  # nobody wants to read a pattern
        yield f"{place}: {message}" if place else message


def _objection(request: SelectionRequest, candidate: Candidate, count: int) -> str:
    try:
        params = candidate.params(count)
    except ValidationError as error:
        return "; ".join(_problems(error))
    except Exception as error:  # noqa: BLE001 - one plug-in's fault must not stop the others
        return f"failed to check this ({type(error).__name__})"
    state = request.origin.state if request.origin and candidate.native else None
    for prompt in request.prompts:
        ask = Request(model=candidate.model, prompt=prompt, params=params, inputs=candidate.inputs, state=state)
        try:
            reason = candidate.capability.refuses(ask)
        except Exception as error:  # noqa: BLE001 - one plug-in's fault must not stop the others
            return f"failed to check this ({type(error).__name__})"
        if reason:
            return reason
    return ""
