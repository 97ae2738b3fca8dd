"""The fake of ElevenLabs, spoken to by the SDK that its users have: it is worth no more than it is strict."""

from __future__ import annotations

import io
import re
from collections.abc import Generator, Mapping
from typing import Any, TypeAlias

import av
import httpx
import pytest
from elevenlabs.client import ElevenLabs
from elevenlabs.core.api_error import ApiError

from fakes.elevenlabs import KEY, FakeElevenLabs, running
from fakes.elevenlabs.catalogue import FORBIDDEN, GEORGE, HOUSE, ROGER, SARAH, SPEECH_MODELS
from fakes.elevenlabs.errors import WRONG_KEY, scripted
from fakes.elevenlabs.formats import MIMES
from fakes.elevenlabs.hearing import voices_in

Sdk: TypeAlias = Any
"""The SDK: its types know too well what can be asked to be asked anything else."""

Words: TypeAlias = dict[str, Any]

TEXT = "Good morning to you, and to everybody who gets up as early as this. " * 2
SPEECH: Mapping[str, Any] = {"text": TEXT, "model_id": "eleven_v4"}
OLDER: Mapping[str, Any] = {"text": TEXT, "model_id": "eleven_multilingual_v2"}
FLASH: Mapping[str, Any] = {"text": TEXT, "model_id": "eleven_flash_v2_5"}
V3: Mapping[str, Any] = {"text": TEXT, "model_id": "eleven_v3"}
TALK: Mapping[str, Any] = {
    "inputs": [
        {"text": "Are you there?", "voice_id": GEORGE.id},
        {"text": "Of course I am.", "voice_id": SARAH.id},
        {"text": "Then let us begin.", "voice_id": GEORGE.id},
    ],
    "model_id": "eleven_v4",
}
EFFECT: Mapping[str, Any] = {"text": "a door that creaks", "model_id": "eleven_text_to_sound_v3"}

SPEAK = "POST /v1/text-to-speech/{voice_id}"

PROVIDER = running


@pytest.fixture(scope="module")
def browser() -> Generator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=30) as browser:
        yield browser


@pytest.fixture
def client(fake: FakeElevenLabs, browser: httpx.Client) -> Sdk:
    return ElevenLabs(api_key=KEY, base_url=fake.base_url, httpx_client=browser)


def named(words: object) -> str:
    """A name for a test, with long words cut short."""
    return re.sub(r"(.{40}).+", r"\1...", str(words))


def spoken(client: Sdk, words: Mapping[str, Any], voice: str = GEORGE.id) -> bytes:
    return b"".join(client.text_to_speech.convert(voice, **words))


def talked(client: Sdk, words: Mapping[str, Any]) -> bytes:
    return b"".join(client.text_to_dialogue.convert(**words))


def sounded(client: Sdk, words: Mapping[str, Any]) -> bytes:
    return b"".join(client.text_to_sound_effects.convert(**words))


def headers(client: Sdk, words: Mapping[str, Any]) -> Mapping[str, str]:
    with client.text_to_speech.with_raw_response.convert(GEORGE.id, **words) as answer:
        assert b"".join(answer.data)
        return answer.headers


def raw(browser: httpx.Client, fake: FakeElevenLabs, path: str, body: Mapping[str, Any]) -> httpx.Response:
    return browser.post(f"{fake.url}{path}", json=body, headers={"xi-api-key": KEY})


def said_no(error: ApiError, status: int, code: str) -> None:
    assert error.status_code == status
    body: Any = error.body
    # The contract is not at hand everywhere: what is refused is refused without it.
    assert body["detail"]["status"] == code
    assert body["detail"]["message"]


def refuses(response: httpx.Response, field: str) -> None:
    """The request is refused for this field."""
    assert response.status_code in (400, 422)
    detail: Any = response.json()["detail"]
    if response.status_code == 400:
        assert detail["param"] == field
    else:
        assert field in detail[0]["loc"]


def seconds(data: bytes, form: str | None = None, **options: str) -> float:
    container: Any = av.open(io.BytesIO(data), format=form, options=options)
    with container:
        frames = list(container.decode(audio=0))
    return sum(frame.samples / frame.sample_rate for frame in frames)


