"""Writing artifacts: measured, streamed, limited and private until they are whole."""

from __future__ import annotations

import hashlib
import os
import tracemalloc
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from fakes.destinations import LIMIT, commit, listed, opened, png
from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.plugin import media
from mediasmith.plugin.errors import ProviderError
from mediasmith.plugin.files import Sink
from mediasmith.storage.artifacts.sink import Facts, FileSink


async def test_a_saved_file_is_measured_and_appears_once_it_is_committed(roots: AllowedFolders) -> None:
    data = png()
    async with opened(roots, "pic.jpg") as place:
        facts = await place.temporary.save("t1", data, max_bytes=len(data))
        assert facts == Facts(
            mime="image/png", bytes=len(data), sha256=hashlib.sha256(data).hexdigest(), width=30, height=20
        )
        assert listed(place.folder) == {".t1.part"}
        assert await commit(place, "t1", "pic.png") == (place.folder / "pic.png", False)
        assert listed(place.folder) == {"pic.png"}
        assert (place.folder / "pic.png").read_bytes() == data


async def test_a_streamed_file_equals_a_saved_one(roots: AllowedFolders) -> None:
    data = media.wav(os.urandom(600_001), rate=24_000)

    async def chunks() -> AsyncGenerator[bytes]:
        for start in range(0, len(data), 1000):
            yield data[start : start + 1000]

    async with opened(roots) as place:
        file = place.temporary.sink("t", max_bytes=len(data))
        sink: Sink = file
        await sink.write(b"")
        assert listed(place.folder) == set()
        await sink.write_all(chunks())
        assert file.token == "t"
        facts = await file.finish()
        assert facts == await place.temporary.save("u", data, max_bytes=len(data))
        assert (facts.mime, facts.duration_seconds) == ("audio/wav", 12.5)
        path, _ = await commit(place, "t", "a.wav")
        assert path.read_bytes() == data


@pytest.mark.parametrize(
    ("data", "mime"), [(b"", ""), (b"{}", ""), (b"<svg/>", "image/svg+xml"), (png()[:50], "image/png")]
)
async def test_a_file_that_cannot_be_measured_is_kept(roots: AllowedFolders, data: bytes, mime: str) -> None:
    async with opened(roots) as place:
        for facts in (
            await place.temporary.save("t", data, max_bytes=LIMIT),
            await place.temporary.sink("u", max_bytes=LIMIT).finish(),
        ):
            assert facts.duration_seconds is None
        first = await place.temporary.save("t", data, max_bytes=LIMIT)
        assert (first.mime, first.bytes) == (mime, len(data))
        assert (await commit(place, "t", "a.bin"))[0].read_bytes() == data


async def test_a_token_can_be_reused(roots: AllowedFolders) -> None:
    async with opened(roots) as place:
        old = place.temporary.sink("t", max_bytes=LIMIT)
        await old.write(bytes(300_000))
        facts = await place.temporary.save("t", b"new", max_bytes=LIMIT)
        assert facts.bytes == 3
        path, _ = await commit(place, "t", "a.bin")
        assert path.read_bytes() == b"new"


async def test_streaming_takes_constant_memory(roots: AllowedFolders) -> None:
    chunk = bytes(64 * 1024)
    async with opened(roots) as place:
        sink = place.temporary.sink("t", max_bytes=10**9)
        await sink.write(chunk * 4)
        tracemalloc.start()
        try:
            for _ in range(500):
                await sink.write(chunk)
            await sink.finish()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 1_500_000


async def chunks_and_end(sink: FileSink, size: int) -> AsyncGenerator[bytes]:
    """Yield bytes for a sink, then finish it."""
    for start in range(0, size, 1000):
        yield bytes(min(1000, size - start))
    await sink.finish()


@pytest.mark.parametrize("size", [10, 700_000])
async def test_an_answer_above_the_limit_is_refused(roots: AllowedFolders, size: int) -> None:
    async with opened(roots) as place:
        with pytest.raises(ProviderError, match=f"larger than the limit of {size - 1} bytes"):
            await place.temporary.save("t", bytes(size), max_bytes=size - 1)
        sink = place.temporary.sink("u", max_bytes=size - 1)
        await sink.write(bytes(5))
        with pytest.raises(ProviderError, match="MEDIASMITH_MAX_OUTPUT_BYTES"):
            await sink.write_all(chunks_and_end(sink, size - 5))
        await place.temporary.discard("u")
        assert listed(place.folder) == set()


async def test_the_umask_decides_who_may_read_a_file(roots: AllowedFolders) -> None:
    async with opened(roots) as place:
        for umask, mode in ((0o022, 0o644), (0o077, 0o600), (0o002, 0o664)):
            before = os.umask(umask)
            try:
                await place.temporary.save("t", b"x", max_bytes=LIMIT)
            finally:
                os.umask(before)
            path, _ = await commit(place, "t", "a.bin")
            assert path.stat().st_mode & 0o777 == mode


async def test_a_left_over_link_is_replaced_not_followed(roots: AllowedFolders, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    async with opened(roots) as place:
        (place.folder / ".t.part").symlink_to(tmp_path / "precious")
        await place.temporary.save("t", b"new", max_bytes=LIMIT)
        await commit(place, "t", "a.bin")
    assert (tmp_path / "precious").read_text() == "mine"
