"""Define the types of settings: what a variable's text may be, and the value that it means."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, cast
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr, StringConstraints
from pydantic_core import from_json

from mediasmith.config.env_values import clean, clean_key, folder_path

_TOKEN = re.compile(r"[!-~]{16,}")
_SECRET = re.compile(r"[!-+\--~]{32,}")  # no comma: it separates secrets
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
_DATABASE = re.compile(r"postgres(?:ql)?://\S+")
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]+[a-z0-9](?:/[^/?#\s]+)*/*")


def _absolute_folder(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except (OSError, RuntimeError) as error:
        raise ValueError("there is no such home or working folder") from error


def _check_token(value: SecretStr) -> SecretStr:
    if not _TOKEN.fullmatch(value.get_secret_value()):
        raise ValueError("too short, or with characters that a header cannot have")
    return value


def _check_secret(value: SecretStr) -> SecretStr:
    if not _SECRET.fullmatch(value.get_secret_value()):
        raise ValueError("too short, or with spaces")
    return value


def _check_database_url(value: SecretStr) -> SecretStr:
    if not _DATABASE.fullmatch(value.get_secret_value()):
        raise ValueError("not the URL of a PostgreSQL database")
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


def _normalize_bucket_url(url: str) -> str:
    if not _BUCKET.fullmatch(url):
        raise ValueError("not the URL of a bucket")
    return url.rstrip("/")


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


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


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

Secret: TypeAlias = Annotated[SecretStr, AfterValidator(_check_secret)]
"""A secret that keys can be derived from."""

DatabaseUrl: TypeAlias = Annotated[SecretStr, AfterValidator(_check_database_url)]
"""The URL of a PostgreSQL database, as libpq reads it. It may contain a password."""

BucketUrl: TypeAlias = Annotated[str, AfterValidator(_normalize_bucket_url)]
"""The URL of a bucket, or of a prefix in it, without a trailing slash."""

Unpriced: TypeAlias = Annotated[Literal["refuse", "allow"], BeforeValidator(_lower)]
"""What to do about an unknown price, in any case."""

BackendChoice: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][\w-]*(:\S+)?$")]
"""`backend` or `backend:model`."""

Names: TypeAlias = Annotated[tuple[Name, ...], BeforeValidator(partial(_split, r"[,;\s]+"))]
Hosts: TypeAlias = Annotated[tuple[Host, ...], BeforeValidator(partial(_split, r"[,;\s]+"))]
Folders: TypeAlias = Annotated[tuple[Folder, ...], BeforeValidator(partial(_split, rf"{os.pathsep}(?!//)"))]
Secrets: TypeAlias = Annotated[tuple[Secret, ...], BeforeValidator(partial(_split, ","))]
Defaults: TypeAlias = Annotated[Mapping[str, BackendChoice], BeforeValidator(_parse_defaults)]
