"""Saved files: where they go, and that each appears whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import sys
import tracemalloc
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import SimpleNamespace

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.plugin import media
from mediasmith.plugin.errors import InvalidRequest, MediaError, NotAllowed, ProviderError
from mediasmith.plugin.files import Sink
from mediasmith.storage.artifacts import destination, folder
from mediasmith.storage.artifacts.destination import Destination
from mediasmith.storage.artifacts.sink import Facts, FileSink

LIMIT = 1_000_000


def png(size: tuple[int, int] = (30, 20)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def roots(tmp_path: Path) -> AllowedFolders:
    """The allowed folders of a project whose media folder does not exist yet."""
    project = tmp_path.resolve() / "project"
    return AllowedFolders(output=project / "media", allowed=(project / "media", project), base=project)


@pytest.fixture
def project(roots: AllowedFolders) -> Path:
    """The project's folder."""
    roots.allowed[1].mkdir()
    return roots.allowed[1]


@asynccontextmanager
async def opened(roots: AllowedFolders, output: str = "") -> AsyncGenerator[Destination]:
    place = await Destination.open(roots, output)
    try:
        yield place
    finally:
        await place.close()


def listed(path: Path) -> set[str]:
    return {str(file.relative_to(path)) for file in path.rglob("*") if not file.is_dir()}


# Where files go


async def test_without_an_output_files_go_to_the_output_folder(roots: AllowedFolders) -> None:
    async with opened(roots) as place:
        assert (place.folder, place.stem) == (roots.output, "")
        assert listed(roots.output) == set()


@pytest.mark.parametrize(
    ("output", "where", "stem"),
    [
        ("pic.png", "", "pic"),
        ("out/pic.webm", "out", "pic"),
        ("out/deep/er/", "out/deep/er", ""),
        ("there", "there", ""),
        ("there/", "there", ""),
        ("there/pic", "there", "pic"),
        (".", "", ""),
        ("missing/..", "", ""),
        ("there/../other/pic.v2", "other", "pic.v2"),
        ("link/pic.png", "there", "pic"),
        ("file-link.png", "", "file-link"),
        ("..foo", "", "..foo"),
        ("a & b/ünï cödé 🎨.mp4", "a & b", "ünï cödé 🎨"),
    ],
)
async def test_an_output_is_a_folder_or_a_file_name(
    roots: AllowedFolders, project: Path, output: str, where: str, stem: str
) -> None:
    (project / "there").mkdir()
    (project / "link").symlink_to("there")
    (project / "there" / "a.png").touch()
    (project / "file-link.png").symlink_to("there/a.png")
    for text in (output, f"{project}/{output}"):
        async with opened(roots, text) as place:
            assert (place.folder, place.stem) == (project / where, stem)
            assert place.folder.is_dir()


async def test_a_relative_output_starts_at_the_output_folder_elsewhere(tmp_path: Path) -> None:
    output = tmp_path / "out"
    async with opened(AllowedFolders(output=output, allowed=(output,)), "a/b.png") as place:
        assert (place.folder, place.stem) == (output / "a", "b")


@pytest.mark.parametrize(
    "written",
    [
        "'{}'",
        '"{}"',
        " {}\n",
        "@{}",
        "file://{}",
        pytest.param("escaped", marks=pytest.mark.skipif(sys.platform == "win32", reason="separates folders there")),
        "encoded",
    ],
)
async def test_an_output_may_be_written_as_people_paste_paths(
    roots: AllowedFolders, project: Path, written: str
) -> None:
    folder = project / "My clips"
    folder.mkdir()
    path = str(folder / "a b.png")
    text = {"escaped": path.replace(" ", "\\ "), "encoded": path.replace(" ", "%20")}.get(written, written.format(path))
    async with opened(roots, text) as place:
        assert (place.folder, place.stem, place.extension) == (folder, "a b", "png")


async def test_an_output_counts_as_it_is_written_where_that_leads_to_a_folder(
    roots: AllowedFolders, project: Path
) -> None:
    for name in ("@work", "my%20work"):
        (project / name).mkdir()
        async with opened(roots, f"{name}/a%20b.png") as place:
            assert (place.folder, place.stem) == (project / name, "a%20b")


async def test_an_output_has_a_limit(roots: AllowedFolders, project: Path) -> None:
    async with opened(roots, "a/" * 32) as place:
        assert place.folder.is_dir()
    with pytest.raises(InvalidRequest, match="it names 33 folders inside one another that do not exist; at most 32"):
        await Destination.open(roots, "b/" * 33)
    for deep in ("c/" * 2000, "c/" * 2000 + "x.png", "d" * 5000):
        with pytest.raises(InvalidRequest, match="output: the path is too long: at most 3,000 bytes"):
            await Destination.open(roots, deep)
    assert not listed(project) & {"b", "c", "d"}


