"""What a backend declares, checked without calling it."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import anyio
from pydantic import ValidationError

from mediasmith.config.field_schemas import field_schemas
from mediasmith.config.registry import find_faults
from mediasmith.engine.results import BackendList
from mediasmith.plugin.contract import Model, Params
from mediasmith.plugin.params import WORDS
from mediasmith.testing.engine_harness import running_engine
from mediasmith.testing.probes import unfit
from mediasmith.testing.rig import CheckContext, check

_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_TYPES = {"string", "integer", "number", "boolean", "array", "object"}
_IMPORTS = "import sys, {module}; sys.stderr.write('\\n'.join(sys.modules))"
_HEAVY = ("PIL", "av", "numpy", "sqlite3", "mcp")


@check("it is well formed", about="backend")
async def well_formed(context: CheckContext) -> None:
    """The registry would load it."""
    backend = context.backend
    found = "; ".join(find_faults(backend, context.rig.name or backend.name))
    assert not found, f"The registry would not load it: {found}."
    assert backend.title, "title is empty: it is what callers read in messages."
    assert backend.docs.startswith("https://"), f"docs is {backend.docs!r}: give the https page callers should read."
    for variable in backend.variables:
        assert _VARIABLE.fullmatch(variable), (
            f"{variable!r} in keys, switches or env is not the name of an environment variable."
        )


@check("its parameters are plain and closed")
async def plain_params(context: CheckContext) -> None:
    """Each parameter has one JSON type, and no undeclared one is taken."""
    params = context.capability.params
    for word, schema in field_schemas(params).items():
        assert schema.get("type") in _TYPES, (
            f"'{word}' has no single JSON type ({json.dumps(schema)[:200]}): clients take one type for each parameter."
        )
    missing = [
        word for word, field in params.model_fields.items() if field.is_required() and word not in context.rig.base
    ]
    assert not missing, f"{', '.join(missing)} must be given: make it optional, or set it in Rig(base=…)."
    assert params.model_config.get("frozen"), "its params are not frozen: leave model_config as Params has it."
    undeclared = [*(word for word in WORDS if word not in params.model_fields), "no_such_word"]
    taken = [word for word in undeclared if not _is_forbidden(params, word)]
    assert not taken, (
        f"its params take {', '.join(taken)} without declaring it: keep extra='forbid' and use no alias, "
        "or callers never learn of it."
    )


def _is_forbidden(params: type[Params], word: str) -> bool:
    """Return whether the params refuse this word because they do not know it."""
    try:
        params.model_validate({word: object()})
    except ValidationError as error:
        return any(one["type"] == "extra_forbidden" for one in error.errors(include_url=False))
    return False


@check("its models and prices are sound")
async def sound_models(context: CheckContext) -> None:
    """Unique ids, prices with a date and a source, values that the params accept."""
    models = context.capability.models
    assert models, "models is empty: list at least the default."
    ids = [model.id for model in models]
    assert len(ids) == len(set(ids)), f"a model is listed twice: {', '.join(ids)}."
    found = [f"{model.id}: {fault}" for model in models for fault in _model_faults(context, model)]
    assert not found, "; ".join(found)
    assert context.capability.every > 0, "every is not above 0: it is the pause between polls in seconds."
    assert context.capability.deadline > 0, "deadline is not above 0: it is when waiting ends, in seconds."


def _model_faults(context: CheckContext, model: Model) -> Iterator[str]:
    today = datetime.now(UTC).date()
    fields = field_schemas(context.capability.params)
    for price in model.prices:
        if min(price.usd, price.input_image_usd) < 0:
            yield "a price is below 0"
        if price.as_of > today:
            yield f"a price is of {price.as_of}, which is still to come; as_of is the day it was read"
        if price.usd and not price.source.startswith("https://"):
            yield f"a price has the source {price.source!r}; give the https page it was read from"
        yield from (f"a price depends on '{word}', which is no parameter" for word in price.when if word not in fields)
    for word, accepted in model.accepts.items():
        for value in accepted if isinstance(accepted, tuple) else ():
            if word in fields and (reason := unfit(context.capability, context.rig, word, value)):
                yield f"it accepts {word} {value!r}, but the params do not ({reason})"
    if model.max_prompt is not None and model.max_prompt < 1:
        yield "max_prompt is below 1"


@check("importing it is light and silent", about="backend")
async def light_import(context: CheckContext) -> None:
    """In a fresh process."""
    module = context.capability.params.__module__
    done = await anyio.run_process(
        [sys.executable, "-c", _IMPORTS.format(module=module)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert done.returncode == 0, f"import {module} fails in a fresh process: {done.stderr.decode()[-500:]}"
    assert not done.stdout, f"import {module} prints {done.stdout[:80]!r}: standard output belongs to the protocol."
    loaded = set(done.stderr.decode().split())
    heavy = [name for name in (context.backend.sdk, *_HEAVY) if name in loaded]
    assert not heavy, (
        f"import {module} loads {', '.join(heavy)}: import it inside the functions that use it, so that the server "
        "starts fast."
    )


@check("list_backends shows it in full")
async def listed(context: CheckContext) -> None:
    """Every word, option, model and live list."""
    async with running_engine(context) as harness:
        listing: BackendList = await harness.engine.list_backends({"backend": context.backend.name})
    detail = next(one for one in listing.capabilities if one.name == context.capability.name)
    assert detail.ready, f"it is not ready although it is signed in: {detail.missing}. Is Rig(env=…) complete?"
    shown: Mapping[str, Any] = {**detail.words, **detail.options}
    lost = set(context.capability.params.model_fields) - set(shown)
    assert not lost, f"list_backends does not show {', '.join(sorted(lost))}."
    assert detail.models, "list_backends shows no models: does discover answer with an empty list?"
    for word in context.capability.choices if context.wire else ():
        names = detail.choices.get(word, ())
        assert names, f"choices['{word}'] lists nothing: it must answer with names, or fail in your own tests."
        assert all(names), f"choices['{word}'] lists an empty name."


CHECKS = (well_formed, plain_params, sound_models, light_import, listed)
