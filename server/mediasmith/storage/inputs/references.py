"""What a caller points at becomes a file that was found, confined and checked, before anything is paid."""

from __future__ import annotations

import base64
import os
import re
import stat
import tempfile
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO, TypeAlias
from urllib.parse import unquote, urlsplit

import anyio
from anyio import to_thread

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.config.settings import Settings
from mediasmith.plugin import media, probe
from mediasmith.plugin.errors import InvalidRequest, MediaError, NotAllowed
from mediasmith.plugin.files import Source
from mediasmith.plugin.kinds import IMAGES, Role
from mediasmith.plugin.params import INPUT_WORDS
from mediasmith.storage.downloader import Downloader

Stamp: TypeAlias = tuple[int, int, int, int]
"""Which file it is, and that nobody wrote to it since: device, inode, bytes, time of the last change."""

_MAX_PATH = 4096  # bytes
_MAX_PART = 255  # bytes between two slashes
_MAX_SHOWN = 120  # characters of a caller's own text that a message repeats
_MAX_STEM = 60  # characters

_FORMS = "Accepted: a path, file:///PATH, media://ID, https://… or data:TYPE;base64,…."

_ID = re.compile(r"[0-9a-z]{26}")
_DRIVE = re.compile(r"/[A-Za-z]:")

_IMAGE = (("image/",), "an image such as PNG, JPEG or WebP")
_SOUND = (("audio/", "video/"), "a recording such as MP3, WAV, M4A, OGG or FLAC, or a video")

# By role: how the types that fit begin, and how that is told to a caller. Capabilities narrow it further.
_ACCEPTED: Mapping[Role, tuple[tuple[str, ...], str]] = {
    "image": _IMAGE,
    "mask": (("image/png",), "a PNG image"),
    "first_frame": _IMAGE,
    "last_frame": _IMAGE,
    "style_image": _IMAGE,
    "control_image": _IMAGE,
    "subject_image": _IMAGE,
    "audio": _SOUND,
    "video": (("video/",), "a video such as MP4, WebM or MOV"),
    "voice_sample": _SOUND,
}

ARGUMENTS: Mapping[Role, str] = {
    **{name: name for name in INPUT_WORDS},
    **{role: f"{name} ({prefix}=)" for name, word in INPUT_WORDS.items() for prefix, role in word.prefixes.items()},
}

# As far as the platform has them. Each is a bit of its own, so their sum sets them all.
_FLAGS = os.O_RDONLY + sum(
    getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY")
)


