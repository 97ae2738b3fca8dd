"""What the manifests are made from: pyproject.toml, and the keys and settings that the server reads."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mediasmith.config import registry
from mediasmith.config.base_urls import base_url_variable
from mediasmith.config.credentials import setting_variables
from mediasmith.config.settings import FLEET, Settings, variable
from mediasmith.plugin.contract import Backend

ROOT = Path(__file__).parents[2]

TITLE = "Mediasmith"

_SERVED = {"http_token", "http_url", *FLEET, "drain_seconds"}
"""The settings of servers that several clients use."""

_REPOSITORY = re.compile(r"https://github\.com/([\w.-]+)/[\w.-]+")


@dataclass(frozen=True, kw_only=True)
class Key:
    """A variable that signs in to a provider."""

    variable: str
    title: str
    description: str

    @property
    def option(self) -> str:
        """What the key is called among a plugin's own settings."""
        return self.variable.lower()


@dataclass(frozen=True, kw_only=True)
class Project:
    """What pyproject.toml says, and what the backends in it and the settings read from the environment.

    `repository` is empty as long as no address is set. `keys` has one key for each backend that needs one,
    `key_variables` has every variable with a key. `settings` has each setting with its description. `variables` are all
    that a server reads.
    """

    name: str
    version: str
    description: str
    license: str
    python: str
    keywords: Sequence[str]
    repository: str
    keys: Sequence[Key]
    key_variables: Sequence[str]
    settings: Mapping[str, str]
    variables: Sequence[str]

    @property
    def registry_name(self) -> str:
        """The name in the MCP registry, under which only the repository's owner can publish.

        Raises:
            ValueError: the repository is not on GitHub; the registry names others by their domain.
        """
        owner = _REPOSITORY.fullmatch(self.repository)
        if owner is None:
            raise ValueError(f"Repository should be https://github.com/OWNER/NAME, not {self.repository}")
        return f"io.github.{owner[1]}/{self.name}"


def read_project(pyproject: Path = ROOT / "pyproject.toml") -> Project:
    """Read pyproject.toml, and the keys from the backends that it registers."""
    table = tomllib.loads(pyproject.read_text("utf-8"))["project"]
    backends = registry.load(only=[*table["entry-points"][registry.GROUP]]).backends.values()
    settings = {
        variable(name): field.description or ""
        for name, field in Settings.model_fields.items()
        if name not in _SERVED  # clients start a server of their own, on standard input and output
    }
    return Project(
        **{name: table[name] for name in ("name", "version", "description", "license", "keywords")},
        python=table["requires-python"],
        repository=table.get("urls", {}).get("Repository", ""),
        keys=[_key(backend) for backend in backends if backend.keys and not backend.key_optional],
        key_variables=[key for backend in backends for key in backend.keys],
        settings=settings,
        variables=[*(name for backend in backends for name in _variables(backend)), *settings],
    )


def _key(backend: Backend[Any]) -> Key:
    kinds = dict.fromkeys(capability.kind.replace("_", " ") for capability in backend.capabilities)
    return Key(
        variable=backend.keys[0],
        title=f"{backend.title} API key",
        description=f"Optional. For {_join(kinds)}.",
    )


def _variables(backend: Backend[Any]) -> Iterator[str]:
    yield from backend.variables
    yield from setting_variables(backend).values()
    yield base_url_variable(backend.name)


def _join(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
