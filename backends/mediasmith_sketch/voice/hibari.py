"""The English voice: hibari-tts, a small neural model that runs on the processor. Blocking: use a worker thread.

The package comes with the optional extra `voice`. It has one voice in itself and would download others, which are never
asked for. What this page says of it was tried with version 0.2.1 on 2026-11-30.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import import_module
from threading import Lock
from typing import Any

from mediasmith.plugin.errors import Unsuitable
from mediasmith.plugin.text_split import split_text

VOICE = "heart"
"""The name of the voice."""

LANGUAGE = "en-us"
"""The tag of its language."""

TAGS = ("", "en", LANGUAGE)
"""The tags that it is for; an American accent is none of the others'."""

RATE = 24_000
"""Samples per second."""

FASTEST = 2.0
"""The greatest speed, 1 being normal."""

_OWN_PITCH = 50
_LONGEST = 400  # sounds spoken at once: memory grows with the square, to 17 GB for 20,000 characters of a sentence
_LONG_RUN = re.compile(r"\S{50}(?=\S)")  # to read characters without a space takes time that grows with the cube
_SHOWN = 10  # characters without a sound that a message repeats
_LOCK = Lock()


def limits(speed: float, pitch: int) -> list[str]:
    """Return what the voice cannot do of this, as sentences for the caller."""
    beyond = {
        f"The voice {VOICE} has no pitch to set.": pitch != _OWN_PITCH,
        f"The voice {VOICE} speaks at most twice as fast.": speed > FASTEST,
    }
    return [sentence for sentence, applies in beyond.items() if applies]


def read(text: str) -> Sequence[str]:
    """Return the sounds of a text as the model writes them, in sentences and parts of long ones.

    Raises:
        Unsuitable: it has none, or the model cannot read it.
    """
    try:
        with _LOCK:
            sentences = model().phonemize(_LONG_RUN.sub(r"\g<0> ", text))
    except (IndexError, TypeError, ValueError) as error:  # at numbers of dozens of digits, or fractions among letters
        raise Unsuitable(f"The voice {VOICE} cannot read these numbers or signs.", "Write them as words.") from error
    if not any(map(str.isalpha, "".join(sentences))):
        raise Unsuitable(f"The voice {VOICE} finds no words here.", "Give words to speak.")
    return [part for sounds in sentences for part in split_text(sounds, _LONGEST)]


def unspoken(text: str) -> str:
    """Return the first letters and emoji of a text that have no sound and are left out."""
    candidates = dict.fromkeys(one for one in text if one.isalpha() or unicodedata.category(one) == "So")
    with _LOCK:
        return "".join([one for one in candidates if not model().phonemize(one)][:_SHOWN])


def speak(sounds: Sequence[str], *, speed: float, cancelled: Callable[[], bool]) -> Iterator[bytes]:
    """Yield the sounds that were read as 16-bit samples, little-endian. The same give the same again.

    `speed` is from 0.5 to 2, 1 being normal. `cancelled` is called before each sentence; once it returns true, no more
    follow.
    """
    for number, part in enumerate(sounds):
        if cancelled():
            return
        with _LOCK:
            samples = model().from_phonemes(part, speed=speed, seed=number)
        yield (samples.clip(-1, 1) * 32_767).astype("<i2").tobytes()


@cache
def model() -> Any:  # the package has no types
    """Return the model, which is loaded once and takes about 160 MB.

    Raises:
        Unsuitable: it cannot be loaded on this machine.
    """
    # Without this, ONNX Runtime 1.32 reports its use to its maker as soon as it is loaded.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        return import_module("hibari").Hibari(voice=VOICE)
    except (ImportError, OSError) as error:
        raise Unsuitable("hibari-tts cannot be loaded on this machine.", "Install the package again.") from error
