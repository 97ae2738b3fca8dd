"""Report unknown kinds and backends in MEDIASMITH_DEFAULTS and MEDIASMITH_ORDER, which have no effect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings, variable
from mediasmith.plugin.kinds import KINDS

_LONGEST = 32
"""Characters of a name. A longer one is not repeated: it could be a key in the wrong variable."""


def unknown_choices(settings: Settings, registry: Registry) -> Iterator[str]:
    """Yield a sentence for each kind and backend in these settings that is not known; it begins with the variable."""
    for kind, choice in settings.defaults.items():
        name = choice.partition(":")[0]
        backend = registry.find(name)
        if kind not in KINDS:
            yield f"{variable('defaults')} names {_quoted(kind)}, which is not a kind{_closest(kind, KINDS)}"
        elif backend is None:
            yield _not_installed("defaults", name, registry)
        elif kind not in {capability.kind for capability in backend.capabilities}:
            yield f"{variable('defaults')} names {name} for {kind}, which it does not make"
    yield from (_not_installed("order", name, registry) for name in settings.order if registry.find(name) is None)


def _not_installed(field: str, name: str, registry: Registry) -> str:
    near = _closest(name, registry.backends)
    return f"{variable(field)} names {_quoted(name)}, which is not an installed backend{near}"


def _quoted(name: str) -> str:
    return name if len(name) <= _LONGEST else "something"


def _closest(name: str, known: Iterable[str]) -> str:
    import difflib  # noqa: PLC0415 - heavy: needed only for a misspelt name

    near = difflib.get_close_matches(name[:_LONGEST], known, n=1)
    return f"; did you mean {near[0]}?" if near else ""
