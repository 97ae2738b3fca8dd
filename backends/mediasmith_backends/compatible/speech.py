"""The speech capability: `/audio/speech`, as WAV unless something else is asked for, since every engine has it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Literal

from anyio import to_thread
from pydantic import Field

from mediasmith.plugin.contract import Call, Capability, Output, Params, Result
from mediasmith.plugin.embedded_media import find_media
from mediasmith.plugin.http_answers import Answer, Lenient, read_answer, read_outputs
from mediasmith.plugin.http_errors import malformed, reading
from mediasmith.plugin.media import HEAD, is_text, sniff
from mediasmith_backends.compatible.addresses import missing
from mediasmith_backends.compatible.engine import Engine, Engines
from mediasmith_backends.compatible.extras import ExtraBody, objection
from mediasmith_backends.compatible.models import name_of, served_models
from mediasmith_backends.compatible.wav_length import with_true_length


class SpeechParams(Params):
    """The parameters of speech. Opus is left out: Kokoro-FastAPI loses the end of it (its issue 447, 2026-02)."""

    voice: Annotated[str | None, Field(min_length=1)] = None
    instructions: Annotated[str | None, Field(min_length=1)] = None
    speed: Annotated[float | None, Field(ge=0.25, le=4.0)] = None
    output_format: Literal["wav", "mp3", "flac"] = "wav"
    extra_body: ExtraBody = None


async def _start(call: Call[Engines, SpeechParams]) -> Result:
    engine = call.client["speech"]
    given: dict[str, Any] = call.params.model_dump(exclude_none=True, exclude={"output_format", "extra_body"})
    fields = {
        **(call.params.extra_body or {}),
        **name_of(call),
        "input": call.prompt,
        **given,
        "response_format": call.params.output_format,
    }
    response = await engine.post("/audio/speech", fields)
    content = engine.content(response, model_named="model" in fields)
    return Result(outputs=(await to_thread.run_sync(_output, content, engine),))


def _output(content: bytes, engine: Engine) -> Output:
    """Return the sound of an answer: its bytes, or what its JSON holds or points to; blocking."""
    if content and not is_text(content[:HEAD]):
        return Output(body=with_true_length(content), mime=sniff(content[:HEAD]))
    with reading(engine.name, content):
        texts = find_media(json.loads(content))
    outputs = read_outputs(texts, mime="audio/mpeg", name=engine.name, base_url=engine.url, headers=engine.headers)
    if not outputs:
        raise malformed(engine.name, content)
    return outputs[0]


class _Voice(Answer):
    id: Lenient[str] = None
    name: Lenient[str] = None


class _Voices(Answer):
    voices: tuple[str | _Voice, ...]


async def _voices(client: Engines) -> Sequence[str]:
    """Return the voices of an engine that lists them, as Kokoro-FastAPI and vLLM-Omni do."""
    engine = client["speech"]
    answer = read_answer(await engine.get("/audio/voices"), _Voices, engine.name)
    names = [voice if isinstance(voice, str) else voice.id or voice.name for voice in answer.voices]
    return list(filter(None, names))


speech: Capability[Engines, SpeechParams] = Capability(
    kind="speech",
    name="speech",
    params=SpeechParams,
    models=(),
    start=_start,
    preference=20,
    deadline=3600.0,
    refuses=objection,
    missing=partial(missing, kind="speech"),
    discover=partial(served_models, "speech"),
    choices={"voice": _voices},
)
"""Texts read aloud."""
