"""Finding the voices of ElevenLabs by name or id."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from fakes.elevenlabs import FakeElevenLabs
from fakes.elevenlabs.errors import scripted
from fakes.elevenlabs.state import GEORGE, ROGER, SARAH, VOICES
from mediasmith.plugin.errors import MediaError, ProviderError, TimedOut, Unreachable, Unsuitable
from mediasmith.testing import AdapterHarness
from mediasmith_backends.elevenlabs import voices
from mediasmith_backends.elevenlabs.speech import speech
from mediasmith_backends.elevenlabs.voices import DEFAULT_CAST, find_voice, voice_names

CAPABILITY = speech

LIST = "GET /v2/voices"
LOOK_UP = "GET /v1/voices/{voice_id}"
UNKNOWN_ID = "abcdefghij0123456789"


def listing(*names: str) -> Mapping[str, object]:
    found = [{"voice_id": f"voice{number}", "name": name} for number, name in enumerate(names)]
    return {"body": {"voices": found, "has_more": False, "total_count": len(found)}}


@pytest.mark.parametrize(
    ("name", "voice"),
    [("George", GEORGE), ("sarah", SARAH), ("Roger - Laid-Back, Casual, Resonant", ROGER), (" Roger ", ROGER)],
)
async def test_a_voice_is_found_by_its_name_or_its_first_words(adapter: AdapterHarness, name: str, voice: str) -> None:
    assert await find_voice(adapter.client, name) == voice


async def test_a_name_is_looked_up_once(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    for _ in range(3):
        await find_voice(adapter.client, "Sarah")
    assert fake.counts() == {LIST: 1}


async def test_a_name_is_looked_up_again_after_a_failed_request(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    await adapter.generate(voice="Sarah")
    fake.script("POST /v1/text-to-speech/{voice_id}", scripted(404, "voice_not_found"))
    await adapter.failure_of(voice="Sarah")
    await adapter.generate(voice="Sarah")
    assert fake.counts()[LIST] == 2


async def test_the_default_voices_need_no_lookup(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    assert [await find_voice(adapter.client, voice) for voice in DEFAULT_CAST] == list(DEFAULT_CAST)
    assert fake.counts() == {}
    assert set(DEFAULT_CAST) <= set(VOICES)
    assert len(set(DEFAULT_CAST)) == 10


@pytest.mark.parametrize("status", [403, 500])
async def test_a_built_in_voice_is_found_by_name_where_none_can_be_looked_up(
    fake: FakeElevenLabs, adapter: AdapterHarness, status: int
) -> None:
    fake.script(LIST, {**scripted(status, "missing_permissions"), "times": 9})
    assert await find_voice(adapter.client, "sarah") == SARAH
    with pytest.raises(MediaError):
        await find_voice(adapter.client, "Roger")


async def test_an_id_is_looked_up(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    assert await find_voice(adapter.client, ROGER) == ROGER
    assert fake.counts() == {LOOK_UP: 1}


async def test_an_unknown_id_is_unsuitable(adapter: AdapterHarness) -> None:
    with pytest.raises(Unsuitable, match=f"no voice called '{UNKNOWN_ID}'"):
        await find_voice(adapter.client, UNKNOWN_ID)


async def test_an_id_that_the_key_may_not_look_up_is_left_to_the_request(
    fake: FakeElevenLabs, adapter: AdapterHarness
) -> None:
    fake.script(LOOK_UP, scripted(401, "missing_permissions"))
    assert await find_voice(adapter.client, UNKNOWN_ID) == UNKNOWN_ID


@pytest.mark.parametrize(
    ("name", "similar"),
    [
        ("Goerge", "Similar names: George"),
        ("Sara H", "Sarah - Mature"),
        ("Sara", "Similar names: Sarah"),
        ("Xyzzy", "Some of its voices: George"),
    ],
)
async def test_an_unknown_name_is_answered_with_similar_ones(
    fake: FakeElevenLabs, adapter: AdapterHarness, name: str, similar: str
) -> None:
    with pytest.raises(Unsuitable) as caught:
        await find_voice(adapter.client, name)
    assert f"no voice called {name!r}" in str(caught.value)
    assert similar in str(caught.value)
    assert caught.value.billed == "no"
    assert fake.paid() == 0


async def test_first_words_that_the_search_does_not_find_are_found_in_the_list(
    fake: FakeElevenLabs, adapter: AdapterHarness
) -> None:
    fake.script(LIST, listing())
    assert await find_voice(adapter.client, "Charlie") == "IKne3meq5aSn9XLyUdCD"


@pytest.mark.parametrize(
    ("names", "several"),
    [
        (("Anna", "Anna", "Anna Maria"), r"Anna \(voice0\), Anna \(voice1\)"),
        (("Anna Maria", "Anna - Calm", "Annabel"), r"Anna Maria \(voice0\), Anna - Calm \(voice1\)"),
    ],
    ids=["whole name", "first word"],
)
async def test_a_name_of_several_voices_is_answered_with_their_ids(
    fake: FakeElevenLabs, adapter: AdapterHarness, names: tuple[str, ...], several: str
) -> None:
    fake.script(LIST, listing(*names))
    with pytest.raises(Unsuitable, match=rf"several voices called 'Anna': {several}\."):
        await find_voice(adapter.client, "Anna")


async def test_a_whole_name_counts_before_the_first_words_of_another(
    fake: FakeElevenLabs, adapter: AdapterHarness
) -> None:
    fake.script(LIST, listing("Anna Maria", "Anna"))
    assert await find_voice(adapter.client, "anna") == "voice1"


async def test_an_id_that_cannot_be_looked_up_costs_nothing(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    fake.script(LOOK_UP, {"status": 500, "body": {}})
    with pytest.raises(ProviderError) as caught:
        await find_voice(adapter.client, UNKNOWN_ID)
    assert caught.value.billed == "no"


@pytest.mark.parametrize(
    ("answer", "kind"), [({"status": 500, "body": {}}, ProviderError), ({"reset": True}, Unreachable)], ids=str
)
async def test_a_failed_lookup_costs_nothing_and_is_not_retried(
    fake: FakeElevenLabs, adapter: AdapterHarness, answer: Mapping[str, object], kind: type[Exception]
) -> None:
    fake.script(LIST, answer)
    with pytest.raises(kind) as caught:
        await find_voice(adapter.client, "Roger")
    assert getattr(caught.value, "billed", "") == "no"
    assert fake.counts() == {LIST: 1}


async def test_a_lookup_that_hangs_times_out_and_costs_nothing(
    fake: FakeElevenLabs, adapter: AdapterHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voices, "_LOOKUP_SECONDS", 0.05)
    fake.script(LIST, {"hang": True})
    with pytest.raises(TimedOut) as caught:
        await find_voice(adapter.client, "Roger")
    assert caught.value.billed == "no"


async def test_every_page_of_voices_is_listed(
    fake: FakeElevenLabs, adapter: AdapterHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voices, "_PAGE", 5)
    assert await voice_names(adapter.client) == {name: voice for voice, name in VOICES.items()}
    assert fake.counts() == {LIST: 3}


async def test_voices_that_share_a_name_are_listed_by_their_ids(fake: FakeElevenLabs, adapter: AdapterHarness) -> None:
    fake.script(LIST, listing("Anna", "Anna", "Ben", ""))
    assert await voice_names(adapter.client) == {
        "voice0": "voice0",
        "voice1": "voice1",
        "Ben": "voice2",
        "voice3": "voice3",
    }
