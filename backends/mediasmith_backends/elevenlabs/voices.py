"""Find voices by name or id, among the account's own and the provider's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from mediasmith.plugin.errors import NotPermitted, ProviderError, TimedOut, Unsuitable
from mediasmith.plugin.http_errors import not_billed
from mediasmith_backends.elevenlabs.client import NO_RETRY, TITLE, ElevenLabs
from mediasmith_backends.elevenlabs.errors import VOICE_NOT_FOUND, error_code, explain, time_limit

if TYPE_CHECKING:
    from elevenlabs.types.voice import Voice

BUILTIN_VOICES: Mapping[str, str] = {
    "George": "JBFqnCBsd6RMkjVDRZzb",
    "Alice": "Xb7hH8MSUJpSbSDYk0k2",
    "Charlie": "IKne3meq5aSn9XLyUdCD",
    "Sarah": "EXAVITQu4vr4xnSDxMaL",
    "Brian": "nPczCjzI2devNBz1zQrb",
    "Laura": "FGY2WhTYpPnrIDTdsKH5",
    "Callum": "N2lVS1w4EtoT3dr4eOWO",
    "Matilda": "XrExE9yKIg1WjnnlVkGX",
    "Liam": "TX3LPaxmHKxFdv7VOQHJ",
    "Jessica": "cgSgspJ2msm6clMCkdW9",
}
"""The ids, by name, of the voices that every account has."""

DEFAULT_VOICE = BUILTIN_VOICES["George"]
"""The voice where none is named."""

DEFAULT_CAST = tuple(BUILTIN_VOICES.values())
"""The voices of speakers for whom none is named."""

_ID = re.compile(r"[A-Za-z0-9]{20}")
_PAGE = 100  # voices, the most that one request lists
_MAX_LISTED = 1000  # voices
_SHOWN = 5
_LOOKUP_SECONDS = 30.0
_NOT_FOUND = 404  # an HTTP status


async def voice_names(client: ElevenLabs) -> Mapping[str, str]:
    """Return the ids of all voices by their names. Those that share a name are listed by their ids."""
    found = await _list(client)
    times = Counter(voice.name for voice in found)
    return {voice.name if voice.name and times[voice.name] == 1 else voice.voice_id: voice.voice_id for voice in found}


async def find_voice(client: ElevenLabs, voice: str) -> str:
    """Return the id of a voice that is given by its id, its name, or the first words of its name.

    Where the account's voices cannot be looked up, the built-in ones are still known.

    Raises:
        Unsuitable: there is no such voice, or several. The message lists similar ones.
        MediaError: the lookup failed. Nothing was billed.
    """
    wanted = voice.strip()
    if wanted in DEFAULT_CAST:
        return wanted
    if wanted not in client.voice_ids:
        try:
            with not_billed(explain), time_limit(_LOOKUP_SECONDS):
                client.voice_ids[wanted] = await _find(client, wanted)
        except (NotPermitted, ProviderError, TimedOut):  # after any other error, the request would fail as well
            builtin = {name.casefold(): voice_id for name, voice_id in BUILTIN_VOICES.items()}
            if wanted.casefold() not in builtin:
                raise
            return builtin[wanted.casefold()]
    return client.voice_ids[wanted]


async def _find(client: ElevenLabs, wanted: str) -> str:
    if _ID.fullmatch(wanted) and await _exists(client, wanted):
        return wanted
    page = await client.sdk.voices.search(search=wanted, page_size=_PAGE, request_options=NO_RETRY)
    voices = page.voices
    matches = _matches(voices, wanted)
    if not matches:
        voices = await _list(client)
        matches = _matches(voices, wanted)
    if len(matches) == 1:
        return next(iter(matches))
    if matches:
        several = ", ".join(f"{name} ({voice_id})" for voice_id, name in list(matches.items())[:_SHOWN])
        message = f"{TITLE} has several voices called {wanted[:60]!r}: {several}."
        raise Unsuitable(message, "Give the id of one.", billed="no")
    similar = _similar([voice.name for voice in voices if voice.name], wanted)
    raise Unsuitable(f"{TITLE} has no voice called {wanted[:60]!r}.", similar, billed="no")


async def _exists(client: ElevenLabs, voice_id: str) -> bool:
    """Return whether this id is a voice's. Where the key may not look it up, leave it to the request itself."""
    try:
        await client.sdk.voices.get(voice_id, request_options=NO_RETRY)
    except Exception as error:
        if error_code(error) in VOICE_NOT_FOUND or getattr(error, "status_code", 0) == _NOT_FOUND:
            return False
        if isinstance(explain(error), NotPermitted):
            return True
        raise
    return True


def _matches(voices: Sequence[Voice], wanted: str) -> Mapping[str, str]:
    """Return the names, by id, of the voices with this name, or else of those whose name begins with it."""
    wanted = wanted.casefold()
    names = {voice.voice_id: voice.name or "" for voice in voices}
    exact = {voice_id: name for voice_id, name in names.items() if name.casefold() == wanted}
    return exact or {voice_id: name for voice_id, name in names.items() if _begins(name.casefold(), wanted)}


def _begins(name: str, words: str) -> bool:
    """Return whether a name begins with whole words: `sarah - mature` with `sarah`, but not with `sar`."""
    return name.startswith(words) and not name[len(words) : len(words) + 1].isalnum()


def _similar(names: Sequence[str], wanted: str) -> str:
    """Return a sentence with the names that are similar, whole or in their first word."""
    by_key = {key: name for name in names for key in (name.casefold(), name.casefold().split(" ")[0])}
    keys = get_close_matches(wanted.casefold(), by_key, n=_SHOWN, cutoff=0.6)
    close = list(dict.fromkeys(by_key[key] for key in keys))
    label = "Similar names" if close else "Some of its voices"
    return f"{label}: {', '.join(close or names[:_SHOWN])}. list_backends shows all." if names else ""


async def _list(client: ElevenLabs) -> list[Voice]:
    voices: dict[str, Voice] = {}
    token: str | None = None
    for _ in range(_MAX_LISTED // _PAGE):
        page = await client.sdk.voices.search(page_size=_PAGE, next_page_token=token, request_options=NO_RETRY)
        voices |= {voice.voice_id: voice for voice in page.voices}
        token = page.next_page_token
        if not page.has_more or not token:
            break
    return list(voices.values())
