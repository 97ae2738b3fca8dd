"""Committing artifacts: nothing is overwritten or lost, whatever the system or the disk does."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from fakes.destinations import LIMIT, commit, listed, opened, png
from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.plugin.errors import MediaError
from mediasmith.storage.artifacts import folder
from mediasmith.storage.artifacts.folder_destination import FolderDestination

# Committing


async def test_an_existing_file_is_never_overwritten(roots: AllowedFolders) -> None:
    async with opened(roots) as place:
        (place.folder / "v1.2.png").write_text("mine")
        (place.folder / "v1.2-2.png").symlink_to("nowhere")
        await place.temporary.save("t", b"new", max_bytes=LIMIT)
        assert await commit(place, "t", "v1.2.png") == (place.folder / "v1.2-3.png", True)
        assert (place.folder / "v1.2.png").read_text() == "mine"
        assert not (place.folder / "nowhere").exists()


def without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)


def without_dir_fd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "_HAS_DIR_FD", False)


def as_it_is(_monkeypatch: pytest.MonkeyPatch) -> None:
    pass


SYSTEMS = pytest.mark.parametrize("system", [as_it_is, without_links, without_dir_fd])


@SYSTEMS
async def test_concurrent_commits_to_one_name_keep_every_file(
    roots: AllowedFolders, monkeypatch: pytest.MonkeyPatch, system: Callable[[pytest.MonkeyPatch], None]
) -> None:
    system(monkeypatch)
    async with opened(roots) as place, opened(roots) as another:
        paths: list[Path] = []

        async def make(number: int) -> None:
            where = another if number % 2 else place
            await where.temporary.save(f"t{number}", f"{number}".encode(), max_bytes=LIMIT)
            paths.append((await commit(where, f"t{number}", "a.png"))[0])

        async with anyio.create_task_group() as group:
            for number in range(40):
                group.start_soon(make, number)
    assert len(set(paths)) == 40
    assert {path.name for path in paths} == {"a.png", *(f"a-{number}.png" for number in range(2, 41))}
    assert {int(path.read_text()) for path in paths} == set(range(40))
    assert listed(roots.output) == {path.name for path in paths}


@SYSTEMS
async def test_committing_and_sweeping_work_on_every_system(
    roots: AllowedFolders, monkeypatch: pytest.MonkeyPatch, system: Callable[[pytest.MonkeyPatch], None]
) -> None:
    system(monkeypatch)
    async with opened(roots, "deep/er/") as place:
        for name, renamed in (("a.png", False), ("a-2.png", True)):
            await place.temporary.save("t", png(), max_bytes=LIMIT)
            assert await commit(place, "t", "a.png") == (place.folder / name, renamed)
        await place.temporary.save("u", b"", max_bytes=LIMIT)
        await place.temporary.sweep("u", keep=())
        assert listed(place.folder) == {"a.png", "a-2.png"}


async def test_a_failed_rename_leaves_no_empty_file(roots: AllowedFolders, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise OSError(errno.EIO, "broken")

    without_links(monkeypatch)
    monkeypatch.setattr(os, "replace", refuse)
    async with opened(roots) as place:
        await place.temporary.save("t", b"x", max_bytes=LIMIT)
        with pytest.raises(MediaError, match="EIO"):
            await commit(place, "t", "a.png")
        assert listed(place.folder) == {".t.part"}


async def test_a_commit_can_be_repeated_after_a_crash_halfway(roots: AllowedFolders) -> None:
    async with opened(roots) as place:
        (place.folder / "a.png").write_text("another")
        await place.temporary.save("t", b"x", max_bytes=LIMIT)
        os.link(place.folder / ".t.part", place.folder / "a-2.png")
    async with opened(roots) as place:
        assert await commit(place, "t", "a.png") == (place.folder / "a-2.png", True)
        assert listed(place.folder) == {"a.png", "a-2.png"}
        with pytest.raises(FileNotFoundError, match="no uncommitted file t"):
            await commit(place, "t", "a.png")


async def test_a_commit_syncs_the_folder(roots: AllowedFolders, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    fsync = os.fsync

    def note(fd: int) -> None:
        synced.append(os.path.isdir(fd))  # noqa: PTH112 - a descriptor
        fsync(fd)

    monkeypatch.setattr(os, "fsync", note)
    async with opened(roots) as place:
        await place.temporary.save("t", b"x", max_bytes=LIMIT)
        assert synced == [False]
        await commit(place, "t", "a.png")
        assert synced == [False, True]


# Failures


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "the disk quota is exceeded"),
        (errno.EROFS, "the disk is read-only"),
        (errno.EFBIG, "larger than the disk"),
        (errno.EIO, "the disk reported EIO"),
    ],
)
@pytest.mark.parametrize("call", ["write", "fsync"])
async def test_a_disk_failure_is_explained(
    roots: AllowedFolders, monkeypatch: pytest.MonkeyPatch, call: str, code: int, said: str
) -> None:
    async with opened(roots) as place:

        def refuse(*_args: object) -> int:
            raise OSError(code, "no")

        with monkeypatch.context() as patch:
            patch.setattr(os, call, refuse)
            sink = place.temporary.sink("u", max_bytes=LIMIT)
            await sink.write(b"x")
            for attempt in (place.temporary.save("t", png(), max_bytes=LIMIT), sink.finish()):
                with pytest.raises(MediaError, match=said) as failed:
                    await attempt
                assert type(failed.value) is MediaError
                assert str(place.folder) in failed.value.message
                assert failed.value.billed is None
        await place.temporary.discard("t")
        await place.temporary.discard("u")
        assert listed(place.folder) == set()


async def test_short_writes_are_completed(roots: AllowedFolders, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write

    def little(fd: int, data: memoryview) -> int:
        return write(fd, data[:7])

    monkeypatch.setattr(os, "write", little)
    async with opened(roots) as place:
        await place.temporary.save("t", png(), max_bytes=LIMIT)
        assert (await commit(place, "t", "a.png"))[0].read_bytes() == png()


async def test_a_removed_folder_is_created_again(roots: AllowedFolders) -> None:
    async with opened(roots, "out/deep/") as place:
        place.folder.rmdir()
        place.folder.parent.rmdir()
        await place.temporary.save("t", png(), max_bytes=LIMIT)
        path, _ = await commit(place, "t", "a.png")
        assert path.read_bytes() == png()


async def test_a_folder_removed_with_its_files_is_an_error(roots: AllowedFolders) -> None:
    async with opened(roots) as place:
        await place.temporary.save("t", png(), max_bytes=LIMIT)
        (place.folder / ".t.part").unlink()
        place.folder.rmdir()
        with pytest.raises(FileNotFoundError):
            await commit(place, "t", "a.png")


async def test_discarding_removes_a_file_and_accepts_a_missing_one(roots: AllowedFolders) -> None:
    async with opened(roots) as place:
        sink = place.temporary.sink("t", max_bytes=LIMIT)
        await sink.write(bytes(300_000))
        assert listed(place.folder) == {".t.part"}
        with anyio.CancelScope() as scope:
            scope.cancel()
            await place.temporary.discard("t")
        assert listed(place.folder) == set()
        await place.temporary.discard("t")
        with pytest.raises(ValueError, match="closed"):
            await sink.finish()


async def test_sweeping_removes_only_left_over_files(roots: AllowedFolders) -> None:
    async with opened(roots) as place:
        for name in (".j1-1.part", ".j1-2.part", ".j2-1.part", ".other.part", "j1-1.part", ".j1-3.png"):
            (place.folder / name).touch()
        await place.temporary.sweep("j1-", keep={"j1-2"})
        assert listed(place.folder) == {".j1-2.part", ".j2-1.part", ".other.part", "j1-1.part", ".j1-3.png"}


async def test_closing_also_closes_unfinished_files(roots: AllowedFolders) -> None:
    place = await FolderDestination.open(roots)
    sink = place.temporary.sink("t", max_bytes=LIMIT)
    await sink.write(bytes(300_000))
    await place.close()
    await place.close()
    with pytest.raises(ValueError, match="closed"):
        await sink.finish()


KILLED = """
import os, signal, sys, anyio
from pathlib import Path
from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.storage.artifacts.folder_destination import FolderDestination

async def main():
    root = Path(sys.argv[1])
    place = await FolderDestination.open(AllowedFolders(output=root, allowed=(root,)), "a.png")
    await place.temporary.save("whole", bytes(10), max_bytes=10)
    sink = place.temporary.sink("half", max_bytes=10**9)
    await sink.write(bytes(1_000_000))
    os.kill(os.getpid(), signal.SIGKILL)

anyio.run(main)
"""


async def test_a_killed_server_leaves_only_files_that_can_be_swept(roots: AllowedFolders) -> None:
    killed = await anyio.run_process([sys.executable, "-c", KILLED, str(roots.output)], check=False)
    assert killed.returncode == -9
    assert listed(roots.output) == {".whole.part", ".half.part"}
    async with opened(roots) as place:
        path, _ = await commit(place, "whole", "a.png")
        await place.temporary.sweep("half", keep=())
    assert listed(roots.output) == {"a.png"}
    assert path.read_bytes() == bytes(10)
