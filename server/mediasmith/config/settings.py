"""Define the settings, and read them from `MEDIASMITH_*` variables. A wrong value never stops the server."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from mediasmith.config.data_folder import default_data_folder, unusual_folder
from mediasmith.config.env_values import clean, expand_variables
from mediasmith.config.setting_types import (
    Address,
    BucketUrl,
    DatabaseUrl,
    Defaults,
    Folder,
    Folders,
    Hosts,
    Names,
    Secrets,
    Token,
    Unpriced,
)

PREFIX = "MEDIASMITH_"
"""The prefix of every setting's environment variable; the field's name in capitals follows."""

FLEET = ("database_url", "store_url", "store_public_url", "secret")
"""The settings that make a server a replica of a fleet. If one is wrong, no call is answered as if it were not set."""

_TEMPLATE = re.compile(r"\$\{[^{}]*\}|^\s*(?:\$[A-Za-z_]\w*|%[A-Za-z_]\w*%)\s*$")
_BASE_URL = re.compile(rf"{PREFIX}[A-Z][A-Z0-9_]{{1,31}}_BASE_URL")
_PATHS = frozenset(f"{PREFIX}{field}" for field in ("OUTPUT_DIR", "DATA_DIR", "ALLOWED_DIRS"))
_LIMITS = {"max_cost_usd", "daily_budget_usd"}
_NEVER_IGNORED = {
    **dict.fromkeys(("http_token", "http_url"), "until it is fixed, nothing is served over HTTP"),
    **dict.fromkeys(FLEET, "until it is fixed, every call fails"),
}
"""What follows if one of these settings is wrong. Their values are secrets, or may contain one."""

_MAX_QUOTED = 16  # longer values are not repeated in problems: one could be a key in the wrong variable


def unexpanded(value: str) -> bool:
    """Return whether a value still contains a `${...}`, or is a `$NAME` or `%NAME%`, that the client did not replace.

    It counts as not set.
    """
    return _TEMPLATE.search(value) is not None


def unreplaced(value: str) -> str:
    """Return a phrase about an `unexpanded` value, without the value itself."""
    return f"still contains {'${...}' if '${' in value else 'a variable'}, which the client did not replace"


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
    unpriced: Unpriced = _field(
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

    database_url: DatabaseUrl | None = _field(
        "The PostgreSQL database that the replicas of a fleet share.",
        "a URL such as postgresql://USER:PASSWORD@HOST/NAME",
    )
    store_url: BucketUrl | None = _field(
        "The bucket for a fleet's files. AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY say "
        "where it is and sign in.",
        "s3://BUCKET or s3://BUCKET/PREFIX",
    )
    store_public_url: Address | None = _field(
        "The store's address for browsers, if they can reach it: then files are not sent through the replicas.",
        "a URL such as https://files.example.org",
    )
    secret: Secrets = _field(
        "What a fleet signs links with. Of several, the first signs and all are accepted.",
        "at least 32 characters without spaces, or several such secrets separated by commas",
        (),
    )
    drain_seconds: int = _whole("Seconds for which a replica that is stopped waits for open requests.", 0, 600, 25)

    @property
    def in_fleet(self) -> bool:
        """Whether this server is a replica of a fleet."""
        return self.database_url is not None

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


def problems_of(problems: Sequence[str], *fields: str) -> list[str]:
    """Return those of the problems that are of these settings: each begins with the name of its variable."""
    return [text for text in problems if text.startswith(tuple(f"{variable(field)} " for field in fields))]


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
        return f"{name} {unreplaced(text)}; {_NEVER_IGNORED.get(field, 'it counts as not set')}"
    if field not in invalid:
        return ""
    quotable = len(text) <= _MAX_QUOTED and field not in _NEVER_IGNORED
    fault = f"is '{text}', but must be" if quotable else "is not valid: it must be"
    return f"{name} {fault} {accepted(field)}; {_effect(field, settings)}"


def _closest(name: str) -> str:
    import difflib  # noqa: PLC0415 - heavy: needed only for a misspelt name

    fields = difflib.get_close_matches(name.removeprefix(PREFIX).lower(), Settings.model_fields, n=1)
    return f"; did you mean {variable(fields[0])}?" if fields else "; it is ignored"


def _effect(field: str, settings: Settings) -> str:
    if field in _LIMITS:
        return "until it is fixed, only calls that cost nothing are allowed"
    if field in _NEVER_IGNORED:
        return _NEVER_IGNORED[field]
    default = getattr(settings, field)
    value = int(default) if isinstance(default, bool) else default
    return f"using {value}" if value else "it counts as not set"
