"""The speech engine: espeak-ng, called through ctypes. Blocking: call it in a worker thread.

The library and its data come with the package espeakng-loader, the optional extra `voice`. espeak-ng is under the GPL;
it is not part of this distribution and is installed by those who want it.

Its state is the process's, and some of it (the flutter of a voice, its gain) outlives even its own reset. So there is
one use at a time, and each loads the library afresh, which takes two milliseconds: the same words give the same sound,
whatever was said or cancelled before.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from ctypes import c_char_p, c_int, c_long, c_size_t, c_ubyte, c_uint, c_void_p
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock

from mediasmith.plugin.errors import ProviderError, Unsuitable

if sys.platform == "win32":
    from _ctypes import FreeLibrary as _unload  # noqa: N813 - a function, whatever its name
else:
    from _ctypes import dlclose as _unload

_WORDS_PER_MINUTE = 175  # the engine's normal rate; it keeps to others from half to more than four times as fast
_BLOCK = 200  # milliseconds of sound between two checks for cancellation
_SYNCHRONOUS, _DO_NOT_EXIT = 2, 0x8000
_CHARACTERS, _UTF8, _PAUSE_AT_END = 1, 0x1, 0x1000
_RATE, _PITCH = 1, 3

_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Characters that would be taken as commands."""

_DICTIONARY = re.compile(r"^dictionary\s+(\S+)", re.MULTILINE)
_LOCK = Lock()
_Receive = ctypes.CFUNCTYPE(c_int, c_void_p, c_int, c_void_p)


@dataclass(frozen=True, kw_only=True)
class Voice:
    """A language, or a person who speaks any of them.

    `tags` are the language tags it is for, its own first, each with how far the voice is from the tag: less is nearer.
    """

    name: str
    file: str
    tags: tuple[tuple[str, int], ...]

    @property
    def tag(self) -> str:
        """The language's own tag."""
        return self.tags[0][0]


@dataclass(frozen=True, kw_only=True)
class Voices:
    """What is installed: who speaks, and which languages."""

    languages: tuple[Voice, ...]
    speakers: tuple[Voice, ...]


@dataclass(frozen=True, kw_only=True)
class Sound:
    """One channel of 16-bit samples, little-endian. `rate` is in hertz."""

    pcm: bytearray
    rate: int


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", c_char_p),
        ("languages", c_void_p),
        ("identifier", c_char_p),
        ("gender", c_ubyte),
        ("age", c_ubyte),
        ("variant", c_ubyte),
        ("reserved", c_ubyte),
        ("score", c_int),
        ("spare", c_void_p),
    )


@cache
def voices() -> Voices:
    """Return all that is installed, read once.

    Raises:
        Unsuitable: the library cannot be used on this machine.
    """
    with _engine() as (library, _):
        listed = tuple(_listed(library, b""))
        speakers = tuple(_listed(library, b"variant"))
    return Voices(languages=tuple(filter(_has_dictionary, listed)), speakers=speakers)


def speak(  # noqa: PLR0913 - what is said, and everything about how
    text: str, *, language: Voice, speaker: Voice | None, speed: float, pitch: int, cancelled: Callable[[], bool]
) -> Sound:
    """Return the text as sound. `speed` is from 0.5 to 4, 1 being normal; `pitch` from 0 to 99, 50 being normal.

    `cancelled` is called now and then; once it returns true, what was spoken so far is returned.

    Raises:
        Unsuitable: the library cannot be used on this machine.
        ProviderError: the engine failed.
    """
    pcm = bytearray()

    def receive(samples: int | None, count: int, _events: int | None) -> int:
        if samples:
            pcm.extend(ctypes.string_at(samples, 2 * count))
        return cancelled()

    callback = _Receive(receive)
    words = _COMMANDS.sub(" ", text).encode(errors="replace")
    voice = f"{language.file}+{speaker.file.removeprefix('!v/')}" if speaker else language.file
    with _engine() as (library, rate):
        library.espeak_SetSynthCallback(callback)
        _check(library.espeak_SetVoiceByName(voice.encode()))
        library.espeak_ng_SetRandSeed(c_long(1))
        library.espeak_SetParameter(_RATE, round(_WORDS_PER_MINUTE * speed), 0)
        library.espeak_SetParameter(_PITCH, pitch, 0)
        if not cancelled():
            flags = _UTF8 | _PAUSE_AT_END
            _check(library.espeak_Synth(words, c_size_t(len(words) + 1), c_uint(0), _CHARACTERS, 0, flags, None, None))
    return Sound(pcm=pcm, rate=rate)


@contextmanager
def _engine() -> Generator[tuple[ctypes.CDLL, int]]:
    """Load the library for one use; yield it and its sample rate."""
    from espeakng_loader import get_library_path  # noqa: PLC0415 - an extra: it may not be installed

    with _LOCK:
        try:
            library = ctypes.CDLL(get_library_path())
        except OSError as error:
            raise Unsuitable(
                "The espeak-ng library of the package espeakng-loader cannot be loaded on this machine.",
                "It is made for Linux with glibc, macOS and Windows; install the package again for this platform.",
            ) from error
        try:
            rate: int = library.espeak_Initialize(_SYNCHRONOUS, _BLOCK, os.fsencode(_data()), _DO_NOT_EXIT)
            if rate <= 0:
                raise Unsuitable(
                    f"espeak-ng cannot read its data in {_data()}.",
                    "Install espeakng-loader again, in a folder whose path is shorter than 140 characters.",
                )
            yield library, rate
        finally:
            library.espeak_Terminate()
            _unload(library._handle)  # noqa: SLF001 - ctypes has no public way to close a library


def _data() -> Path:
    from espeakng_loader import get_data_path  # noqa: PLC0415 - an extra: it may not be installed

    return Path(get_data_path())


def _check(status: int) -> None:
    if status:
        raise ProviderError(f"espeak-ng failed with status {status}.", billed="no")


def _listed(library: ctypes.CDLL, language: bytes) -> Iterator[Voice]:
    """Yield the voices of a language; without one, all but the variants."""
    asked = _Voice(languages=ctypes.cast(c_char_p(language), c_void_p)) if language else None
    library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
    for found in library.espeak_ListVoices(asked and ctypes.byref(asked)):
        if not found:
            return
        voice = found.contents
        tags = tuple(_tags(voice.languages))
        yield Voice(name=voice.name.decode().strip(), file=voice.identifier.decode(), tags=tags)


def _tags(place: int) -> Iterator[tuple[str, int]]:
    """Yield the language tags of a voice: each is a byte of distance and a text, and a zero ends them."""
    while distance := ctypes.string_at(place, 1)[0]:
        tag = ctypes.string_at(place + 1)
        yield tag.decode(), distance
        place += len(tag) + 2


def _has_dictionary(language: Voice) -> bool:
    """Return whether a language can be read: the package lists a few without their dictionary."""
    named = _DICTIONARY.search((_data() / "lang" / language.file).read_text("utf-8", "replace"))
    name = named[1] if named else language.tag.partition("-")[0]
    return (_data() / f"{name}_dict").is_file()
