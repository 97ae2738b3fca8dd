"""Speaking with the engine that suits the words. Blocking: call it in a worker thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mediasmith.plugin.errors import InvalidRequest, Unsuitable
from mediasmith_sketch.voice import audio_files, espeak, hibari, languages
from mediasmith_sketch.voice.packages import INSTALL, Engine, installed

_SHOWN = 40  # characters of a caller's own text that a message repeats


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How to speak. `voice` is a name or "", `language` a tag or ""; `pitch` 50 is the voice's own.

    `engine` is the one that spoke before, if this goes on from there.
    """

    voice: str
    language: str
    speed: float
    pitch: int
    output_format: audio_files.Format
    engine: Engine | None


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """Words as a file, the language and the engine they were spoken with, and notes for the caller."""

    body: bytes
    language: str
    engine: Engine
    notes: list[str]


def speak(words: str, manner: Manner, cancelled: Callable[[], bool]) -> Spoken:
    """Speak with the voice that is named; without one with `heart` if the words are English, else with espeak-ng.

    Once `cancelled` returns true, it ends early.

    Raises:
        Unsuitable: there is no such voice or language here, or the engine is not installed.
        InvalidRequest: there is nothing to speak.
    """
    named = manner.voice.strip().lower() == hibari.VOICE
    only = named or not (manner.voice or installed("espeak"))
    usual = installed("hibari") and not manner.voice and manner.engine != "espeak"
    if not only and not (usual and languages.is_english(manner.language, words)):
        return _with_espeak(words, manner, cancelled)
    try:
        return _with_hibari(words, manner, cancelled, only=only)
    except Unsuitable as error:
        if only:
            raise
        spoken = _with_espeak(words, manner, cancelled)
        spoken.notes.insert(0, f"{error.message} espeak-ng speaks instead.")
        return spoken


def voice_names() -> list[str]:
    """Return every name that `Manner.voice` takes."""
    ours = [hibari.VOICE] if installed("hibari") else []
    return [*ours, *(languages.speaker_names() if installed("espeak") else ())]


def language_tags() -> list[str]:
    """Return every language that is spoken, by its own tag."""
    return languages.language_tags() if installed("espeak") else [hibari.LANGUAGE]


def _with_hibari(words: str, manner: Manner, cancelled: Callable[[], bool], *, only: bool) -> Spoken:
    """Speak with `heart`. If `only` it can, a speed or pitch beyond it is left out, with a note.

    Raises:
        Unsuitable: it cannot speak these words, or not in this way.
    """
    if not installed("hibari"):
        raise Unsuitable(f"The voice {hibari.VOICE} needs hibari-tts.", f"To have it, {INSTALL}.")
    if not languages.is_english(manner.language, words):
        hint = "Leave out voice." if installed("espeak") else f"For other languages, {INSTALL}."
        raise Unsuitable(f"The voice {hibari.VOICE} speaks English only.", hint)
    notes = hibari.limits(manner.speed, manner.pitch)
    if notes and not only:
        raise Unsuitable(" ".join(notes))
    sounds = hibari.read(words)
    if missing := hibari.unspoken(words):
        notes.append(f"The voice {hibari.VOICE} has no sounds for {missing}; they are left out.")
    if languages.plain(manner.language) not in hibari.TAGS:
        notes.append(f"The voice {hibari.VOICE} is American; for {manner.language[:_SHOWN]}, name another voice.")
    pieces = hibari.speak(sounds, speed=min(manner.speed, hibari.FASTEST), cancelled=cancelled)
    body = audio_files.encode(pieces, hibari.RATE, manner.output_format)
    return Spoken(body=body, language=hibari.LANGUAGE, engine="hibari", notes=notes)


def _with_espeak(words: str, manner: Manner, cancelled: Callable[[], bool]) -> Spoken:
    if not installed("espeak"):
        raise Unsuitable(f"There is no voice {manner.voice[:_SHOWN]!r} without espeak-ng.", f"To have it, {INSTALL}.")
    speaker = languages.speaker(manner.voice) if manner.voice else None
    language, notes = languages.choose(manner.language, words)
    sound = espeak.speak(
        words, language=language, speaker=speaker, speed=manner.speed, pitch=manner.pitch, cancelled=cancelled
    )
    if not any(sound.pcm):
        raise InvalidRequest(
            f"There is nothing to speak: the prompt has no words, or none that {language.name} has sounds for.",
            "Give words to speak, and their language.",
            billed="no",
        )
    audio_files.soften(sound)
    body = audio_files.encode([sound.pcm], sound.rate, manner.output_format)
    return Spoken(body=body, language=language.tag, engine="espeak", notes=notes)