# Speech

HEADLESS = {"pcm": "s16le", "ulaw": "mulaw", "alaw": "alaw"}


@pytest.mark.parametrize(
    "form",
    [
        "mp3_44100_128",
        "mp3_22050_32",
        "wav_24000",
        "pcm_16000",
        "ulaw_8000",
        "alaw_8000",
        "opus_48000_64",
    ],
)
def test_speech_is_of_the_format_and_the_length_and_in_the_voice_that_were_asked_for(client: Sdk, form: str) -> None:
    codec, rate = form.split("_")[:2]
    with client.text_to_speech.with_raw_response.convert(SARAH.id, **SPEECH, output_format=form) as answer:
        data = b"".join(answer.data)
        assert answer.headers["content-type"] == MIMES[codec]
    options = {"sample_rate": rate} if codec in HEADLESS else {}
    assert seconds(data, HEADLESS.get(codec), **options) == pytest.approx(len(TEXT) / 400, abs=0.08)
    assert voices_in(data, HEADLESS.get(codec), **options) == [SARAH.hertz]


def test_mp3_begins_with_a_tag_and_a_frame_that_says_how_long_it_is(client: Sdk) -> None:
    data = spoken(client, SPEECH)
    assert data.startswith(b"ID3")
    assert b"Info" in data[:300] or b"Xing" in data[:300]


@pytest.mark.parametrize("codec", ["mp3_44100", "opus_48000"])
def test_more_kilobits_are_more_bytes(client: Sdk, codec: str) -> None:
    words = {**SPEECH, "text": TEXT * 6}
    low, high = (len(spoken(client, {**words, "output_format": f"{codec}_{bits}"})) for bits in (32, 128))
    assert high > 2 * low


@pytest.mark.parametrize(
    ("base", "words"),
    [
        (SPEECH, {"text": "Good evening."}),
        (SPEECH, {"model_id": "eleven_v3"}),
        (SPEECH, {"language_code": "fr"}),
        (SPEECH, {"seed": 4_294_967_295}),
        (SPEECH, {"previous_text": "It was dark."}),
        (SPEECH, {"next_text": "It was dark."}),
        (SPEECH, {"apply_text_normalization": "off"}),
        (SPEECH, {"voice_settings": {"stability": 0.1}}),
        (SPEECH, {"voice_settings": {"similarity_boost": 0.1}}),
        (OLDER, {"voice_settings": {"style": 0.5}}),
        (OLDER, {"voice_settings": {"use_speaker_boost": False}}),
    ],
    ids=named,
)
def test_every_word_changes_the_speech(client: Sdk, base: Mapping[str, Any], words: Words) -> None:
    asked = {**base, **words, "output_format": "pcm_8000"}
    assert spoken(client, asked) == spoken(client, asked)
    assert spoken(client, asked) != spoken(client, {**base, "output_format": "pcm_8000"})


def test_speed_is_heard(client: Sdk) -> None:
    fast = spoken(client, {**OLDER, "output_format": "pcm_8000", "voice_settings": {"speed": 1.2}})
    slow = spoken(client, {**OLDER, "output_format": "pcm_8000", "voice_settings": {"speed": 0.7}})
    assert len(slow) / len(fast) == pytest.approx(1.2 / 0.7, abs=0.01)