@dataclass(frozen=True, kw_only=True)
class File:
    """An input file that passed every check: the server's `mediasmith.plugin.contract.Source`.

    `path` is its real path and `stamp` what the file system said of it when it was checked.
    """

    path: Path
    name: str
    mime: str
    size: int
    dimensions: tuple[int, int] | None
    stamp: Stamp = field(repr=False)

    def open(self) -> BinaryIO:
        """Open it for reading; blocking.

        Raises:
            InvalidRequest: it is no longer the file that was checked.
        """
        file = _open(self.path, self.name)
        if _stamp(os.fstat(file.fileno())) != self.stamp:
            file.close()
            raise InvalidRequest(
                f"{self.name} was changed after it had been checked.", "Call again to use it as it is."
            )
        return file

    async def read(self) -> bytes:
        """The whole file; raises as `open`."""
        return await to_thread.run_sync(self._bytes)

    async def data_uri(self) -> str:
        """The whole file as a base64 `data:` URI; raises as `open`."""
        return await to_thread.run_sync(self._data_uri)

    def _bytes(self) -> bytes:
        with self.open() as file:
            return file.read()

    def _data_uri(self) -> str:
        return f"data:{self.mime};base64,{base64.b64encode(self._bytes()).decode('ascii')}"


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where an input's bytes are. `confined` when the caller chose the path; `label` is how messages call it."""

    path: Path
    stem: str
    label: str
    confined: bool = False


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Finds and checks the files that a request names.

    The forms are the same for every role: a path, `file:///PATH`, `media://ID` or the bare id, `https://…`, and
    `data:TYPE;base64,…`. A relative path starts at the working directory where that is allowed, then at the output
    folder. `artifact` gives the file of an id and raises `UnknownContinuation` when there is none.
    """

    roots: AllowedFolders
    settings: Settings
    downloader: Downloader
    artifact: Callable[[str], Awaitable[Path]]

    async def resolve(self, references: Mapping[Role, Sequence[str]], scratch: Path) -> dict[Role, tuple[File, ...]]:
        """The checked files, by role and in the order given.

        What comes without a file (URLs, data URIs) is written into `scratch`, a private folder that is made when it
        is needed and that the caller removes.

        Raises:
            InvalidRequest: a reference leads to no usable file. Every message begins with the argument's name.
        """
        found: dict[Role, tuple[File, ...]] = {}
        for role, given in references.items():
            with _naming(ARGUMENTS[role]):
                found[role] = tuple([await self._file(reference, role, scratch) for reference in given])
        if found.get("mask") and found.get("image"):
            check_mask(found["mask"][0], found["image"][0])
        return found

    async def _file(self, reference: str, role: Role, scratch: Path) -> File:
        place = await self._place(reference, role, scratch)
        return await to_thread.run_sync(self._checked, place, role)

    async def _place(self, reference: str, role: Role, scratch: Path) -> _Place:
        scheme, _, rest = reference.partition(":")
        match scheme.lower():
            case "data":
                return await to_thread.run_sync(self._from_data, rest, role, scratch)
            case "http" | "https":
                return await self._from_url(reference, scratch)
            case "media":
                return await self._from_id(rest.removeprefix("//"))
            case "file":
                return await to_thread.run_sync(self._from_path, _local_path(rest))
            case _ if rest.startswith("//"):
                raise NotAllowed(f"{_shown(scheme)} is not a scheme that is read.", _FORMS)
            case _ if _ID.fullmatch(reference):
                return await self._from_id(reference)
            case _:
                return await to_thread.run_sync(self._from_path, reference)

    def _from_path(self, text: str) -> _Place:
        _check_text(text)
        path = self.roots.confine(text)
        if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises where a folder may not be looked into
            saved = self.roots.confine(self.roots.output / text)
            path = saved if os.path.exists(saved) else path  # noqa: PTH110 - as above
        return _Place(path=path, stem=path.stem, label=_shown(text), confined=True)

    async def _from_id(self, identifier: str) -> _Place:
        path = await self.artifact(identifier)
        return _Place(path=path, stem=path.stem, label=f"The file of media://{identifier}")

    async def _from_url(self, url: str, scratch: Path) -> _Place:
        path = await to_thread.run_sync(_temporary, scratch)
        async with await anyio.open_file(path, "wb") as file:

            async def write(data: bytes) -> None:
                await file.write(data)

            await self.downloader.fetch(url, write, max_bytes=self.settings.max_input_bytes)
        parts = urlsplit(url)
        return _Place(path=path, stem=PurePosixPath(unquote(parts.path)).stem, label=f"The file from {parts.hostname}")

    def _from_data(self, rest: str, role: Role, scratch: Path) -> _Place:
        head, _, body = rest.partition(",")
        if not head.lower().endswith(";base64"):
            raise InvalidRequest("A data: URI is accepted in base64 only, as data:image/png;base64,….")
        if len(body) // 4 * 3 - 2 > self.settings.max_input_bytes:
            raise _too_large("The data: URI", len(body) // 4 * 3, self.settings.max_input_bytes)
        try:
            data = base64.b64decode(body, validate=True)
        except ValueError as error:
            raise InvalidRequest("The data: URI does not hold valid base64.") from error
        path = _temporary(scratch)
        path.write_bytes(data)
        return _Place(path=path, stem=role, label="The data: URI")

    def _checked(self, place: _Place, role: Role) -> File:
        with _open(place.path, place.label) as file:
            # A folder on the way may have become a link since; what is open now must be what was allowed.
            if place.confined and self.roots.confine(place.path) != place.path:
                raise NotAllowed(f"{place.label} was moved while it was being opened.")
            status = os.fstat(file.fileno())
            self._check_size(status.st_size, place.label)
            mime = media.sniff(file.read(media.HEAD))
            begins, about = _ACCEPTED[role]
            if not mime.startswith(begins):
                raise InvalidRequest(f"{place.label} is {_told(mime)}; accepted is {about}.")
            dimensions = self._dimensions(file, mime, place.label)
        return File(
            path=place.path,
            name=f"{_clean(place.stem) or role}.{media.extension(mime)}",
            mime=mime,
            size=status.st_size,
            dimensions=dimensions,
            stamp=_stamp(status),
        )

    def _check_size(self, size: int, label: str) -> None:
        if size == 0:
            raise InvalidRequest(f"{label} is empty.")
        if size > self.settings.max_input_bytes:
            raise _too_large(label, size, self.settings.max_input_bytes)

    def _dimensions(self, file: BinaryIO, mime: str, label: str) -> tuple[int, int] | None:
        """Width and height by the header, of a picture that Pillow finds whole. The pixels are never unpacked."""
        if mime not in {*IMAGES, "image/gif"}:
            return None
        file.seek(0)
        try:
            picture = probe.open_image(file, mime)
            self._check_pixels(picture.size, label)
            picture.verify()
        except InvalidRequest:
            raise
        except Exception as error:
            raise InvalidRequest(
                f"{label} begins as {mime} but is damaged, cut off or too large to be opened."
            ) from error
        return picture.size

    def _check_pixels(self, size: tuple[int, int], label: str) -> None:
        width, height = size
        if width * height > self.settings.max_pixels:
            raise InvalidRequest(
                f"{label} is {width:,} x {height:,} pixels; at most {self.settings.max_pixels:,} in all are accepted."
            )


def check_mask(mask: Source, image: Source) -> None:
    """Make sure that a mask covers the image it is for.

    Raises:
        InvalidRequest: their sizes differ, or the image has none in pixels.
    """
    if mask.dimensions is None or mask.dimensions != image.dimensions:
        raise InvalidRequest(
            f"mask: it has {_pixels(mask)} pixels and the first image {_pixels(image)}; they must be equal.",
            billed="no",
        )


def _pixels(source: Source) -> str:
    return "{} x {}".format(*source.dimensions) if source.dimensions else "no"


@contextmanager
def _naming(argument: str) -> Generator[None]:
    """Lead every message with the argument. What goes wrong on the way to an input is the request's fault."""
    try:
        yield
    except MediaError as error:
        kind = type(error) if isinstance(error, InvalidRequest) else InvalidRequest
        raise kind(f"{argument}: {error.message}", error.hint, billed="no") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise MediaError(
            f"{argument}: it could not be kept for this call: {reason}.",
            "Make room on the disk of MEDIASMITH_DATA_DIR, or give the input as a path.",
            billed="no",
        ) from error


