"""Load the installed backends by entry point. A broken plug-in becomes a reason, never a crash."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from itertools import groupby
from types import UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from mediasmith.plugin.contract import Backend, Capability, Params
from mediasmith.plugin.kinds import KINDS, Role
from mediasmith.plugin.params import INPUT_WORDS, WORDS

GROUP = "mediasmith.backends"
"""The entry-point group of backends."""

ARGUMENTS = frozenset(
    {
        *("prompt", "prompts", "kind", "backend", "model", "options", "draft", "output"),
        *("wait_seconds", "dry_run", "max_cost_usd", "continuation_id", "request_id"),
        *INPUT_WORDS,
    }
)
"""The tools' own arguments; no parameter may have one of these names."""

_NAME = re.compile(r"[a-z][a-z0-9_]{1,31}")
_ROLES: tuple[Role, ...] = get_args(Role)
_UNIONS: tuple[object, ...] = (Union, UnionType)
_JSON_TYPES = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"))  # bool first: it is an int too


@dataclass(frozen=True, kw_only=True)
class Registry:
    """The usable backends by name, and for each name that is broken or provided twice, the reason."""

    backends: Mapping[str, Backend[Any]]
    broken: Mapping[str, str]

    def find(self, name: str) -> Backend[Any] | None:
        """Return the backend with this name, or else with this alias, ignoring case."""
        wanted = name.strip().lower()
        if wanted in self.backends:
            return self.backends[wanted]
        return next((one for one in self.backends.values() if wanted in map(str.lower, one.aliases)), None)

    def capability(self, backend: str, name: str) -> Capability[Any, Any] | None:
        """Return a capability by its backend's name and its own, as a job's record has them."""
        found = self.backends.get(backend)
        return next((one for one in found.capabilities if one.name == name), None) if found else None


def load(*, only: Collection[str] = ()) -> Registry:
    """Load all installed backends, or `only` those with these names (ignoring case), sorted by name.

    A plug-in's fault is never raised: `broken` has its name and the reason. If several distributions provide one name,
    the first by distribution name wins, and the others are not loaded. What plug-ins print while they load goes to
    standard error.
    """
    wanted = {name.lower() for name in only}
    points = sorted(entry_points(group=GROUP), key=lambda point: (point.name, _distribution(point), point.value))
    backends: dict[str, Backend[Any]] = {}
    broken = {name: f"no such backend is installed (installed: {_names(points)})" for name in sorted(wanted)}
    for name, (first, *others) in _by_name(points):
        if wanted and name.lower() not in wanted:
            continue
        broken.pop(name.lower(), None)
        loaded = _load(first)
        reasons = [loaded] if isinstance(loaded, str) else []
        reasons += [
            f"{_distribution(other)} provides it too, but {_distribution(first)} comes first" for other in others
        ]
        if reasons:
            broken[name] = "; ".join(reasons)
        if not isinstance(loaded, str):
            backends[name] = loaded
    return Registry(backends=backends, broken=broken)


def find_faults(loaded: object, name: str) -> Iterator[str]:
    """Yield a phrase for everything that is wrong with what an entry point of this `name` has loaded."""
    if not isinstance(loaded, Backend):
        yield f"it is a {type(loaded).__name__}, not a Backend"
        return
    backend = cast("Backend[Any]", loaded)
    if not _NAME.fullmatch(name):
        yield f"its name '{name}' must be 2 to 32 lower-case letters, digits or underscores, beginning with a letter"
    if backend.name != name:
        yield f"its name is '{backend.name}', but that of its entry point is '{name}'"
    if not backend.capabilities:
        yield "it has no capabilities"
    if backend.settings and any(field.is_required() for field in backend.settings.model_fields.values()):
        yield "a field of its settings has no default"
    names = [capability.name for capability in backend.capabilities]
    if len(names) > len(set(names)):
        yield "two of its capabilities have the same name"
    for capability in backend.capabilities:
        faults = _capability_faults(capability, configured=backend.models is not None)
        yield from (f"capability '{capability.name}': {fault}" for fault in faults)


def _by_name(points: Iterable[EntryPoint]) -> Iterator[tuple[str, list[EntryPoint]]]:
    for name, same in groupby(points, key=lambda point: point.name):
        yield name, list(same)


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "an unknown distribution"


def _names(points: Iterable[EntryPoint]) -> str:
    return ", ".join(dict.fromkeys(point.name for point in points)) or "none"


def _load(point: EntryPoint) -> Backend[Any] | str:
    """Return the backend, or why it cannot be used."""
    try:
        with redirect_stdout(sys.stderr):
            loaded: Backend[Any] = point.load()
        fault = next(find_faults(loaded, point.name), "")
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a plug-in may call sys.exit or panic in native code
        text = next(iter(str(error).splitlines()), "")[:200]
        return f"{type(error).__name__}: {text} (while loading {point.value} of {_distribution(point)})"
    return f"{fault} ({point.value} of {_distribution(point)})" if fault else loaded


def _capability_faults(capability: Capability[Any, Any], *, configured: bool) -> Iterator[str]:
    if capability.kind not in KINDS:
        yield f"its kind '{capability.kind}' is unknown"
    if not capability.models and not configured:
        yield "it has no models"
    if capability.cancel and not capability.poll:
        yield "it has cancel but no poll, so it never has a handle"
    if bool(capability.poll) != bool(capability.handle):
        yield "poll and handle need each other"
    yield from (f"it takes an unknown role '{role}'" for role in capability.takes if role not in _ROLES)
    if capability.edits and capability.edits not in capability.takes:
        yield f"it edits in the role '{capability.edits}', which it does not take"
    if not issubclass(capability.params, Params):
        yield "its params are not a subclass of Params"
        return
    yield from _params_faults(capability.params)
    accepted = (word for model in capability.models for word in model.accepts)
    for word in (*capability.not_inherited, *capability.choices, *capability.builtin_choices, *accepted):
        if word not in capability.params.model_fields:
            yield f"its models, choices or not_inherited name '{word}', which is not a field of its params"


def _params_faults(params: type[Params]) -> Iterator[str]:
    for name, field in params.model_fields.items():
        if name in ARGUMENTS:
            yield f"its parameter '{name}' has the name of a tool argument"
        if name in WORDS and not _fits(WORDS[name].type, _json_type(field.annotation)):
            yield f"its parameter '{name}' is shared between backends and must be of type {WORDS[name].type}"


def _fits(expected: str, actual: str) -> bool:
    return actual == expected or (actual, expected) == ("integer", "number")


def _json_type(annotation: object) -> str:
    """Return the JSON type that an annotation allows besides None, or "" if it is not a single known type."""
    origin: object = get_origin(annotation)
    inner: tuple[object, ...] = get_args(annotation)
    if origin is Annotated:
        return _json_type(inner[0])
    if origin in _UNIONS:
        return _common(_json_type(one) for one in inner if one is not type(None))
    if origin is Literal:
        return _common(_json_type(type(value)) for value in inner if value is not None)
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return "strings" if {_json_type(one) for one in inner if one is not ...} == {"string"} else ""
    classes = (json for kind, json in _JSON_TYPES if isinstance(annotation, type) and issubclass(annotation, kind))
    return next(classes, "")


def _common(types: Iterable[str]) -> str:
    found = set(types)
    if "number" in found:
        found.discard("integer")
    return found.pop() if len(found) == 1 else ""
