"""Checked inputs: their names, and what becomes of one that changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fakes.input_files import PNG, One
from mediasmith.plugin.errors import InvalidRequest

# Content


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("my cat", "my-cat.png"),
        ("-rf", "rf.png"),
        ("a\nb\u202ec", "a-b-c.png"),
        ("a" * 200, f"{'a' * 60}.png"),
        ("\u732b", "image.png"),
        ("...", "image.png"),
        ("a.b.c", "a-b.png"),
    ],
)
async def test_the_name_is_ascii_with_the_true_extension(one: One, project: Path, stem: str, name: str) -> None:
    (project / stem).write_bytes(PNG)
    assert (await one(stem)).name == name


# After the check


@pytest.mark.parametrize("change", ["append", "replace", "touch", "link", "delete", "folder"])
async def test_a_file_that_changed_after_it_was_checked_is_not_opened(one: One, project: Path, change: str) -> None:
    path, other = project / "cat.png", project / "other.png"
    path.write_bytes(PNG)
    other.write_bytes(PNG)
    file = await one("cat.png")
    match change:
        case "append":
            path.write_bytes(PNG + b"x")
        case "replace":
            os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
            other.replace(path)
        case "touch":
            os.utime(path, ns=(0, 0))
        case "link":
            path.rename(project / "moved.png")
            path.symlink_to(project / "moved.png")
        case _:
            path.unlink()
            if change == "folder":
                path.mkdir()
    with pytest.raises(InvalidRequest, match=r"cat.png"):
        file.open()
    with pytest.raises(InvalidRequest, match=r"cat.png"):
        await file.read()
    with pytest.raises(InvalidRequest, match=r"cat.png"):
        await file.data_uri()


async def test_the_repr_leaves_out_the_version(one: One, project: Path) -> None:
    (project / "cat.png").write_bytes(PNG)
    assert "version" not in repr(await one("cat.png"))