def _local_path(rest: str) -> str:
    """The path in a file: URI, given what follows the colon."""
    host, slash, path = rest.removeprefix("//").partition("/")
    if host.lower() not in {"", "localhost"} or not slash:
        raise InvalidRequest("A file: URI holds an absolute path of this machine, as file:///folder/name.png.")
    text = f"/{unquote(path, errors='surrogateescape')}"
    return text.removeprefix("/") if _DRIVE.match(text) else text


def _check_text(text: str) -> None:
    """Refuse what no file system takes, before one is asked."""
    if not text:
        raise InvalidRequest("The reference is empty.", _FORMS)
    try:
        raw = os.fsencode(text)
    except UnicodeEncodeError as error:
        raise InvalidRequest("The path has characters that no file name can have.") from error
    if b"\0" in raw:
        raise InvalidRequest("The path has a NUL character, which no file name can have.")
    if len(raw) > _MAX_PATH or any(len(part) > _MAX_PART for part in raw.split(b"/")):
        raise InvalidRequest(
            f"The path is too long: at most {_MAX_PATH:,} bytes, and {_MAX_PART} in one name, are accepted.", _FORMS
        )


def _open(path: Path, label: str) -> BinaryIO:
    """Open a regular file. Links and special files are refused, and a FIFO is not waited for."""
    try:
        descriptor = os.open(path, _FLAGS)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InvalidRequest(f"{label} does not exist.") from error
    except PermissionError as error:
        raise InvalidRequest(f"{label} may not be read by this server.") from error
    except OSError as error:
        raise InvalidRequest(f"{label} cannot be opened as a regular file.") from error
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise InvalidRequest(f"{label} is {'a folder' if stat.S_ISDIR(mode) else 'not a regular file'}.")
    return os.fdopen(descriptor, "rb")


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _temporary(scratch: Path) -> Path:
    """A new file in the private folder, for this account alone."""
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, path = tempfile.mkstemp(dir=scratch)
    os.close(descriptor)
    return Path(path)


def _too_large(label: str, size: int, limit: int) -> InvalidRequest:
    return InvalidRequest(f"{label} has {size:,} bytes; at most {limit:,} are accepted.")


def _told(mime: str) -> str:
    return mime or "of an unknown type"


def _shown(text: str) -> str:
    return repr(text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…")


def _clean(stem: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", stem)[:_MAX_STEM].strip("-")
