"""Define the settings, and read them from `MEDIASMITH_*` variables. A wrong value never stops the server."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, cast
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints, ValidationError
from pydantic_core import from_json
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from mediasmith.config.data_folder import default_data_folder, unusual_folder
from mediasmith.config.env_values import clean, clean_key, expand_variables, folder_path

PREFIX = "MEDIASMITH_"
"""The prefix of every setting's environment variable; the field's name in capitals follows."""

_TEMPLATE = re.compile(r"\$\{[^{}]*\}|^\s*(?:\$[A-Za-z_]\w*|%[A-Za-z_]\w*%)\s*$")
_BASE_URL = re.compile(rf"{PREFIX}[A-Z][A-Z0-9_]{{1,31}}_BASE_URL")
_PATHS = frozenset(f"{PREFIX}{field}" for field in ("OUTPUT_DIR", "DATA_DIR", "ALLOWED_DIRS"))
_LIMITS = {"max_cost_usd", "daily_budget_usd"}
_CLOSED = "until it is fixed, nothing is served over HTTP"
_HTTP = "http_"  # the values of these fields are secrets, or may contain one
_TOKEN = re.compile(r"[!-~]{16,}")
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
_MAX_QUOTED = 16  # longer values are not repeated in problems: one could be a key in the wrong variable


def unexpanded(value: str) -> bool:
    """Return whether a value still contains a `${...}`, or is a `$NAME` or `%NAME%`, that the client did not replace.

    It counts as not set.
    """
    return _TEMPLATE.search(value) is not None


def unreplaced(value: str) -> str:
    """Return a phrase about an `unexpanded` value, without the value itself."""
    return f"still contains {'${...}' if '${' in value else 'a variable'}, which the client did not replace"


def _absolute_folder(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except (OSError, RuntimeError) as error:
        raise ValueError("there is no such home or working folder") from error


def _check_token(value: SecretStr) -> SecretStr:
    if not _TOKEN.fullmatch(value.get_secret_value()):
        raise ValueError("too short, or with characters that a header cannot have")
    return value


def _normalize_address(url: str) -> str:
    parts = urlsplit(url)
    name, path = parts.hostname or "", parts.path.rstrip("/")
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(name) or path.endswith("/mcp"):
        raise ValueError("not the address of a server")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("more than an address")
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{f'[{name}]' if ':' in name else name}{port}{path}"


def _split(separator: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    if value.startswith("["):
        return tuple(from_json(value.encode()))
    return tuple(part for part in map(clean, re.split(separator, value)) if part)


def _parse_defaults(value: object) -> object:
    """Return the choices by kind, in lower case but for the model's name. Blank ones count as not set."""
    parsed = from_json(value.encode()) if isinstance(value, str) else value
    if not isinstance(parsed, Mapping):
        return parsed
    choices = {str(kind).strip().lower(): choice for kind, choice in cast("Mapping[object, object]", parsed).items()}
    return {kind: _parse_choice(choice) for kind, choice in choices.items() if choice is not None and choice != ""}


def _parse_choice(choice: object) -> object:
    if not isinstance(choice, str):
        return choice
    backend, colon, model = choice.strip().partition(":")
    return f"{backend.strip().lower()}{colon}{model.strip()}"


def _folder_path(value: object) -> object:
    return folder_path(value) if isinstance(value, str) else value


def _token(value: object) -> object:
    return clean_key(value)[0] if isinstance(value, str) else value


Folder: TypeAlias = Annotated[Path, BeforeValidator(_folder_path), AfterValidator(_absolute_folder)]
"""An absolute path; `~`, `file://` and relative paths are resolved when the settings are made."""

Name: TypeAlias = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[A-Za-z][\w-]*$")]
"""A backend's name or alias, in lower case."""

Host: TypeAlias = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[\w.-]+$|^[0-9A-Fa-f:]+$")]
"""A host name or address without scheme, port or path, in lower case."""

Token: TypeAlias = Annotated[SecretStr, BeforeValidator(_token), AfterValidator(_check_token)]
"""A secret that is hard to guess and fits in a header."""

Address: TypeAlias = Annotated[str, AfterValidator(_normalize_address)]
"""An http(s) URL of scheme, host and possibly port and path, without a trailing slash."""

