"""How a backend signs in, read from the environment: its key, its own variables, its base URL. Nothing else is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mediasmith.config.settings import PREFIX, unexpanded
from mediasmith.plugin.contract import Access, Backend
from mediasmith.plugin.errors import MissingKey

_ON, _OFF = {"true", "1"}, {"false", "0"}


def access(backend: Backend[Any], env: Mapping[str, str]) -> Access:
    """What `backend` signs in with: the first of its keys that is set, its own variables, its base URL.

    A value that is blank or still reads `${...}` counts as missing.

    Raises:
        MissingKey: the backend needs a key and has none; the error's `hint` is the reason with the fix.
    """
    keys = _set(backend.keys, env)
    switches = _set(backend.switches, env)
    switched = next(iter(switches.values()), "").lower() in _ON
    if backend.keys and not keys and not switched:
        raise _missing(backend, env)
    url = base_url_variable(backend.name)
    return Access(
        key=next(iter(keys.values()), ""),
        env=_set(backend.env, env),
        base_url=_set([url], env).get(url, ""),
        switched=switched,
    )


def base_url_variable(name: str) -> str:
    """The environment variable that sends the backend of this name to another address."""
    return f"{PREFIX}{name.upper()}_BASE_URL"


def _set(names: Iterable[str], env: Mapping[str, str]) -> Mapping[str, str]:
    values = {name: env.get(name, "").strip() for name in names}
    return {name: value for name, value in values.items() if value and not unexpanded(value)}


def _missing(backend: Backend[Any], env: Mapping[str, str]) -> MissingKey:
    error = MissingKey(backend.name, backend.keys)
    templates = [name for name in backend.keys if unexpanded(env.get(name, ""))]
    if templates:
        error.hint += f" {' and '.join(templates)} still reads ${{...}}: the client did not fill it in."
    odd = [f"{name}={value}" for name, value in _set(backend.switches, env).items() if value.lower() not in _ON | _OFF]
    if odd:
        error.hint += f" {' and '.join(odd)} switches nothing on: that takes true or 1."
    return error
