"""Find the files that a request refers to: by path, URL, data URI or artifact id."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import anyio
from anyio import to_thread

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.config.settings import Settings
from mediasmith.plugin.embedded_media import decode_base64
from mediasmith.plugin.errors import InvalidRequest, MediaError, NotAllowed, UnknownContinuation
from mediasmith.plugin.kinds import Role
from mediasmith.plugin.media import HEAD, sniff
from mediasmith.plugin.params import INPUT_WORDS
from mediasmith.storage.downloader import Downloader
from mediasmith.storage.inputs.checks import LocatedFile, check_file, check_mask, check_size
from mediasmith.storage.inputs.conversion import conformed, scratch_file
from mediasmith.storage.inputs.input_file import InputFile, open_regular
from mediasmith.storage.made_files import LINK
from mediasmith.storage.pasted_paths import find_file, unwrap

_MAX_PATH = 4096  # bytes
_MAX_NAME = 255  # bytes between two slashes
_MAX_QUOTED = 120  # characters of a caller's own text that a message repeats

_MAX_SHOWN = 40  # characters of an id

_START = 64
"""Characters of base64 that show the type of a file."""

_FORMS = "Use a path, file:///PATH, media://ID, https://… or data:TYPE;base64,…."

_ID = re.compile(r"[0-9a-z]{26}")
_DRIVE = re.compile(r"/[A-Za-z]:")

ARGUMENTS: Mapping[Role, str] = {
    **{name: name for name in INPUT_WORDS},
    **{role: f"{name} ({prefix}=)" for name, word in INPUT_WORDS.items() for prefix, role in word.prefixes.items()},
}
"""By role: the tool argument that its files come from, as messages name it."""


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Finds and checks the files that a request refers to.

    Every role takes the same forms: a path, `file:///PATH`, `media://ID` or the bare id, `https://…`,
    `data:TYPE;base64,…`, and any other reference to a file that was made here. A relative path starts at the working
    directory where that is allowed, then at the output folder. A path that is not there as it is written may be quoted,
    escaped, or spelled otherwise. `made` returns the path of a file that was made here, or None if there is none.
    """

    roots: AllowedFolders
    settings: Settings
    downloader: Downloader
    made: Callable[[str], Awaitable[Path | None]]

    async def resolve(
        self, references: Mapping[Role, Sequence[str]], scratch: Path
    ) -> dict[Role, tuple[InputFile, ...]]:
        """Return the checked files, by role and in the order given.

        The content of URLs and data URIs is written to `scratch`, a private folder that is created when it is needed
        and that the caller removes.

        Raises:
            InvalidRequest: a reference leads to no usable file. Every message begins with the argument's name.
            MediaError: the content of a URL or data URI could not be written to `scratch`.
        """
        found: dict[Role, tuple[InputFile, ...]] = {}
        for role, given in references.items():
            with _prefix_errors(ARGUMENTS[role]):
                found[role] = tuple([await self._resolve(reference, role, scratch) for reference in given])
        if found.get("mask") and found.get("image"):
            check_mask(found["mask"][0], found["image"][0])
        return found

    async def _resolve(self, reference: str, role: Role, scratch: Path) -> InputFile:
        located = await self._locate(reference, role, scratch)
        return await to_thread.run_sync(self._check, located, role, scratch)

    async def _locate(self, reference: str, role: Role, scratch: Path) -> LocatedFile:
        plain = unwrap(reference)
        scheme, _, rest = plain.partition(":")
        match scheme.lower():
            case name if name == "data" or _is_base64(plain):
                return await to_thread.run_sync(self._from_data, plain, role, scratch)
            case "http" | "https":
                own = await self.made(plain) if LINK.fullmatch(plain) else None
                return _made_file(own, plain) if own else await self._from_url(plain, scratch)
            case "media":
                return await self._from_id(rest.removeprefix("//"))
            case "file":
                return await self._from_path(plain, _file_uri_path(rest))
            case _ if rest.startswith("//"):
                raise NotAllowed(f"The scheme {_quote(scheme)} is not supported.", _FORMS)
            case _ if _ID.fullmatch(plain.lower()):
                return await self._from_id(plain)
            case _:
                return await self._from_path(reference, reference)

    async def _from_path(self, text: str, path: str) -> LocatedFile:
        """Return the file at what `text` names in any form; without one, `path` is what messages call it."""
        _check_path(path)
        real = await to_thread.run_sync(find_file, self.roots, text)
        if real is None and (made := await self.made(text)) is not None:
            return _made_file(made, path)
        real = real or await to_thread.run_sync(self.roots.confine, path)
        return LocatedFile(path=real, stem=real.stem, label=_quote(path), confined=True)

    async def _from_id(self, identifier: str) -> LocatedFile:
        path = await self.made(identifier)
        if path is None:
            raise UnknownContinuation(f"There is no file media://{identifier[:_MAX_SHOWN]}.")
        return _made_file(path, f"media://{identifier}")

    async def _from_url(self, url: str, scratch: Path) -> LocatedFile:
        path = await to_thread.run_sync(scratch_file, scratch)
        async with await anyio.open_file(path, "wb") as file:

            async def write(data: bytes) -> None:
                await file.write(data)

            await self.downloader.fetch(url, write, max_bytes=self.settings.max_input_bytes)
        parts = urlsplit(url)
        stem = PurePosixPath(unquote(parts.path)).stem
        return LocatedFile(path=path, stem=stem, label=f"The file from {parts.hostname}")

    def _from_data(self, text: str, role: Role, scratch: Path) -> LocatedFile:
        """Return the file in base64 text, or in a data: URI, whose scheme may be missing."""
        head, _, body = text.rpartition(",")
        label = "The data: URI" if ":" in text else "The base64 text"
        packed = "".join(unquote(body).split()).rstrip("=")
        check_size(label, len(packed) * 3 // 4, self.settings)
        data = decode_base64(packed)
        if head and not "".join(head.lower().split()).endswith("base64") and not sniff(data[:HEAD]):
            raise InvalidRequest("A data: URI must be in base64, with ;base64 before the comma.")
        if not data:
            raise InvalidRequest(f"{label} does not contain valid base64.")
        path = scratch_file(scratch)
        path.write_bytes(data)
        return LocatedFile(path=path, stem=role, label=label)

    def _check(self, located: LocatedFile, role: Role, scratch: Path) -> InputFile:
        with open_regular(located.path, located.label) as file:
            # A folder on the path may have become a link since. What is open now must be what was allowed.
            if located.confined and self.roots.confine(located.path) != located.path:
                raise NotAllowed(f"{located.label} was moved while it was being opened.", "Call again.")
            checked = check_file(located, file, role, self.settings)
            return conformed(checked, file, scratch, located.label)


def _made_file(path: Path, reference: str) -> LocatedFile:
    return LocatedFile(path=path, stem=path.stem, label=f"The file of {reference[:_MAX_QUOTED]}")


@contextmanager
def _prefix_errors(argument: str) -> Generator[None]:
    """Begin every message with the argument. Whatever keeps an input from being used is an `InvalidRequest`."""
    try:
        yield
    except MediaError as error:
        kind = type(error) if isinstance(error, InvalidRequest) else InvalidRequest
        raise kind(f"{argument}: {error.message}", error.hint, billed="no") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise MediaError(
            f"{argument}: its content could not be saved for this call: {reason}.",
            "Free space on the disk of MEDIASMITH_DATA_DIR, or give the input as a path.",
            billed="no",
        ) from error


def _is_base64(text: str) -> bool:
    """Return whether a text is a file in base64, with or without the head of a data: URI."""
    start = text.rpartition("base64,")[2][:_START]
    return len(start) == _START and bool(sniff(decode_base64(start)))


def _file_uri_path(rest: str) -> str:
    """Return the path in a file: URI, given what follows the colon."""
    host, slash, path = rest.removeprefix("//").partition("/")
    if host.lower() not in {"", "localhost"} or not slash:
        raise InvalidRequest("A file: URI must hold an absolute path on this machine, as in file:///folder/name.png.")
    text = f"/{unquote(path, errors='surrogateescape')}"
    return text.removeprefix("/") if _DRIVE.match(text) else text


def _check_path(text: str) -> None:
    """Refuse what no file system accepts, before asking one."""
    if not text:
        raise InvalidRequest("The reference is empty.", _FORMS)
    try:
        raw = os.fsencode(text)
    except UnicodeEncodeError as error:
        raise InvalidRequest("The path has characters that no file name can contain.") from error
    if b"\0" in raw:
        raise InvalidRequest("The path has a NUL character, which no file name can contain.")
    if len(raw) > _MAX_PATH or any(len(name) > _MAX_NAME for name in raw.split(b"/")):
        raise InvalidRequest(
            f"The path is too long: at most {_MAX_PATH:,} bytes, and {_MAX_NAME} per name, are accepted.", _FORMS
        )


def _quote(text: str) -> str:
    return repr(text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}…")
