"""Dubs by ElevenLabs: begun once, waited for by their id, and fetched by the server."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.elevenlabs import KEY, FakeElevenLabs, running
from fakes.elevenlabs.errors import scripted
from fakes.engines import HASTY, collected
from fakes.trying import failure
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.engine.bootstrap import open_engine
from mediasmith.engine.use_cases import Engine
from mediasmith.plugin.contract import JSON, Accepted, Pending, Remote, Request, Result
from mediasmith.plugin.errors import MediaError, ProviderError, StateGone, Unreachable
from mediasmith.plugin.files import Source
from mediasmith.plugin.kinds import Role
from mediasmith.runtime.clock import SystemClock
from mediasmith.testing import AdapterHarness, MemorySource, signed_in
from mediasmith_backends.elevenlabs import backend
from mediasmith_backends.elevenlabs.dubbing import DubbingParams, dubbing

CREATE, POLL = "POST /v1/dubbing", "GET /v1/dubbing/{dubbing_id}"
FETCH = "GET /v1/dubbing/{dubbing_id}/audio/{language_code}"

PROVIDER = running


@pytest.fixture
def fake(fake: FakeElevenLabs) -> FakeElevenLabs:
    fake.settings(polls=1)
    return fake


@pytest.fixture
async def hands(fake: FakeElevenLabs) -> AsyncGenerator[AdapterHarness]:
    async with signed_in(backend, fake.url, KEY, capability=dubbing) as hands:
        yield hands


@asynccontextmanager
async def server(fake: FakeElevenLabs, folder: Path) -> AsyncGenerator[Engine]:
    """The engine with this backend's dubs; it polls as fast as the fake answers."""
    swift = replace(backend, capabilities=(replace(dubbing, every=0.01),))
    async with open_engine(
        settings=Settings(data_dir=folder / "data", output_dir=folder / "out", allowed_dirs=(folder,)),
        env=fake.env(),
        backends=Registry(backends={backend.name: swift}, broken={}),
        clock=SystemClock(),
    ) as engine:
        yield engine


def clip(mime: str = "audio/wav") -> Mapping[Role, Sequence[Source]]:
    return {"video" if mime.startswith("video") else "audio": [MemorySource(mime=mime)]}


def ask(
    prompt: str = "", inputs: Mapping[Role, Sequence[Source]] | None = None, **params: Any
) -> Request[DubbingParams]:
    asked = DubbingParams.model_validate({"language": "es", **params})
    return Request(model=dubbing.models[0], prompt=prompt, params=asked, inputs=clip() if inputs is None else inputs)


async def begun(hands: AdapterHarness, asked: Request[DubbingParams]) -> Mapping[str, Any]:
    assert not dubbing.refuses(asked)
    accepted = await dubbing.start(hands.of(asked))
    assert isinstance(accepted, Accepted)
    assert isinstance(accepted.handle, Mapping)
    return accepted.handle


async def trouble(hands: AdapterHarness, handle: JSON) -> MediaError:
    try:
        await hands.poll(handle)
    except MediaError as error:
        return error
    raise AssertionError("there was none")


