"""What is asked for, as the selector sees it, and one way to do it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mediasmith.config.tool_schemas import field_schemas
from mediasmith.plugin.contract import JSON, Backend, Capability, Model, Params
from mediasmith.plugin.files import Source
from mediasmith.plugin.kinds import Kind, Role


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
class SelectionRequest:
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
class Candidate:
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

    def from_file(self, file: Source) -> Candidate:
        """The same choice, with the saved file in place of the backend's own state."""
        return replace(self, native=False, inputs=with_file(self.capability, self.inputs, file))


def with_file(
    capability: Capability[Any, Any], inputs: Mapping[Role, tuple[Source, ...]], file: Source
) -> dict[Role, tuple[Source, ...]]:
    """The inputs with a saved file in front, in the role that the capability edits."""
    role = capability.edits or "image"
    return {**inputs, role: (file, *inputs.get(role, ()))}
