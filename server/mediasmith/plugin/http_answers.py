"""Read what providers answer, leniently: little is demanded, and pictures are read in every form they come in."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, TypeVar
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from mediasmith.plugin.contract import Remote
from mediasmith.plugin.http_errors import malformed

T = TypeVar("T")
A = TypeVar("A", bound="Answer")

_JPEG = "/9j/"
"""How a JPEG in base64 begins."""

_LONGEST_PATH = 2048

_STANDARD = bytes.maketrans(b"-_", b"+/")


class Answer(BaseModel):
    """A part of an answer: subclass it with the fields that are used; all others are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


def _none_if_invalid(value: object, validate: ValidatorFunctionWrapHandler) -> Any:
    try:
        return validate(value)
    except ValidationError:
        return None


Lenient = Annotated[T | None, WrapValidator(_none_if_invalid)]
"""A field of an `Answer` that is None where it is missing or not what it should be."""


def read_answer(content: bytes | str, answer: type[A], name: str) -> A:
    """Return the JSON body of an answer of the provider `name`. Blocking where it is large.

    Raises:
        ProviderError: it is not JSON, or lacks a field that it must hold.
    """
    try:
        return answer.model_validate_json(content)
    except (ValidationError, RecursionError) as error:
        raise malformed(name) from error


def decode_base64(text: str) -> bytes:
    """Return the bytes of base64 in either alphabet, with or without padding and line breaks; b"" if it is none."""
    packed = "".join(text.split()).rstrip("=").encode(errors="replace").translate(_STANDARD)
    try:
        return base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
    except binascii.Error:
        return b""


def read_media(text: str, *, base_url: str = "", name: str) -> bytes | Remote:
    """Return the file that a text in an answer holds or points to.

    It may be base64, a `data:` URI, an absolute URL, or with a `base_url` a path below it; what has a URL is left for
    the server to download. Blocking where it is large.

    Raises:
        ProviderError: it is none of these.
    """
    text = text.strip()
    scheme = text[:8].partition(":")[0].lower()
    if scheme == "data":
        return _data_uri(text, name)
    if scheme in {"http", "https"}:
        return Remote(url=text)
    if base_url and text.startswith("/") and not text.startswith(("//", _JPEG)) and len(text) <= _LONGEST_PATH:
        return Remote(url=urljoin(base_url, text))
    data = decode_base64(text)
    if not data:
        raise malformed(name)
    return data


def _data_uri(text: str, name: str) -> bytes:
    head, comma, body = text.partition(",")
    data = decode_base64(body) if head.lower().rstrip().endswith(";base64") else unquote_to_bytes(body)
    if not comma or not data:
        raise malformed(name)
    return data


def same_origin(url: str, base_url: str) -> bool:
    """Return whether two URLs have the same scheme, host and port, so that a key for one may be sent to the other."""
    return _origin(url) == _origin(base_url)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "", url, None
