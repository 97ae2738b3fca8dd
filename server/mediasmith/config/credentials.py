"""Read what a backend signs in with from the environment: its key, variables, settings and base URL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from pydantic import BaseModel, ValidationError

from mediasmith.config.base_urls import base_url_variable, set_base_urls
from mediasmith.config.env_values import clean_key, key_fault, read_value
from mediasmith.config.settings import PREFIX, unexpanded, unreplaced
from mediasmith.plugin.access import Access, Network
from mediasmith.plugin.contract import Backend
from mediasmith.plugin.errors import InvalidRequest, Misconfigured, MissingKey

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

    @property
    def certificates(self) -> bytes | None:
        """Refuse, as `ssl_context`."""
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

    Values are read as people write them, in quotes for example. One that is blank, still contains `${...}` or cannot
    be a key counts as not set. A setting that is not valid keeps its default; `setting_problems` names it.

    Raises:
        MissingKey: the backend needs a key and none is set; the error's `hint` is the reason with the fix.
        Misconfigured: a base URL cannot be read.
    """
    access = read_address(backend, env, network)
    if backend.keys and not backend.key_optional and not access.key and not access.switched:
        raise _missing(backend, env)
    return access


def read_address(backend: Backend[Any], env: Mapping[str, str], network: Network = OFFLINE) -> Access:
    """Return what `read_access` does, even if the key that the backend needs is not set.

    Raises:
        Misconfigured: a base URL cannot be read.
    """
    keys = _keys(backend, env)
    switches = _set(backend.switches, env)
    urls = set_base_urls(backend, env)
    return Access(
        key=next(iter(keys.values()), ""),
        env={**_set(backend.env, env), **{name: url for name, url in urls.items() if name in backend.base_urls}},
        base_url=urls.get(base_url_variable(backend.name), backend.local_url),
        network=network,
        switched=next(iter(switches.values()), "").lower() in _ON,
        settings=_read_settings(backend, env)[0],
    )


def key_variables(backends: Iterable[Backend[Any]], keys: Mapping[str, str | None]) -> Mapping[str, str]:
    """Return keys by the environment variables that hold them, where they are given by those or by backends' names.

    None is the same as not given.

    Raises:
        InvalidRequest: no backend has a key of such a name. The name is not repeated, since it may be the key.
    """
    known: dict[str, str] = {}
    for backend in backends:
        known |= {variable: variable for variable in backend.variables}
        for variable in backend.keys[:1]:
            known |= dict.fromkeys((backend.name, *map(str.lower, backend.aliases)), variable)
    found: dict[str, str] = {}
    for name, key in keys.items():
        variable = known.get(name) or known.get(name.lower())
        if variable is None:
            raise InvalidRequest(
                "keys has a name that is neither a backend that takes a key nor one of its variables.",
                f"Use one of {', '.join(sorted(known))}.",
                billed="no",
            )
        if key is not None:  # as `os.environ.get` has it
            found[variable] = key
    return found


def setting_variables(backend: Backend[Any]) -> Mapping[str, str]:
    """Return the environment variables of the backend's own settings, by field."""
    fields = backend.settings.model_fields if backend.settings else {}
    return {field: f"{PREFIX}{backend.name.upper()}_{field.upper()}" for field in fields}


def setting_problems(backend: Backend[Any], env: Mapping[str, str]) -> tuple[str, ...]:
    """Return a sentence for each setting or base URL that is not valid; it begins with the variable's name."""
    problems = _read_settings(backend, env)[1]
    try:
        set_base_urls(backend, env)
    except Misconfigured as error:
        return (*problems, f"{error.message} {error.hint}".rstrip("."))
    return problems


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
    values = {name: read_value(env.get(name, ""), env) for name in names}
    return {name: value for name, value in values.items() if value and not unexpanded(value)}


def _keys(backend: Backend[Any], env: Mapping[str, str]) -> Mapping[str, str]:
    cleaned = {name: clean_key(value)[0] for name, value in _set(backend.keys, env).items()}
    return {name: key for name, key in cleaned.items() if key and not key_fault(key)}


def key_problems(backend: Backend[Any], env: Mapping[str, str]) -> tuple[str, ...]:
    """Return a sentence for each key variable whose value cannot be a key; it begins with the variable's name."""
    faults = {name: key_fault(clean_key(value)[0]) for name, value in _set(backend.keys, env).items()}
    return tuple(f"{name} {fault}; it counts as not set" for name, fault in faults.items() if fault)


def key_notes(backend: Backend[Any], env: Mapping[str, str]) -> Mapping[str, str]:
    """Return by variable, as a phrase, what was left out of a key when it was read."""
    removed = {name: clean_key(env.get(name, ""))[1] for name in backend.keys}
    return {name: f"read without {' and '.join(phrases)}" for name, phrases in removed.items() if phrases}


def _missing(backend: Backend[Any], env: Mapping[str, str]) -> MissingKey:
    error = MissingKey(backend.name, backend.keys)
    for name in backend.keys:
        if unexpanded(value := env.get(name, "")):
            error.hint += f" {name} {unreplaced(value)}."
    error.hint += "".join(f" {problem}." for problem in key_problems(backend, env))
    odd = [f"{name}={value}" for name, value in _set(backend.switches, env).items() if value.lower() not in _ON | _OFF]
    if odd:
        error.hint += f" {' and '.join(odd)} has no effect; use true or 1."
    return error
