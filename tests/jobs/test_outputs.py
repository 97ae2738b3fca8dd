"""Save outputs: checked by content, named, and no temporary file left."""

from __future__ import annotations

import hashlib
import os
import stat
import weakref
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from fakes.backends import FakeParams, fake, png
from fakes.engines import (
    Scripted,
    accepted,
    generate,
    jumping_engine,
    one_file,
    output_files,
    picture,
    running_engine,
)
from fakes.faults import raising
from fakes.virtual_clock import VirtualClock
from mediasmith.plugin import media
from mediasmith.plugin.contract import Call, Failed, Model, Output, Price, Result
from mediasmith.plugin.errors import MediaError, OverBudget, ProviderError
from mediasmith.plugin.http_errors import malformed
from mediasmith.storage.library.store import Library
from mediasmith.testing import MemorySink

WAV = media.wav(b"\0\0" * 8000, rate=8000)
UNKNOWN = "an unknown type of file"


class Formats(FakeParams):
    output_format: Literal["png", "jpeg", "auto"] | None = None


# The bytes are looked at, not the claim


def remove_temporary_files(folder: Path) -> None:
    for file in folder.rglob(".*.part"):
        file.unlink()


@pytest.mark.parametrize("in_background", [False, True], ids=["at once", "in the background"])
async def test_a_saved_file_does_not_stay_in_memory_while_it_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_background: bool
) -> None:
    made: list[weakref.ref[Output]] = []
    left: list[Output | None] = []
    stage = Library.stage

    async def make(*_given: object) -> Result:
        result = picture()
        made.extend(map(weakref.ref, result.outputs))
        return result

    async def look(self: Library, *given: Any, **rest: Any) -> Any:
        left.extend(output() for output in made)
        return await stage(self, *given, **rest)

    monkeypatch.setattr(Library, "stage", look)
    provider = Scripted(accepted(), polls=[make]) if in_background else Scripted(make)
    async with jumping_engine(tmp_path, provider.backend()) as engine:
        await generate(engine, "a fox")
    assert left == [None]


async def test_a_file_that_is_removed_before_it_has_its_name_was_paid_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Library.stage

    async def remove(self: Library, *given: Any, **rest: Any) -> None:
        await stage(self, *given, **rest)
        remove_temporary_files(tmp_path)

    monkeypatch.setattr(Library, "stage", remove)
    async with running_engine(tmp_path, Scripted(picture()).backend()) as engine:
        with pytest.raises(MediaError, match=r"A file was removed from .* before it had its name") as caught:
            await generate(engine, "a fox")
    assert caught.value.billed == "yes"


@pytest.mark.parametrize(
    ("body", "found", "extension"),
    [
        (WAV, "audio/wav", "wav"),
        (b"<html>502 Bad Gateway</html>", UNKNOWN, "html"),
        (b'{"error": "x"}', UNKNOWN, "json"),
        (b"It is late.", UNKNOWN, "txt"),
        (png()[:6], UNKNOWN, "bin"),
    ],
    ids=["sound", "page", "json", "text", "cut off"],
)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
async def test_a_body_of_the_wrong_type_is_no_result_and_kept_beside_the_library(
    tmp_path: Path, body: bytes, found: str, extension: str, *, streamed: bool
) -> None:
    async def start(call: Call[None, Any]) -> Result:
        sink = call.file("image/png")
        await sink.write(body)
        return one_file(sink if streamed else body)

    async with running_engine(tmp_path, Scripted(start).backend()) as engine:
        with pytest.raises(ProviderError, match=f"answered with {found}, but an image was expected") as caught:
            await generate(engine)
    assert caught.value.billed == ("yes" if body == WAV else "unknown")
    assert output_files(tmp_path) == []
    [kept] = (tmp_path / "data" / "unreadable").iterdir()
    assert (kept.suffix, kept.read_bytes()) == (f".{extension}", body)
    assert f"What the provider sent is kept in {kept}" in str(caught.value)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
async def test_what_is_kept_is_the_users_own(tmp_path: Path) -> None:
    async with running_engine(tmp_path, Scripted(one_file(b"junk")).backend()) as engine:
        with pytest.raises(ProviderError):
            await generate(engine)
    folder = tmp_path / "data" / "unreadable"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())] == [0o700, 0o600]


@pytest.mark.parametrize(("cost", "billed"), [(0.04, "yes"), (0.0, "unknown"), (None, "unknown")])
async def test_a_file_that_cannot_be_read_was_billed_as_the_provider_says(
    tmp_path: Path, cost: float | None, billed: str
) -> None:
    junk = Result(outputs=one_file(b"junk").outputs, cost_usd=cost)
    async with running_engine(tmp_path, Scripted(junk).backend()) as engine:
        with pytest.raises(ProviderError) as caught:
            await generate(engine)
    assert caught.value.billed == billed


