"""Replicate: images, videos, speech and music from thousands of models, each by the schema that comes with it."""

from __future__ import annotations

from functools import partial
from typing import Any

from mediasmith.plugin.contract import Backend, Capability
from mediasmith.plugin.kinds import Kind
from mediasmith_backends.input_schema import refuses
from mediasmith_backends.replicate.client import Client, check, connect
from mediasmith_backends.replicate.errors import KEYS, TITLE, explain
from mediasmith_backends.replicate.generation import start
from mediasmith_backends.replicate.model_schema import KINDS, TAKES, fetch_model
from mediasmith_backends.replicate.models import MODELS, served_models
from mediasmith_backends.replicate.prediction import PredictionHandle, cancel, poll
from mediasmith_backends.replicate.search import search
from mediasmith_backends.schema_params import PARAMS

_WAIT_SECONDS = 1800.0  # a prediction may run for 30 minutes (replicate.com/docs/topics/predictions/lifecycle, 2026)


def _capability(kind: Kind) -> Capability[Client, Any]:
    return Capability(
        kind=kind,
        name=kind,
        params=PARAMS[kind],
        models=MODELS[kind],
        start=partial(start, kind),
        poll=poll,
        cancel=cancel,
        handle=PredictionHandle,
        takes=TAKES.get(kind, {}),
        edits="image" if kind == "image" else None,
        every=10.0 if kind == "video" else 3.0,
        deadline=_WAIT_SECONDS,
        preference=1,
        refuses=refuses,
        discover=partial(served_models, kind),
        lookup=partial(fetch_model, kind),
    )


backend: Backend[Client] = Backend(
    name="replicate",
    title=TITLE,
    docs="https://replicate.com/docs/reference/http",
    keys=KEYS,
    capabilities=tuple(map(_capability, KINDS)),
    connect=connect,
    search=search,
    check=check,
    explain=explain,
)
