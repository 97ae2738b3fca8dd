"""What the operator decides, read from `MEDIASMITH_*` variables. A wrong value never stops the server."""

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

from mediasmith.plugin.kinds import Kind

PREFIX = "MEDIASMITH_"
"""Every setting is the variable of this prefix and the field's name in capitals."""

_TEMPLATE = re.compile(r"\$\{[^{}]*\}")
_BASE_URL = re.compile(rf"{PREFIX}[A-Z][A-Z0-9_]{{1,31}}_BASE_URL")
_LIMITS = {"max_cost_usd", "daily_budget_usd"}
_CLOSED = "until it is fixed, nothing is served over HTTP"
_HTTP = "http_"  # What these fields hold is a secret, or may have one in it.
_TOKEN = re.compile(r"[!-~]{16,}")
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
_QUOTED = 16  # Longer values are not repeated in problems: one could be a key that landed in the wrong variable.


def unexpanded(value: str) -> bool:
    """Whether a value still holds a `${...}` that the client should have filled in; it then counts as missing."""
    return _TEMPLATE.search(value) is not None


def _folder(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except (OSError, RuntimeError) as error:
        raise ValueError("no such home or working folder") from error


def _data_folder() -> Path:
    import platformdirs  # noqa: PLC0415 - heavy: only needed when the folder is not set

    try:
        folder = platformdirs.user_data_path("mediasmith", appauthor=False)
    except RuntimeError:  # an account without a home folder
        return _temporary_folder()
    return folder if folder.is_absolute() else _temporary_folder()


def _temporary_folder() -> Path:
    import tempfile  # noqa: PLC0415 - heavy: only needed by an account without a home folder

    owner = os.getuid() if hasattr(os, "getuid") else 0
    return Path(tempfile.gettempdir(), f"mediasmith-{owner}")


def _token(value: SecretStr) -> SecretStr:
    if not _TOKEN.fullmatch(value.get_secret_value()):
        raise ValueError("too short, or with characters that no header can have")
    return value


def _address(url: str) -> str:
    parts = urlsplit(url)
    name, path = parts.hostname or "", parts.path.rstrip("/")
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(name) or path.endswith("/mcp"):
        raise ValueError("no address of a server")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("more than an address")
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{f'[{name}]' if ':' in name else name}{port}{path}"


def _split(separator: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(part for part in (piece.strip() for piece in value.split(separator)) if part)


def _from_json(value: object) -> object:
    return from_json(value.encode()) if isinstance(value, str) else value


Folder: TypeAlias = Annotated[Path, AfterValidator(_folder)]
"""An absolute path; `~` and a relative path are resolved when the settings are made."""

Name: TypeAlias = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[A-Za-z][\w-]*$")]
"""A backend's name or alias, in small letters."""

Host: TypeAlias = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[\w.-]+$|^[0-9A-Fa-f:]+$")]
"""A host name or address without scheme, port or path, in small letters."""

Token: TypeAlias = Annotated[SecretStr, AfterValidator(_token)]
"""A secret that is long enough not to be guessed, and fits in a header."""

Address: TypeAlias = Annotated[str, AfterValidator(_address)]
"""An http(s) URL of scheme, host, and if need be port and path, without a slash at its end."""

BackendChoice: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][\w-]*(:\S+)?$")]
"""`backend` or `backend:model`."""

Names: TypeAlias = Annotated[tuple[Name, ...], BeforeValidator(partial(_split, ","))]
Hosts: TypeAlias = Annotated[tuple[Host, ...], BeforeValidator(partial(_split, ","))]
Folders: TypeAlias = Annotated[tuple[Folder, ...], BeforeValidator(partial(_split, os.pathsep))]
Defaults: TypeAlias = Annotated[Mapping[Kind, BackendChoice], BeforeValidator(_from_json)]


def _field(about: str, accepts: str, default: object = None, **rest: Any) -> Any:
    if "default_factory" not in rest:
        rest["default"] = default
    return Field(description=about, json_schema_extra={"accepts": accepts}, **rest)


def _whole(about: str, low: int, high: int, default: int) -> Any:
    return _field(about, f"a whole number from {low} to {high}", default, ge=low, le=high)


def _switch(about: str) -> Any:
    return _field(about, "1 or 0", default=True)


def _amount(about: str) -> Any:
    return _field(about, "a number from 0 up", ge=0, allow_inf_nan=False)


class Settings(BaseSettings):
    """Every setting with its default. Made in code, it is exactly what it says; only `load` reads the environment."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, enable_decoding=False, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    output_dir: Folder | None = _field("Folder that new files go to; unset: chosen at the first call.", "a folder")
    data_dir: Folder = _field(
        "Folder of the library and its locks; unset: in the user's data folder.",
        "a folder",
        default_factory=_data_folder,
    )
    allowed_dirs: Folders = _field(
        "Further folders that inputs may come from and outputs go to.",
        "folders separated by ':' (on Windows by ';')",
        (),
    )
    trusted_hosts: Hosts = _field(
        "Hosts that may be downloaded from although their address is private.", "host names separated by commas", ()
    )
    backends: Names = _field("Only these backends are used; unset: all installed.", "names separated by commas", ())
    defaults: Defaults = _field(
        "The backend, or backend:model, to use for a kind when the caller names none.",
        'a JSON object such as {"image": "BACKEND"} or {"image": "BACKEND:MODEL"}',
        default_factory=dict[Kind, str],
    )
    order: Names = _field("Backends in the order they are preferred, first to last.", "names separated by commas", ())
    preview: bool = _switch("Show a small picture of each result.")
    links: bool = _switch("Add a resource link for each file.")
    wait_seconds: int = _whole("Seconds a call waits before it answers with a job id.", 0, 600, 40)
    concurrency: int = _whole("Requests in flight for each backend.", 1, 256, 32)
    deadline_seconds: float | None = _field(
        "Seconds until waiting for a job ends; unset: what suits each capability.",
        "a number above 0",
        gt=0,
        allow_inf_nan=False,
    )
    max_input_bytes: int = _whole("Bytes of the largest input file.", 1, 10**13, 200_000_000)
    max_output_bytes: int = _whole("Bytes of the largest file to save.", 1, 10**13, 4_000_000_000)
    max_pixels: int = _whole("Width times height of the largest picture to open.", 1, 10**10, 100_000_000)
    max_cost_usd: float | None = _amount("USD that one call may cost by estimate.")
    daily_budget_usd: float | None = _amount("USD that all calls of a day may cost by estimate.")
    unpriced: Literal["refuse", "allow"] = _field(
        "What to do when a limit in USD is set and a price is unknown.", "'refuse' or 'allow'", "refuse"
    )
    retention_days: int = _whole("Days that an unused continuation is kept.", 1, 36_500, 90)
    http_token: Token | None = _field(
        "The token that requests over HTTP must bring; needed beyond this machine.",
        "at least 16 characters without spaces",
    )
    http_url: Address | None = _field(
        "The address that clients use over HTTP, when it is not the one that is listened on.",
        "an address without /mcp, such as https://media.example.org",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library passes it
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - `load` reads the environment, value by value
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - a project's own .env is not ours to read
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as for the environment
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what the constructor is given and nothing else."""
        return (init_settings,)

    @classmethod
    def load(cls, env: Mapping[str, str] | None = None) -> tuple[Settings, tuple[str, ...]]:
        """The settings of an environment (by default the process's own), and a sentence for each value not used.

        Never raises: what is unexpanded or invalid is left at its default and named. Only an invalid limit in
        USD counts as 0: whoever set one wants no bill without it. Every sentence begins with the variable's name.
        """
        own = _own(os.environ if env is None else env)
        values = _read({name: text for name, text in own.items() if not unexpanded(text)})
        wrong = _wrong(values)
        used = {field: text for field, text in values.items() if field not in wrong}
        used |= dict.fromkeys(wrong & _LIMITS, 0)
        settings = cls(**used)
        problems = (_problem(name, own[name], settings, wrong) for name in sorted(own))
        return settings, tuple(_printable(problem) for problem in problems if problem)


def variable(field: str) -> str:
    """The environment variable of a field of `Settings`."""
    return f"{PREFIX}{field.upper()}"


def accepted(field: str) -> str:
    """What a field of `Settings` accepts, as a phrase: "a whole number from 1 to 256"."""
    return str(cast("Mapping[str, object]", Settings.model_fields[field].json_schema_extra)["accepts"])


def _own(env: Mapping[str, str]) -> Mapping[str, str]:
    """Our variables that say something, by their names in capitals."""
    stripped = {name.upper(): text.strip() for name, text in env.items()}
    return {name: text for name, text in stripped.items() if name.startswith(PREFIX) and text}


def _read(env: Mapping[str, str]) -> Mapping[str, Any]:
    """The unchecked texts by field."""
    source = EnvSettingsSource(Settings)
    source.env_vars = {name.lower(): text for name, text in env.items()}
    return source()


def _wrong(values: Mapping[str, Any]) -> frozenset[str]:
    try:
        Settings(**values)
    except ValidationError as error:
        return frozenset(str(problem["loc"][0]) for problem in error.errors(include_url=False))
    return frozenset()


def unknown_settings(env: Mapping[str, str], *, known: Collection[str] = ()) -> tuple[str, ...]:
    """Return a sentence for each `MEDIASMITH_*` variable that is no setting and none of `known`."""
    others = {*known, *map(variable, Settings.model_fields)}
    unknown = [name for name in sorted(_own(env)) if name not in others and not _BASE_URL.fullmatch(name)]
    return tuple(f"{_printable(name)} is not a setting{_closest(name)}" for name in unknown)


def _printable(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


def _problem(name: str, text: str, settings: Settings, wrong: Collection[str]) -> str:
    field = name.removeprefix(PREFIX).lower()
    if field not in Settings.model_fields and not _BASE_URL.fullmatch(name):
        return ""
    if unexpanded(text):
        unset = _CLOSED if field.startswith(_HTTP) else "it counts as not set"
        return f"{name} still reads ${{...}}, which the client did not fill in; {unset}"
    if field not in wrong:
        return ""
    value = f"'{text}'" if len(text) <= _QUOTED and not field.startswith(_HTTP) else "not accepted as it stands"
    return f"{name} is {value}: {accepted(field)} is accepted; {_instead(field, settings)}"


def _closest(name: str) -> str:
    import difflib  # noqa: PLC0415 - heavy: only needed for a misspelt name

    fields = difflib.get_close_matches(name.removeprefix(PREFIX).lower(), Settings.model_fields, n=1)
    return f"; did you mean {variable(fields[0])}?" if fields else "; it is ignored"


def _instead(field: str, settings: Settings) -> str:
    if field in _LIMITS:
        return "until it is fixed, nothing that costs is allowed"
    if field.startswith(_HTTP):
        return _CLOSED
    default = getattr(settings, field)
    value = int(default) if isinstance(default, bool) else default
    return f"using {value}" if value else "it counts as not set"
