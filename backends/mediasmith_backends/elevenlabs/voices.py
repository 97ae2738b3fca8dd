"""Voices by name or id. The account's own and the provider's are looked up where they live."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from mediasmith.plugin.errors import Unsuitable
from mediasmith.plugin.http_errors import not_billed
from mediasmith_backends.elevenlabs.client import ONCE, TITLE, ElevenLabs
from mediasmith_backends.elevenlabs.errors import NO_VOICE, code_of, explain, patience

if TYPE_CHECKING:
    from elevenlabs.types.voice import Voice

DEFAULT = "JBFqnCBsd6RMkjVDRZzb"
"""The voice where none is named, by its id: George, which every account has."""

CAST = (
    *(DEFAULT, "Xb7hH8MSUJpSbSDYk0k2", "IKne3meq5aSn9XLyUdCD", "EXAVITQu4vr4xnSDxMaL", "nPczCjzI2devNBz1zQrb"),
    *("FGY2WhTYpPnrIDTdsKH5", "N2lVS1w4EtoT3dr4eOWO", "XrExE9yKIg1WjnnlVkGX", "TX3LPaxmHKxFdv7VOQHJ"),
    "cgSgspJ2msm6clMCkdW9",
)
"""The voices of speakers who are given none, and which every account has as well: George, Alice, Charlie, Sarah,
Brian, Laura, Callum, Matilda, Liam and Jessica."""

_ID = re.compile(r"[A-Za-z0-9]{20}")
_PAGE = 100  # the most that one request lists
_MOST = 1000  # voices that are listed in all
_SHOWN = 5
_LOOKUP_SECONDS = 30.0


async def names(client: ElevenLabs) -> Mapping[str, str]:
    """What can be named as a voice, with the ids. Those that share a name with others are listed by their ids alone."""
    found = await _listed(client)
    times = Counter(voice.name for voice in found)
    return {voice.name if voice.name and times[voice.name] == 1 else voice.voice_id: voice.voice_id for voice in found}


async def resolved(client: ElevenLabs, voice: str) -> str:
    """The id of a voice that is given by its id, its name, or the beginning of its name.

    Raises:
        Unsuitable: there is no such voice, or several; the message names those that come near.
        MediaError: the voices cannot be looked up. Nothing was paid for.
    """
    wanted = voice.strip()
    if wanted in CAST:
        return wanted
    if wanted not in client.voices:
        with not_billed(explain), patience(_LOOKUP_SECONDS):
            client.voices[wanted] = await _found(client, wanted)
    return client.voices[wanted]


async def _found(client: ElevenLabs, wanted: str) -> str:
    if _ID.fullmatch(wanted) and await _exists(client, wanted):
        return wanted
    page = await client.sdk.voices.search(search=wanted, page_size=_PAGE, request_options=ONCE)
    found = page.voices
    alike = _named(found, wanted)
    if not alike:
        found = await _listed(client)
        alike = _named(found, wanted)
    if len(alike) == 1:
        return next(iter(alike))
    if alike:
        several = ", ".join(f"{name} ({voice_id})" for voice_id, name in list(alike.items())[:_SHOWN])
        raise Unsuitable(f"{TITLE} has several voices called {wanted[:60]!r}: {several}.", "Give the id.", billed="no")
    near = _near([voice.name for voice in found if voice.name], wanted)
    raise Unsuitable(f"{TITLE} has no voice {wanted[:60]!r}.", near, billed="no")


async def _exists(client: ElevenLabs, voice_id: str) -> bool:
    """Whether there is a voice with this id. One that may not be looked at is left for the request itself to judge."""
    try:
        await client.sdk.voices.get(voice_id, request_options=ONCE)
    except Exception as error:
        if code_of(error) in NO_VOICE or getattr(error, "status_code", 0) == 404:  # noqa: PLR2004 - an HTTP status
            return False
        if isinstance(explain(error), Unsuitable):
            return True
        raise
    return True


def _named(voices: Sequence[Voice], wanted: str) -> Mapping[str, str]:
    """The names of the voices called so, by their ids: those whose whole name it is, or else how it begins."""
    name = wanted.casefold()
    found = {voice.voice_id: voice.name or "" for voice in voices}
    exact = {voice_id: called for voice_id, called in found.items() if called.casefold() == name}
    return exact or {voice_id: called for voice_id, called in found.items() if _begins(called.casefold(), name)}


def _begins(called: str, name: str) -> bool:
    """Whether this is how it begins: `sarah` of `sarah - mature, reassuring`, but not `sar`."""
    return called.startswith(name) and not called[len(name) : len(name) + 1].isalnum()


def _near(known: Sequence[str], wanted: str) -> str:
    """Names much like this one, as a whole or by their first word."""
    by_key = {key: name for name in known for key in (name.casefold(), name.casefold().split(" ")[0])}
    keys = get_close_matches(wanted.casefold(), by_key, n=_SHOWN, cutoff=0.6)
    close = list(dict.fromkeys(by_key[key] for key in keys))
    some = "Near it are" if close else "Some are"
    return f"{some}: {', '.join(close or known[:_SHOWN])}. list_backends shows all." if known else ""


async def _listed(client: ElevenLabs) -> list[Voice]:
    voices: dict[str, Voice] = {}
    token: str | None = None
    for _ in range(_MOST // _PAGE):
        page = await client.sdk.voices.search(page_size=_PAGE, next_page_token=token, request_options=ONCE)
        voices |= {voice.voice_id: voice for voice in page.voices}
        token = page.next_page_token
        if not page.has_more or not token:
            break
    return list(voices.values())
