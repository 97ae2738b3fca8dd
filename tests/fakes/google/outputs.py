"""What a model answers with: steps of thought, and of words, pictures, videos and sound."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias, cast

from fakes.google.catalogue import FORBIDDEN, IMAGE_MODELS, MUSIC_MODELS, SERIES, SILENT, SPEECH_MODELS, TALKATIVE
from fakes.google.formats import AudioFormat, ImageFormat, VideoFormat
from fakes.google.requests import Conversation
from fakes.google.state import GoogleState, Made, Shot
from loopback.films import film
from loopback.pictures import Look, large_picture, picture
from loopback.sounds import RATE, sound, tone
from loopback.state import new_id

Step: TypeAlias = Mapping[str, object]

_EDGES = {"512": 512, "1K": 1024, "2K": 2048, "4K": 4096}
_SECONDS_A_LETTER = 0.05
_LONGEST = 5.0  # seconds of speech, to be quick
_LYRICS = "[Verse]\nA kite above the bay\n[Chorus]\nIt never comes down"
_AWAY = "https://generativelanguage.googleapis.com/v1/files/{}:download?alt=media"


def steps_of(state: GoogleState, made: Made, fixed: str) -> Sequence[Step]:
    """Everything the model has to say and to show."""
    body: Conversation = made.request
    if SILENT in body.said:
        return [_THOUGHT, _output([_text("I cannot help with that.")])]
    if FORBIDDEN in body.said:
        return [_THOUGHT]
    if body.model in IMAGE_MODELS:
        return _pictures(made, fixed)
    if body.model in SPEECH_MODELS:
        return [_output([_speech(made)])]
    if body.model in MUSIC_MODELS:
        return [_output([_text(_LYRICS), _music(body.model, made.seed)])]
    return [_THOUGHT, _output([_video(state, made)])]


_THOUGHT: Step = {"type": "thought", "signature": base64.b64encode(b"thought").decode()}


def _output(content: Sequence[Mapping[str, object]]) -> Step:
    return {"type": "model_output", "content": content}


def _text(text: str) -> Mapping[str, object]:
    return {"type": "text", "text": text}


def _pictures(made: Made, fixed: str) -> Sequence[Step]:
    body: Conversation = made.request
    if SERIES in body.said:
        both = [_output([_picture(body, made.seed + bytes([number]), fixed)]) for number in range(2)]
        return [_THOUGHT, *both, _output([_text("These are the two steps.")])]
    words = [_text("A picture, as you wished.")] if TALKATIVE in body.said else []
    return [_THOUGHT, _output([*words, _picture(body, made.seed, fixed)])]


def _picture(body: Conversation, seed: bytes, fixed: str) -> Mapping[str, object]:
    wish = body.response_format
    assert isinstance(wish, ImageFormat)
    width, height = map(int, (wish.aspect_ratio or "1:1").split(":"))
    scale = _EDGES[wish.image_size] / (width * height) ** 0.5
    form = "jpeg" if wish.mime_type else "png"
    size = (round(width * scale), round(height * scale))
    data = large_picture(fixed) if fixed else picture(seed, size, Look(form=form))
    return {"type": "image", "mime_type": f"image/{fixed or form}", "data": _encoded(data)}


def _speech(made: Made) -> Mapping[str, object]:
    body: Conversation = made.request
    wish = body.response_format
    assert isinstance(wish, AudioFormat)
    seconds = min(_LONGEST, max(0.1, _SECONDS_A_LETTER * len(body.said)))
    form = {"audio/mp3": "mp3", "audio/ogg_opus": "opus", "audio/wav": "wav"}.get(wish.mime_type)
    if form is None:
        told = {"mime_type": f"audio/l16;rate={RATE};channels=1", "sample_rate": RATE, "channels": 1}
        return {"type": "audio", "data": _encoded(tone(made.seed, seconds)), **told}
    return {"type": "audio", "mime_type": wish.mime_type, "data": _encoded(sound(made.seed, seconds, form))}


@lru_cache(maxsize=8)
def _music(model: str, seed: bytes) -> Mapping[str, object]:
    data = sound(seed, MUSIC_MODELS[model], "mp3")
    return {"type": "audio", "mime_type": "audio/mp3", "data": _encoded(data), "sample_rate": RATE, "channels": 1}


def _video(state: GoogleState, made: Made) -> Mapping[str, object]:
    wish = made.request.response_format
    assert isinstance(wish, VideoFormat)
    earlier = state.interactions.get(made.request.previous_interaction_id or "")
    edited = made.request.generation_config.video_config.task == "edit"
    made.seconds = earlier.seconds if earlier and edited else wish.seconds
    shot = Shot(seed=made.seed, size=wish.size, seconds=made.seconds)
    if wish.delivery == "inline":
        return {"type": "video", "mime_type": "video/mp4", "data": _encoded(filmed(shot))}
    name = new_id()
    state.shots[name] = shot
    return {"type": "video", "mime_type": "video/mp4", "uri": _AWAY.format(name)}


def outputs_of(steps: Sequence[Step]) -> Sequence[object]:
    """What the model shows, without its steps: how older models are answered with."""
    return [block for step in steps for block in cast("Sequence[object]", step.get("content", ()))]


def filmed(shot: Shot) -> bytes:
    """The video itself."""
    return film(shot.seed, shot.size, shot.seconds, audio=shot.audio)


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()