async def test_a_recording_is_sent_with_what_is_known_of_it(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    handle = await begun(hands, ask("Interview", source_language="en", speakers=2, drop_background_audio=True))
    assert set(handle) == {"dubbing", "language", "mime"}
    [body] = fake.bodies(CREATE)
    assert body["fields"] == {
        "name": "Interview",
        "target_lang": "es",
        "source_lang": "en",
        "num_speakers": "2",
        "drop_background_audio": "true",
    }
    assert [(file["field"], file["name"], file["mime"]) for file in body["files"]] == [
        ("file", "sample.wav", "audio/wav")
    ]


async def test_nothing_is_asked_for_that_nobody_said(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    await begun(hands, ask(inputs=clip("video/mp4"), watermark=True, highest_resolution=True))
    await begun(hands, ask())
    first, second = (body["fields"] for body in fake.bodies(CREATE))
    assert first == {"target_lang": "es", "watermark": "true", "highest_resolution": "true"}
    assert second == {"target_lang": "es"}


async def test_a_region_is_left_out_aloud(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    await begun(hands, ask(language="de-DE", source_language="EN-gb"))
    fields = fake.bodies(CREATE)[0]["fields"]
    assert (fields["target_lang"], fields["source_lang"]) == ("de", "en")
    assert len([warning for warning in hands.warnings if "region" in warning]) == 2


BOTH: Mapping[Role, Sequence[Source]] = {**clip(), **clip("video/mp4")}


@pytest.mark.parametrize(
    ("asked", "word"),
    [(ask(language=None), "language"), (ask(inputs={}), "audio or video"), (ask(inputs=BOTH), "audio or video")],
    ids=["no language", "nothing", "two"],
)
def test_what_cannot_be_dubbed_is_refused(asked: Request[DubbingParams], word: str) -> None:
    assert word in dubbing.refuses(asked)


@pytest.mark.parametrize("mime", ["audio/wav", "video/mp4"])
async def test_a_dub_is_polled_for_and_left_to_the_server_to_fetch(
    fake: FakeElevenLabs, hands: AdapterHarness, mime: str
) -> None:
    handle = await begun(hands, ask(inputs=clip(mime)))
    assert await hands.poll(handle) == Pending(message="dubbing")
    done = await hands.poll(handle)
    assert isinstance(done, Result)
    [output] = done.outputs
    assert isinstance(output.body, Remote)
    assert output.body.url == f"{fake.url}/v1/dubbing/{handle['dubbing']}/audio/es"
    assert output.body.headers == {"xi-api-key": KEY}
    assert KEY not in repr(done)
    assert output.mime == ("video/mp4" if mime.startswith("video") else "audio/mpeg")
    assert done.details == {"dubbing_id": handle["dubbing"]}
    assert fake.counts() == {CREATE: 1, POLL: 2}


async def test_a_dub_that_failed_says_why(hands: AdapterHarness) -> None:
    handle = await begun(hands, ask("a forbidden thing"))
    await hands.poll(handle)
    error = await trouble(hands, handle)
    assert isinstance(error, ProviderError)
    assert "No speech was found" in error.message
    assert handle["dubbing"] in error.message
    assert error.billed == "unknown"


async def test_a_dub_that_is_gone_is_no_longer_waited_for(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    handle = {"dubbing": "gone", "language": "es", "mime": "audio/mpeg"}
    gone = await trouble(hands, handle)
    assert isinstance(gone, StateGone)
    assert "the dub gone" in gone.message
    assert isinstance(await trouble(hands, {"video": "one"}), StateGone)
    assert fake.counts() == {POLL: 1}


@pytest.mark.parametrize("body", [{"status": "asleep"}, {"status": None}, {}, []], ids=str)
async def test_an_answer_that_does_not_say_how_it_stands_passes(
    fake: FakeElevenLabs, hands: AdapterHarness, body: object
) -> None:
    handle = await begun(hands, ask())
    fake.script(POLL, {"body": body})
    error = await trouble(hands, handle)
    assert isinstance(error, Unreachable), "the server takes it for the end of what was paid for"
    assert handle["dubbing"] in error.message
    assert await hands.poll(handle) == Pending(message="dubbing")


@pytest.mark.parametrize(
    "answer",
    [scripted(500, "internal_error"), scripted(429, "system_busy"), {"reset": True}, {"body": {}}],
    ids=["broken", "busy", "lost", "no id"],
)
async def test_a_dub_is_asked_for_once(
    fake: FakeElevenLabs, hands: AdapterHarness, answer: Mapping[str, object]
) -> None:
    fake.script(CREATE, {**answer, "times": 3})
    await failure(hands, ask())
    assert fake.counts() == {CREATE: 1}


async def test_a_film_is_dubbed_and_saved(fake: FakeElevenLabs, tmp_path: Path) -> None:
    source = tmp_path / "clip.mp4"
    source.write_bytes(MemorySource(mime="video/mp4").data)
    fake.script(POLL, {"body": {"status": "cloning"}}, {"body": {}}, {"html": True, "status": 200})
    given = {"kind": "dubbing", "video": str(source), "language": "es", "backend": "elevenlabs"}
    async with server(fake, tmp_path) as engine:
        begun = await engine.generate(given, HASTY)
        done = await collected(engine, begun.job_id)
    [file] = done.files
    assert (done.status, file.mime, file.width) == ("done", "video/mp4", 16)
    assert fake.paid() == 1
    assert fake.counts()[FETCH] == 1


async def test_a_dub_is_collected_by_the_next_process(fake: FakeElevenLabs, tmp_path: Path) -> None:
    fake.settings(polls=10_000)
    source = tmp_path / "clip.wav"
    source.write_bytes(MemorySource(mime="audio/wav").data)
    given = {"kind": "dubbing", "audio": str(source), "language": "es"}
    async with server(fake, tmp_path) as engine:
        begun = await engine.generate(given, HASTY)
        await fake.seen(POLL)
    fake.finish()
    async with server(fake, tmp_path) as engine:
        done = await collected(engine, begun.job_id)
    assert (done.status, done.files[0].mime) == ("done", "audio/mpeg")
    assert fake.paid() == 1
