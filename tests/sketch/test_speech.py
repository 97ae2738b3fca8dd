"""Speech in the engine, and what is said where the packages that speak are missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fakes.engines import continue_edit, generate, output_files, read_files, running_engine
from mediasmith.plugin.errors import MediaError, Unsuitable
from mediasmith_sketch import backend
from mediasmith_sketch.animation.render_slots import RenderSlots
from mediasmith_sketch.speech import speech
from sketch.sounds import WORDS, spoken


async def test_speech_is_saved_and_spoken_on_in_the_same_way(tmp_path: Path) -> None:
    way: dict[str, Any] = {"voice": "Annie", "speed": 1.5}
    async with running_engine(tmp_path, backend) as engine:
        first = await generate(
            engine, WORDS, kind="speech", language="de-DE", options={"pitch": 70}, max_cost_usd=0, **way
        )
        second = await continue_edit(engine, first.continuation_id, "Und weiter.")
        slower = await continue_edit(engine, second.continuation_id, "Und weiter.", speed=1, output_format="wav")
    assert (first.model, first.cost.usd if first.cost else None) == ("sketch-voice-1", 0)
    assert not [*first.warnings, *second.warnings, *slower.warnings]
    own: dict[str, Any] = {"language": "de", "pitch": 70}
    assert read_files(second) == [await spoken("Und weiter.", output_format="mp3", **way, **own)]
    assert read_files(slower) == [await spoken("Und weiter.", voice="Annie", **own)]
    assert sorted(name.rpartition(".")[2] for name in output_files(tmp_path)) == ["mp3", "mp3", "wav"]


@pytest.mark.usefixtures("without_hibari")
async def test_a_language_that_follows_from_the_letters_is_kept(tmp_path: Path) -> None:
    async with running_engine(tmp_path, backend) as engine:
        first = await generate(engine, "Привет", kind="speech")
        second = await continue_edit(engine, first.continuation_id, "1 2 3", output_format="wav")
    assert read_files(second) == [await spoken("1 2 3", language="ru")] != [await spoken("1 2 3")]


async def test_an_unknown_voice_is_refused_by_the_engine(tmp_path: Path) -> None:
    async with running_engine(tmp_path, backend) as engine:
        with pytest.raises(MediaError, match=r"no voice 'femal1' here\. Nothing was billed\. Did you mean female1\?"):
            await generate(engine, WORDS, kind="speech", voice="femal1")
    assert not output_files(tmp_path)


INSTALL = "install the packages hibari-tts and espeakng-loader beside mediasmith (its extra voice), then restart"
FIX = f"needs a voice: {INSTALL}"


@pytest.mark.usefixtures("without_hibari", "without_espeak")
async def test_without_the_packages_the_error_names_the_fix(tmp_path: Path) -> None:
    async with running_engine(tmp_path, backend) as engine:
        table = await engine.list_backends({"kind": "speech"})
        detail = await engine.list_backends({"backend": "sketch", "kind": "speech"})
        for name in ("auto", "sketch"):
            with pytest.raises(MediaError) as caught:
                await generate(engine, WORDS, kind="speech", backend=name)
            assert FIX in str(caught.value)
        picture = await generate(engine, "a kite", size="64x64")
    assert [(row.ready, row.missing) for row in table.backends] == [(False, FIX)]
    assert [(row.ready, row.missing, row.choices) for row in detail.capabilities] == [(False, FIX, {})]
    assert picture.status == "done"


@pytest.mark.usefixtures("without_hibari")
async def test_a_voice_whose_package_is_missing_names_it() -> None:
    with pytest.raises(Unsuitable, match=r"heart needs hibari-tts\.") as caught:
        await spoken(voice="heart")
    assert INSTALL in caught.value.hint


@pytest.mark.usefixtures("without_espeak")
@pytest.mark.parametrize(
    ("words", "params", "says"),
    [
        ("Hello", {"voice": "Annie"}, "no voice 'Annie' without espeak-ng"),
        ("Hallo", {"language": "de"}, "heart speaks English only"),
        ("Привет", {}, "heart speaks English only"),
    ],
)
async def test_what_needs_espeak_names_it(words: str, params: dict[str, Any], says: str) -> None:
    with pytest.raises(Unsuitable, match=says) as caught:
        await spoken(words, **params)
    assert INSTALL in caught.value.hint


@pytest.mark.parametrize("missing", ["hibari", "espeak"])
async def test_only_what_can_be_spoken_is_listed(missing: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(f"without_{missing}")
    voices, languages = [await speech.choices[word](RenderSlots()) for word in ("voice", "language")]
    assert ("heart" in voices, "Annie" in voices) == (missing != "hibari", missing != "espeak")
    assert ("en-us" in languages, "de" in languages) == (True, missing != "espeak")


def test_to_know_whether_it_is_there_loads_nothing() -> None:
    late = ("espeakng_loader", "hibari", "onnxruntime", "numpy", "av", "mediasmith_sketch.voice.espeak")
    code = (
        "import sys; from mediasmith.config.installation import Installation; "
        "(row,) = Installation.load().offers('speech'); "
        f"print(row.ready, [name for name in {late} if name in sys.modules])"
    )
    env = {**os.environ, "MEDIASMITH_BACKENDS": "sketch"}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert run.stdout.strip() == "True []"
