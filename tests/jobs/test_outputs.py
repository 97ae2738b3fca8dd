"""Save outputs: checked by content, named, downloaded with retries, and no temporary file left."""

from __future__ import annotations

import hashlib
import os
import stat
import weakref
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import anyio
import pytest
from pydantic import Field

from fakes.backends import FakeParams, fake, png
from fakes.engines import (
    Scripted,
    accepted,
    generate,
    generate_batch,
    get_job,
    hang,
    jumping_engine,
    output_files,
    picture,
    read_files,
    running_engine,
)
from fakes.faults import raising
from fakes.virtual_clock import VirtualClock
from mediasmith.plugin import media
from mediasmith.plugin.contract import Call, Context, Failed, Model, Output, Price, Remote, Result
from mediasmith.plugin.errors import MediaError, NotAllowed, OverBudget, ProviderError, TimedOut, Unreachable
from mediasmith.plugin.http_errors import malformed
from mediasmith.plugin.params import Count
from mediasmith.storage.downloader import Downloader
from mediasmith.storage.library.store import Library
from mediasmith.testing import MemorySink

WAV = media.wav(b"\0\0" * 8000, rate=8000)
UNKNOWN = "an unknown type of file"
HANG = object()
URL = "https://files.one.invalid/secret-path?token=abc"


class Formats(FakeParams):
    output_format: Literal["png", "jpeg", "auto"] | None = None


class Several(FakeParams):
    n: Count = 1


def out(body: Any, mime: str = "image/png") -> Result:
    return Result(outputs=(Output(body=body, mime=mime),))


class Files:
    """What the downloader finds: entries are done one after the other, then there is a picture."""

    def __init__(self, *steps: Any) -> None:
        self.steps: list[Any] = list(steps)
        self.times: list[float] = []
        self.headers: list[Mapping[str, str]] = []

    def serve(self, monkeypatch: pytest.MonkeyPatch, clock: VirtualClock) -> None:
        async def fetch(
            _self: Downloader,
            _url: str,
            write: Callable[[bytes], Awaitable[None]],
            *,
            max_bytes: int,
            headers: Mapping[str, str],
        ) -> str:
            self.times.append(clock.now())
            self.headers.append(headers)
            step: Any = self.steps.pop(0) if self.steps else png()
            if isinstance(step, MediaError):
                await write(b"half of " * 50_000)
                raise step
            if step is HANG:
                await write(b"half of " * 50_000)
                await anyio.sleep_forever()
            await write(step)
            return "application/octet-stream"

        monkeypatch.setattr(Downloader, "fetch", fetch)


# The bytes are looked at, not the claim


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
        return out(sink if streamed else body)

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
    async with running_engine(tmp_path, Scripted(out(b"junk")).backend()) as engine:
        with pytest.raises(ProviderError):
            await generate(engine)
    folder = tmp_path / "data" / "unreadable"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())] == [0o700, 0o600]


@pytest.mark.parametrize(("cost", "billed"), [(0.04, "yes"), (0.0, "unknown"), (None, "unknown")])
async def test_a_file_that_cannot_be_read_was_billed_as_the_provider_says(
    tmp_path: Path, cost: float | None, billed: str
) -> None:
    junk = Result(outputs=out(b"junk").outputs, cost_usd=cost)
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
    async with running_engine(tmp_path, Scripted(out(png(), mime="image/jpeg")).backend()) as engine:
        [file] = (await generate(engine, output=str(tmp_path / "out" / "kite.jpg"))).files
    assert (file.mime, Path(file.path).name) == ("image/png", "kite.png")


async def test_a_picture_without_its_end_is_saved_with_a_warning(tmp_path: Path) -> None:
    async with running_engine(tmp_path, Scripted(out(png()[:-8])).backend()) as engine:
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

    backend = Scripted(*[out(WAV, "audio/wav")] * 2).backend(kind="speech", params=Coded)
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
    backend = Scripted(out(WAV, "audio/wav")).backend(kind="music", params=Lasting, models=models)
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
    backend = Scripted(out(WAV, "audio/wav")).backend(kind="dubbing")
    async with running_engine(tmp_path, backend) as engine:
        [file] = (await generate(engine, kind="dubbing")).files
    assert (file.mime, file.duration_seconds) == ("audio/wav", 1.0)


async def test_one_bad_file_of_several_is_left_out_with_a_warning(tmp_path: Path) -> None:
    several = Result(outputs=(*picture().outputs, *out(b"<html>").outputs, *picture().outputs))
    async with running_engine(tmp_path, Scripted(several).backend()) as engine:
        result = await generate(engine)
    assert (result.status, len(result.files), len(output_files(tmp_path))) == ("done", 2, 2)
    [warning] = result.warnings
    assert warning.startswith("A file was left out: One answered with an unknown type of file")


@pytest.mark.parametrize(
    "body", [MemorySink(), "text", bytearray(png()), None, 7], ids=lambda body: type(body).__name__
)
async def test_a_body_of_an_unknown_type_is_an_error(tmp_path: Path, body: Any) -> None:
    async with running_engine(tmp_path, Scripted(out(body)).backend()) as engine:
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


