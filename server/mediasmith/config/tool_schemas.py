"""Build the tools' schemas from the installed backends: flat, with one type per property, as every client accepts them.

Clients rewrite schemas: some drop bounds and defaults, some drop a whole server over one boolean schema, and one
strips every description of a tool above about 5 KB. So bounds and defaults are repeated in the descriptions, there are
no references, unions or nulls, and parameters of a single backend go into `options`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from mediasmith.config.field_schemas import Schema, field_schemas
from mediasmith.plugin.contract import Backend, Capability
from mediasmith.plugin.kinds import KINDS
from mediasmith.plugin.params import INPUT_WORDS, WORDS

MAX_PROMPTS = 16
"""Prompts in one batch at most."""

MAX_COUNT = 10
"""Files for one prompt at most."""

MAX_WAIT = 600
"""Seconds that a call may wait at most."""


_MAX_NAMED = 2
"""Backends that a parameter's description names; which take it is in list_backends."""


@dataclass(frozen=True, kw_only=True)
class ToolSchema:
    """A tool as callers see it. `parameters` is its JSON schema.

    `accepted` has the values of the shared words that are listed, by kind. `options` are those of the backends by name,
    each with the backends that have it. `backends` are their names and aliases.
    """

    name: str
    title: str
    description: str
    parameters: Schema
    read_only: bool
    accepted: Mapping[str, Mapping[str, tuple[str, ...]]] = field(
        default_factory=dict[str, "Mapping[str, tuple[str, ...]]"]
    )
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, "tuple[str, ...]"])
    backends: tuple[str, ...] = ()


class Tools(Mapping[str, ToolSchema]):
    """The four tools by name, merged over the installed backends, ready or not.

    Each is built when it is first read: those with all parameters take a while.
    """

    def __init__(self, backends: Iterable[Backend[Any]]) -> None:
        self._arguments = _Arguments(tuple(backends))
        self._built: dict[str, ToolSchema] = {}

    def __getitem__(self, name: str) -> ToolSchema:
        if name not in self._built:
            self._built[name] = _TOOLS[name](self._arguments)
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_TOOLS)

    def __len__(self) -> int:
        return len(_TOOLS)


def _object(properties: Mapping[str, Schema], required: Sequence[str] = ()) -> Schema:
    needed = {"required": list(required)} if required else {}
    return {"type": "object", "properties": dict(properties), **needed, "additionalProperties": False}


_WAIT: Schema = {"type": "integer", "minimum": 0, "maximum": MAX_WAIT}

_JOB: Mapping[str, Schema] = {
    "job_id": {"type": "string", "description": "Empty: lists recent jobs."},
    "wait_seconds": {**_WAIT, "description": f"Seconds to wait for its end, 0-{MAX_WAIT}. Default 40."},
    "cancel": {
        "type": "boolean",
        "description": "Cancel it, also at the provider. Fails if the provider cannot stop it.",
    },
}


