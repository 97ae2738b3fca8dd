"""Read what a backend signs in with from the environment: its key, variables, settings and base URL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from pydantic import BaseModel, ValidationError

from mediasmith.config.settings import PREFIX, unexpanded
from mediasmith.plugin.contract import Access, Backend, Network
from mediasmith.plugin.errors import MissingKey

if TYPE_CHECKING:
    from ssl import SSLContext

_ON, _OFF = {"true", "1"}, {"false", "0"}


class _Offline:
    """A network that refuses every use: a backend must not need one to say what it offers."""

    @property
    def ssl_context(self) -> SSLContext:
        """Refuse.

        Raises:
            RuntimeError: always.
        """
        self._refuse()

    def proxy_for(self, url: str) -> str | None:
        """Refuse, as `ssl_context`."""
        self._refuse(url)

    def client(self, **options: Any) -> Any:
        """Refuse, as `ssl_context`."""
        self._refuse(options)

    def _refuse(self, *_given: object) -> NoReturn:
        raise RuntimeError("the network may not be used before a call")


OFFLINE: Network = _Offline()
"""The network that a backend's `missing` and `models` are given."""


def read_access(backend: Backend[Any], env: Mapping[str, str], network: Network = OFFLINE) -> Access:
    """Return what `backend` signs in with: the first of its keys that is set, its variables, settings and base URL.

    A value that is blank or still contains `${...}` counts as not set. A setting that is not valid keeps its default;
    `setting_problems` names it.

    Raises:
        MissingKey: the backend needs a key and none is set; the error's `hint` is the reason with the fix.
    """
    access = read_address(backend, env, network)
    if backend.keys and not backend.key_optional and not access.key and not access.switched:
        raise _missing(backend, env)
    return access


def read_address(backend: Backend[Any], env: Mapping[str, str], network: Network = OFFLINE) -> Access:
    """Return what `read_access` does, also where the key that the backend needs is not set."""
    keys = _set(backend.keys, env)
    switches = _set(backend.switches, env)
    url = base_url_variable(backend.name)
    return Access(
        key=next(iter(keys.values()), ""),
        env=_set(backend.env, env),
        base_url=_set([url], env).get(url, ""),
        network=network,
        switched=next(iter(switches.values()), "").lower() in _ON,
        settings=_read_settings(backend, env)[0],
    )


def base_url_variable(name: str) -> str:
    """Return the environment variable that sets another base URL for a backend."""
    return f"{PREFIX}{name.upper()}_BASE_URL"


def setting_variables(backend: Backend[Any]) -> Mapping[str, str]:
    """Return the environment variables of the backend's own settings, by field."""
    fields = backend.settings.model_fields if backend.settings else {}
    return {field: f"{PREFIX}{backend.name.upper()}_{field.upper()}" for field in fields}


def setting_problems(backend: Backend[Any], env: Mapping[str, str]) -> tuple[str, ...]:
    """Return a sentence for each setting of the backend that is not valid; it begins with the variable's name."""
    return _read_settings(backend, env)[1]


def _read_settings(backend: Backend[Any], env: Mapping[str, str]) -> tuple[BaseModel | None, tuple[str, ...]]:
    if backend.settings is None:
        return None, ()
    variables = setting_variables(backend)
    given = _set(variables.values(), env)
    values = {field: given[name] for field, name in variables.items() if name in given}
    problems: list[str] = []
    while True:
        try:
            return backend.settings.model_validate(values), tuple(problems)
        except ValidationError as error:
            wrong = {str(one["loc"][0]): one["msg"] for one in error.errors(include_url=False) if one["loc"]}
            if not wrong.keys() & values.keys():
                raise  # a field without a default, which the registry reports
            for field in wrong.keys() & values.keys():
                del values[field]
                problems.append(f"{variables[field]} is not valid ({wrong[field]}); it counts as not set")


def _set(names: Iterable[str], env: Mapping[str, str]) -> Mapping[str, str]:
    values = {name: env.get(name, "").strip() for name in names}
    return {name: value for name, value in values.items() if value and not unexpanded(value)}


def _missing(backend: Backend[Any], env: Mapping[str, str]) -> MissingKey:
    error = MissingKey(backend.name, backend.keys)
    templates = [name for name in backend.keys if unexpanded(env.get(name, ""))]
    if templates:
        error.hint += f" {' and '.join(templates)} still contains ${{...}}, which the client did not replace."
    odd = [f"{name}={value}" for name, value in _set(backend.switches, env).items() if value.lower() not in _ON | _OFF]
    if odd:
        error.hint += f" {' and '.join(odd)} has no effect; use true or 1."
    return error