def test_an_answer_tells_what_it_cost_and_how_it_can_be_gone_on_from(client: Sdk) -> None:
    told = headers(client, SPEECH)
    assert told["character-cost"] == str(len(TEXT))
    assert int(told["current-concurrent-requests"]) <= int(told["maximum-concurrent-requests"])
    assert len({told["request-id"], told["history-item-id"], headers(client, SPEECH)["request-id"]}) == 3
    assert headers(client, FLASH)["character-cost"] == str(len(TEXT) // 2)


@pytest.mark.parametrize(
    ("base", "words"),
    [
        (SPEECH, {"colour": "red"}),
        (SPEECH, {"text": ""}),
        (SPEECH, {"text": 7}),
        (SPEECH, {"language_code": "xx"}),
        (OLDER, {"language_code": "en"}),
        (FLASH, {"language_code": "fa"}),
        (SPEECH, {"language_code": "English"}),
        (SPEECH, {"seed": -1}),
        (SPEECH, {"seed": 4_294_967_296}),
        (SPEECH, {"seed": "7"}),
        (SPEECH, {"apply_text_normalization": "maybe"}),
        (SPEECH, {"previous_request_ids": ["a", "b", "c", "d"]}),
        (SPEECH, {"previous_request_ids": ["gone"]}),
    ],
    ids=named,
)
def test_speech_that_cannot_be_is_refused(
    browser: httpx.Client, fake: FakeElevenLabs, base: Mapping[str, Any], words: Words
) -> None:
    refuses(raw(browser, fake, f"/v1/text-to-speech/{GEORGE.id}", {**base, **words}), next(iter(words)))


@pytest.mark.parametrize(
    ("base", "settings"),
    [
        (SPEECH, {"colour": "red"}),
        (SPEECH, {"stability": 1.1}),
        (SPEECH, {"similarity_boost": -0.1}),
        (OLDER, {"speed": 0.6}),
        (OLDER, {"speed": 1.3}),
        (SPEECH, {"speed": 1.0}),
        (SPEECH, {"style": 0.5}),
        (SPEECH, {"use_speaker_boost": True}),
        (OLDER, {"style": 2}),
        (FLASH, {"style": 0.4}),
        (V3, {"stability": 0.3}),
        (V3, {"similarity_boost": 0.5}),
        (V3, {"speed": 1.1}),
    ],
    ids=named,
)
def test_a_voice_is_not_set_to_what_the_model_cannot(
    browser: httpx.Client, fake: FakeElevenLabs, base: Mapping[str, Any], settings: Words
) -> None:
    body = {**base, "voice_settings": settings}
    refuses(raw(browser, fake, f"/v1/text-to-speech/{GEORGE.id}", body), next(iter(settings)))


@pytest.mark.parametrize("model", list(SPEECH_MODELS))
def test_a_text_is_as_long_as_the_model_takes_and_no_longer(client: Sdk, model: str) -> None:
    limit = SPEECH_MODELS[model].limit
    words = {"model_id": model, "output_format": "ulaw_8000"}
    assert len(spoken(client, {**words, "text": "a" * limit})) == limit * 20
    with pytest.raises(ApiError) as caught:
        spoken(client, {**words, "text": "a" * (limit + 1)})
    said_no(caught.value, 400, "max_character_limit_exceeded")


@pytest.mark.parametrize("model", ["eleven_v4", "eleven_multilingual_v2", "eleven_flash_v2_5"])
def test_a_request_goes_on_from_earlier_ones_by_their_ids(client: Sdk, model: str) -> None:
    words = {**SPEECH, "model_id": model}
    ids = [headers(client, words)["request-id"] for _ in range(3)]
    assert spoken(client, {**words, "previous_request_ids": ids}) != spoken(client, words)


def test_an_id_that_is_no_longer_known_is_refused(client: Sdk, fake: FakeElevenLabs) -> None:
    request = headers(client, SPEECH)["request-id"]
    fake.expire(request)
    with pytest.raises(ApiError) as caught:
        spoken(client, {**SPEECH, "previous_request_ids": [request]})
    said_no(caught.value, 400, "invalid_parameters")


def test_speech_does_not_go_on_from_a_dialogue(client: Sdk) -> None:
    with client.text_to_dialogue.with_raw_response.convert(**TALK) as answer:
        assert b"".join(answer.data)
        request = answer.headers["request-id"]
    with pytest.raises(ApiError) as caught:
        spoken(client, {**SPEECH, "previous_request_ids": [request]})
    said_no(caught.value, 400, "invalid_parameters")
    assert talked(client, {**TALK, "previous_request_ids": [request]})


def test_some_models_go_on_from_nothing(client: Sdk, fake: FakeElevenLabs) -> None:
    request = headers(client, SPEECH)["request-id"]
    fake.settings(unlinked=["eleven_v4"])
    for words in (
        {"model_id": "eleven_v3", "previous_text": "It was dark."},
        {"model_id": "eleven_v3", "previous_request_ids": [request]},
        {"model_id": "eleven_v4", "previous_request_ids": [request]},
    ):
        with pytest.raises(ApiError) as caught:
            spoken(client, {**SPEECH, **words})
        said_no(caught.value, 400, "unsupported_model")
    assert spoken(client, {**SPEECH, "previous_text": "It was dark."})


# Accounts


@pytest.mark.parametrize(
    ("plan", "form", "allowed"),
    [
        ("free", "mp3_44100_128", True),
        ("free", "pcm_24000", True),
        ("starter", "mp3_44100_192", False),
        ("creator", "mp3_44100_192", True),
        ("creator", "pcm_44100", False),
        ("creator", "wav_44100", False),
        ("pro", "wav_44100", True),
    ],
)
def test_the_better_formats_are_for_who_pays_more(
    client: Sdk, fake: FakeElevenLabs, plan: str, form: str, *, allowed: bool
) -> None:
    fake.settings(plan=plan)
    for make, words in ((spoken, SPEECH), (talked, TALK), (sounded, EFFECT)):
        if allowed:
            assert make(client, {**words, "output_format": form})
            continue
        with pytest.raises(ApiError) as caught:
            make(client, {**words, "output_format": form})
        said_no(caught.value, 403, "output_format_not_allowed")


def test_an_account_is_empty_some_time_and_what_is_refused_costs_nothing(client: Sdk, fake: FakeElevenLabs) -> None:
    fake.settings(credits=25)
    assert spoken(client, {**SPEECH, "text": "a" * 20})
    for text, status, code in ((f"{FORBIDDEN}!", 400, "content_against_policy"), ("a" * 6, 401, "quota_exceeded")):
        with pytest.raises(ApiError) as caught:
            spoken(client, {**SPEECH, "text": text})
        said_no(caught.value, status, code)
    assert spoken(client, {**SPEECH, "text": "a" * 5})
    assert fake.paid() == 4


def test_who_may_not_ask_is_told_so(browser: httpx.Client, fake: FakeElevenLabs) -> None:
    for key, code in ((WRONG_KEY, "invalid_api_key"), ("", "needs_authorization")):
        answer = browser.get(f"{fake.url}/v1/models", headers={"xi-api-key": key})
        assert (answer.status_code, answer.json()["detail"]["status"]) == (401, code)


def test_the_key_is_nowhere_in_the_log(client: Sdk, fake: FakeElevenLabs) -> None:
    assert client.models.list()
    assert KEY not in str(fake.log())


def test_an_unknown_path_is_not_found(browser: httpx.Client, fake: FakeElevenLabs) -> None:
    answer = browser.get(f"{fake.url}/v1/nothing", headers={"xi-api-key": KEY})
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


@pytest.mark.parametrize(
    ("name", "code"),
    [("too_many_concurrent_requests", "concurrent_limit_exceeded"), ("system_busy", "system_busy")],
)
def test_a_script_says_no_in_the_providers_words(client: Sdk, fake: FakeElevenLabs, name: str, code: str) -> None:
    fake.script(SPEAK, scripted(429, name))
    with pytest.raises(ApiError) as caught:
        spoken(client, SPEECH)
    said_no(caught.value, 429, name)
    body: Any = caught.value.body
    assert (body["detail"]["code"], body["detail"]["type"]) == (code, "rate_limit_error")
    assert spoken(client, SPEECH)


def test_a_model_that_is_gone_is_not_found(client: Sdk, fake: FakeElevenLabs) -> None:
    fake.settings(retired=["eleven_v4", "eleven_text_to_sound_v3"])
    for make, words in ((spoken, SPEECH), (talked, TALK), (sounded, EFFECT), (spoken, {"text": "a", "model_id": "b"})):
        with pytest.raises(ApiError) as caught:
            make(client, words)
        said_no(caught.value, 400, "model_not_found")
    assert "eleven_v4" not in {model.model_id for model in client.models.list()}


def test_a_model_can_also_be_gone_from_the_list_of_models(browser: httpx.Client, fake: FakeElevenLabs) -> None:
    fake.settings(unlisted=["eleven_v4", "eleven_text_to_sound_v3", "music_v2_5"])
    song = {"prompt": "a slow waltz", "model_id": "music_v2_5"}
    for path, words in (
        (f"/v1/text-to-speech/{GEORGE.id}", SPEECH),
        ("/v1/sound-generation", EFFECT),
        ("/v1/music", song),
        ("/v1/music/plan", song),
    ):
        answer = raw(browser, fake, path, words)
        assert answer.status_code == 422
        [told] = answer.json()["detail"]
        assert told["loc"] == ["body", "model_id"]
        assert words["model_id"] not in told["msg"]


# Dialogues


def test_a_dialogue_is_spoken_by_its_voices_in_turn(client: Sdk) -> None:
    data = talked(client, TALK)
    assert voices_in(data) == [GEORGE.hertz, SARAH.hertz, GEORGE.hertz]
    assert seconds(data) == pytest.approx(0.75, abs=0.08)


@pytest.mark.parametrize(
    "words",
    [
        {"inputs": [{"text": "Hello.", "voice_id": ROGER.id}]},
        {"model_id": "eleven_v3"},
        {"language_code": "fr"},
        {"settings": {"stability": 1.0}},
        {"settings": {"similarity": 0.2}},
        {"seed": 7},
        {"previous_text": "It was dark."},
        {"future_text": "It was dark."},
        {"apply_text_normalization": "on"},
    ],
    ids=named,
)
def test_every_word_changes_the_dialogue(client: Sdk, words: Words) -> None:
    asked = {**TALK, **words, "output_format": "pcm_8000"}
    assert talked(client, asked) == talked(client, asked)
    assert talked(client, asked) != talked(client, {**TALK, "output_format": "pcm_8000"})


def turns(count: int, text: str = "Hi.") -> list[Words]:
    return [{"text": text, "voice_id": voice} for voice in list(HOUSE)[:count]]


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("inputs", {"inputs": []}),
        ("inputs", {"inputs": turns(11)}),
        ("inputs", {"inputs": turns(2, "a" * 2501)}),
        ("text", {"inputs": turns(1, "")}),
        ("speaker", {"inputs": [{**turns(1)[0], "speaker": "George"}]}),
        ("model_id", {"model_id": "eleven_multilingual_v2"}),
        ("stability", {"model_id": "eleven_v3", "settings": {"stability": 0.3}}),
        ("similarity", {"model_id": "eleven_v3", "settings": {"similarity": 0.3}}),
        ("style", {"settings": {"style": 0.3}}),
        ("previous_text", {"previous_text": "a" * 101}),
        ("next_text", {"next_text": "a"}),
        ("language_code", {"language_code": "xx"}),
        ("previous_request_ids", {"previous_request_ids": ["gone"]}),
    ],
    ids=named,
)
def test_a_dialogue_that_cannot_be_is_refused(
    browser: httpx.Client, fake: FakeElevenLabs, field: str, words: Words
) -> None:
    refuses(raw(browser, fake, "/v1/text-to-dialogue", {**TALK, **words}), field)


