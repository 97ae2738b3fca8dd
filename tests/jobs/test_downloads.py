"""Download outputs: retried, repeated while the work is polled, left out in the end, and no half file left."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import pytest

from fakes.backends import FakeParams, png
from fakes.engines import (
    Scripted,
    accepted,
    generate,
    generate_batch,
    get_job,
    hang,
    jumping_engine,
    one_file,
    output_files,
    picture,
    read_files,
    running_engine,
)
from fakes.virtual_clock import VirtualClock
from mediasmith.plugin import media
from mediasmith.plugin.contract import Context, Remote, Result
from mediasmith.plugin.errors import MediaError, NotAllowed, ProviderError, TimedOut, Unreachable
from mediasmith.plugin.params import Count
from mediasmith.storage.downloader import Downloader

WAV = media.wav(b"\0\0" * 8000, rate=8000)
HANG = object()
URL = "https://files.one.invalid/secret-path?token=abc"


class Several(FakeParams):
    n: Count = 1


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


def linked_and_whole() -> Result:
    """Two pictures: a link to one, and the bytes of another."""
    return Result(outputs=(*one_file(Remote(url=URL)).outputs, *picture().outputs))


async def test_a_file_at_a_url_is_fetched_with_the_headers_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, files = VirtualClock(), Files()
    files.serve(monkeypatch, clock)
    remote = Remote(url=URL, headers={"Authorization": "Bearer x"})
    async with running_engine(tmp_path, Scripted(one_file(remote)).backend(), clock=clock) as engine:
        result = await generate(engine)
    assert read_files(result) == [png()]
    assert files.headers == [{"Authorization": "Bearer x"}]


async def test_a_failed_download_is_retried_with_back_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    errors = [ProviderError("Status 404."), TimedOut("Nothing came."), *[Unreachable("It broke.") for _ in range(6)]]
    clock, files = VirtualClock(), Files(*errors)
    files.serve(monkeypatch, clock)
    provider = Scripted(one_file(Remote(url=URL)))
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
    made = one_file(Remote(url=URL))
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
    backend = Scripted(one_file(Remote(url=URL))).backend()
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
    provider = Scripted(accepted(), polls=[one_file(Remote(url=URL))] * 99)
    async with running_engine(tmp_path, provider.backend(deadline=100), clock=clock) as engine, clock.autojump():
        running = await generate(engine)
    assert running.status == "running"
    assert running.error == (
        "One has made the file, but it could not be downloaded: files.one answered with status 403. It was billed. "
        "get_job asks One for a new link and tries again."
    )


async def test_a_broken_file_in_a_polled_answer_is_left_out_and_kept(tmp_path: Path) -> None:
    several = Result(outputs=(*picture().outputs, *one_file(b"junk").outputs))
    async with jumping_engine(tmp_path, Scripted(accepted(), polls=[several]).backend()) as engine:
        result = await generate(engine)
    assert (result.status, len(result.files)) == ("done", 1)
    [kept] = (tmp_path / "data" / "unreadable").iterdir()
    assert [str(kept) in warning for warning in result.warnings] == [True]


async def test_a_download_ends_with_the_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, files = VirtualClock(), Files(*[Unreachable("It broke.") for _ in range(99)])
    files.serve(monkeypatch, clock)
    backend = Scripted(one_file(Remote(url=URL))).backend(deadline=100)
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
    backend = Scripted(one_file(Remote(url=URL))).backend(deadline=1000)
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
    backend = Scripted(one_file(Remote(url=URL))).backend(deadline=100)
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
    provider = Scripted(accepted(), polls=[one_file(Remote(url=URL))] * 99)
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
        return one_file(sink)

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
    async with (
        running_engine(tmp_path, Scripted(accepted(), polls=[linked_and_whole()] * 2).backend(), clock=clock) as engine,
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
    provider = Scripted(accepted(), polls=[linked_and_whole()] * 99)
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
    async with running_engine(tmp_path, Scripted(linked_and_whole()).backend(), clock=clock) as engine:
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
    made = Result(outputs=(*picture().outputs, *one_file(Remote(url=URL)).outputs))
    provider = Scripted(accepted(), polls=[made]) if polled else Scripted(made)
    async with running_engine(tmp_path, provider.backend(params=Several), clock=clock) as engine, clock.autojump():
        result = await generate_batch(engine, "a kite", "a boat", n=2) if polled else await generate(engine, n=2)
    assert (result.status, result.billed, result.warnings) == ("partial", "yes", ())
    assert "Status 404. It was billed. Its link is kept in " in result.error
    assert not polled or result.error in [item.error for item in result.items]