BackendChoice: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][\w-]*(:\S+)?$")]
"""`backend` or `backend:model`."""

Names: TypeAlias = Annotated[tuple[Name, ...], BeforeValidator(partial(_split, ","))]
Hosts: TypeAlias = Annotated[tuple[Host, ...], BeforeValidator(partial(_split, ","))]
Folders: TypeAlias = Annotated[tuple[Folder, ...], BeforeValidator(partial(_split, rf"{os.pathsep}(?!//)"))]
Defaults: TypeAlias = Annotated[Mapping[str, BackendChoice], BeforeValidator(_parse_defaults)]


def _field(about: str, accepts: str, default: object = None, **rest: Any) -> Any:
    if "default_factory" not in rest:
        rest["default"] = default
    return Field(description=about, json_schema_extra={"accepts": accepts}, **rest)


def _whole(about: str, low: int, high: int, default: int) -> Any:
    return _field(about, f"a whole number from {low} to {high}", default, ge=low, le=high)


def _switch(about: str) -> Any:
    return _field(about, "1 or 0", default=True)


def _amount(about: str) -> Any:
    return _field(about, "a number of 0 or more", ge=0, allow_inf_nan=False)


class Settings(BaseSettings):
    """Every setting, with its default. Only `load` reads the environment; a `Settings` made in code does not."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, enable_decoding=False, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    output_dir: Folder | None = _field("Folder for new files. By default, chosen at the first call.", "a folder")
    data_dir: Folder = _field(
        "Folder of the library and its locks. By default, in the user's data folder, or a temporary one if that fails.",
        "a folder",
        default_factory=default_data_folder,
    )
    allowed_dirs: Folders = _field(
        "More folders that may be read from and written to.",
        "folders separated by ':' (on Windows by ';')",
        (),
    )
    trusted_hosts: Hosts = _field(
        "Hosts to download from even if their address is private.", "host names separated by commas", ()
    )
    backends: Names = _field(
        "The only backends to use. By default, all that are installed.", "names separated by commas", ()
    )
    defaults: Defaults = _field(
        "The backend, or backend:model, for a kind if the caller names none.",
        'a JSON object such as {"image": "BACKEND"} or {"image": "BACKEND:MODEL"}',
        default_factory=dict[str, str],
    )
    order: Names = _field("Backends in order of preference.", "names separated by commas", ())
    preview: bool = _switch("Add small previews to answers.")
    links: bool = _switch("Add resource links to answers.")
    view: bool = _switch("Show results as a card in clients that show MCP apps.")
    wait_seconds: int = _whole("Seconds that a call waits before it answers with a job id.", 0, 600, 40)
    concurrency: int = _whole("Concurrent requests to each backend.", 1, 256, 32)
    deadline_seconds: float | None = _field(
        "Seconds to wait for a provider to finish. By default, what suits each capability.",
        "a number above 0",
        gt=0,
        allow_inf_nan=False,
    )
    max_input_bytes: int = _whole("Bytes of the largest input file.", 1, 10**13, 200_000_000)
    max_output_bytes: int = _whole("Bytes of the largest file to save.", 1, 10**13, 4_000_000_000)
    max_pixels: int = _whole("Width times height of the largest image to open.", 1, 10**10, 100_000_000)
    max_cost_usd: float | None = _amount("Highest estimated cost of a call in USD.")
    daily_budget_usd: float | None = _amount("Highest estimated cost of a day (UTC) in USD.")
    unpriced: Literal["refuse", "allow"] = _field(
        "What to do about an unknown price when there is a cost limit.", "'refuse' or 'allow'", "refuse"
    )
    retention_days: int = _whole("Days to keep a continuation that is not used.", 1, 36_500, 90)
    http_token: Token | None = _field(
        "The token that HTTP requests must carry. Required if other machines can connect.",
        "at least 16 characters without spaces",
    )
    http_url: Address | None = _field(
        "The URL that HTTP clients use, if it is not the one that the server listens on.",
        "a URL without /mcp, such as https://media.example.org",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is given
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - `load` reads the environment, value by value
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - a project's own .env is not ours to read
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as for the environment
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Use only what the constructor is given."""
        return (init_settings,)

    @classmethod
    def load(cls, env: Mapping[str, str] | None = None) -> tuple[Settings, tuple[str, ...]]:
        """Return the settings from `env` (default: this process's), and a sentence for each value that is not used.

        Never raise: a value that is not valid is replaced by its default. Only a cost limit that is not valid becomes
        0, because it was set to avoid costs. Every sentence begins with the variable's name.
        """
        env = os.environ if env is None else env
        own = {
            name: expand_variables(text, env) if name in _PATHS else text for name, text in _own_variables(env).items()
        }
        values = _by_field({name: text for name, text in own.items() if not unexpanded(text)})
        invalid = _invalid_fields(values)
        valid = {field: text for field, text in values.items() if field not in invalid}
        valid |= dict.fromkeys(invalid & _LIMITS, 0)
        settings = cls(**valid)
        problems = [_problem(name, own[name], settings, invalid) for name in sorted(own)]
        if "data_dir" not in valid:
            problems.append(unusual_folder(settings.data_dir))
        return settings, tuple(_printable(problem) for problem in problems if problem)


