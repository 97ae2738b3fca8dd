"""The fake of ElevenLabs, where it makes songs, voices and dubs: spoken to by the SDK that its users have."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Generator, Mapping
from typing import Any, TypeAlias

import av
import httpx
import pytest
from elevenlabs.client import ElevenLabs
from elevenlabs.core.api_error import ApiError
from elevenlabs.types import VoiceSettings

from fakes.elevenlabs import KEY, FakeElevenLabs, running
from fakes.elevenlabs.__main__ import CONTRACT
from fakes.elevenlabs.catalogue import FORBIDDEN, GEORGE, LOWEST, SARAH, STEP
from fakes.elevenlabs.hearing import voices_in
from fakes.elevenlabs.music import COPYRIGHTED
from loopback.films import clip, film
from loopback.sounds import SOUND_TYPES, sound

Sdk: TypeAlias = Any
"""The SDK: its types know too well what can be asked to be asked anything else."""

Words: TypeAlias = dict[str, Any]

SONG: Mapping[str, Any] = {"prompt": "a slow waltz", "model_id": "music_v2_5", "music_length_ms": 4000}
CHUNK: Mapping[str, Any] = {"text": "[Verse]\nla la la", "duration_ms": 3000, "positive_styles": ["waltz"]}
CHUNKS: Mapping[str, Any] = {"chunks": [CHUNK, {**CHUNK, "duration_ms": 4000}]}
SECTION: Mapping[str, Any] = {
    "section_name": "Verse",
    "positive_local_styles": ["slow"],
    "negative_local_styles": [],
    "duration_ms": 3000,
    "lines": ["la la la"],
}
SECTIONS: Mapping[str, Any] = {"positive_global_styles": ["waltz"], "negative_global_styles": [], "sections": [SECTION]}
DESIGN: Mapping[str, Any] = {
    "voice_description": "An old sailor with a voice like gravel.",
    "model_id": "eleven_ttv_v3",
    "text": "The wind was against us, and so was the tide, and so, if I may say that, was everybody else on board.",
}
DUB: Mapping[str, Any] = {"target_lang": "de"}

COMPOSE, CHANGE = "/v1/music", f"/v1/voice-changer/{GEORGE.id}"

PROVIDER = running


@pytest.fixture(scope="module")
def browser(held: FakeElevenLabs) -> Generator[httpx.Client]:
    with httpx.Client(base_url=held.url, headers={"xi-api-key": KEY}, trust_env=False, timeout=30) as browser:
        yield browser


@pytest.fixture
def client(fake: FakeElevenLabs, browser: httpx.Client) -> Sdk:
    return ElevenLabs(api_key=KEY, base_url=fake.base_url, httpx_client=browser)


def named(words: object) -> str:
    """A name for a test, with what is long cut short."""
    return re.sub(r"(?s)^(.{60}).+(.{60})$", r"\1...\2", ascii(words))


def brought(form: str = "mp3", seconds: float = 2.0, seed: bytes = b"") -> tuple[str, bytes, str]:
    return f"sample.{form}", sound(seed, seconds, form), SOUND_TYPES[form]


def composed(client: Sdk, words: Mapping[str, Any]) -> tuple[bytes, Mapping[str, str]]:
    with client.music.with_raw_response.compose(**words) as answer:
        return b"".join(answer.data), answer.headers


def said_no(error: ApiError, status: int, code: str) -> Any:
    body: Any = error.body
    assert (error.status_code, body["detail"]["status"]) == (status, code)
    assert body["detail"]["message"]
    return body["detail"]


def refuses(response: httpx.Response, field: str) -> None:
    """The request is refused for this field."""
    assert response.status_code in (400, 422)
    detail: Any = response.json()["detail"]
    places: list[Any] = (
        [detail["param"]] if isinstance(detail, dict) else [place for told in detail for place in told["loc"]]
    )
    assert field in places


def seconds(data: bytes) -> float:
    container: Any = av.open(io.BytesIO(data))
    with container:
        frames = list(container.decode(audio=0))
    return sum(frame.samples / frame.sample_rate for frame in frames)


# Songs


@pytest.mark.parametrize(
    ("words", "length"),
    [
        (SONG, 4.0),
        ({"prompt": "a slow waltz", "model_id": "music_v2"}, 6.0),
        ({"composition_plan": CHUNKS, "model_id": "music_v2_5", "seed": 7}, 7.0),
        ({"composition_plan": SECTIONS, "model_id": "music_v1", "respect_sections_durations": True}, 3.0),
        ({**SONG, "force_instrumental": True, "output_format": "opus_48000_128"}, 4.0),
    ],
    ids=named,
)
def test_a_song_is_as_long_as_was_asked_for(client: Sdk, words: Words, length: float) -> None:
    data, headers = composed(client, words)
    assert seconds(data) == pytest.approx(length, abs=0.1)
    assert headers["song-id"]
    assert int(headers["character-cost"]) > 0


def test_a_long_song_is_one_tone_without_a_seam(client: Sdk) -> None:
    data, _ = composed(client, {**SONG, "music_length_ms": 30_250})
    assert seconds(data) == pytest.approx(30.25, abs=0.01)
    assert len(voices_in(data)) == 1


def test_a_song_is_of_the_format_that_was_asked_for_or_the_models_own(client: Sdk) -> None:
    for words, rate, bits in (
        ({}, 48_000, 192_000),
        ({"model_id": "music_v1"}, 44_100, 128_000),
        ({"output_format": "mp3_48000_320"}, 48_000, 320_000),
    ):
        data, _ = composed(client, {**SONG, **words})
        container: Any = av.open(io.BytesIO(data))
        with container:
            stream = container.streams.audio[0]
            assert (stream.rate, stream.channels) == (rate, 2)
            assert stream.bit_rate == pytest.approx(bits, rel=0.05)


@pytest.mark.parametrize(
    "words",
    [{"prompt": "a quick polka"}, {"force_instrumental": True}, {"model_id": "music_v2"}],
    ids=named,
)
def test_whatever_is_asked_for_is_heard_in_the_song(client: Sdk, words: Words) -> None:
    assert composed(client, SONG)[0] == composed(client, SONG)[0] != composed(client, {**SONG, **words})[0]


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("prompt", {"prompt": ""}),
        ("prompt", {"prompt": "la" * 2051}),
        ("prompt", {"composition_plan": CHUNKS, "music_length_ms": None}),
        ("prompt", {"prompt": None}),
        ("music_length_ms", {"music_length_ms": 2999}),
        ("music_length_ms", {"music_length_ms": 600_001}),
        ("music_length_ms", {"prompt": None, "composition_plan": CHUNKS}),
        ("model_id", {"model_id": "music_v3"}),
        ("seed", {"seed": 7}),
        ("respect_sections_durations", {"respect_sections_durations": True}),
        ("sign_with_c2pa", {"sign_with_c2pa": True}),
        ("lyrics", {"lyrics": "la la la"}),
    ],
    ids=named,
)
def test_a_song_is_refused_for_a_word_that_does_not_fit(
    fake: FakeElevenLabs, browser: httpx.Client, field: str, words: Words
) -> None:
    form = "pcm_24000" if field == "sign_with_c2pa" else "auto"
    body = {**SONG, **words}
    refuses(browser.post(COMPOSE, json=body, params={"output_format": form}), field)
    assert fake.paid() == 1


@pytest.mark.parametrize(
    ("field", "plan"),
    [
        ("force_instrumental", CHUNKS),
        ("seed", CHUNKS),
        ("composition_plan", SECTIONS),
        ("chunks", {"chunks": []}),
        ("chunks", {"chunks": [CHUNK] * 31}),
        ("duration_ms", {"chunks": [{**CHUNK, "duration_ms": 2999}]}),
        ("duration_ms", {"chunks": [{**CHUNK, "duration_ms": 120_001}]}),
        ("composition_plan", {"chunks": [{**CHUNK, "duration_ms": 120_000}] * 6}),
        ("text", {"chunks": [{**CHUNK, "text": "la\n" * 31}]}),
        ("text", {"chunks": [{**CHUNK, "text": "l" * 201}]}),
        ("text", {"chunks": [{**CHUNK, "text": "[]\nla"}]}),
        ("positive_styles", {"chunks": [{**CHUNK, "positive_styles": ["waltz"] * 51}]}),
        ("positive_styles", {"chunks": [{"text": "la", "duration_ms": 3000}]}),
        ("context_adherence", {"chunks": [{**CHUNK, "context_adherence": "xhigh"}]}),
        ("condition_strength", {"chunks": [{**CHUNK, "condition_strength": "low"}]}),
        ("end_ms", {"chunks": [{"song_id": "a", "range": {"start_ms": 5, "end_ms": 5}}]}),
        ("name", {"chunks": [{**CHUNK, "name": "Verse"}]}),
    ],
    ids=named,
)
def test_a_plan_is_refused_for_what_does_not_fit(browser: httpx.Client, field: str, plan: Words) -> None:
    words = {"force_instrumental": True} if field == "force_instrumental" else {}
    seed = {"seed": -1} if field == "seed" else {}
    body = {"composition_plan": plan, "model_id": "music_v2_5", **words, **seed}
    refuses(browser.post(COMPOSE, json=body), field)


@pytest.mark.parametrize(
    ("field", "section"),
    [
        ("section_name", {"section_name": ""}),
        ("duration_ms", {"duration_ms": 120_001}),
        ("lines", {"lines": ["la"] * 31}),
        ("lines", {"lines": ["l" * 201]}),
        ("text", {"text": "la"}),
    ],
    ids=named,
)
def test_a_section_is_refused_for_what_does_not_fit(browser: httpx.Client, field: str, section: Words) -> None:
    plan = {**SECTIONS, "sections": [{**SECTION, **section}]}
    refuses(browser.post(COMPOSE, json={"composition_plan": plan}), field)


def test_chunks_are_not_for_the_first_model(browser: httpx.Client) -> None:
    refuses(browser.post(COMPOSE, json={"composition_plan": CHUNKS}), "composition_plan")


def kept(song: str, start: int = 0, end: int = 3000) -> Words:
    return {"song_id": song, "range": {"start_ms": start, "end_ms": end}}


def test_a_song_that_was_stored_can_be_taken_up_again(client: Sdk) -> None:
    song = composed(client, {**SONG, "store_for_inpainting": True})[1]["song-id"]
    plan = {"chunks": [kept(song, 500, 4000), {**CHUNK, "conditioning_ref": kept(song), "condition_strength": "xhigh"}]}
    assert seconds(composed(client, {"composition_plan": plan, "model_id": "music_v2_5"})[0]) == pytest.approx(
        6.5, abs=0.1
    )
    source = {**kept(song), "negative_ranges": [{"start_ms": 1000, "end_ms": 1500}]}
    sections = {**SECTIONS, "sections": [{**SECTION, "source_from": source}]}
    assert composed(client, {"composition_plan": sections, "model_id": "music_v1"})[0]


@pytest.mark.parametrize("stored", [True, False])
def test_a_song_that_is_gone_or_was_not_stored_is_not_taken_up(client: Sdk, fake: FakeElevenLabs, stored: bool) -> None:
    song = composed(client, {**SONG, "store_for_inpainting": stored})[1]["song-id"]
    if stored:
        fake.expire(song)
    with pytest.raises(ApiError) as caught:
        composed(client, {"composition_plan": {"chunks": [kept(song)]}, "model_id": "music_v2_5"})
    said_no(caught.value, 404, "song_not_found")


def test_no_more_of_a_song_is_taken_up_than_there_is(client: Sdk, browser: httpx.Client) -> None:
    song = composed(client, {**SONG, "store_for_inpainting": True})[1]["song-id"]
    plan = {"chunks": [kept(song, 0, 4001)]}
    refuses(browser.post(COMPOSE, json={"composition_plan": plan, "model_id": "music_v2"}), "range")
    plan = {"chunks": [{**CHUNK, "conditioning_ref": kept(song, 0, 30_001)}]}
    refuses(browser.post(COMPOSE, json={"composition_plan": plan, "model_id": "music_v2"}), "conditioning_ref")


def test_inpainting_is_not_for_every_account(client: Sdk, fake: FakeElevenLabs) -> None:
    fake.settings(inpainting=False)
    plan = {"chunks": [kept("a")]}
    for words in ({**SONG, "store_for_inpainting": True}, {"composition_plan": plan, "model_id": "music_v2"}):
        with pytest.raises(ApiError) as caught:
            composed(client, words)
        said_no(caught.value, 403, "feature_not_available")
    assert composed(client, SONG)[0]


def test_what_belongs_to_somebody_else_is_refused_with_a_suggestion(client: Sdk) -> None:
    with pytest.raises(ApiError) as caught:
        composed(client, {**SONG, "prompt": f"a {COPYRIGHTED} waltz"})
    data = said_no(caught.value, 400, "bad_prompt")["data"]
    assert composed(client, {**SONG, "prompt": data["prompt_suggestion"]})[0]
    plan = {"chunks": [{**CHUNK, "positive_styles": [COPYRIGHTED]}]}
    with pytest.raises(ApiError) as caught:
        composed(client, {"composition_plan": plan, "model_id": "music_v2"})
    data = said_no(caught.value, 400, "bad_composition_plan")["data"]
    assert composed(client, {"composition_plan": data["composition_plan_suggestion"], "model_id": "music_v2"})[0]


def test_what_does_harm_is_refused_without_a_suggestion(client: Sdk) -> None:
    with pytest.raises(ApiError) as caught:
        composed(client, {**SONG, "prompt": f"a {FORBIDDEN} waltz"})
    assert said_no(caught.value, 400, "bad_prompt")["data"] == {}


def test_a_song_is_paid_for(client: Sdk, fake: FakeElevenLabs) -> None:
    fake.settings(credits=10)
    with pytest.raises(ApiError) as caught:
        composed(client, SONG)
    said_no(caught.value, 401, "quota_exceeded")


@pytest.mark.parametrize("model", ["music_v1", "music_v2_5"])
def test_a_plan_is_free_and_makes_a_song_of_the_length_that_was_asked_for(
    client: Sdk, fake: FakeElevenLabs, model: str
) -> None:
    plan = client.music.composition_plan.create(prompt="a slow waltz", music_length_ms=5500, model_id=model)
    assert fake.paid() == 0
    assert "a slow waltz" in plan.model_dump_json()
    data, _ = composed(client, {"composition_plan": plan, "model_id": model})
    assert seconds(data) == pytest.approx(5.5, abs=0.1)


@pytest.mark.parametrize("model", ["music_v1", "music_v2_5"])
def test_a_plan_goes_on_from_another_one(client: Sdk, model: str) -> None:
    made = client.music.composition_plan.create
    before = made(prompt="a slow waltz", music_length_ms=60_000, model_id=model)
    after = made(prompt="a wild end", source_composition_plan=before, model_id=model)
    parts = "sections" if model == "music_v1" else "chunks"
    assert getattr(after, parts)[:-1] == getattr(before, parts)[:-1]
    assert "a wild end" in getattr(after, parts)[-1].model_dump_json()
    longer = made(prompt="a wild end", source_composition_plan=before, music_length_ms=90_000, model_id=model)
    assert sum(part.duration_ms for part in getattr(longer, parts)) == 90_000


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("prompt", {"prompt": None}),
        ("music_length_ms", {"music_length_ms": 600_001}),
        ("source_composition_plan", {"source_composition_plan": SECTIONS}),
        ("seed", {"seed": 7}),
    ],
    ids=named,
)
def test_a_plan_for_a_song_is_refused_for_a_word_that_does_not_fit(
    browser: httpx.Client, field: str, words: Words
) -> None:
    body = {"prompt": "a slow waltz", "model_id": "music_v2", **words}
    refuses(browser.post("/v1/music/plan", json=body), field)


# Speech that is changed


@pytest.mark.parametrize("form", ["mp3", "wav", "opus", "flac", "aac"])
def test_speech_in_another_voice_is_as_long_as_it_was(client: Sdk, form: str) -> None:
    name, data, mime = brought(form)
    file = (name.replace(".opus", ".ogg"), data, mime.replace("audio/opus", "audio/ogg"))
    made = b"".join(
        client.speech_to_speech.convert(
            SARAH.id, audio=file, model_id="eleven_multilingual_sts_v2", output_format="wav_24000"
        )
    )
    assert voices_in(made) == [SARAH.hertz]
    assert seconds(made) == pytest.approx(2.0, abs=0.1)


def test_a_film_is_heard_as_well(client: Sdk) -> None:
    data = film(b"", (64, 64), 3, audio=True)
    made = b"".join(client.audio_isolation.convert(audio=("clip.mp4", data, "video/mp4")))
    assert seconds(made) == pytest.approx(3.0, abs=0.1)


def test_speech_without_a_header_is_read_as_what_it_is_said_to_be(client: Sdk) -> None:
    audio = ("sample.pcm", bytes(32_000), "audio/pcm")
    words: Words = {"audio": audio, "file_format": "pcm_s16le_16"}
    assert seconds(b"".join(client.audio_isolation.convert(**words))) == pytest.approx(1.0, abs=0.1)
    assert seconds(b"".join(client.speech_to_speech.convert(GEORGE.id, **words))) == pytest.approx(1.0, abs=0.1)


def test_how_speech_is_changed_is_heard(client: Sdk) -> None:
    words: Words = {"audio": brought(), "model_id": "eleven_multilingual_sts_v2"}
    settings = VoiceSettings(stability=0.2, style=0.4).model_dump_json(exclude_none=True)
    asked: list[Words] = [
        {},
        {"seed": 7},
        {"remove_background_noise": True},
        {"voice_settings": settings},
        {"model_id": "eleven_english_sts_v2"},
        {"audio": brought(seed=b"another")},
    ]
    made = [b"".join(client.speech_to_speech.convert(GEORGE.id, **words, **more)) for more in asked[:4]]
    made += [b"".join(client.speech_to_speech.convert(GEORGE.id, **{**words, **more})) for more in asked[4:]]
    assert len(set(made)) == len(asked)


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("model_id", {"model_id": "eleven_v4"}),
        ("seed", {"seed": "-1"}),
        ("remove_background_noise", {"remove_background_noise": "maybe"}),
        ("file_format", {"file_format": "mp3"}),
        ("stability", {"voice_settings": json.dumps({"stability": 2})}),
        ("volume", {"voice_settings": json.dumps({"volume": 1})}),
        ("text", {"text": "Hello."}),
    ],
    ids=named,
)
def test_a_change_is_refused_for_a_word_that_does_not_fit(browser: httpx.Client, field: str, fields: Words) -> None:
    refuses(browser.post(CHANGE, data=fields, files={"audio": brought()}), field)


def test_only_a_voice_that_is_there_speaks(client: Sdk) -> None:
    with pytest.raises(ApiError) as caught:
        b"".join(client.speech_to_speech.convert("nobody", audio=brought()))
    said_no(caught.value, 404, "voice_not_found")


@pytest.mark.parametrize("path", [CHANGE, "/v1/audio-isolation"])
def test_a_file_must_be_what_its_name_and_type_say(browser: httpx.Client, path: str) -> None:
    name, data, mime = brought()
    for file in ((name, data, "audio/wav"), ("sample.wav", data, mime), ("upload", data, "application/octet-stream")):
        refuses(browser.post(path, files={"audio": file}), "audio")
    for files in ({"file": (name, data, mime)}, [("audio", (name, data, mime))] * 2):
        assert browser.post(path, files=files).status_code == 422
    assert browser.post(path, data={}, files={}).status_code == 422
    answer = browser.post(path, files={"audio": ("sample.mp3", b"not a sound at all", mime)})
    assert (answer.status_code, answer.json()["detail"]["status"]) == (400, "invalid_content")


def test_speech_that_goes_on_for_too_long_is_not_changed(browser: httpx.Client) -> None:
    raw = {"audio": ("sample.pcm", bytes(301 * 32_000), "audio/pcm")}
    refuses(browser.post(CHANGE, data={"file_format": "pcm_s16le_16"}, files=raw), "audio")


# Designed voices


def designed(client: Sdk, **words: Any) -> list[Any]:
    return client.text_to_voice.design(**{**DESIGN, **words}).previews


def test_a_description_becomes_three_voices(client: Sdk) -> None:
    previews = designed(client)
    heard = [voices_in(base64.b64decode(preview.audio_base_64)) for preview in previews]
    assert heard == [[LOWEST], [LOWEST + STEP], [LOWEST + 2 * STEP]]
    assert len({preview.generated_voice_id for preview in previews}) == 3
    for preview in previews:
        assert preview.media_type == "audio/mpeg"
        assert seconds(base64.b64decode(preview.audio_base_64)) == pytest.approx(preview.duration_secs, abs=0.1)


@pytest.mark.parametrize(
    "words",
    [
        {"voice_description": "A young sailor with a voice like honey."},
        {"model_id": "eleven_multilingual_ttv_v2"},
        {"loudness": -0.5},
        {"seed": 7},
        {"guidance_scale": 30},
        {"quality": 0.5},
        {"should_enhance": True},
        {"reference_audio_base_64": base64.b64encode(brought()[1]).decode(), "prompt_strength": 0.4},
    ],
    ids=named,
)
def test_whatever_is_asked_for_is_heard_in_a_designed_voice(client: Sdk, words: Words) -> None:
    assert designed(client)[0].audio_base_64 != designed(client, **words)[0].audio_base_64


def test_a_designed_voice_finds_something_to_say(client: Sdk) -> None:
    answer = client.text_to_voice.design(voice_description=DESIGN["voice_description"], auto_generate_text=True)
    assert 100 <= len(answer.text) <= 1000


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("voice_description", {"voice_description": "An old sailor."}),
        ("voice_description", {"voice_description": "a" * 1001}),
        ("text", {"text": "a" * 99}),
        ("text", {"text": "a" * 1001}),
        ("text", {"text": None}),
        ("text", {"auto_generate_text": True}),
        ("model_id", {"model_id": "eleven_v4"}),
        ("loudness", {"loudness": 1.1}),
        ("guidance_scale", {"guidance_scale": 101}),
        ("quality", {"quality": -2}),
        ("seed", {"seed": 2**31}),
        ("prompt_strength", {"prompt_strength": 0.5}),
        ("reference_audio_base64", {"model_id": "eleven_multilingual_ttv_v2", "reference_audio_base64": "AAAA"}),
        ("reference_audio_base64", {"reference_audio_base64": "no sound"}),
        ("reference_audio_base64", {"reference_audio_base64": base64.b64encode(film(b"", (64, 64), 1)).decode()}),
        ("name", {"name": "Ahab"}),
    ],
    ids=named,
)
def test_a_design_is_refused_for_a_word_that_does_not_fit(browser: httpx.Client, field: str, words: Words) -> None:
    refuses(browser.post("/v1/text-to-voice/design", json={**DESIGN, **words}), field)


def test_a_designed_voice_is_kept_once_and_then_speaks(client: Sdk) -> None:
    preview = designed(client)[1]
    heard = b"".join(client.text_to_voice.preview.stream(preview.generated_voice_id))
    assert heard == base64.b64decode(preview.audio_base_64)
    words: Words = {
        "voice_name": "Ahab",
        "voice_description": DESIGN["voice_description"],
        "generated_voice_id": preview.generated_voice_id,
    }
    voice = client.text_to_voice.create(**words)
    assert (voice.name, voice.category) == ("Ahab", "generated")
    assert client.voices.search(search="Ahab").voices[0].voice_id == voice.voice_id
    assert b"".join(client.text_to_speech.convert(voice.voice_id, text="Aye.", model_id="eleven_v4"))
    with pytest.raises(ApiError) as caught:
        client.text_to_voice.create(**words)
    said_no(caught.value, 409, "voice_already_created")


def test_a_designed_voice_that_nobody_knows_is_not_kept(client: Sdk, fake: FakeElevenLabs) -> None:
    name = designed(client)[0].generated_voice_id
    fake.expire(name)
    with pytest.raises(ApiError) as caught:
        b"".join(client.text_to_voice.preview.stream(name))
    said_no(caught.value, 404, "generated_voice_not_found")
    with pytest.raises(ApiError) as caught:
        client.text_to_voice.create(
            voice_name="Ahab", voice_description=DESIGN["voice_description"], generated_voice_id=name
        )
    said_no(caught.value, 404, "generated_voice_not_found")


# Copied voices


def test_a_copied_voice_is_there_and_speaks(client: Sdk) -> None:
    made = client.voices.ivc.create(
        name="Mine", files=[brought("mp3"), brought("wav")], description="My own.", labels={"accent": "none"}
    )
    assert made.requires_verification is False
    assert client.voices.get(made.voice_id).category == "cloned"
    data = b"".join(client.text_to_speech.convert(made.voice_id, text="It is me.", model_id="eleven_v4"))
    assert voices_in(data) != [GEORGE.hertz]


def test_one_sample_is_enough(client: Sdk) -> None:
    assert client.voices.ivc.create(name="Mine", files=[brought()], remove_background_noise=True).voice_id


@pytest.mark.parametrize(
    ("field", "fields", "files"),
    [
        ("name", {}, [brought()]),
        ("name", {"name": ""}, [brought()]),
        ("labels", {"name": "Mine", "labels": "mine"}, [brought()]),
        ("labels", {"name": "Mine", "labels": '{"age": 7}'}, [brought()]),
        ("remove_background_noise", {"name": "Mine", "remove_background_noise": "some"}, [brought()]),
        ("seed", {"name": "Mine", "seed": "7"}, [brought()]),
        ("files", {"name": "Mine"}, [brought()] * 26),
        ("files", {"name": "Mine"}, [("sample.wav", brought()[1], "audio/mpeg")]),
    ],
    ids=named,
)
def test_a_copy_is_refused_for_what_does_not_fit(
    browser: httpx.Client, field: str, fields: Words, files: list[tuple[str, bytes, str]]
) -> None:
    refuses(browser.post("/v1/voices/add", data=fields, files=[("files", file) for file in files]), field)


def test_an_account_has_only_so_many_voices(client: Sdk, fake: FakeElevenLabs) -> None:
    fake.settings(voices=1)
    client.voices.ivc.create(name="Mine", files=[brought()])
    with pytest.raises(ApiError) as caught:
        client.voices.ivc.create(name="Yours", files=[brought()])
    said_no(caught.value, 400, "voice_limit_reached")
    preview = designed(client)[0].generated_voice_id
    keep: Words = {
        "voice_name": "Ahab",
        "voice_description": DESIGN["voice_description"],
        "generated_voice_id": preview,
    }
    with pytest.raises(ApiError) as caught:
        client.text_to_voice.create(**keep)
    said_no(caught.value, 400, "voice_limit_reached")
    fake.settings(voices=2)
    assert client.text_to_voice.create(**keep).voice_id  # what was refused is not used up


def test_an_account_that_pays_nothing_copies_no_voice(client: Sdk, fake: FakeElevenLabs) -> None:
    fake.settings(plan="free")
    with pytest.raises(ApiError) as caught:
        client.voices.ivc.create(name="Mine", files=[brought()])
    assert said_no(caught.value, 400, "can_not_use_instant_voice_cloning")["code"] == "paid_plan_required"


# Dubs


def dubbed(client: Sdk, dubbing: str, language: str = "de") -> bytes:
    return b"".join(client.dubbing.audio.get(dubbing, language))


def test_a_recording_is_dubbed_while_it_is_asked_after(client: Sdk) -> None:
    made = client.dubbing.create(file=brought("wav"), source_lang="en", num_speakers=2, **DUB)
    assert made.expected_duration_sec == pytest.approx(2.0)
    stands = [client.dubbing.get(made.dubbing_id) for _ in range(3)]
    assert [stand.status for stand in stands] == ["dubbing", "dubbing", "dubbed"]
    assert (stands[0].source_language, stands[2].source_language) == (None, "en")
    assert stands[2].target_languages == ["de"]
    data = dubbed(client, made.dubbing_id)
    assert data.startswith(b"ID3")
    assert seconds(data) == pytest.approx(2.0, abs=0.1)


def test_a_film_stays_a_film(client: Sdk, fake: FakeElevenLabs) -> None:
    file = ("clip.mp4", film(b"", (64, 32), 3, audio=True), "video/mp4")
    made = client.dubbing.create(file=file, start_time=1, end_time=3, **DUB)
    fake.finish()
    assert client.dubbing.get(made.dubbing_id).status == "dubbed"
    data = dubbed(client, made.dubbing_id)
    found = clip(data)
    assert found
    assert (found.size, found.seconds) == ("64x32", 2)
    assert seconds(data) == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize(
    "words",
    [
        {"target_lang": "fr"},
        {"source_lang": "en"},
        {"num_speakers": 3},
        {"name": "A clip"},
        {"watermark": True},
        {"highest_resolution": True},
        {"drop_background_audio": True},
        {"use_profanity_filter": True},
        {"disable_voice_cloning": True},
        {"target_accent": "bavarian"},
    ],
    ids=named,
)
def test_whatever_is_asked_for_is_heard_in_a_dub(client: Sdk, fake: FakeElevenLabs, words: Words) -> None:
    heard: list[bytes] = []
    for asked in (DUB, {**DUB, **words}):
        made = client.dubbing.create(file=brought(), **asked)
        fake.finish()
        client.dubbing.get(made.dubbing_id)
        heard.append(dubbed(client, made.dubbing_id, asked["target_lang"]))
    assert heard[0] != heard[1]


def test_a_dub_is_not_there_before_it_is_done_nor_in_another_language(client: Sdk, fake: FakeElevenLabs) -> None:
    made = client.dubbing.create(file=brought(), **DUB)
    client.dubbing.get(made.dubbing_id)
    with pytest.raises(ApiError) as caught:
        dubbed(client, made.dubbing_id)
    said_no(caught.value, 425, "dubbing_not_ready")
    fake.finish()
    client.dubbing.get(made.dubbing_id)
    with pytest.raises(ApiError) as caught:
        dubbed(client, made.dubbing_id, "fr")
    said_no(caught.value, 404, "dubbing_not_found")


def test_a_dub_can_fail(client: Sdk, fake: FakeElevenLabs) -> None:
    made = client.dubbing.create(file=brought(), name=f"A {FORBIDDEN} clip", **DUB)
    assert client.dubbing.get(made.dubbing_id).error is None
    fake.finish()
    stand = client.dubbing.get(made.dubbing_id)
    assert stand.status == "failed"
    assert stand.error
    with pytest.raises(ApiError) as caught:
        dubbed(client, made.dubbing_id)
    said_no(caught.value, 425, "dubbing_not_ready")


def test_a_dub_that_was_deleted_is_gone(client: Sdk) -> None:
    made = client.dubbing.create(source_url="https://example.com/clip.mp4", **DUB)
    assert client.dubbing.delete(made.dubbing_id).status == "ok"
    for ask in (client.dubbing.get, client.dubbing.delete):
        with pytest.raises(ApiError) as caught:
            ask(made.dubbing_id)
        said_no(caught.value, 404, "dubbing_not_found")


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("target_lang", {}),
        ("target_lang", {"target_lang": "klingon"}),
        ("source_lang", {**DUB, "source_lang": "english"}),
        ("num_speakers", {**DUB, "num_speakers": "-1"}),
        ("end_time", {**DUB, "start_time": "1", "end_time": "1"}),
        ("start_time", {**DUB, "start_time": "2"}),
        ("file", {**DUB, "source_url": "https://example.com/clip.mp4"}),
        ("mode", {**DUB, "mode": "manual"}),
        ("language", {**DUB, "language": "de"}),
    ],
    ids=named,
)
def test_a_dub_is_refused_for_a_word_that_does_not_fit(browser: httpx.Client, field: str, fields: Words) -> None:
    refuses(browser.post("/v1/dubbing", data=fields, files={"file": brought()}), field)


def test_there_is_something_to_dub(client: Sdk) -> None:
    with pytest.raises(ApiError) as caught:
        client.dubbing.create(**DUB)
    assert said_no(caught.value, 400, "invalid_parameters")["param"] == "file"


# What is published


@pytest.mark.skipif(CONTRACT is None, reason="what the provider publishes is not at hand")
def test_what_is_answered_is_of_the_shape_that_is_published(browser: httpx.Client, fake: FakeElevenLabs) -> None:
    assert CONTRACT
    previews = browser.post("/v1/text-to-voice/design", json=DESIGN)
    made = browser.post("/v1/dubbing", data=dict(DUB), files={"file": brought()})
    words = {**SONG, "model_id": "music_v2"}
    keep = {
        "voice_name": "Ahab",
        "voice_description": DESIGN["voice_description"],
        "generated_voice_id": previews.json()["previews"][0]["generated_voice_id"],
    }
    for route, answer in (
        ("POST /v1/text-to-voice/design", previews),
        ("POST /v1/text-to-voice", browser.post("/v1/text-to-voice", json=keep)),
        ("POST /v1/voices/add", browser.post("/v1/voices/add", data={"name": "Mine"}, files={"files": brought()})),
        ("POST /v1/music/plan", browser.post("/v1/music/plan", json=words)),
        ("POST /v1/dubbing", made),
        ("GET /v1/dubbing/{id}", browser.get(f"/v1/dubbing/{made.json()['dubbing_id']}")),
        ("DELETE /v1/dubbing/{id}", browser.delete(f"/v1/dubbing/{made.json()['dubbing_id']}")),
    ):
        assert answer.status_code == 200, answer.text
        assert not CONTRACT.answer_objection(route, 200, answer.json())


@pytest.mark.skipif(CONTRACT is None, reason="what the provider publishes is not at hand")
def test_nothing_is_called_newer_that_is_published(browser: httpx.Client) -> None:
    assert CONTRACT
    bare = type(CONTRACT).found("elevenlabs-*.json", prefix="", requests=(), answers=())
    assert bare
    assert bare.objection("POST /v1/music", "application/json", dict(SONG))
    assert browser.post(COMPOSE, json=SONG).status_code == 200
