"""Audio isolation: the voice of a recording, without the noise and the music around it."""

from __future__ import annotations

from mediasmith.plugin.contract import Call, Capability, Model, Output, Params, Result, Takes
from mediasmith_backends.elevenlabs.audio_formats import AudioFormat
from mediasmith_backends.elevenlabs.audio_stream import save
from mediasmith_backends.elevenlabs.client import NO_RETRY, ElevenLabs
from mediasmith_backends.elevenlabs.models import per_minute
from mediasmith_backends.elevenlabs.uploads import AUDIO_MIMES, VIDEO_MIMES, open_files, warn_of_unused_prompt

_FORMAT = AudioFormat.from_code("mp3_44100_128")  # the endpoint offers no other


async def _start(call: Call[ElevenLabs, Params]) -> Result:
    warn_of_unused_prompt(call)
    async with open_files(call.inputs["audio"]) as [audio]:
        request = call.client.sdk.audio_isolation.with_raw_response.convert(audio=audio, request_options=NO_RETRY)
        body, headers = await save(call, request, _FORMAT)
    return Result(outputs=(Output(body=body, mime=_FORMAT.mime),), details=headers.details)


audio_isolation: Capability[ElevenLabs, Params] = Capability(
    kind="audio_isolation",
    name="audio_isolation",
    params=Params,
    models=(Model(id="voice_isolator", prices=per_minute(0.12), note="Recordings and videos of up to an hour."),),
    start=_start,
    takes={"audio": Takes(required=True, mimes=(*AUDIO_MIMES, *VIDEO_MIMES), max_bytes=500_000_000)},
    preference=10,
    deadline=1200.0,
)
"""Isolate a voice, as MP3."""
