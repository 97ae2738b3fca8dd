"""What the sketch backend promises of hibari-tts: English in a better voice, everything else as without it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.engines import continue_edit, generate, read_files, running_engine
from mediasmith.plugin.errors import InvalidRequest, Unsuitable
from mediasmith_sketch import backend
from mediasmith_sketch.speech import SpeechState
from mediasmith_sketch.voice import hibari
from sketch.sounds import WORDS, DecodedSound, decoded, result_of, spoken

ENGLISH = SpeechState(language="en-us", engine="hibari")


# What is spoken


@pytest.mark.parametrize(
    ("form", "codec", "rate"), [("mp3", "mp3float", 24_000), ("wav", "pcm_s16le", 24_000), ("ogg", "opus", 48_000)]
)
async def test_every_format_is_what_it_says_and_can_be_heard_to_its_end(form: str, codec: str, rate: int) -> None:
    sound = await decoded(output_format=form)
    assert (sound.codec, sound.rate, sound.channels) == (codec, rate, 1)
    assert 2.5 < sound.seconds < 4.5
    assert 5_000 < max(map(abs, sound.samples)) < 32_767
    assert sound.silence() < 0.5
    assert sound.silence(at_end=True) < 0.7


@pytest.mark.parametrize("speed", [0.5, 1.5, 2])
async def test_speed_is_the_speed(speed: float) -> None:
    text = " ".join([WORDS] * 3)
    assert (await decoded(text)).seconds / (await decoded(text, speed=speed)).seconds == pytest.approx(speed, rel=0.2)


async def test_a_greater_speed_is_the_greatest_it_can() -> None:
    assert await spoken(voice="heart", speed=4) == await spoken(voice="heart", speed=2) != await spoken()


async def test_the_same_words_give_the_same_bytes() -> None:
    assert await spoken() == await spoken() != await spoken("Something else.")


async def test_a_text_is_spoken_to_its_end_however_long_its_sentences_are() -> None:
    """The model reads a sentence at once, in memory that grows with the square of its length."""
    endless = " ".join(["the sea and the sky and"] * 200)
    sounds = hibari.read(endless)
    assert max(map(len, sounds)) <= 400
    assert "".join(filter(str.isascii, "".join(sounds))).count("skI") == 200
    assert max(map(len, hibari.read("4111 " * 300))) <= 400


def test_characters_without_a_space_are_read_in_runs() -> None:
    """The model would take minutes for a few hundred."""
    assert hibari.read("a/" * 60) == hibari.read(f"{'a/' * 25} {'a/' * 25} {'a/' * 10}")


def test_speech_that_is_cancelled_ends_with_the_sentence() -> None:
    answers = iter([False, True])
    spoken_pieces = hibari.speak(hibari.read(f"{WORDS} {WORDS} {WORDS}"), speed=1, cancelled=lambda: next(answers))
    assert len(list(spoken_pieces)) == 1


# Who speaks


@pytest.mark.parametrize(
    ("words", "params"),
    [
        ("Hello there.", {}),
        ("1, 2, 3", {}),
        ("A café in Łódź costs £5.", {}),
        ("Hello there.", {"language": "en"}),
        ("Hello there.", {"language": "EN_us"}),
        ("Hello there.", {"voice": "Heart"}),
        ("Hello there.", {"speed": 2}),
    ],
)
async def test_english_is_spoken_by_heart(words: str, params: dict[str, Any]) -> None:
    result, warnings = await result_of(words, **params)
    assert (result.outputs[0].state, warnings) == (ENGLISH, [])
    assert "neural" in str(result.details["draft"])


@pytest.mark.parametrize(
    ("words", "params", "warned"),
    [
        ("Guten Tag", {"language": "de"}, ""),
        ("Привет", {}, "No language was given"),
        ("I like 寿司", {}, "Chinese characters"),
        ("Hello there.", {"voice": "Annie"}, ""),
        ("Hello there.", {"pitch": 80}, "heart has no pitch to set. espeak-ng speaks instead."),
        ("Hello there.", {"speed": 3}, "at most twice as fast. espeak-ng speaks instead."),
        ("😀", {}, "heart finds no words here. espeak-ng speaks instead."),
        ("9" * 60, {}, "heart cannot read these numbers or signs. espeak-ng speaks instead."),
    ],
)
async def test_everything_else_is_spoken_by_espeak(words: str, params: dict[str, Any], warned: str) -> None:
    result, warnings = await result_of(words, **params)
    assert isinstance(result.outputs[0].state, SpeechState)
    assert result.outputs[0].state.engine == "espeak"
    assert "formant" in str(result.details["draft"])
    assert [warned in warning for warning in warnings] == [True] * bool(warned)


@pytest.mark.parametrize(
    ("words", "params", "warned"),
    [
        ("Hello there.", {"voice": "heart", "pitch": 80}, "heart has no pitch to set."),
        ("Hello there.", {"voice": "heart", "speed": 3}, "heart speaks at most twice as fast."),
        ("Hello there.", {"language": "en-AU"}, "for en-AU, name another voice"),
        ("I like to have sushi, or 寿司, on my birthday 🎉", {}, "no sounds for 寿司🎉"),
    ],
)
async def test_what_heart_cannot_honour_is_a_warning(words: str, params: dict[str, Any], warned: str) -> None:
    result, warnings = await result_of(words, **params)
    assert result.outputs[0].state == ENGLISH
    assert [warned in warning for warning in warnings] == [True]


@pytest.mark.parametrize(
    ("words", "params", "says"),
    [
        ("Guten Tag", {"language": "de"}, "heart speaks English only"),
        ("Привет", {}, "heart speaks English only"),
        ("9" * 60, {}, "heart cannot read these numbers"),
        ("😀", {}, "heart finds no words"),
    ],
)
async def test_what_heart_cannot_speak_is_refused_if_it_is_named(words: str, params: dict[str, Any], says: str) -> None:
    with pytest.raises(Unsuitable, match=says):
        await spoken(words, voice="heart", **params)


async def test_words_without_a_sound_are_an_error() -> None:
    with pytest.raises(InvalidRequest, match="nothing to speak"):
        await spoken("...")


@pytest.mark.usefixtures("without_espeak")
async def test_without_espeak_heart_leaves_out_what_it_cannot_do() -> None:
    result, warnings = await result_of("Hello there.", pitch=80)
    assert (result.outputs[0].state, warnings) == (ENGLISH, ["The voice heart has no pitch to set."])


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Load the model again, before and after."""
    hibari.model.cache_clear()
    yield
    hibari.model.cache_clear()