def test_ten_voices_can_talk(client: Sdk) -> None:
    heard = voices_in(talked(client, {**TALK, "inputs": turns(10)}))
    assert heard == [voice.hertz for voice in list(HOUSE.values())[:10]]


# Sounds


@pytest.mark.parametrize(
    ("words", "length", "cost"),
    [({}, 1.0, 200), ({"duration_seconds": 0.5}, 0.5, 20), ({"duration_seconds": 30, "loop": True}, 30.0, 1200)],
    ids=named,
)
def test_a_sound_lasts_as_long_as_it_was_asked_to(client: Sdk, words: Words, length: float, cost: int) -> None:
    asked = {**EFFECT, **words, "output_format": "wav_16000"}
    with client.text_to_sound_effects.with_raw_response.convert(**asked) as answer:
        assert seconds(b"".join(answer.data)) == pytest.approx(length, abs=0.01)
        assert answer.headers["character-cost"] == str(cost)


@pytest.mark.parametrize(
    "words",
    [
        {"text": "a bell"},
        {"loop": True},
        {"duration_seconds": 2},
        {"prompt_influence": 0.9},
        {"model_id": "eleven_text_to_sound_v2"},
    ],
    ids=named,
)
def test_every_word_changes_the_sound(client: Sdk, words: Words) -> None:
    asked = {**EFFECT, **words, "output_format": "pcm_8000"}
    assert sounded(client, asked) == sounded(client, asked)
    assert sounded(client, asked) != sounded(client, {**EFFECT, "output_format": "pcm_8000"})