@pytest.mark.parametrize(
    "output",
    [
        "..",
        "../a.png",
        "a/../../b",
        "/etc/passwd",
        "/etc/",
        "/",
        "link/a.png",
        "link/",
        "link",
        "file",
        "~nobody/../../x",
    ],
)
async def test_an_output_outside_the_allowed_folders_is_refused(
    roots: AllowedFolders, project: Path, tmp_path: Path, output: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (project / "link").symlink_to(outside)
    (project / "file").symlink_to(outside / "new")
    with pytest.raises(NotAllowed, match="MEDIASMITH_ALLOWED_DIRS"):
        await Destination.open(roots, output)
    assert listed(outside) == set()


@pytest.mark.parametrize(
    "name",
    [
        *("a\\b", "..\\etc", "C:", "C:rel", "C:\\Windows", "\\\\srv\\share", "x:y", "a*", "a?", "<a", "a|b", 'a"b'),
        *("CON", "nul.png", "Com1.x.png", "LPT9", "aux ", "prn .png", "a.", "a. ."),
        *("a\nb.png", "a\x1b[31m.png", "a\x7f", "gnp\u202eexe.png", "a\u2028b", "a\u200f", "a\x85b"),
        *("x" * 201, "é" * 101, "media://abc"),
    ],
)
async def test_an_unportable_name_is_refused(roots: AllowedFolders, name: str) -> None:
    last = name.split("/", maxsplit=1)[0]
    for output in (name, f"new/{last}", f"{last}/a.png", f"{last}/"):
        with pytest.raises(InvalidRequest, match=r"output: .* cannot name a file or folder"):
            await Destination.open(roots, output)
    assert not roots.output.exists()


@pytest.mark.parametrize("output", ["\0", "a\0b.png", "a/\0/b", "\ud800.png", "x" * 300 + "/a", "a/" * 3000])
async def test_an_output_that_is_not_a_path_is_refused(roots: AllowedFolders, output: str) -> None:
    with pytest.raises(InvalidRequest):
        await Destination.open(roots, output)
    assert not roots.output.exists()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.text(max_size=30) | st.lists(st.sampled_from(["..", ".", "", "a", "link", "out", "~"])).map("/".join))
async def test_every_output_is_inside_the_allowed_folders_or_refused(
    roots: AllowedFolders, project: Path, output: str
) -> None:
    try:
        async with opened(roots, output) as place:
            assert place.folder.is_relative_to(project)
            assert place.folder == place.folder.resolve()
    except InvalidRequest:
        pass


async def test_a_file_where_a_folder_should_be_is_reported(roots: AllowedFolders, project: Path) -> None:
    (project / "file").touch()
    with pytest.raises(InvalidRequest, match=r"output: .*'file/a.png'.* not a folder"):
        await Destination.open(roots, "file/a.png")
    (project / "media").touch()
    with pytest.raises(InvalidRequest, match=r"output: .*media.* not a folder"):
        await Destination.open(roots)


@pytest.mark.parametrize(
    ("code", "said"), [(errno.EACCES, "permission denied"), (errno.EROFS, "read-only"), (errno.ENOSPC, "full")]
)
async def test_an_unwritable_folder_is_refused_before_anything_is_paid_for(
    roots: AllowedFolders, monkeypatch: pytest.MonkeyPatch, code: int, said: str
) -> None:
    def refuse(_self: object, _name: str) -> int:
        raise OSError(code, "no")

    monkeypatch.setattr(folder.Folder, "create", refuse)
    with pytest.raises(InvalidRequest, match=said) as refused:
        await Destination.open(roots)
    assert "MEDIASMITH_OUTPUT_DIR" in refused.value.hint


async def test_a_nearly_full_disk_is_refused(roots: AllowedFolders, monkeypatch: pytest.MonkeyPatch) -> None:
    free = 63_999_999

    def usage(_path: Path) -> SimpleNamespace:
        return SimpleNamespace(free=free)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    with pytest.raises(MediaError, match=r"Only 63 MB are free .* needs 64 MB"):
        await Destination.open(roots)
    free += 1
    async with opened(roots):
        pass


def open_descriptors() -> set[int]:
    """Return the open file descriptors."""

    def is_open(fd: int) -> bool:
        try:
            os.fstat(fd)
        except OSError:
            return False
        return True

    return {fd for fd in range(40) if is_open(fd)}