# Downloads


async def test_a_file_at_a_url_is_fetched_with_the_headers_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, files = VirtualClock(), Files()
    files.serve(monkeypatch, clock)
    remote = Remote(url=URL, headers={"Authorization": "Bearer x"})
    async with running_engine(tmp_path, Scripted(out(remote)).backend(), clock=clock) as engine:
        result = await generate(engine)
    assert read_files(result) == [png()]
    assert files.headers == [{"Authorization": "Bearer x"}]


async def test_a_failed_download_is_retried_with_back_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    errors = [ProviderError("Status 404."), TimedOut("Nothing came."), *[Unreachable("It broke.") for _ in range(6)]]
    clock, files = VirtualClock(), Files(*errors)
    files.serve(monkeypatch, clock)
    provider = Scripted(out(Remote(url=URL)))
    async with running_engine(tmp_path, provider.backend(), clock=clock) as engine, clock.autojump():
        result = await generate(engine)
        assert read_files(result) == [png()]
    waits = [later - earlier for earlier, later in pairwise(files.times)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert len(provider.calls) == 1
    assert len(output_files(tmp_path)) == 1


@pytest.mark.parametrize("body", [b"<html>", b"", b"junk", WAV], ids=["page", "nothing", "junk", "sound"])
@pytest.mark.parametrize("polled", [False, True], ids=["at once", "polled"])
async def test_a_download_that_is_odd_once_is_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: bytes, *, polled: bool
) -> None:
    clock, files = VirtualClock(), Files(body)
    files.serve(monkeypatch, clock)
    made = out(Remote(url=URL))
    provider = Scripted(accepted(), polls=[made] * 9) if polled else Scripted(made)
    async with running_engine(tmp_path, provider.backend(), clock=clock) as engine, clock.autojump():
        result = await generate(engine)
    assert (result.status, len(files.times), len(provider.calls)) == ("done", 2, 1)
    assert not (tmp_path / "data" / "unreadable").exists()


async def test_an_expired_link_says_that_it_was_the_download_and_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, files = VirtualClock(), Files(*[ProviderError("files.one answered with status 403.") for _ in range(99)])
    files.serve(monkeypatch, clock)
    backend = Scripted(out(Remote(url=URL))).backend()
    async with running_engine(tmp_path, backend, clock=clock) as engine, clock.autojump():
        with pytest.raises(ProviderError) as caught:
            await generate(engine)
    [kept] = (tmp_path / "data" / "unreadable").iterdir()
    assert kept.read_text() == URL
    assert str(caught.value) == (
        "One has made the file, but it could not be downloaded: files.one answered with status 403. It was billed. "
        f"Its link is kept in {kept}: open it soon, since links expire."
    )


async def test_an_expired_link_of_accepted_work_is_asked_for_anew_by_get_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, files = VirtualClock(), Files(*[ProviderError("files.one answered with status 403.") for _ in range(99)])
    files.serve(monkeypatch, clock)
    provider = Scripted(accepted(), polls=[out(Remote(url=URL))] * 99)
    async with running_engine(tmp_path, provider.backend(deadline=100), clock=clock) as engine, clock.autojump():
        running = await generate(engine)
    assert running.status == "running"
    assert running.error == (
        "One has made the file, but it could not be downloaded: files.one answered with status 403. It was billed. "
        "get_job asks One for a new link and tries again."
    )


async def test_a_broken_file_in_a_polled_answer_is_left_out_and_kept(tmp_path: Path) -> None:
    several = Result(outputs=(*picture().outputs, *out(b"junk").outputs))
    async with jumping_engine(tmp_path, Scripted(accepted(), polls=[several]).backend()) as engine:
        result = await generate(engine)
    assert (result.status, len(result.files)) == ("done", 1)
    [kept] = (tmp_path / "data" / "unreadable").iterdir()
    assert [str(kept) in warning for warning in result.warnings] == [True]


async def test_a_download_ends_with_the_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, files = VirtualClock(), Files(*[Unreachable("It broke.") for _ in range(99)])
    files.serve(monkeypatch, clock)
    backend = Scripted(out(Remote(url=URL))).backend(deadline=100)
    async with running_engine(tmp_path, backend, clock=clock) as engine, clock.autojump():
        started = clock.now()
        with pytest.raises(Unreachable) as caught:
            await generate(engine)
        assert clock.now() - started <= 100
    assert caught.value.billed == "yes"
    assert output_files(tmp_path) == []


async def test_a_download_that_is_refused_is_retried_for_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, files = VirtualClock(), Files(*[ProviderError("Status 404.") for _ in range(99)])
    files.serve(monkeypatch, clock)
    backend = Scripted(out(Remote(url=URL))).backend(deadline=1000)
    async with running_engine(tmp_path, backend, clock=clock) as engine, clock.autojump():
        started = clock.now()
        with pytest.raises(ProviderError, match=r"Status 404\.") as caught:
            await generate(engine)
        assert 30 < clock.now() - started <= 60
    assert caught.value.billed == "yes"
    assert output_files(tmp_path) == []