@pytest.mark.parametrize(
    "words",
    [
        {"colour": "red"},
        {"text": ""},
        {"duration_seconds": 0.4},
        {"duration_seconds": 31},
        {"prompt_influence": 1.1},
        {"loop": "yes"},
        {"model_id": "eleven_v4"},
        {"seed": 7},
    ],
    ids=named,
)
def test_a_sound_that_cannot_be_is_refused(browser: httpx.Client, fake: FakeElevenLabs, words: Words) -> None:
    refuses(raw(browser, fake, "/v1/sound-generation", {**EFFECT, **words}), next(iter(words)))


def test_a_format_that_there_is_not_is_refused(client: Sdk) -> None:
    for make, words in ((spoken, SPEECH), (talked, TALK), (sounded, EFFECT)):
        with pytest.raises(ApiError) as caught:
            make(client, {**words, "output_format": "mp3_48000_320"})
        assert caught.value.status_code == 422


def test_what_is_against_the_rules_is_not_made(client: Sdk) -> None:
    forbidden = {"inputs": turns(1, FORBIDDEN)}
    for make, words in ((talked, {**TALK, **forbidden}), (sounded, {**EFFECT, "text": FORBIDDEN})):
        with pytest.raises(ApiError) as caught:
            make(client, words)
        said_no(caught.value, 400, "content_against_policy")


