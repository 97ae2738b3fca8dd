"""Where artifacts go: the folder and the name that `output` asks for, inside the allowed folders."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.destinations import LIMIT, commit, listed, opened, png
from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.plugin.errors import InvalidRequest, MediaError, NotAllowed
from mediasmith.storage.artifacts import folder, folder_destination, temporary_files
from mediasmith.storage.artifacts.folder_destination import FolderDestination


@pytest.fixture
def project(roots: AllowedFolders) -> Path:
    """The project's folder."""
    roots.allowed[1].mkdir()
    return roots.allowed[1]


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
        await FolderDestination.open(roots, "b/" * 33)
    for deep in ("c/" * 2000, "c/" * 2000 + "x.png", "d" * 5000):
        with pytest.raises(InvalidRequest, match="output: the path is too long: at most 3,000 bytes"):
            await FolderDestination.open(roots, deep)
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
        await FolderDestination.open(roots, output)
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
            await FolderDestination.open(roots, output)
    assert not roots.output.exists()


@pytest.mark.parametrize("output", ["\0", "a\0b.png", "a/\0/b", "\ud800.png", "x" * 300 + "/a", "a/" * 3000])
async def test_an_output_that_is_not_a_path_is_refused(roots: AllowedFolders, output: str) -> None:
    with pytest.raises(InvalidRequest):
        await FolderDestination.open(roots, output)
    assert not roots.output.exists()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)
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
        await FolderDestination.open(roots, "file/a.png")
    (project / "media").touch()
    with pytest.raises(InvalidRequest, match=r"output: .*media.* not a folder"):
        await FolderDestination.open(roots)


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
        await FolderDestination.open(roots)
    assert "MEDIASMITH_OUTPUT_DIR" in refused.value.hint


async def test_a_nearly_full_disk_is_refused(roots: AllowedFolders, monkeypatch: pytest.MonkeyPatch) -> None:
    free = 63_999_999

    def usage(_path: Path) -> SimpleNamespace:
        return SimpleNamespace(free=free)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    with pytest.raises(MediaError, match=r"Only 63 MB are free .* needs 64 MB"):
        await FolderDestination.open(roots)
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

        monkeypatch.setattr(folder_destination, "Folder", Swapped)
        with pytest.raises(InvalidRequest, match="not a folder"):
            await FolderDestination.open(roots, "out/deep/a.png")
        assert listed(tmp_path / "outside") == set()
        (project / name).unlink()
        (tmp_path / "away").rename(project / name)


async def test_a_link_put_in_place_after_opening_is_not_followed(roots: AllowedFolders, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    async with opened(roots) as place:
        with swapped_for_a_link(roots.output, outside):
            await place.temporary.save("t", png(), max_bytes=LIMIT)
            with pytest.raises(MediaError, match="removed or replaced"):
                await commit(place, "t", "a.png")
            assert listed(outside) == set()


async def test_no_descriptor_stays_open(roots: AllowedFolders, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(roots):
        pass  # worker threads and their pipes are there now
    before = open_descriptors()
    async with opened(roots, "out/deep/") as place:
        place.folder.rmdir()
        await place.temporary.save("t", png(), max_bytes=LIMIT)
        await place.temporary.sink("u", max_bytes=LIMIT).write(bytes(300_000))
        assert open_descriptors() > before
    assert open_descriptors() == before
    monkeypatch.setattr(temporary_files, "MIN_FREE_BYTES", 10**18)
    with pytest.raises(MediaError):
        await FolderDestination.open(roots, "out/")
    assert open_descriptors() == before