class _Arguments:
    """The tools' arguments, for the installed backends."""

    def __init__(self, backends: tuple[Backend[Any], ...]) -> None:
        self.backends = backends
        self.capabilities = [(backend, capability) for backend in backends for capability in backend.capabilities]
        kinds = {capability.kind for _, capability in self.capabilities}
        self.kinds = [kind for kind in KINDS if kind in kinds]

    def names(self) -> tuple[str, ...]:
        """Return the names and aliases of the backends."""
        return tuple(name for backend in self.backends for name in (backend.name, *backend.aliases))

    def kinds_phrase(self) -> str:
        """Return the installed kinds as part of a sentence, five at most."""
        phrases = {"image": "an image", "audio_isolation": "isolated audio", "music": "music", "speech": "speech"}
        names = [phrases.get(kind, f"a {kind.replace('_', ' ')}") for kind in self.kinds[:5]]
        return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else "".join(names) or "media"

    def generate(self) -> dict[str, Schema]:
        """Return the arguments of generate_media, in the order in which callers read them."""
        return {
            "prompt": _text("What to generate; for speech, the words to say."),
            "prompts": {
                "type": "array",
                "items": {"type": "string"},
                "minItems": 1,
                "maxItems": MAX_PROMPTS,
                "description": f"Instead of prompt: a result for each, in parallel, at most {MAX_PROMPTS}.",
            },
            "kind": self._kind("What to generate. Default image."),
            "backend": _text(", ".join(["auto (default)", *(backend.name for backend in self.backends)]) + "."),
            "model": _text("A model of the backend; list_backends finds more. Default: its best, or cheap for drafts."),
            **self._inputs(),
            **self._shared(),
            **self._common(),
        }

    def edit(self) -> dict[str, Schema]:
        """Return the arguments of continue_edit. Those of generate_media are repeated without descriptions."""
        own = {
            "continuation_id": _text("From an earlier result or one of its files; can be used again."),
            "prompt": _text("What to change, or what comes next."),
            "backend": _text("Default: the one that made it."),
            "model": _text("Default: the same."),
        }
        repeated = {**self._inputs(), **self._shared(), **self._common()}
        undescribed = {
            name: {key: value for key, value in schema.items() if key != "description"}
            for name, schema in repeated.items()
        }
        return {**own, **undescribed}

    def listing(self) -> dict[str, Schema]:
        """Return the arguments of list_backends."""
        return {
            "kind": self._kind("Only what makes this."),
            "backend": _text("One backend in detail: options, models, prices, voices, limits."),
            "query": _text("Find models of a backend by text, or one by its id."),
        }

    def accepted(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """Return the values of shared words by kind, where every backend of the kind lists its own."""
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        for kind in self.kinds:
            makers = [capability for _, capability in self.capabilities if capability.kind == kind]
            for name in WORDS:
                fields = [field_schemas(one.params)[name] for one in makers if name in one.params.model_fields]
                if WORDS[name].type == "string" and (values := _listed_values(fields)):
                    found.setdefault(kind, {})[name] = values
        return found

    def options(self) -> dict[str, tuple[str, ...]]:
        """Return the names of the backends' options, each with the backends that have it."""
        found: dict[str, tuple[str, ...]] = {}
        for backend, capability in self.capabilities:
            own = [name for name in capability.params.model_fields if name not in WORDS]
            of_models = [name for model in capability.models for name in _properties(model.options)]
            for name in (*own, *(name for name in of_models if name not in WORDS)):
                found[name] = tuple(dict.fromkeys((*found.get(name, ()), backend.name)))
        return found

    def _common(self) -> dict[str, Schema]:
        return {
            "n": {
                "type": "integer",
                "minimum": 1,
                "maximum": MAX_COUNT,
                "description": f"How many, 1-{MAX_COUNT}. Default 1.",
            },
            "draft": {"type": "boolean", "description": "Use a cheap, fast model. Default false."},
            "options": {
                "type": "object",
                "description": "Options of one backend; see list_backends with backend.",
            },
            "output": _text("Folder or file name to save to."),
            "wait_seconds": {
                **_WAIT,
                "description": f"Seconds to wait before answering with a job_id, 0-{MAX_WAIT}. Default 40.",
            },
            "max_cost_usd": {
                "type": "number",
                "minimum": 0,
                "description": "Refuse, unspent, if the estimate in USD is higher. 0 or more.",
            },
            "dry_run": {"type": "boolean", "description": "Only say what would be done, and its cost."},
            "request_id": _text("Any text; a call repeated with the same one is never billed twice."),
        }

    def _kind(self, about: str) -> Schema:
        # An empty enum is not a valid schema. Without backends any kind is accepted here, and then refused.
        return {"type": "string", "description": about, **({"enum": self.kinds} if self.kinds else {})}

    def _inputs(self) -> dict[str, Schema]:
        found: dict[str, Schema] = {}
        for name, word in INPUT_WORDS.items():
            takers = [pair for pair in self.capabilities if name in pair[1].takes]
            prefixes = [
                prefix for prefix, role in word.prefixes.items() if any(role in c.takes for _, c in self.capabilities)
            ]
            if not takers and not prefixes:
                continue
            roles = f" Prefix {'=, '.join(prefixes)}= for that role." if prefixes else ""
            about = f"{word.about}{roles}{self._names(takers)}"
            many: Schema = {"type": "array", "items": {"type": "string"}}
            found[name] = {**(many if word.many else {"type": "string"}), "description": about}
        return found

    def _shared(self) -> dict[str, Schema]:
        found: dict[str, Schema] = {}
        for name in WORDS:
            takers = [pair for pair in self.capabilities if name in pair[1].params.model_fields]
            if takers and name != "n":  # described in _common: the server makes several calls if it has to
                found[name] = self._merged(name, takers)
        return found

    def _merged(self, name: str, takers: Sequence[tuple[Backend[Any], Capability[Any, Any]]]) -> Schema:
        """Return a schema that admits what any backend takes. Selection checks what the chosen one takes."""
        word = WORDS[name]
        fields = [field_schemas(capability.params)[name] for _, capability in takers]
        schema: Schema = (
            {"type": "array", "items": {"type": "string"}} if word.type == "strings" else {"type": word.type}
        )
        about = word.about
        if word.type == "string" and (values := _listed_values(fields)):
            schema["enum"] = list(values)
        bounds = [_bounds(field) for field in fields] if word.type in {"integer", "number"} else []
        if bounds and None not in bounds:
            schema["minimum"] = min(low for low, _ in filter(None, bounds))
            schema["maximum"] = max(high for _, high in filter(None, bounds))
            about += f" {schema['minimum']:.10g}-{schema['maximum']:.10g}."
        defaults = {str(field.get("default", "")) for field in fields}
        if word.type != "strings" and len(defaults) == 1 and (default := defaults.pop()):
            about += f" Default {default.lower() if word.type == 'boolean' else default}."
        return {**schema, "description": about + self._names(takers)}

    def _names(self, takers: Sequence[tuple[Backend[Any], Capability[Any, Any]]]) -> str:
        """Return the takers' names if they are few, and fewer than half of the backends that make those kinds."""
        kinds = {capability.kind for _, capability in takers}
        makers = {backend.name for backend, capability in self.capabilities if capability.kind in kinds}
        names = list(dict.fromkeys(backend.name for backend, _ in takers))
        few = 0 < len(names) <= _MAX_NAMED and len(names) * 2 < len(makers)
        return f" {', '.join(names)}." if few else ""


def _generate_media(arguments: _Arguments) -> ToolSchema:
    return ToolSchema(
        name="generate_media",
        title="Generate media",
        description=(
            f"Generates {arguments.kinds_phrase()} from a prompt and saves it to a file. Picks a backend that "
            "accepts every parameter, or says why none does. Parameters are honoured or named in warnings. Returns "
            "the absolute path, a small preview, the cost and a continuation_id for continue_edit. If status is "
            "running, collect it with get_job."
        ),
        parameters=_object(arguments.generate()),
        read_only=False,
        accepted=arguments.accepted(),
        options=arguments.options(),
        backends=arguments.names(),
    )


def _continue_edit(arguments: _Arguments) -> ToolSchema:
    return ToolSchema(
        name="continue_edit",
        title="Continue an edit",
        description=(
            "Changes or extends an earlier result. Its continuation_id can be used again: for another branch, "
            "after a restart, or with another backend. Other parameters are those of generate_media and override "
            "the earlier ones."
        ),
        parameters=_object(arguments.edit(), required=["continuation_id", "prompt"]),
        read_only=False,
        accepted=arguments.accepted(),
        options=arguments.options(),
        backends=arguments.names(),
    )


def _list_backends(arguments: _Arguments) -> ToolSchema:
    return ToolSchema(
        name="list_backends",
        title="List backends",
        description="Lists what can be generated, by which backend, and what is missing for the rest.",
        parameters=_object(arguments.listing()),
        read_only=True,
    )


def _get_job(_arguments: _Arguments) -> ToolSchema:
    return ToolSchema(
        name="get_job",
        title="Get a job",
        description="Waits for, collects or cancels a job that was still running. Costs nothing.",
        parameters=_object(_JOB),
        read_only=False,
    )


_TOOLS: Mapping[str, Callable[[_Arguments], ToolSchema]] = {
    "generate_media": _generate_media,
    "continue_edit": _continue_edit,
    "list_backends": _list_backends,
    "get_job": _get_job,
}


def _listed_values(fields: Sequence[Schema]) -> tuple[str, ...]:
    """Return the values that the fields list, or none if one of them lists none."""
    if not all("enum" in field for field in fields):
        return ()
    return tuple(dict.fromkeys(value for field in fields for value in field["enum"] if value is not None))


def _properties(schema: Mapping[str, Any]) -> Iterable[str]:
    properties: object = schema.get("properties")
    return cast("Mapping[str, object]", properties) if isinstance(properties, Mapping) else ()


def _bounds(field: Schema) -> tuple[float, float] | None:
    """Return the lowest and highest number of a field. Clients refuse an enum of numbers, so a list becomes bounds."""
    numbers = [value for value in field.get("enum", ()) if value is not None]
    low = field.get("minimum", min(numbers, default=None))
    high = field.get("maximum", max(numbers, default=None))
    return None if low is None or high is None else (low, high)


def _text(about: str) -> Schema:
    return {"type": "string", "description": about}
