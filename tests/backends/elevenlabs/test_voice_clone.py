"""Voice clones by ElevenLabs: a voice created from recordings, and its preview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from fakes.elevenlabs import FakeElevenLabs
from fakes.elevenlabs.errors import scripted
from fakes.elevenlabs.media import Recording, audio_of
from mediasmith.plugin.errors import NotPermitted, ProviderError
from mediasmith.plugin.files import Source
from mediasmith.plugin.kinds import Role
from mediasmith.plugin.media import sniff
from mediasmith.testing import AdapterHarness
from mediasmith_backends.elevenlabs.voice_clone import voice_clone
from mediasmith_backends.elevenlabs.voices import voice_names

CAPABILITY = voice_clone

CLONE, SPEAK = "POST /v1/voices/add", "POST /v1/text-to-speech/{voice_id}"
SAMPLES: Mapping[Role, Sequence[Source]] = {"voice_sample": [Recording()]}


async def test_a_voice_is_cloned_and_speaks(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    recordings = [Recording(), Recording()]
    result = await adapter.generate(prompt="Grandma, a warm and slow voice", inputs={"voice_sample": recordings})
    [cloning], [speaking] = fake.bodies(CLONE), fake.bodies(SPEAK)
    assert {name: cloning["fields"][name] for name in ("name", "description")} == {
        "name": "Grandma",
        "description": "Grandma, a warm and slow voice",
    }
    assert [(file["field"], file["name"], file["mime"]) for file in cloning["files"]] == [
        ("files", "sample.wav", "audio/wav")
    ] * 2
    assert speaking["model_id"] == "eleven_v4"
    voice = (await voice_names(adapter.client))["Grandma"]
    assert any(voice in entry["path"] for entry in fake.log())
    assert result.details["voice_id"] == voice
    assert result.details["name"] == "Grandma"
    assert result.details["requires_verification"] is False
    assert sniff(audio_of(result)) == "audio/mpeg"
    assert all(file.closed for recording in recordings for file in recording.files)


async def test_all_parameters_are_sent(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    result = await adapter.generate(
        prompt="", inputs=SAMPLES, model=voice_clone.models[1], text="Good morning.", remove_background_noise=True
    )
    [cloning], [speaking] = fake.bodies(CLONE), fake.bodies(SPEAK)
    assert cloning["fields"]["remove_background_noise"] == "true"
    assert "description" not in cloning["fields"]
    assert (speaking["text"], speaking["model_id"]) == ("Good morning.", "eleven_multilingual_v2")
    assert result.details["name"] == "sample"


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("Grandma", "Grandma"),
        ("Grandma: warm", "Grandma"),
        ("Our old friend\nhe is slow", "Our old friend"),
        ("word " * 30, ("word " * 20).strip()),
        ("x" * 120, "x" * 100),
        (", no name at all", "sample"),
    ],
)
async def test_the_first_words_are_the_name(
    fake: FakeElevenLabs, adapter: AdapterHarness, prompt: str, name: str
) -> None:
    await adapter.generate(prompt=prompt, inputs=SAMPLES)
    assert fake.bodies(CLONE)[0]["fields"]["name"] == name


@pytest.mark.parametrize(
    "answer",
    [
        scripted(429, "too_many_concurrent_requests"),
        scripted(401, "quota_exceeded"),
        {"reset": True},
        {"truncate": True},
    ],
    ids=["rate limit", "no credit", "lost", "cut off"],
)
async def test_a_voice_without_a_preview_is_not_created_again(
    fake: FakeElevenLabs, adapter: AdapterHarness, answer: Mapping[str, object]
) -> None:
    fake.script(SPEAK, answer)
    error = await adapter.failure_of(prompt="Grandma", inputs=SAMPLES)
    assert isinstance(error, ProviderError)
    assert error.billed == "unknown", "anything that says that nothing was billed would have all of it sent again"
    voice = (await voice_names(adapter.client))["Grandma"]
    assert voice in error.message
    assert voice in error.hint
    assert fake.counts()[CLONE] == 1


async def test_a_voice_that_must_be_verified_says_so(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    fake.script(CLONE, {"body": {"voice_id": "v" * 20, "requires_verification": True}})
    assert "verified" in str(await adapter.failure_of(prompt="Grandma", inputs=SAMPLES))


async def test_a_full_account_costs_nothing(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    fake.settings(voices=0)
    error = await adapter.failure_of(prompt="Grandma", inputs=SAMPLES)
    assert isinstance(error, NotPermitted)
    assert error.billed == "no"
    assert SPEAK not in fake.counts()


@pytest.mark.parametrize(
    "answer", [{"body": {}}, {"body": []}, {**scripted(500, "internal_error"), "times": 3}], ids=["{}", "[]", "500"]
)
async def test_a_clone_without_an_id_may_have_been_created(
    fake: FakeElevenLabs, adapter: AdapterHarness, answer: Mapping[str, object]
) -> None:
    fake.script(CLONE, answer)
    error = await adapter.failure_of(prompt="Grandma", inputs=SAMPLES)
    assert isinstance(error, ProviderError)
    assert error.billed is None
    assert fake.counts() == {CLONE: 1}