@pytest.mark.usefixtures("forgotten")
async def test_a_model_that_cannot_be_loaded_leaves_espeak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    result, warnings = await result_of("Hello there.")
    assert result.outputs[0].state == SpeechState(language="en-gb")
    assert warnings == ["hibari-tts cannot be loaded on this machine. espeak-ng speaks instead."]


async def test_words_are_spoken_on_in_the_same_voice(tmp_path: Path) -> None:
    async with running_engine(tmp_path, backend) as engine:
        english = await generate(engine, "Hello there.", kind="speech")
        german = await generate(engine, "Hallo.", kind="speech", language="de")
        more = [
            await continue_edit(engine, one.continuation_id, "And then?", output_format="wav", language=language)
            for one, language in ((english, None), (german, "en"))
        ]
    assert [DecodedSound(body).rate for one in more for body in read_files(one)] == [hibari.RATE, 22_050]


# Alone


def test_nothing_is_sent_or_stored(tmp_path: Path) -> None:
    """ONNX Runtime would keep an id of the machine for its reports; a voice that is not in the package, a cache."""
    code = (
        "import sys; events = []; sys.addaudithook(lambda event, _: events.append(event)); "
        "from mediasmith_sketch.voice import hibari; assert hibari.read('Hello there.'); "
        "print([event for event in events if event.startswith(('socket', 'urllib'))])"
    )
    env = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ORT_"))}
    for home in ("HOME", "USERPROFILE", "LOCALAPPDATA"):
        env[home] = str(tmp_path)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert run.stdout.strip() == "[]"
    assert not list(tmp_path.iterdir())