async def test_a_slow_download_ends_with_the_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, files = VirtualClock(), Files(HANG)
    files.serve(monkeypatch, clock)
    backend = Scripted(out(Remote(url=URL))).backend(deadline=100)
    async with running_engine(tmp_path, backend, clock=clock) as engine, clock.autojump():
        started = clock.now()
        with pytest.raises(TimedOut):
            await generate(engine)
        assert clock.now() - started == 100
    assert output_files(tmp_path) == []


@pytest.mark.parametrize(
    "error",
    [Unreachable("It broke."), NotAllowed("It is a private address.", billed="no"), ProviderError("Status 404.")],
    ids=lambda error: type(error).__name__,
)
async def test_a_failed_download_of_accepted_work_is_repeated_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: MediaError
) -> None:
    clock, files = VirtualClock(), Files(*[error] * 99)
    files.serve(monkeypatch, clock)
    provider = Scripted(accepted(), polls=[out(Remote(url=URL))] * 99)
    async with running_engine(tmp_path, provider.backend(deadline=100), clock=clock) as engine, clock.autojump():
        running = await generate(engine)
        assert (running.status, output_files(tmp_path)) == ("running", [])
        assert error.message in running.error
        assert "It was billed." in running.error
        files.steps.clear()
        assert (await get_job(engine, running.job_id)).status == "done"
    assert len(provider.calls) == 1


async def test_an_odd_download_leaves_no_file_while_the_work_is_polled_again(tmp_path: Path) -> None:
    async def page(context: Context[None], _handle: object) -> Result:
        sink = context.file("image/png")
        await sink.write(b"<html>" + b" " * 300_000)
        return out(sink)

    clock, provider = VirtualClock(), Scripted(accepted(), polls=[page, hang])
    async with running_engine(tmp_path, provider.backend(), clock=clock) as engine, clock.autojump():
        running = await generate(engine, wait_seconds=30)
        assert (running.status, output_files(tmp_path)) == ("running", [])
        assert "an image was expected" in running.message
        provider.polls.clear()
        assert (await get_job(engine, running.job_id)).status == "done"
    assert len(provider.calls) == 1


async def test_files_of_accepted_work_are_collected_all_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, files = VirtualClock(), Files(NotAllowed("It is a private address."))
    files.serve(monkeypatch, clock)
    several = Result(outputs=(*out(Remote(url=URL)).outputs, *picture().outputs))
    async with (
        running_engine(tmp_path, Scripted(accepted(), polls=[several] * 2).backend(), clock=clock) as engine,
        clock.autojump(),
    ):
        running = await generate(engine)
        assert (running.status, output_files(tmp_path)) == ("running", [])
        done = await get_job(engine, running.job_id)
    assert (done.status, len(done.files), len(output_files(tmp_path))) == ("done", 2, 2)


@pytest.mark.parametrize("step", [ProviderError("Status 404."), b'{"layers": 2}'], ids=["refused", "no picture"])
async def test_a_file_of_accepted_work_that_is_refused_for_a_minute_leaves_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: Any
) -> None:
    clock, files = VirtualClock(), Files(*[step] * 99)
    files.serve(monkeypatch, clock)
    several = Result(outputs=(*out(Remote(url=URL)).outputs, *picture().outputs))
    provider = Scripted(accepted(), polls=[several] * 99)
    async with running_engine(tmp_path, provider.backend(), clock=clock) as engine, clock.autojump():
        result = await generate(engine)
    assert (result.status, read_files(result), len(provider.polled)) == ("done", [png()], 1)
    [warning], [kept] = result.warnings, (tmp_path / "data" / "unreadable").iterdir()
    assert f"Its link is kept in {kept}" in warning
    assert kept.read_text() == URL


async def test_a_file_that_cannot_be_downloaded_leaves_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, files = VirtualClock(), Files(NotAllowed("It is a private address."))
    files.serve(monkeypatch, clock)
    several = Result(outputs=(*out(Remote(url=URL)).outputs, *picture().outputs))
    async with running_engine(tmp_path, Scripted(several).backend(), clock=clock) as engine:
        result = await generate(engine)
    assert (result.status, read_files(result)) == ("done", [png()])
    [warning] = result.warnings
    assert warning.startswith("A file was left out: It is a private address. It was billed. Its link is kept in ")


@pytest.mark.parametrize("polled", [False, True], ids=["at once", "polled"])
async def test_a_file_that_is_lacking_is_named_with_its_money_and_its_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, polled: bool
) -> None:
    clock, files = VirtualClock(), Files(*[ProviderError("Status 404.")] * 99)
    files.serve(monkeypatch, clock)
    made = Result(outputs=(*picture().outputs, *out(Remote(url=URL)).outputs))
    provider = Scripted(accepted(), polls=[made]) if polled else Scripted(made)
    async with running_engine(tmp_path, provider.backend(params=Several), clock=clock) as engine, clock.autojump():
        result = await generate_batch(engine, "a kite", "a boat", n=2) if polled else await generate(engine, n=2)
    assert (result.status, result.billed, result.warnings) == ("partial", "yes", ())
    assert "Status 404. It was billed. Its link is kept in " in result.error
    assert not polled or result.error in [item.error for item in result.items]
