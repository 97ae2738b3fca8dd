"""One way to do a request: a backend, a capability, a model, and the values to send."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel

from mediasmith.config.field_schemas import field_schemas
from mediasmith.plugin.contract import JSON, Backend, Capability, Model, Params
from mediasmith.plugin.files import Source
from mediasmith.plugin.kinds import Role
from mediasmith.selection.option_schema import is_option, options_for_words


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One way to do a request.

    `values` are the parameters and options without `n`; `warnings` say what was left out or changed, and `lacks` counts
    the words that were left out. `per_call` is how many files one paid call makes at most. `state` is what the backend
    itself keeps of the file that is edited; without it, an edit is given the saved file among its inputs.
    """

    backend: Backend[Any]
    capability: Capability[Any, Any]
    model: Model
    values: Mapping[str, JSON]
    inputs: Mapping[Role, tuple[Source, ...]] = field(default_factory=dict[Role, "tuple[Source, ...]"])
    per_call: int = 1
    state: BaseModel | None = None
    warnings: tuple[str, ...] = ()
    lacks: int = 0

    @property
    def label(self) -> str:
        """The backend and model, as messages name them."""
        return f"{self.backend.name} {self.model.id}"

    @property
    def options(self) -> Mapping[str, JSON]:
        """The values of options that only this model has."""
        return {name: value for name, value in self.values.items() if name not in self._params}

    @property
    def _declared(self) -> AbstractSet[str]:
        """The parameters that this model takes as such."""
        return self.capability.params.model_fields.keys() - options_for_words(self.model)

    @property
    def _params(self) -> Mapping[str, JSON]:
        """The values of parameters."""
        declared = self._declared
        return {
            name: value
            for name, value in self.values.items()
            if name in declared and not is_option(self.model, name, value)
        }

    def with_warnings(self, *texts: str) -> Candidate:
        """Return the candidate with these warnings before its own."""
        return replace(self, warnings=(*texts, *self.warnings))

    def params(self, count: int, first: int = 0) -> Params:
        """Return the validated parameters of a call that makes `count` files, the first of them number `first`.

        Calls that share a seed would make the same file, so the seed counts up with the files.

        Raises:
            ValidationError: the values break a rule of the params model.
        """
        declared = self._declared
        changed: dict[str, JSON] = {"n": count} if "n" in declared else {}
        given = self._params
        seed = given.get("seed")
        if first and "seed" in declared and isinstance(seed, int):
            highest = field_schemas(self.capability.params)["seed"].get("maximum", 2**32 - 1)
            changed["seed"] = (seed + first) % (highest + 1)
        return self.capability.params.model_validate({**given, **changed})


def add_saved_file(
    capability: Capability[Any, Any], inputs: Mapping[Role, tuple[Source, ...]], file: Source
) -> dict[Role, tuple[Source, ...]]:
    """Return the inputs with a saved file in front, in the role that the capability edits."""
    role = capability.edits or "image"
    return {**inputs, role: (file, *inputs.get(role, ()))}
