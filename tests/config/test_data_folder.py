"""The data folder if none is set: the user's, or a temporary one, with a warning."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from mediasmith.config.data_folder import default_data_folder, loss_warning
from mediasmith.config.settings import Settings

OWN = f"mediasmith-{os.getuid()}"


@pytest.fixture
def usual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder, which does not exist yet; temporary files are beside it."""
    folder = tmp_path / "home" / "share" / "mediasmith"

    def user_data_path(_app: str, **_options: object) -> Path:
        return folder

    monkeypatch.setattr("platformdirs.user_data_path", user_data_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return folder


@pytest.fixture
def unwritable(usual: Path) -> Path:
    """The user's data folder, which cannot be made: even for root, a file is in the way."""
    usual.parent.parent.write_text("")
    return usual


def test_the_users_folder_is_used_if_it_can_be_written_to(usual: Path) -> None:
    assert Settings.load({}) == (Settings(data_dir=usual), ())
    assert not usual.exists()
    assert loss_warning(usual, usual / "media") == ""


def test_a_temporary_folder_replaces_one_that_cannot_be_written_to_and_is_reported(
    unwritable: Path, tmp_path: Path
) -> None:
    settings, problems = Settings.load({})
    assert settings.data_dir == default_data_folder() == tmp_path / OWN
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700
    [problem] = problems
    assert problem.startswith(f"MEDIASMITH_DATA_DIR is not set and {unwritable} cannot be written to; using ")
    assert f"{settings.data_dir}, which may be emptied" in problem
    assert loss_warning(settings.data_dir, settings.data_dir / "media").startswith("The files are kept in ")
    assert loss_warning(settings.data_dir, Path("/pictures")).startswith("What continuation ids need is kept in ")


def test_without_a_home_folder_a_temporary_one_is_used(
    usual: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def user_data_path(_app: str, **_options: object) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("platformdirs.user_data_path", user_data_path)
    settings, [problem] = Settings.load({})
    assert settings.data_dir == tmp_path / OWN
    assert "there is no home folder; using" in problem


def test_a_system_whose_temporary_folder_is_the_users_own_needs_no_other_name(
    unwritable: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "getuid")
    assert default_data_folder() == tmp_path / "mediasmith"


def test_a_folder_that_is_set_is_never_replaced(unwritable: Path) -> None:
    settings, problems = Settings.load({"MEDIASMITH_DATA_DIR": str(unwritable)})
    assert (settings.data_dir, problems) == (unwritable, ())


def as_a_link(place: Path) -> None:
    target = place.with_name("target")
    target.mkdir()
    place.symlink_to(target)


def as_a_file(place: Path) -> None:
    place.write_text("")


@pytest.mark.usefixtures("unwritable")
@pytest.mark.parametrize("make", [as_a_link, as_a_file])
def test_what_others_put_in_its_place_is_not_used(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / OWN)
    folder = default_data_folder()
    assert folder.parent == tmp_path
    assert folder.name not in {OWN, "target"}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert default_data_folder() == folder


@pytest.mark.usefixtures("unwritable")
def test_the_folder_of_another_user_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mediasmith-12345").mkdir()
    monkeypatch.setattr("os.getuid", lambda: 12345)
    assert default_data_folder().name != "mediasmith-12345"


@pytest.mark.usefixtures("unwritable")
def test_an_own_folder_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / OWN).mkdir(mode=0o755)
    assert stat.S_IMODE(default_data_folder().stat().st_mode) == 0o700


def test_the_users_folder_stays_if_there_is_no_other_place(unwritable: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(unwritable))
    assert default_data_folder() == unwritable