def variable(field: str) -> str:
    """Return the environment variable of a field of `Settings`."""
    return f"{PREFIX}{field.upper()}"


def accepted(field: str) -> str:
    """Return what a field of `Settings` accepts, as a phrase: "a whole number from 1 to 256"."""
    return str(cast("Mapping[str, object]", Settings.model_fields[field].json_schema_extra)["accepts"])


def _own_variables(env: Mapping[str, str]) -> Mapping[str, str]:
    """Return the variables with our prefix that are not blank, by their names in capitals, without quotes around."""
    cleaned = {name.upper(): clean(text) for name, text in env.items() if name.upper().startswith(PREFIX)}
    return {name: text for name, text in cleaned.items() if text}


def _by_field(env: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the values of variables by field, not validated."""
    source = EnvSettingsSource(Settings)
    source.env_vars = {name.lower(): text for name, text in env.items()}
    return source()


def _invalid_fields(values: Mapping[str, Any]) -> frozenset[str]:
    try:
        Settings(**values)
    except ValidationError as error:
        return frozenset(str(problem["loc"][0]) for problem in error.errors(include_url=False))
    return frozenset()


def unknown_settings(env: Mapping[str, str], *, known: Collection[str] = ()) -> tuple[str, ...]:
    """Return a sentence for each `MEDIASMITH_*` variable that is neither a setting nor `known`."""
    others = {*known, *map(variable, Settings.model_fields)}
    unknown = [name for name in sorted(_own_variables(env)) if name not in others and not _BASE_URL.fullmatch(name)]
    return tuple(f"{_printable(name)} is not a setting{_closest(name)}" for name in unknown)


def _printable(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


def _problem(name: str, text: str, settings: Settings, invalid: Collection[str]) -> str:
    field = name.removeprefix(PREFIX).lower()
    if field not in Settings.model_fields and not _BASE_URL.fullmatch(name):
        return ""
    if unexpanded(text):
        effect = _CLOSED if field.startswith(_HTTP) else "it counts as not set"
        return f"{name} {unreplaced(text)}; {effect}"
    if field not in invalid:
        return ""
    quotable = len(text) <= _MAX_QUOTED and not field.startswith(_HTTP)
    fault = f"is '{text}', but must be" if quotable else "is not valid: it must be"
    return f"{name} {fault} {accepted(field)}; {_effect(field, settings)}"


def _closest(name: str) -> str:
    import difflib  # noqa: PLC0415 - heavy: needed only for a misspelt name

    fields = difflib.get_close_matches(name.removeprefix(PREFIX).lower(), Settings.model_fields, n=1)
    return f"; did you mean {variable(fields[0])}?" if fields else "; it is ignored"


def _effect(field: str, settings: Settings) -> str:
    if field in _LIMITS:
        return "until it is fixed, only calls that cost nothing are allowed"
    if field.startswith(_HTTP):
        return _CLOSED
    default = getattr(settings, field)
    value = int(default) if isinstance(default, bool) else default
    return f"using {value}" if value else "it counts as not set"