# Voices and models


def test_voices_come_in_pages(client: Sdk) -> None:
    first = client.voices.search()
    assert (len(first.voices), first.has_more, first.total_count) == (10, True, len(HOUSE))
    last = client.voices.search(next_page_token=first.next_page_token)
    assert not last.has_more
    assert [voice.voice_id for voice in (*first.voices, *last.voices)] == list(HOUSE)
    assert len(client.voices.search(page_size=100).voices) == len(HOUSE)


def test_voices_are_searched_by_what_is_told_of_them(client: Sdk) -> None:
    (sarah,) = client.voices.search(search="sarah").voices
    assert sarah.voice_id == SARAH.id
    assert {voice.name.split()[0] for voice in client.voices.search(search="char").voices} == {"Charlie", "Charlotte"}
    assert not client.voices.search(search="nobody").voices
    assert not client.voices.search(category="cloned").voices
    assert not client.voices.search(voice_type="personal").voices


def test_voices_are_sorted_by_name(client: Sdk) -> None:
    names = [voice.name for voice in client.voices.search(sort="name", sort_direction="desc", page_size=100).voices]
    assert names == sorted(names, reverse=True)


@pytest.mark.parametrize("words", [{"page_size": 101}, {"page_size": 0}, {"sort": "age"}], ids=named)
def test_a_search_that_cannot_be_is_refused(client: Sdk, words: Words) -> None:
    with pytest.raises(ApiError) as caught:
        client.voices.search(**words)
    assert caught.value.status_code == 422


def test_a_voice_is_there_or_not(client: Sdk, fake: FakeElevenLabs) -> None:
    assert client.voices.get(GEORGE.id).name == "George"
    fake.expire(GEORGE.id)
    with pytest.raises(ApiError) as caught:
        client.voices.get(GEORGE.id)
    said_no(caught.value, 400, "voice_not_found")
    for make, words in ((spoken, SPEECH), (talked, TALK)):
        with pytest.raises(ApiError) as caught:
            make(client, words)
        said_no(caught.value, 404, "voice_not_found")


def test_models_say_what_they_take(client: Sdk) -> None:
    told = {model.model_id: model for model in client.models.list()}
    assert {name: model.maximum_text_length_per_request for name, model in told.items()} == {
        "eleven_v4": 10_000,
        "eleven_v3": 5_000,
        "eleven_multilingual_v2": 10_000,
        "eleven_flash_v2_5": 40_000,
    }
    assert told["eleven_flash_v2_5"].model_rates.character_cost_multiplier == 0.5
