"""Match a request against one model: the values it would be sent, or why it cannot do it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from pydantic import ValidationError

from mediasmith.config.field_schemas import field_schemas
from mediasmith.plugin.contract import JSON, Backend, Capability, Model, Range, Request
from mediasmith.plugin.files import Source
from mediasmith.plugin.params import WORDS
from mediasmith.selection.candidate import Candidate, add_saved_file
from mediasmith.selection.input_matching import fit_inputs, input_fault, input_notes
from mediasmith.selection.near_matches import match_listed, suggest
from mediasmith.selection.option_schema import (
    is_option,
    missing_option,
    option_fault,
    own_options,
    read_option,
    says_nothing,
)
from mediasmith.selection.selection_request import SelectionRequest
from mediasmith.selection.size_tiers import same_sizes

_NO_WORD, _NO_OPTION = "does not take", "has no option"
UNKNOWN_WORD = (_NO_WORD, _NO_OPTION)
"""How the reason begins when a model has no such word or option at all; another model may have it."""


def match(
    request: SelectionRequest, backend: Backend[Any], capability: Capability[Any, Any], model: Model
) -> Candidate | str:
    """Return the request as this model would do it, or why it cannot. Inherited words give way to those given now."""
    if request.preferred:
        plain = replace(request, preferred={})
        asked = match(replace(plain, words={**request.words, **request.preferred}), backend, capability, model)
        return asked if isinstance(asked, Candidate) else match(plain, backend, capability, model)
    matched = _match_inheriting(request, backend, capability, model)
    for words in same_sizes(request.words) if isinstance(matched, str) else ():
        again = _match_inheriting(replace(request, words=words), backend, capability, model)
        if isinstance(again, Candidate):  # models that take the size as written come first
            note = f"size {request.words['size']} was sent as {again.values['size']}."
            return replace(again, warnings=(*again.warnings, note), lacks=again.lacks + 1)
    return matched


def _match_inheriting(
    request: SelectionRequest, backend: Backend[Any], capability: Capability[Any, Any], model: Model
) -> Candidate | str:
    """Return the request with as much of what is inherited as this model takes, or why it cannot do it."""
    origin = request.origin
    if origin and origin.made_with(backend, capability):
        request = _inheriting(request, {*request.inherited, *origin.options} - set(capability.not_inherited))
    matched = _match_exactly(request, backend, capability, model)
    given = {**request.words, **request.options}
    earlier = [
        name for name in {**request.inherited, **_own_options(request, backend, capability, model)} if name not in given
    ]
    if isinstance(matched, Candidate) or not earlier:
        return matched
    kept: tuple[str, ...] = ()
    left_out: list[str] = []
    best = _match_exactly(_inheriting(request, kept), backend, capability, model)
    for name in earlier:
        with_name = _match_exactly(_inheriting(request, (*kept, name)), backend, capability, model)
        if isinstance(with_name, Candidate):
            best, kept = with_name, (*kept, name)
        else:
            left_out.append(f"The earlier {name} was left out ({backend.name}: {with_name}).")
    if isinstance(best, str):
        return best
    return replace(best, warnings=(*best.warnings, *left_out), lacks=best.lacks + len(left_out))


def match_saved_file(candidate: Candidate, file: Source, *, prompt: str, count: int) -> Candidate | str:
    """Return the candidate with the saved file in place of its state, or why it cannot edit that."""
    if candidate.capability.edits is None:
        return "cannot continue from a saved file"
    capability, model = candidate.capability, candidate.model
    inputs = fit_inputs(add_saved_file(capability, candidate.inputs, file), capability, model)
    instead = replace(candidate, state=None, inputs=inputs)
    reason = input_fault(inputs, capability, model) or _rule_fault((prompt,), instead, count)
    return reason or instead


def _inheriting(request: SelectionRequest, kept: Collection[str]) -> SelectionRequest:
    """Return the request, inheriting only these words and options."""
    inherited = {name: value for name, value in request.inherited.items() if name in kept}
    if request.origin is None:
        return replace(request, inherited=inherited)
    options = {name: value for name, value in request.origin.options.items() if name in kept}
    return replace(request, inherited=inherited, origin=replace(request.origin, options=options))


def _match_exactly(
    request: SelectionRequest, backend: Backend[Any], capability: Capability[Any, Any], model: Model
) -> Candidate | str:
    """Match with every inherited word."""
    origin = request.origin
    state = origin.state_for(backend, capability) if origin else None
    inputs = request.inputs
    notes: tuple[str, ...] = ()
    if origin and state is None:
        if capability.edits is None:
            return "cannot continue from a saved file"
        if origin.file is None:
            return "needs the earlier file, which is gone"
        inputs = add_saved_file(capability, inputs, origin.file)
        if origin.state is not None and origin.made_with(backend, capability):
            notes = (
                f"What {backend.title} needs to continue from this file is gone; the saved file was sent instead.",
            )
    inputs = fit_inputs(inputs, capability, model)
    values, warnings, reason = _match_words(request, backend, capability, model)
    reason = reason or missing_option(model, values) or input_fault(inputs, capability, model)
    reason = reason or _prompt_too_long(request, model)
    if reason:
        return reason
    candidate = Candidate(
        backend=backend,
        capability=capability,
        model=model,
        values=values,
        inputs=inputs,
        state=state,
        per_call=_files_per_call(capability, model),
        warnings=(*notes, *input_notes(inputs), *warnings),
        lacks=len(warnings),
    )
    return _checked_by_rules(request, candidate)


def _match_words(
    request: SelectionRequest, backend: Backend[Any], capability: Capability[Any, Any], model: Model
) -> tuple[dict[str, JSON], list[str], str]:
    """Return the values, warnings for advisory words left out, and the reason if a binding one is lacking."""
    fields, own = field_schemas(capability.params), own_options(model)
    values: dict[str, JSON] = {}
    warnings: list[str] = []
    inherited = _own_options(request, backend, capability, model)
    for word, given in {**request.inherited, **request.words}.items():
        if word in inherited and word not in request.words:
            continue
        value = match_listed(given, _listed_values(word, fields, model))
        lacking = _word_fault(word, value, fields, model)
        if not lacking:
            values[word] = value
        elif word in request.words and WORDS[word].binding:
            return {}, [], lacking
        else:
            warnings.append(f"{backend.name} {lacking}; it was left out.")
    for option, given in {**inherited, **request.options}.items():
        schema = own.get(option) or fields.get(option, {})
        listed = schema.get("enum", ()) if option in own else _listed_values(option, fields, model)
        value: JSON = match_listed(read_option(option, given, schema), listed)
        if says_nothing(value, schema):
            continue
        lacking = _option_fault(option, value, fields, model)
        if not lacking and option in request.words and option in request.options:
            return {}, [], f"takes {option} as an argument or as an option, not both"
        if not lacking:
            values[option] = value
        elif option in request.options:
            return {}, [], lacking
        else:
            warnings.append(f"{backend.name} {lacking}; it was left out.")
    return values, warnings, ""


def _own_options(
    request: SelectionRequest, backend: Backend[Any], capability: Capability[Any, Any], model: Model
) -> Mapping[str, JSON]:
    """Return the options that the edited file was made with, where they mean the same; they count as inherited."""
    origin = request.origin
    if not origin or not origin.made_with(backend, capability):
        return {}
    same = model.id == origin.model
    return {
        **{name: value for name, value in request.inherited.items() if same and is_option(model, name, value)},
        **origin.options,
    }


def _option_fault(option: str, value: JSON, fields: Mapping[str, Mapping[str, Any]], model: Model) -> str:
    declared = [name for name in fields if name not in WORDS]
    if option in declared:
        return _word_fault(option, value, fields, model)
    known = own_options(model)
    if option in known and option in fields and not is_option(model, option, value):
        others = ", ".join(map(str, known[option].get("enum", ())))
        return f"takes {option} as an argument, unless it is {others}"
    if option in known:
        return option_fault(model, option, value)
    if option in WORDS:
        return f"takes {option} as an argument, not as an option"
    names = [*declared, *known]
    return f"{_NO_OPTION} {option[:60]!r} ({suggest(option[:60], names) if names else 'It has none.'})"


def _word_fault(word: str, value: JSON, fields: Mapping[str, Mapping[str, Any]], model: Model) -> str:
    if word not in fields:
        return f"{_NO_WORD} {word}"
    accepts = model.accepts.get(word, True)
    listed = _listed_values(word, fields, model)
    if word in WORDS and is_option(model, word, value):
        shown = word if accepts is False else f"{word} {value}"
        return f"takes {shown} with {model.id} as an option, not as an argument"
    if accepts is False:
        return f"{_NO_WORD} {word} with {model.id}"
    if isinstance(accepts, Range) and not (isinstance(value, int | float) and accepts.low <= value <= accepts.high):
        return f"takes {word} from {accepts.low:.10g} to {accepts.high:.10g} with {model.id}"
    if listed and value not in listed:
        return f"takes {word} {', '.join(map(str, listed))}{f' with {model.id}' if isinstance(accepts, tuple) else ''}"
    return _out_of_bounds(word, value, fields[word])


def _out_of_bounds(word: str, value: JSON, field: Mapping[str, Any]) -> str:
    low, high = field.get("minimum"), field.get("maximum")
    if isinstance(value, int | float) and low is not None and high is not None and not low <= value <= high:
        return f"takes {word} from {low:.10g} to {high:.10g}"
    if isinstance(value, str) and word in WORDS and not WORDS[word].binding:  # the params model checks a binding one
        longest, form = field.get("maxLength", len(value)), field.get("pattern", "")
        if len(value) > longest:
            return f"takes {word} of up to {longest} characters"
        if not re.search(form, value):
            return f"takes {word} in the form {form}"
    return ""


def _listed_values(word: str, fields: Mapping[str, Mapping[str, Any]], model: Model) -> Sequence[object]:
    """Return the values of a word that are listed; none where they are not."""
    accepts = model.accepts.get(word)
    return accepts if isinstance(accepts, tuple) else fields.get(word, {}).get("enum", ())


def _prompt_too_long(request: SelectionRequest, model: Model) -> str:
    longest = max(map(len, request.prompts), default=0)
    if model.max_prompt is not None and longest > model.max_prompt:
        return f"takes prompts of at most {model.max_prompt:,} characters with {model.id}; this one has {longest:,}"
    return ""


def _files_per_call(capability: Capability[Any, Any], model: Model) -> int:
    accepts = model.accepts.get("n", True)
    if "n" not in capability.params.model_fields or accepts is False:
        return 1
    most = int(field_schemas(capability.params)["n"].get("maximum", 1))
    if isinstance(accepts, Range):
        return min(most, int(accepts.high))
    if isinstance(accepts, tuple):
        return max(count for count in accepts if isinstance(count, int))
    return most


def _checked_by_rules(request: SelectionRequest, candidate: Candidate) -> Candidate | str:
    """Return the candidate with as many files per call as its rules allow, or what they say against even one."""
    reason = ""
    for count in range(candidate.per_call, 0, -1):
        reason = _rule_fault(request.prompts, candidate, count)
        if not reason:
            return replace(candidate, per_call=count)
    return reason


def _rule_fault(prompts: Sequence[str], candidate: Candidate, count: int) -> str:
    try:
        params = candidate.params(count)
    except ValidationError as error:
        return "; ".join(_params_faults(error))
    except Exception as error:  # noqa: BLE001 - one plug-in's fault must not stop the others
        return f"failed to check this ({type(error).__name__})"
    for prompt in prompts:
        asked = Request(
            model=candidate.model,
            prompt=prompt,
            params=params,
            inputs=candidate.inputs,
            options=candidate.options,
            state=candidate.state,
        )
        try:
            reason = candidate.capability.refuses(asked)
        except Exception as error:  # noqa: BLE001 - as above
            return f"failed to check this ({type(error).__name__})"
        if reason:
            return reason
    return ""


def _params_faults(error: ValidationError) -> Iterable[str]:
    # A list may be wrong in thousands of places; the first few say enough.
    for problem in islice(error.errors(include_url=False, include_context=False, include_input=False), 3):
        place = ".".join(map(str, problem["loc"]))[:60]
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "string_pattern_mismatch" and place in WORDS:
            message = f"not understood ({WORDS[place].about.rstrip('.')})"  # a pattern is no help to a reader
        yield f"{place}: {message}" if place else message
