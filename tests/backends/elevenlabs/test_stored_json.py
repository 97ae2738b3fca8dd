"""Handles and states as earlier versions stored them are read, and written in the same form."""

from __future__ import annotations

import json

import pytest
from pydantic import BaseModel

from mediasmith_backends.elevenlabs.composition_plan import Chunk, CompositionPlan, Excerpt, Span
from mediasmith_backends.elevenlabs.dubbing import DubbingHandle, dubbing
from mediasmith_backends.elevenlabs.music import MusicState, music
from mediasmith_backends.elevenlabs.speech import SpeechState, speech
from mediasmith_backends.elevenlabs.voice_design import DesignState, Preview, SavedVoice, voice_design


@pytest.mark.parametrize(
    ("model", "stored", "expected"),
    [
        (
            dubbing.handle,
            '{"dubbing": "d1", "language": "es", "mime": "video/mp4"}',
            DubbingHandle(dubbing="d1", language="es", mime="video/mp4"),
        ),
        (
            speech.state,
            '{"voice": "v1", "called": "Sarah", "requests": ["r1", "r2"], "said": "Once upon a time."}',
            SpeechState.model_validate(
                {"voice": "v1", "voice_name": "Sarah", "requests": ("r1", "r2"), "text": "Once upon a time."}
            ),
        ),
        (
            speech.state,
            '{"voice": "v1", "called": null, "requests": [], "said": ""}',
            SpeechState(voice="v1"),
        ),
        (
            voice_design.state,
            '{"generated_voice": "g1", "description": "An old pirate with a voice of gravel."}',
            DesignState(Preview(generated_voice="g1", description="An old pirate with a voice of gravel.")),
        ),
        (voice_design.state, '{"voice_id": "v1"}', DesignState(SavedVoice(voice_id="v1"))),
        (
            music.state,
            """{"song": "s1", "plan": {"chunks": [
                {"text": "[Verse]", "duration_ms": 4000, "positive_styles": ["folk"], "negative_styles": []},
                {"song_id": "s0", "range": {"start_ms": 0, "end_ms": 3000}}
            ]}}""",
            MusicState(
                song="s1",
                plan=CompositionPlan(
                    chunks=(
                        Chunk(text="[Verse]", duration_ms=4000, positive_styles=("folk",)),
                        Excerpt(song_id="s0", range=Span(start_ms=0, end_ms=3000)),
                    )
                ),
            ),
        ),
        (
            music.state,
            '{"song": null, "plan": {"chunks": [{"song_id": "s0", "range": {"start_ms": 0, "end_ms": 3000}}]}}',
            MusicState(
                song=None,
                plan=CompositionPlan(chunks=(Excerpt(song_id="s0", range=Span(start_ms=0, end_ms=3000)),)),
            ),
        ),
    ],
    ids=["dub", "speech", "speech without a name", "preview", "saved voice", "song", "song that was not stored"],
)
def test_stored_json_is_read_and_written_in_the_same_form(
    model: type[BaseModel], stored: str, expected: BaseModel
) -> None:
    read = model.model_validate_json(stored)
    assert read == expected
    given = {name: value for name, value in json.loads(stored).items() if value is not None}
    assert read.model_dump(mode="json", exclude_none=True) == given
