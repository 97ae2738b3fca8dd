"""ElevenLabs through its own SDK: speech, dialogue, music, sound effects, voices and dubs."""

from __future__ import annotations

from mediasmith.plugin.contract import Backend
from mediasmith_backends.elevenlabs.account import check
from mediasmith_backends.elevenlabs.audio_isolation import audio_isolation
from mediasmith_backends.elevenlabs.client import KEYS, TITLE, ElevenLabs, connect
from mediasmith_backends.elevenlabs.dialogue import dialogue
from mediasmith_backends.elevenlabs.dubbing import dubbing
from mediasmith_backends.elevenlabs.errors import explain
from mediasmith_backends.elevenlabs.music import music
from mediasmith_backends.elevenlabs.sound_effect import sound_effect
from mediasmith_backends.elevenlabs.speech import speech
from mediasmith_backends.elevenlabs.voice_clone import voice_clone
from mediasmith_backends.elevenlabs.voice_conversion import voice_conversion
from mediasmith_backends.elevenlabs.voice_design import voice_design

backend: Backend[ElevenLabs] = Backend(
    name="elevenlabs",
    title=TITLE,
    docs="https://elevenlabs.io/docs/api-reference/introduction",
    capabilities=(
        *(speech, dialogue, sound_effect, music),
        *(voice_conversion, audio_isolation, voice_design, voice_clone, dubbing),
    ),
    connect=connect,
    sdk="elevenlabs.base_client",
    keys=KEYS,
    aliases=("eleven", "11labs"),
    check=check,
    explain=explain,
)
