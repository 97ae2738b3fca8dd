"""Keep what clients are shown before their first call in a file, so that a start need not import the backends.

It is shown only while the source files, the installed packages, the settings, the keys that are set and the day are
those it was made from. What a later call uses is always loaded; if that differs, the file is written again.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Self, TypeAlias

from mediasmith.config.declarations import Declarations, declare
from mediasmith.config.installation import Installation
from mediasmith.config.offers import Offer
from mediasmith.config.registry import GROUP
from mediasmith.config.settings import PREFIX, Settings
from mediasmith.config.tool_schemas import ToolSchema

Stamps: TypeAlias = Mapping[str, int]
"""Paths, with the time of their last change in nanoseconds."""

_MOST = 8
"""Environments to keep declarations for: each client may start the server with keys and settings of its own."""

_SECRETS = ("_KEY", "_TOKEN", "_SECRET", "_DATABASE_URL")
"""How the names of variables end whose values must not be recognizable in a file, not even as part of a hash."""


def load_declarations(env: Mapping[str, str] | None = None) -> tuple[Declarations, Callable[[], Installation]]:
    """Return what clients are shown, and the function that loads the rest, which takes longer."""
    env = os.environ if env is None else env
    settings = Settings.load(env)[0]
    kept = _Kept.read(settings.data_dir)
    shown = kept.declarations.get(_digest(env, kept.variables))

    def load() -> Installation:
        installation = Installation.load(env=env)
        if (text := _write(declare(installation))) != shown:
            _keep(settings.data_dir, installation, env, text)
        return installation

    if shown is not None:
        return _read(shown, settings), load
    installation = load()
    return declare(installation), lambda: installation


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """The content of the file: declarations as JSON, by a digest of the environment's `variables` and the day."""

    stamps: Stamps
    variables: tuple[str, ...] = ()
    declarations: Mapping[str, str]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return what is kept, without declarations if there is no file or something has changed since."""
        try:
            found: Mapping[str, Any] = json.loads(_path(folder).read_bytes())
            kept = cls(**found)
            if kept.stamps == _stamps(kept.stamps) and _folders().items() <= kept.stamps.items():
                return kept
        except (OSError, ValueError, TypeError, AttributeError):
            pass  # there is no file yet, or somebody else's
        return cls(stamps={}, declarations={})


def _keep(folder: Path, installation: Installation, env: Mapping[str, str], text: str) -> None:
    """Write the file. Where that fails, the next start takes longer."""
    variables = sorted({name for backend in installation.registry.backends.values() for name in backend.variables})
    others = list(_Kept.read(folder).declarations.items())[1 - _MOST :]
    path = _path(folder)
    written = path.with_suffix(f".{os.getpid()}")
    with suppress(OSError):  # also where a source is in an archive, and has no time of its own
        kept = _Kept(
            stamps=_stamps([*_folders(), *_sources()]),
            variables=tuple(variables),
            declarations={**dict(others), _digest(env, variables): text},
        )
        folder.mkdir(parents=True, exist_ok=True)
        written.write_text(json.dumps(asdict(kept)))
        written.replace(path)


def _path(folder: Path) -> Path:
    """Return the file of this Python environment."""
    name = blake2b(f"{sys.prefix} {sys.version}".encode(), digest_size=6).hexdigest()
    return folder / f"declarations-{name}.json"


def _write(declarations: Declarations) -> str:
    shown = ("name", "title", "description", "parameters", "read_only")
    tools = [{name: getattr(tool, name) for name in shown} for tool in declarations.tools]
    offers = [offer.model_dump(mode="json") for offer in declarations.offers]
    return json.dumps({"tools": tools, "offers": offers, "has_problems": declarations.has_problems})


def _read(text: str, settings: Settings) -> Declarations:
    found = json.loads(text)
    return Declarations(
        settings=settings,
        tools=tuple(ToolSchema(**tool) for tool in found["tools"]),
        offers=tuple(Offer(**offer) for offer in found["offers"]),
        has_problems=found["has_problems"],
    )


def _digest(env: Mapping[str, str], variables: Collection[str]) -> str:
    """Return a digest of the day, the settings and these variables. Of a secret, only whether it is set counts."""
    names = sorted(name for name in env if name.upper().startswith(PREFIX) or name in variables)
    values = [(name, bool(env[name].strip()) if name.upper().endswith(_SECRETS) else env[name]) for name in names]
    text = json.dumps([datetime.now(UTC).date().isoformat(), values])
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _folders() -> Stamps:
    """Return the folders of packages: they change when something is installed."""
    return _stamps(path for path in sys.path[1:] if Path(path).is_dir())


def _sources() -> list[str]:
    """Return the source files of the server and of the backends, as far as they are loaded."""
    packages = {"mediasmith", *(point.module.partition(".")[0] for point in entry_points(group=GROUP))}
    loaded = [module for name, module in sys.modules.items() if name.partition(".")[0] in packages]
    return [file for module in loaded if (file := getattr(module, "__file__", None))]


def _stamps(paths: Iterable[str]) -> Stamps:
    return {path: Path(path).stat().st_mtime_ns for path in paths}
