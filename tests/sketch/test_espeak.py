"""What the sketch backend promises of espeak-ng: true files, the voice and language asked for, and the same again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import anyio
import espeakng_loader
import pytest
from anyio import from_thread, to_thread

from fakes.engines import generate, running_engine
from mediasmith.plugin.errors import InvalidRequest, MediaError, Unsuitable
from mediasmith_sketch import backend
from mediasmith_sketch.animation.render_slots import RenderSlots
from mediasmith_sketch.speech import SpeechParams, SpeechState, speech
from mediasmith_sketch.voice import espeak
from sketch.sounds import WORDS, decoded, result_of, spoken

pytestmark = pytest.mark.usefixtures("without_hibari")

# Files


@pytest.mark.parametrize(
    ("form", "codec", "rate"), [("mp3", "mp3float", 22_050), ("wav", "pcm_s16le", 22_050), ("ogg", "opus", 48_000)]
)
async def test_every_format_is_what_it_says_and_lasts_as_long(form: str, codec: str, rate: int) -> None:
    exact = await decoded()
    sound = await decoded(output_format=form)
    assert (sound.codec, sound.rate, sound.channels) == (codec, rate, 1)
    assert sound.seconds == pytest.approx(exact.seconds, abs=0.1)
    assert 2.5 < sound.seconds < 5


async def test_mp3_is_made_when_no_format_is_asked_for() -> None:
    result, _ = await result_of(WORDS)
    assert result.outputs[0].mime == "audio/mpeg"


@pytest.mark.parametrize("params", [{}, {"voice": "Annie"}, {"language": "de"}, {"voice": "whisper", "speed": 3.0}])
async def test_the_sound_is_loud_enough_and_unclipped_and_ends_softly(params: dict[str, Any]) -> None:
    sound = await decoded("Is it so? It is.", **params)
    assert 5_000 < max(map(abs, sound.samples)) < 32_767
    assert (sound.samples[0], sound.samples[-1]) == (0, 0)
    assert 0.05 <= sound.silence() < 0.15
    assert sound.silence(at_end=True) < 0.5


async def test_a_sound_that_begins_or_ends_at_full_level_is_faded() -> None:
    """`Andrea` begins in the middle of a wave, and what `RicishayMax3` says has an echo."""
    for voice in ("Andrea", "RicishayMax3"):
        sound = await decoded("Is it so? It is.", voice=voice)
        begin = round(0.05 * sound.rate)
        assert max(map(abs, sound.samples[: begin + 3])) < 200
        assert max(map(abs, sound.samples[-3:])) < 200


async def test_a_long_text_is_spoken_to_its_end() -> None:
    text = (WORDS + " ") * 200
    breathy = await spoken(voice="whisper")
    sound = await decoded(text[:10_000])
    assert sound.seconds == pytest.approx((await decoded(text[:5_000])).seconds * 2, rel=0.02)
    assert sound.seconds > 400
    # By itself the engine takes the second of the clock for the noise of a breath, and this took longer than one.
    assert await spoken(voice="whisper") == breathy


@pytest.mark.parametrize("words", ["...", " — ", "\u200b", "( )"])
async def test_words_without_a_sound_are_an_error_and_no_empty_file(words: str) -> None:
    with pytest.raises(InvalidRequest, match="nothing to speak") as caught:
        await spoken(words)
    assert caught.value.billed == "no"


async def test_an_emoji_is_spoken_by_its_name() -> None:
    assert (await decoded("😀")).seconds > 0.5


async def test_control_characters_are_no_commands() -> None:
    assert await spoken("\x01+50Phello \x01300Sthere") == await spoken(" +50Phello  300Sthere")


# Voice, language, speed


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.5, 2, 3, 4])
async def test_speed_is_the_speed(speed: float) -> None:
    text = f"{WORDS} {WORDS} {WORDS}"
    normal = await decoded(text)
    assert normal.seconds / (await decoded(text, speed=speed)).seconds == pytest.approx(speed, rel=0.15)


def test_a_speed_that_the_engine_cannot_reach_is_refused() -> None:
    for speed in (0.25, 0.49, 4.1):
        with pytest.raises(ValueError, match="speed"):
            SpeechParams(speed=speed)


async def test_language_voice_and_pitch_each_change_the_sound() -> None:
    ways: list[dict[str, Any]] = [{}, {"language": "de"}, {"language": "en-us"}, {"voice": "female1"}, {"pitch": 80}]
    files = {await spoken(**way) for way in ways}
    assert len(files) == len(ways)


async def test_a_voice_speaks_every_language() -> None:
    words = "Die Straße ist nass."
    german, annie = (await decoded(words, language="de"), await decoded(words, language="de", voice="Annie"))
    english = await decoded(words, language="en", voice="Annie")
    assert german.samples != annie.samples != english.samples
    assert abs(german.seconds - annie.seconds) < abs(english.seconds - annie.seconds)


async def listed(word: str) -> list[str]:
    return list(await speech.choices[word](RenderSlots()))


async def test_every_voice_that_is_listed_speaks_and_none_like_another() -> None:
    names = await listed("voice")
    assert {"Annie", "female1", "male3", "whisper"} <= set(names)
    assert len({await spoken("Good evening.", voice=name) for name in names}) == len(names) > 90


async def test_every_language_that_is_listed_is_spoken() -> None:
    tags = await listed("language")
    assert {"en-gb", "en-us", "de", "fr-fr", "cmn", "ja", "pt-br"} <= set(tags)
    for tag in tags:
        result, warnings = await result_of("hello, 1 2 3", language=tag, output_format="wav")
        assert result.outputs[0].state == SpeechState(language=tag)
        assert not warnings


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("en", "en-gb"),
        ("EN_us", "en-us"),
        ("de-DE", "de"),
        ("fr", "fr-fr"),
        ("pt", "pt"),
        ("es-MX", "es-419"),
        ("no", "nb"),
        ("zh", "cmn"),
        ("chr", "chr-US-Qaaa-x-west"),
    ],
)
async def test_a_language_is_found_by_the_tags_people_write(tag: str, found: str) -> None:
    result, warnings = await result_of("hello", language=tag)
    assert result.outputs[0].state == SpeechState(language=found)
    assert not warnings


@pytest.mark.parametrize(("tag", "found"), [("en-AU", "en-gb"), ("de-AT", "de"), ("zh-TW", "cmn")])
async def test_a_region_without_a_voice_is_a_warning(tag: str, found: str) -> None:
    result, warnings = await result_of("hello", language=tag)
    assert result.outputs[0].state == SpeechState(language=found)
    assert [tag in warning for warning in warnings] == [True]


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"voice": "femal1"}, "no voice 'femal1' here. Did you mean female1?"),
        ({"voice": "anie"}, "Did you mean Annie?"),
        ({"voice": "alloy"}, "list_backends with this backend lists all voices"),
        ({"voice": "en-gb"}, "is a language, not a voice. Give it as language"),
        ({"language": "German"}, "'German' is not spoken here. Did you mean de?"),
        ({"language": "english"}, "Did you mean en?"),
        ({"language": "xx"}, "list_backends with this backend lists all languages"),
        ({"language": "fo"}, "'fo' is not spoken here"),  # listed by the engine, but its dictionary is not there
        ({"language": "x-" * 100_000}, "is not spoken here"),
    ],
)
async def test_an_unknown_voice_or_language_is_refused_before_anything(
    params: dict[str, Any], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def speak(*_: object, **__: object) -> None:
        pytest.fail("something was spoken")

    monkeypatch.setattr(espeak, "speak", speak)
    with pytest.raises(Unsuitable) as caught:
        await spoken(**params)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 200


async def test_the_letters_tell_a_language_that_is_not_given() -> None:
    result, warnings = await result_of("Привет, как дела?", output_format="wav")
    assert [output.body for output in result.outputs] == [await spoken("Привет, как дела?", language="ru")]
    assert warnings == ["No language was given; judging by its letters, this is spoken as Russian."]
    for words, tag in (("안녕하세요", "ko"), ("你好世界", "cmn"), ("日本語を話します", "ja"), ("Caffè μ", "en-gb")):
        assert (await result_of(words))[0].outputs[0].state == SpeechState(language=tag)


@pytest.mark.parametrize(
    ("words", "language", "warned"),
    [("日本語です", "ja", True), ("I like 寿司", None, True), ("こんにちは", "ja", False), ("你好", "zh", False)],
)
async def test_letters_that_a_language_cannot_read_are_a_warning(
    words: str, language: str | None, warned: bool
) -> None:
    _, warnings = await result_of(words, language=language)
    assert any("Chinese characters" in warning for warning in warnings) == warned


# The same again


async def test_the_same_words_give_the_same_bytes_whatever_was_said_before() -> None:
    for params in ({}, {"voice": "Annie"}, {"voice": "RicishayMax3"}, {"output_format": "ogg"}):
        before = await spoken(**params)
        await spoken("Etwas ganz anderes!", voice="whisper", language="de", speed=2, pitch=90)
        assert await spoken(**params) == before


async def test_concurrent_calls_do_not_disturb_each_other() -> None:
    ways: list[dict[str, Any]] = [
        {"words": f"{number} ships. {WORDS}", "voice": voice, "language": language}
        for number, (voice, language) in enumerate(
            [("Annie", "en"), ("male3", "de"), ("whisper", "fr"), ("Mario", "it")] * 2, start=1
        )
    ]
    alone = [await spoken(**way) for way in ways]
    together: dict[int, bytes] = {}

    async def say(number: int, way: dict[str, Any]) -> None:
        together[number] = await spoken(**way)

    async with anyio.create_task_group() as tasks:
        for number, way in enumerate(ways):
            tasks.start_soon(say, number, way)
    assert [together[number] for number in range(len(ways))] == alone


def cancelled_after(after: int) -> Callable[[], bool]:
    asked: list[None] = []

    def cancelled() -> bool:
        asked.append(None)
        assert len(asked) <= after + 1, "it went on after it was cancelled"
        return len(asked) > after

    return cancelled


async def test_speech_that_is_cancelled_after_stops_and_spoils_nothing() -> None:
    before = await spoken()
    (language,) = (one for one in espeak.voices().languages if one.tags[0][0] == "en-gb")
    for after in (0, 1, 5):
        sound = espeak.speak(
            WORDS * 100, language=language, speaker=None, speed=1, pitch=50, cancelled=cancelled_after(after)
        )
        assert len(sound.pcm) / 2 / sound.rate < 0.3 * max(after, 1)
        assert await spoken() == before


async def test_a_call_that_is_cancelled_stops_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, over = anyio.Event(), Event()

    def speak(*_given: object, cancelled: Callable[[], bool], **_named: object) -> espeak.Sound:
        from_thread.run_sync(begun.set)
        for _ in range(200):
            if cancelled() or over.wait(0.05):
                over.set()
                break
        return espeak.Sound(pcm=bytearray(b"\1\0"), rate=22_050)

    monkeypatch.setattr(espeak, "speak", speak)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(spoken)
        await begun.wait()
        tasks.cancel_scope.cancel()
    assert await to_thread.run_sync(over.wait, 5)


# What is broken


async def test_a_library_that_cannot_be_loaded_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "libespeak-ng.so"
    broken.write_bytes(b"made for another machine")
    monkeypatch.setattr(espeakng_loader, "get_library_path", lambda: str(broken))
    async with running_engine(tmp_path, backend) as engine:
        with pytest.raises(MediaError, match=r"cannot be loaded on this machine\. Nothing was billed\. It is made for"):
            await generate(engine, WORDS, kind="speech")


async def test_data_that_cannot_be_read_is_an_error_and_harms_no_later_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await spoken()
    with monkeypatch.context() as patched:
        patched.setattr(espeakng_loader, "get_data_path", lambda: str(tmp_path / "gone"))
        with pytest.raises(Unsuitable, match=r"cannot read its data in .*gone"):
            await spoken()
    assert await spoken() == before
