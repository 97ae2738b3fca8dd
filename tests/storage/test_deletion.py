"""Deleting a saved file: only the one that was saved, and a disk that refuses is an error."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mediasmith.plugin.errors import MediaError
from mediasmith.storage.artifacts.deletion import delete_file


def test_a_saved_file_is_deleted_and_stays_so(tmp_path: Path) -> None:
    path = tmp_path / "fox.png"
    path.write_bytes(b"12345")
    assert delete_file(path, 5)
    assert not path.exists()
    assert delete_file(path, 5)


def test_another_file_at_its_place_is_left(tmp_path: Path) -> None:
    path = tmp_path / "fox.png"
    path.write_bytes(b"123456")
    assert not delete_file(path, 5)
    assert path.exists()
    folder = tmp_path / "folder"
    folder.mkdir()
    assert not delete_file(folder, folder.stat().st_size)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a permission there")
def test_a_link_at_its_place_leads_nowhere(tmp_path: Path) -> None:
    target, link = tmp_path / "precious", tmp_path / "fox.png"
    target.write_bytes(b"12345")
    link.symlink_to(target)
    assert not delete_file(link, 5)
    assert target.exists()


def test_a_disk_that_refuses_is_an_error_that_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "fox.png"
    path.write_bytes(b"12345")

    def refuse(_path: Path) -> None:
        raise PermissionError(13, "no")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(MediaError, match=r"fox\.png cannot be deleted: permission denied"):
        delete_file(path, 5)
