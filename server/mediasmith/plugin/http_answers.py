"""Read providers' answers leniently: few fields are required, and files are read in any form."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping
from contextlib import suppress
from typing import Annotated, Any, TypeAlias, TypeVar
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from mediasmith.plugin.contract import Output, Remote
from mediasmith.plugin.embedded_media import decode_base64
from mediasmith.plugin.errors import ProviderError
from mediasmith.plugin.http_errors import malformed
from mediasmith.plugin.media import HEAD, is_text, sniff

T = TypeVar("T")
A = TypeVar("A", bound="Answer")

_LONGEST_PATH = 2048

_PATH = re.compile(r"(?!//)(?:\.{0,2}/[^\s:]*|[^\s:]+\.[A-Za-z0-9]{3,4}(?:\?\S*)?)")
"""A path below a base URL: from its root, or with the extension of a file."""

_LONGEST_TEXT = 1_000_000
"""Bytes of a text in place of a file that are read."""


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

Status: TypeAlias = Annotated[str, StringConstraints(to_lower=True)]
"""A field of an `Answer` that says in a word how work stands: in lower case, however it is written."""


def read_answer(content: bytes | str, answer: type[A], name: str) -> A:
    """Return the JSON body of an answer of the provider `name`. Blocking where it is large.

    Raises:
        ProviderError: it is not JSON, or lacks a field that it must hold. The error has the answer, and its own words.
    """
    try:
        return answer.model_validate_json(content)
    except (ValidationError, RecursionError) as error:
        raise malformed(name, content) from error


def read_media(text: str, *, base_url: str = "", headers: Mapping[str, str] = {}, name: str) -> bytes | Remote:
    """Return the file that a text in an answer holds or points to.

    It may be base64 in any spelling, hexadecimal, a `data:` URI, an absolute URL, or with a `base_url` a path below it;
    what has a URL is left for the server to download, with `headers` where it is of the base URL's origin. Blocking
    where it is large.

    Raises:
        ProviderError: it is none of these.
    """
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'`":
        text = text[1:-1].strip()
    start = text[:100].lower()
    if start.startswith(("http://", "https://")):
        return _remote(text, base_url, headers)
    data = decode_base64(text)
    if start.startswith("data:"):
        data = data or _data_uri(text)
    elif base_url and not sniff(data[:HEAD]) and len(text) <= _LONGEST_PATH and _PATH.fullmatch(text):
        return _remote(urljoin(f"{base_url.rstrip('/')}/", text), base_url, headers)
    if not sniff(data[:HEAD]) and (hexadecimal := _decode_hex(text)):
        return hexadecimal
    if not data:
        raise malformed(name)
    return data


def _decode_hex(text: str) -> bytes:
    """Return the file that a text is in hexadecimal, or b"": nearly all of that could be base64 as well."""
    with suppress(ValueError):
        return bytes.fromhex(text) if sniff(bytes.fromhex(text[: 2 * HEAD])) else b""
    return b""


def _remote(url: str, base_url: str, headers: Mapping[str, str]) -> Remote:
    return Remote(url=url, headers=headers if base_url and same_origin(url, base_url) else {})


def _data_uri(text: str) -> bytes:
    """Return the content of a data URI that is not marked as base64, though it may be."""
    head, _, body = text.partition(",")
    data = decode_base64(body)
    return data if "base64" in head.lower() or sniff(data[:HEAD]) else unquote_to_bytes(body)


def read_outputs(
    texts: Iterable[str], *, mime: str, name: str, base_url: str = "", headers: Mapping[str, str] = {}
) -> list[Output]:
    """Return the files that texts in an answer hold or point to, as `read_media` reads them; blocking.

    `mime` is the type of those at a URL. Of several, one that cannot be read is passed on as it came, for the server to
    keep: it was paid for. The list is empty where none can be read.
    """
    files = [(text, _read(text, name, base_url, headers)) for text in texts if text]
    return [_output(body or text.encode(), mime) for text, body in files] if any(body for _, body in files) else []


def _read(text: str, name: str, base_url: str, headers: Mapping[str, str]) -> bytes | Remote | None:
    with suppress(ProviderError):
        body = read_media(text, base_url=base_url, headers=headers, name=name)
        return body if isinstance(body, Remote) or sniff(body[:HEAD]) else None
    return None


def _output(body: bytes | Remote, mime: str) -> Output:
    return Output(body=body, mime=mime if isinstance(body, Remote) else sniff(body[:HEAD]))


async def media_chunks(chunks: AsyncIterable[bytes], name: str) -> AsyncGenerator[bytes]:
    """Yield the chunks of a streamed file of the provider `name`, after checking that its first bytes may be media.

    Raises:
        ProviderError: it is empty, or a text such as an error or a page. The error has it, and its own words.
    """
    head, seen = b"", False
    async for chunk in chunks:
        if seen:
            yield chunk
            continue
        head += chunk
        seen = len(head) >= HEAD and not is_text(head)
        if seen:
            yield head
        elif len(head) > _LONGEST_TEXT:
            break
    if not seen:
        if not head or is_text(head):
            raise malformed(name, head)
        yield head


def same_origin(url: str, base_url: str) -> bool:
    """Return whether two URLs have the same scheme, host and port, so that a key for one may be sent to the other."""
    return _origin(url) == _origin(base_url)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "", url, None
