"""Dubbing by ElevenLabs: submitted once, polled by its id, and downloaded by the server."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.elevenlabs import KEY, FakeElevenLabs
from fakes.elevenlabs.errors import scripted
from fakes.engines import NO_WAIT, get_job
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.engine.bootstrap import open_engine
from mediasmith.engine.use_cases import Engine
from mediasmith.plugin.contract import Failed, Pending, Remote, Result
from mediasmith.plugin.errors import ProviderError
from mediasmith.plugin.files import Source
from mediasmith.plugin.kinds import Role
from mediasmith.runtime.clock import SystemClock
from mediasmith.testing import AdapterHarness, MemorySource
from mediasmith_backends.elevenlabs import backend
from mediasmith_backends.elevenlabs.dubbing import DubbingHandle, dubbing

CAPABILITY = dubbing

CREATE, POLL = "POST /v1/dubbing", "GET /v1/dubbing/{dubbing_id}"
FETCH = "GET /v1/dubbing/{dubbing_id}/audio/{language_code}"


@pytest.fixture
def fake(fake: FakeElevenLabs) -> FakeElevenLabs:
    """The fake, whose dubs are done at the second poll."""
    fake.settings(polls=1)
    return fake


@asynccontextmanager
async def server(fake: FakeElevenLabs, folder: Path) -> AsyncGenerator[Engine]:
    """Open an engine with dubbing alone, which polls as fast as the fake answers."""
    fast = replace(backend, capabilities=(replace(dubbing, every=0.01),))
    async with open_engine(
        settings=Settings(data_dir=folder / "data", output_dir=folder / "out", allowed_dirs=(folder,)),
        env=fake.env(),
        backends=Registry(backends={backend.name: fast}, broken={}),
        clock=SystemClock(),
    ) as engine:
        yield engine


def inputs(*mimes: str) -> Mapping[Role, Sequence[Source]]:
    return {"video" if mime.startswith("video") else "audio": [MemorySource(mime=mime)] for mime in mimes}


async def submit(adapter: AdapterHarness, prompt: str = "", mime: str = "audio/wav", **params: Any) -> DubbingHandle:
    handle = await adapter.submit(prompt=prompt, inputs=inputs(mime), **{"language": "es", **params})
    assert isinstance(handle, DubbingHandle)
    return handle


async def test_a_recording_is_sent_with_its_parameters(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    await submit(adapter, "Interview", source_language="en", speakers=2, drop_background_audio=True)
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


async def test_only_given_parameters_are_sent(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    await submit(adapter, mime="video/mp4", watermark=True, highest_resolution=True)
    await submit(adapter)
    first, second = (body["fields"] for body in fake.bodies(CREATE))
    assert first == {"target_lang": "es", "watermark": "true", "highest_resolution": "true"}
    assert second == {"target_lang": "es"}


async def test_regions_are_dropped_with_warnings(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    await submit(adapter, language="de-DE", source_language="EN-gb")
    fields = fake.bodies(CREATE)[0]["fields"]
    assert (fields["target_lang"], fields["source_lang"]) == ("de", "en")
    assert len([warning for warning in adapter.warnings if "region" in warning]) == 2


@pytest.mark.parametrize(
    ("language", "mimes", "reason"),
    [
        (None, ("audio/wav",), "needs language"),
        ("es", (), "audio or video"),
        ("es", ("audio/wav", "video/mp4"), "audio or video"),
        ("es", ("audio/wav",), ""),
    ],
    ids=["no language", "nothing", "two files", "one file"],
)
async def test_what_cannot_be_dubbed_is_refused(
    adapter: AdapterHarness, language: str | None, mimes: tuple[str, ...], reason: str
) -> None:
    refusal = dubbing.refuses(adapter.call(inputs=inputs(*mimes), language=language))
    assert reason in refusal
    assert bool(refusal) is bool(reason)


@pytest.mark.parametrize(
    "answer",
    [scripted(500, "internal_error"), scripted(429, "system_busy"), {"reset": True}, {"body": {}}],
    ids=["broken", "busy", "lost", "no id"],
)
async def test_a_dub_is_submitted_once(
    fake: FakeElevenLabs, adapter: AdapterHarness, answer: Mapping[str, object]
) -> None:
    fake.script(CREATE, {**answer, "times": 3})
    await adapter.failure_of(inputs=inputs("audio/wav"), language="es")
    assert fake.counts() == {CREATE: 1}


@pytest.mark.parametrize("mime", ["audio/wav", "video/mp4"])
async def test_a_finished_dub_is_left_to_the_server_to_download(
    fake: FakeElevenLabs, adapter: AdapterHarness, mime: str
) -> None:
    handle = await submit(adapter, mime=mime)
    assert await adapter.poll(handle) == Pending(message="dubbing")
    result = await adapter.poll(handle)
    assert isinstance(result, Result)
    [output] = result.outputs
    assert isinstance(output.body, Remote)
    assert output.body.url == f"{fake.url}/v1/dubbing/{handle.dubbing}/audio/es"
    assert output.body.headers == {"xi-api-key": KEY}
    assert KEY not in repr(result)
    assert output.mime == ("video/mp4" if mime.startswith("video") else "audio/mpeg")
    assert result.details == {"dubbing_id": handle.dubbing}
    assert fake.counts() == {CREATE: 1, POLL: 2}


async def test_a_failed_dub_ends_with_the_reason(adapter: AdapterHarness) -> None:
    handle = await submit(adapter, "a forbidden thing")
    await adapter.poll(handle)
    failed = await adapter.poll(handle)
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, ProviderError)
    assert "No speech was found" in failed.error.message
    assert handle.dubbing in failed.error.message
    assert failed.error.billed == "unknown"


async def test_a_deleted_dub_ends(adapter: AdapterHarness) -> None:
    failed = await adapter.poll(DubbingHandle(dubbing="gone", language="es", mime="audio/mpeg"))
    assert isinstance(failed, Failed)
    assert "the dub gone" in failed.error.message
    assert failed.error.billed == "yes"


@pytest.mark.parametrize(
    "answer",
    [
        {"body": {"status": "asleep"}},
        {"body": {"status": None}},
        {"body": {}},
        {"body": []},
        {"html": True, "status": 200},
        {"status": 404, "body": {}},
        {"status": 500, "body": {"detail": {"status": "internal_error"}}},
        {"reset": True},
    ],
    ids=str,
)
async def test_trouble_while_polling_does_not_end_a_dub(
    fake: FakeElevenLabs, adapter: AdapterHarness, answer: Mapping[str, object]
) -> None:
    handle = await submit(adapter)
    fake.script(POLL, answer)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any exception will do, as long as it is explained
        await adapter.poll(handle)
    assert isinstance(caught.value, ProviderError) or backend.explain(caught.value)
    assert await adapter.poll(handle) == Pending(message="dubbing")


async def test_a_video_is_dubbed_and_saved(fake: FakeElevenLabs, tmp_path: Path) -> None:
    source = tmp_path / "clip.mp4"
    source.write_bytes(MemorySource(mime="video/mp4").data)
    fake.script(POLL, {"body": {"status": "cloning"}}, {"body": {}}, {"html": True, "status": 200})
    arguments = {"kind": "dubbing", "video": str(source), "language": "es", "backend": "elevenlabs"}
    async with server(fake, tmp_path) as engine:
        running = await engine.generate(arguments, NO_WAIT)
        done = await get_job(engine, running.job_id)
    [file] = done.files
    assert (done.status, file.mime, file.width) == ("done", "video/mp4", 16)
    assert fake.paid() == 1
    assert fake.counts()[FETCH] == 1


async def test_a_dub_is_collected_after_a_restart(fake: FakeElevenLabs, tmp_path: Path) -> None:
    fake.settings(polls=10_000)
    source = tmp_path / "clip.wav"
    source.write_bytes(MemorySource(mime="audio/wav").data)
    arguments = {"kind": "dubbing", "audio": str(source), "language": "es"}
    async with server(fake, tmp_path) as engine:
        running = await engine.generate(arguments, NO_WAIT)
        await fake.seen(POLL)
    fake.finish()
    async with server(fake, tmp_path) as engine:
        done = await get_job(engine, running.job_id)
    assert (done.status, done.files[0].mime) == ("done", "audio/mpeg")
    assert fake.paid() == 1