async def test_an_answer_that_a_backend_cannot_read_is_kept_without_keys(tmp_path: Path) -> None:
    body = b"\x00\xff an answer that has the key secret-key"
    backend = fake("one", keys=("ONE_KEY",), start=Scripted(malformed("One", body)).start)
    async with running_engine(tmp_path, backend, env={"ONE_KEY": "secret-key"}) as engine:
        with pytest.raises(ProviderError) as caught:
            await generate(engine)
    [kept] = (tmp_path / "data" / "unreadable").iterdir()
    assert kept.read_bytes() == b"\x00\xff an answer that has the key [secret]"
    assert f"kept in {kept}" in str(caught.value)


@pytest.mark.parametrize(
    ("poll", "said"),
    [
        (
            Failed(error=ProviderError("It has no file.", billed="yes", answer=b"data")),
            "It has no file. It was billed.",
        ),
        (ProviderError("It cannot be read.", answer=b"data"), "could not be asked any more: It cannot be read."),
    ],
    ids=["a verdict", "until the deadline"],
)
async def test_what_a_poll_answered_is_kept_where_it_cannot_be_read(tmp_path: Path, poll: Any, said: str) -> None:
    backend = Scripted(accepted(), polls=[poll] * 99).backend(deadline=100)
    async with jumping_engine(tmp_path, backend) as engine:
        try:
            text = (await generate(engine)).error
        except ProviderError as error:
            text = str(error)
    [kept] = (tmp_path / "data" / "unreadable").iterdir()
    assert kept.read_bytes() == b"data"
    assert said in text
    assert f"kept in {kept}: look at it before calling again." in text
    assert "Another call" not in text


@pytest.mark.parametrize(
    "error",
    [ProviderError("Empty."), ProviderError("It was not taken.", billed="no", answer=b"words")],
    ids=["nothing to keep", "not billed"],
)
async def test_nothing_else_is_kept(tmp_path: Path, error: ProviderError) -> None:
    clock = VirtualClock()
    async with running_engine(tmp_path, fake(start=raising(error)), clock=clock) as engine, clock.autojump():
        with pytest.raises(ProviderError):
            await generate(engine)
    assert not (tmp_path / "data" / "unreadable").exists()


async def test_the_extension_follows_the_content(tmp_path: Path) -> None:
    async with running_engine(tmp_path, Scripted(one_file(png(), mime="image/jpeg")).backend()) as engine:
        [file] = (await generate(engine, output=str(tmp_path / "out" / "kite.jpg"))).files
    assert (file.mime, Path(file.path).name) == ("image/png", "kite.png")


async def test_a_picture_without_its_end_is_saved_with_a_warning(tmp_path: Path) -> None:
    async with running_engine(tmp_path, Scripted(one_file(png()[:-8])).backend()) as engine:
        result = await generate(engine)
    assert result.warnings == ("A picture of One ends early: parts of it are missing. It is saved as it came.",)
    assert result.files[0].bytes == len(png()) - 8


@pytest.mark.parametrize(("asked", "warned"), [("jpeg", True), ("png", False), ("auto", False)])
async def test_another_format_than_requested_is_a_warning(tmp_path: Path, asked: str, *, warned: bool) -> None:
    async with running_engine(tmp_path, Scripted().backend(params=Formats)) as engine:
        result = await generate(engine, output_format=asked)
    expected = ("One answered with image/png, not the jpeg asked for.",) if warned else ()
    assert result.warnings == expected


async def test_an_encoding_that_a_file_does_not_show_is_taken_on_trust(tmp_path: Path) -> None:
    class Coded(FakeParams):
        output_format: Literal["ulaw", "mp3"] | None = None

    backend = Scripted(*[one_file(WAV, "audio/wav")] * 2).backend(kind="speech", params=Coded)
    async with running_engine(tmp_path, backend) as engine:
        assert (await generate(engine, kind="speech", output_format="ulaw")).warnings == ()
        assert (await generate(engine, kind="speech", output_format="mp3")).warnings


@pytest.mark.parametrize(("per", "usd"), [("second", 0.1), ("minute", 0.0017), ("call", 0.1)])
async def test_the_estimate_follows_the_measured_length(
    tmp_path: Path, per: Literal["second", "minute", "call"], usd: float
) -> None:
    """The file plays a second; it might have been ten."""

    class Lasting(FakeParams):
        duration: Annotated[float | None, Field(le=10)] = None

    price = Price(usd=0.1, per=per, as_of=date(2026, 1, 1), source="https://one.invalid/prices")
    models = (Model(id="m", prices=(price,)),)
    backend = Scripted(one_file(WAV, "audio/wav")).backend(kind="music", params=Lasting, models=models)
    async with running_engine(tmp_path, backend) as engine:
        cost = (await generate(engine, kind="music")).cost
    assert cost
    assert (cost.basis, cost.usd) == ("estimated", pytest.approx(usd, abs=1e-4))