@contextmanager
def swapped_for_a_link(path: Path, target: Path) -> Generator[None]:
    """Replace the folder with a link to `target` inside the block."""
    target.mkdir(exist_ok=True)
    moved = path.with_name("moved")
    path.rename(moved)
    path.symlink_to(target)
    yield
    path.unlink()
    moved.rename(path)


@pytest.mark.parametrize("has_dir_fd", [True, False])
async def test_a_link_put_in_place_after_the_check_is_not_followed(
    roots: AllowedFolders, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_dir_fd: bool
) -> None:
    monkeypatch.setattr(folder, "_HAS_DIR_FD", has_dir_fd)
    deep = project / "out" / "deep"
    deep.mkdir(parents=True)
    roots = AllowedFolders(output=deep, allowed=(deep, project), base=project)
    (tmp_path / "outside" / "deep").mkdir(parents=True)
    for name in ("out", "out/deep"):

        class Swapped(folder.Folder):
            def __init__(self, path: Path, *, root: Path, swapped: str = name) -> None:
                (project / swapped).rename(tmp_path / "away")
                (project / swapped).symlink_to(tmp_path / "outside")
                super().__init__(path, root=root)

        monkeypatch.setattr(destination, "Folder", Swapped)
        with pytest.raises(InvalidRequest, match="not a folder"):
            await Destination.open(roots, "out/deep/a.png")
        assert listed(tmp_path / "outside") == set()
        (project / name).unlink()
        (tmp_path / "away").rename(project / name)


