"""ElevenLabs, through its own SDK: speech, dialogue, music, sounds, and voices."""

from __future__ import annotations

from mediasmith.plugin.contract import Backend
from mediasmith_backends.elevenlabs.client import KEYS, TITLE, ElevenLabs, connect
from mediasmith_backends.elevenlabs.cloning import voice_clone
from mediasmith_backends.elevenlabs.conversion import audio_isolation, voice_conversion
from mediasmith_backends.elevenlabs.design import voice_design
from mediasmith_backends.elevenlabs.dialogue import dialogue
from mediasmith_backends.elevenlabs.dubbing import dubbing
from mediasmith_backends.elevenlabs.errors import explain
from mediasmith_backends.elevenlabs.music import music
from mediasmith_backends.elevenlabs.sound_effect import sound_effect
from mediasmith_backends.elevenlabs.speech import speech

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
    explain=explain,
)