async def test_the_estimate_follows_what_the_provider_says_it_used(tmp_path: Path) -> None:
    class Graded(FakeParams):
        quality: Literal["auto", "low", "high"] | None = None

    prices = (
        Price(
            usd=usd, per="image", when={"quality": grade}, as_of=date(2026, 1, 1), source="https://one.invalid/prices"
        )
        for grade, usd in (("low", 0.05), ("high", 0.21))
    )
    provider = Scripted(*(replace(picture(), used={"quality": grade}) for grade in ("low", "high", "")))
    backend = provider.backend(params=Graded, models=(Model(id="m", prices=tuple(prices)),))
    async with running_engine(tmp_path, backend, daily_budget_usd=0.6) as engine:
        costs = [(await generate(engine, quality="auto")).cost for _ in range(3)]
        assert [cost and cost.usd for cost in costs] == [0.05, 0.21, 0.21]
        with pytest.raises(OverBudget, match=r"0\.21 USD, above today's remaining budget of 0\.13 USD"):
            await generate(engine)


async def test_a_dub_may_be_audio(tmp_path: Path) -> None:
    backend = Scripted(one_file(WAV, "audio/wav")).backend(kind="dubbing")
    async with running_engine(tmp_path, backend) as engine:
        [file] = (await generate(engine, kind="dubbing")).files
    assert (file.mime, file.duration_seconds) == ("audio/wav", 1.0)


async def test_one_bad_file_of_several_is_left_out_with_a_warning(tmp_path: Path) -> None:
    several = Result(outputs=(*picture().outputs, *one_file(b"<html>").outputs, *picture().outputs))
    async with running_engine(tmp_path, Scripted(several).backend()) as engine:
        result = await generate(engine)
    assert (result.status, len(result.files), len(output_files(tmp_path))) == ("done", 2, 2)
    [warning] = result.warnings
    assert warning.startswith("A file was left out: One answered with an unknown type of file")


@pytest.mark.parametrize(
    "body", [MemorySink(), "text", bytearray(png()), None, 7], ids=lambda body: type(body).__name__
)
async def test_a_body_of_an_unknown_type_is_an_error(tmp_path: Path, body: Any) -> None:
    async with running_engine(tmp_path, Scripted(one_file(body)).backend()) as engine:
        with pytest.raises(ProviderError, match="a sink that is not the server's"):
            await generate(engine)


async def test_the_same_sink_twice_is_an_error(tmp_path: Path) -> None:
    async def start(call: Call[None, Any]) -> Result:
        sink = call.file("image/png")
        await sink.write(png())
        return Result(outputs=(Output(body=sink, mime="image/png"),) * 2)

    async with running_engine(tmp_path, fake(start=start)) as engine:
        with pytest.raises(MediaError):
            await generate(engine)
    assert output_files(tmp_path) == []


async def test_a_file_above_the_limit_is_not_saved(tmp_path: Path) -> None:
    async with running_engine(tmp_path, Scripted().backend(), max_output_bytes=50) as engine:
        with pytest.raises(ProviderError, match="larger than the limit of 50 bytes"):
            await generate(engine)
    assert output_files(tmp_path) == []


async def test_state_above_the_limit_is_dropped_with_a_warning(tmp_path: Path) -> None:
    async with running_engine(tmp_path, Scripted(picture(state={"plan": "x" * 70_000})).backend()) as engine:
        result = await generate(engine)
        [artifact] = await engine.library.artifacts(result.job_id)
    assert (result.status, artifact.state) == ("done", None)
    assert "too much to keep" in result.warnings[0]


async def test_the_record_of_a_file_matches_it(tmp_path: Path) -> None:
    provider = Scripted(picture(state={"id": 1}))
    clock = VirtualClock()
    async with running_engine(tmp_path, provider.backend(), clock=clock) as engine:
        result = await generate(engine, "a red kite", seed=7, options={"mood": "calm"})
        artifact = await engine.artifact(result.continuation_id, "local")
    assert artifact.sha256 == hashlib.sha256(png()).hexdigest()
    assert (artifact.mime, artifact.bytes, artifact.width, artifact.height) == ("image/png", len(png()), 16, 16)
    assert (artifact.backend, artifact.capability, artifact.model, artifact.kind) == ("one", "image", "fake-1", "image")
    assert (artifact.params, artifact.prompts) == ({"seed": 7, "mood": "calm"}, ("a red kite",))
    assert (artifact.state, artifact.parent, artifact.principal) == ({"id": 1}, "", "local")
    assert (artifact.created, artifact.token) == (clock.now(), "")


async def test_names_in_one_folder_never_overwrite(tmp_path: Path) -> None:
    async with running_engine(tmp_path, Scripted().backend()) as engine:
        first = await generate(engine, "one", output=str(tmp_path / "out" / "kite"))
        second = await generate(engine, "two", output=str(tmp_path / "out" / "kite.png"))
    assert [Path(one.files[0].path).name for one in (first, second)] == ["kite.png", "kite-2.png"]
    assert (first.warnings, second.warnings) == ((), ("kite.png existed; the new file is kite-2.png.",))