async def test_a_link_put_in_place_after_opening_is_not_followed(roots: AllowedFolders, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    async with opened(roots) as place:
        with swapped_for_a_link(roots.output, outside):
            await place.save("t", png(), max_bytes=LIMIT)
            with pytest.raises(MediaError, match="removed or replaced"):
                await place.commit("t", "a.png")
            assert listed(outside) == set()


async def test_no_descriptor_stays_open(roots: AllowedFolders, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(roots):
        pass  # worker threads and their pipes are there now
    before = open_descriptors()
    async with opened(roots, "out/deep/") as place:
        place.folder.rmdir()
        await place.save("t", png(), max_bytes=LIMIT)
        await place.sink("u", max_bytes=LIMIT).write(bytes(300_000))
        assert open_descriptors() > before
    assert open_descriptors() == before
    monkeypatch.setattr(destination, "MIN_FREE_BYTES", 10**18)
    with pytest.raises(MediaError):
        await Destination.open(roots, "out/")
    assert open_descriptors() == before


# Writing


async def test_a_saved_file_is_measured_and_appears_once_it_is_committed(roots: AllowedFolders) -> None:
    data = png()
    async with opened(roots, "pic.jpg") as place:
        facts = await place.save("t1", data, max_bytes=len(data))
        assert facts == Facts(
            mime="image/png", bytes=len(data), sha256=hashlib.sha256(data).hexdigest(), width=30, height=20
        )
        assert listed(place.folder) == {".t1.part"}
        assert await place.commit("t1", "pic.png") == (place.folder / "pic.png", False)
        assert listed(place.folder) == {"pic.png"}
        assert (place.folder / "pic.png").read_bytes() == data


async def test_a_streamed_file_equals_a_saved_one(roots: AllowedFolders) -> None:
    data = media.wav(os.urandom(600_001), rate=24_000)

    async def chunks() -> AsyncGenerator[bytes]:
        for start in range(0, len(data), 1000):
            yield data[start : start + 1000]

    async with opened(roots) as place:
        file = place.sink("t", max_bytes=len(data))
        sink: Sink = file
        await sink.write(b"")
        assert listed(place.folder) == set()
        await sink.write_all(chunks())
        assert file.token == "t"
        facts = await file.finish()
        assert facts == await place.save("u", data, max_bytes=len(data))
        assert (facts.mime, facts.duration_seconds) == ("audio/wav", 12.5)
        path, _ = await place.commit("t", "a.wav")
        assert path.read_bytes() == data


@pytest.mark.parametrize(
    ("data", "mime"), [(b"", ""), (b"{}", ""), (b"<svg/>", "image/svg+xml"), (png()[:50], "image/png")]
)
async def test_a_file_that_cannot_be_measured_is_kept(roots: AllowedFolders, data: bytes, mime: str) -> None:
    async with opened(roots) as place:
        for facts in (await place.save("t", data, max_bytes=LIMIT), await place.sink("u", max_bytes=LIMIT).finish()):
            assert facts.duration_seconds is None
        first = await place.save("t", data, max_bytes=LIMIT)
        assert (first.mime, first.bytes) == (mime, len(data))
        assert (await place.commit("t", "a.bin"))[0].read_bytes() == data


async def test_a_token_can_be_reused(roots: AllowedFolders) -> None:
    async with opened(roots) as place:
        old = place.sink("t", max_bytes=LIMIT)
        await old.write(bytes(300_000))
        facts = await place.save("t", b"new", max_bytes=LIMIT)
        assert facts.bytes == 3
        path, _ = await place.commit("t", "a.bin")
        assert path.read_bytes() == b"new"


async def test_streaming_takes_constant_memory(roots: AllowedFolders) -> None:
    chunk = bytes(64 * 1024)
    async with opened(roots) as place:
        sink = place.sink("t", max_bytes=10**9)
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
            await place.save("t", bytes(size), max_bytes=size - 1)
        sink = place.sink("u", max_bytes=size - 1)
        await sink.write(bytes(5))
        with pytest.raises(ProviderError, match="MEDIASMITH_MAX_OUTPUT_BYTES"):
            await sink.write_all(chunks_and_end(sink, size - 5))
        await place.discard("u")
        assert listed(place.folder) == set()


async def test_the_umask_decides_who_may_read_a_file(roots: AllowedFolders) -> None:
    async with opened(roots) as place:
        for umask, mode in ((0o022, 0o644), (0o077, 0o600), (0o002, 0o664)):
            before = os.umask(umask)
            try:
                await place.save("t", b"x", max_bytes=LIMIT)
            finally:
                os.umask(before)
            path, _ = await place.commit("t", "a.bin")
            assert path.stat().st_mode & 0o777 == mode


async def test_a_left_over_link_is_replaced_not_followed(roots: AllowedFolders, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    async with opened(roots) as place:
        (place.folder / ".t.part").symlink_to(tmp_path / "precious")
        await place.save("t", b"new", max_bytes=LIMIT)
        await place.commit("t", "a.bin")
    assert (tmp_path / "precious").read_text() == "mine"


# Committing


async def test_an_existing_file_is_never_overwritten(roots: AllowedFolders) -> None:
    async with opened(roots) as place:
        (place.folder / "v1.2.png").write_text("mine")
        (place.folder / "v1.2-2.png").symlink_to("nowhere")
        await place.save("t", b"new", max_bytes=LIMIT)
        assert await place.commit("t", "v1.2.png") == (place.folder / "v1.2-3.png", True)
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


def no_sync(_fd: int) -> None:
    """Skip syncing, which would take a disk seconds for so many files."""


SYSTEMS = pytest.mark.parametrize("system", [as_it_is, without_links, without_dir_fd])


@SYSTEMS
async def test_concurrent_commits_to_one_name_keep_every_file(
    roots: AllowedFolders, monkeypatch: pytest.MonkeyPatch, system: Callable[[pytest.MonkeyPatch], None]
) -> None:
    system(monkeypatch)
    monkeypatch.setattr(os, "fsync", no_sync)
    async with opened(roots) as place, opened(roots) as another:
        paths: list[Path] = []

        async def make(number: int) -> None:
            where = another if number % 2 else place
            await where.save(f"t{number}", f"{number}".encode(), max_bytes=LIMIT)
            paths.append((await where.commit(f"t{number}", "a.png"))[0])

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
            await place.save("t", png(), max_bytes=LIMIT)
            assert await place.commit("t", "a.png") == (place.folder / name, renamed)
        await place.save("u", b"", max_bytes=LIMIT)
        await place.sweep("u", keep=())
        assert listed(place.folder) == {"a.png", "a-2.png"}


async def test_a_failed_rename_leaves_no_empty_file(roots: AllowedFolders, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise OSError(errno.EIO, "broken")

    without_links(monkeypatch)
    monkeypatch.setattr(os, "replace", refuse)
    async with opened(roots) as place:
        await place.save("t", b"x", max_bytes=LIMIT)
        with pytest.raises(MediaError, match="EIO"):
            await place.commit("t", "a.png")
        assert listed(place.folder) == {".t.part"}


async def test_a_commit_can_be_repeated_after_a_crash_halfway(roots: AllowedFolders) -> None:
    async with opened(roots) as place:
        (place.folder / "a.png").write_text("another")
        await place.save("t", b"x", max_bytes=LIMIT)
        os.link(place.folder / ".t.part", place.folder / "a-2.png")
    async with opened(roots) as place:
        assert await place.commit("t", "a.png") == (place.folder / "a-2.png", True)
        assert listed(place.folder) == {"a.png", "a-2.png"}
        with pytest.raises(FileNotFoundError, match="no uncommitted file t"):
            await place.commit("t", "a.png")


async def test_a_commit_syncs_the_folder(roots: AllowedFolders, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    fsync = os.fsync

    def note(fd: int) -> None:
        synced.append(os.path.isdir(fd))  # noqa: PTH112 - a descriptor
        fsync(fd)

    monkeypatch.setattr(os, "fsync", note)
    async with opened(roots) as place:
        await place.save("t", b"x", max_bytes=LIMIT)
        assert synced == [False]
        await place.commit("t", "a.png")
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
            sink = place.sink("u", max_bytes=LIMIT)
            await sink.write(b"x")
            for attempt in (place.save("t", png(), max_bytes=LIMIT), sink.finish()):
                with pytest.raises(MediaError, match=said) as failed:
                    await attempt
                assert type(failed.value) is MediaError
                assert str(place.folder) in failed.value.message
                assert failed.value.billed is None
        await place.discard("t")
        await place.discard("u")
        assert listed(place.folder) == set()


async def test_short_writes_are_completed(roots: AllowedFolders, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write

    def little(fd: int, data: memoryview) -> int:
        return write(fd, data[:7])

    monkeypatch.setattr(os, "write", little)
    async with opened(roots) as place:
        await place.save("t", png(), max_bytes=LIMIT)
        assert (await place.commit("t", "a.png"))[0].read_bytes() == png()


async def test_a_removed_folder_is_created_again(roots: AllowedFolders) -> None:
    async with opened(roots, "out/deep/") as place:
        place.folder.rmdir()
        place.folder.parent.rmdir()
        await place.save("t", png(), max_bytes=LIMIT)
        path, _ = await place.commit("t", "a.png")
        assert path.read_bytes() == png()


async def test_a_folder_removed_with_its_files_is_an_error(roots: AllowedFolders) -> None:
    async with opened(roots) as place:
        await place.save("t", png(), max_bytes=LIMIT)
        (place.folder / ".t.part").unlink()
        place.folder.rmdir()
        with pytest.raises(FileNotFoundError):
            await place.commit("t", "a.png")


async def test_discarding_removes_a_file_and_accepts_a_missing_one(roots: AllowedFolders) -> None:
    async with opened(roots) as place:
        sink = place.sink("t", max_bytes=LIMIT)
        await sink.write(bytes(300_000))
        assert listed(place.folder) == {".t.part"}
        with anyio.CancelScope() as scope:
            scope.cancel()
            await place.discard("t")
        assert listed(place.folder) == set()
        await place.discard("t")
        with pytest.raises(ValueError, match="closed"):
            await sink.finish()


async def test_sweeping_removes_only_left_over_files(roots: AllowedFolders) -> None:
    async with opened(roots) as place:
        for name in (".j1-1.part", ".j1-2.part", ".j2-1.part", ".other.part", "j1-1.part", ".j1-3.png"):
            (place.folder / name).touch()
        await place.sweep("j1-", keep={"j1-2"})
        assert listed(place.folder) == {".j1-2.part", ".j2-1.part", ".other.part", "j1-1.part", ".j1-3.png"}


async def test_closing_also_closes_unfinished_files(roots: AllowedFolders) -> None:
    place = await Destination.open(roots)
    sink = place.sink("t", max_bytes=LIMIT)
    await sink.write(bytes(300_000))
    await place.close()
    await place.close()
    with pytest.raises(ValueError, match="closed"):
        await sink.finish()


KILLED = """
import os, signal, sys, anyio
from pathlib import Path
from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.storage.artifacts.destination import Destination

async def main():
    root = Path(sys.argv[1])
    place = await Destination.open(AllowedFolders(output=root, allowed=(root,)), "a.png")
    await place.save("whole", bytes(10), max_bytes=10)
    sink = place.sink("half", max_bytes=10**9)
    await sink.write(bytes(1_000_000))
    os.kill(os.getpid(), signal.SIGKILL)

anyio.run(main)
"""


async def test_a_killed_server_leaves_only_files_that_can_be_swept(roots: AllowedFolders) -> None:
    killed = await anyio.run_process([sys.executable, "-c", KILLED, str(roots.output)], check=False)
    assert killed.returncode == -9
    assert listed(roots.output) == {".whole.part", ".half.part"}
    async with opened(roots) as place:
        path, _ = await place.commit("whole", "a.png")
        await place.sweep("half", keep=())
    assert listed(roots.output) == {"a.png"}
    assert path.read_bytes() == bytes(10)
