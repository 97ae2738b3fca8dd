"""What is asked for, as selection sees it: inputs found, and for an edit what it continues from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from mediasmith.plugin.contract import JSON, Backend, Capability
from mediasmith.plugin.files import Source
from mediasmith.plugin.kinds import Kind, Role


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What an edit continues from: who made it, with which model, and the saved file (None where that is gone).

    `state` is the JSON that its backend keeps with the file, or None; `options` are those it was made with.
    """

    backend: str
    capability: str
    model: str
    file: Source | None
    state: JSON = None
    options: Mapping[str, JSON] = field(default_factory=dict[str, JSON])

    def made_with(self, backend: Backend[Any], capability: Capability[Any, Any]) -> bool:
        """Return whether this capability made the file."""
        return (self.backend, self.capability) == (backend.name, capability.name)

    def state_for(self, backend: Backend[Any], capability: Capability[Any, Any]) -> BaseModel | None:
        """Return the state, where this capability made the file and can still read it."""
        if self.state is None or capability.state is None or not self.made_with(backend, capability):
            return None
        try:
            return capability.state.model_validate(self.state)
        except ValidationError:
            return None


@dataclass(frozen=True, kw_only=True)
class SelectionRequest:
    """What candidates are matched against.

    `words` were given now; `inherited` come from the file that is edited and count as advisory. `backend` and `model`
    are empty unless they were named. `preferred` are words that count where they can be taken, and nothing otherwise.
    """

    kind: Kind
    prompts: tuple[str, ...]
    backend: str = ""
    model: str = ""
    words: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    inherited: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    preferred: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    options: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    inputs: Mapping[Role, tuple[Source, ...]] = field(default_factory=dict[Role, tuple[Source, ...]])
    draft: bool = False
    origin: Origin | None = None
