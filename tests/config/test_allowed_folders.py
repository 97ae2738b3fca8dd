"""The folders that files may be in, and the default folder for results."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.config.caller import LOCAL
from mediasmith.config.settings import Settings
from mediasmith.plugin.errors import NotAllowed

DATABASE = SecretStr("postgresql://db/media")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of the test's own, and nothing else that the system knows."""
    folder = tmp_path.resolve() / "home"
    folder.mkdir()
    for name in list(os.environ):
        if name.startswith("XDG_") or name in {"TMPDIR", "TEMP", "TMP"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    return folder


@pytest.fixture
def project(home: Path) -> Path:
    """A folder that someone works in."""
    folder = home / "project"
    folder.mkdir()
    return folder


def test_in_a_project_the_output_folder_is_media(project: Path) -> None:
    roots = AllowedFolders.find(Settings(), project)
    assert roots.output == project / "media"
    assert roots.allowed == (project / "media", project)
    assert not (project / "media").exists()


def test_the_setting_takes_precedence_over_the_project(project: Path, tmp_path: Path) -> None:
    chosen, other = tmp_path.resolve() / "chosen", tmp_path.resolve() / "other"
    roots = AllowedFolders.find(Settings(output_dir=chosen, allowed_dirs=(other, chosen, project)), project)
    assert roots.output == chosen
    assert roots.allowed == (chosen, project, other)
    assert not chosen.exists()


@pytest.mark.parametrize("folder", ["/", "~", "/tmp", "/usr", "/usr/share", "/etc", "/bin", "/home", "/proc/self"])
def test_outside_a_project_the_output_folder_is_in_the_pictures(home: Path, folder: str) -> None:
    roots = AllowedFolders.find(Settings(), Path(folder).expanduser())
    assert roots.output == home / "Pictures" / "mediasmith"
    assert roots.allowed == (roots.output,)
    assert not roots.output.exists()


def test_the_temporary_folder_is_not_a_project(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(home / "tmp"))
    inside = home / "tmp" / "work"
    inside.mkdir(parents=True)
    assert AllowedFolders.find(Settings(), home / "tmp").output == home / "Pictures" / "mediasmith"
    assert AllowedFolders.find(Settings(), inside).output == inside / "media"


def test_a_folder_of_an_application_is_not_a_project(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = home / "Library" / "app"
    inside.mkdir(parents=True)
    assert AllowedFolders.find(Settings(), inside).output == home / "Pictures" / "mediasmith"
    monkeypatch.setenv("TMPDIR", str(home / "Library"))  # some systems keep temporary files among applications
    assert AllowedFolders.find(Settings(), inside).output == inside / "media"


def test_a_folder_that_is_not_writable_is_not_a_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    access = os.access

    def refuse(path: Path, mode: int) -> bool:
        return access(path, mode) and path != project

    monkeypatch.setattr(os, "access", refuse)
    assert AllowedFolders.find(Settings(), project).allowed == (project.parent / "Pictures" / "mediasmith",)


def test_without_a_pictures_folder_the_output_folder_is_in_the_data_folder(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "Pictures").write_text("not a folder")
    data = home / "data"
    assert AllowedFolders.find(Settings(data_dir=data), Path("/")).output == data / "media"


def test_an_account_without_a_home_folder_has_an_output_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.path.expanduser", os.fspath)
    data = home / "data"
    assert AllowedFolders.find(Settings(data_dir=data), Path("/")).output == data / "media"
    assert AllowedFolders.find(Settings(data_dir=data), home).output == home / "media"


def test_the_working_directory_may_have_been_removed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = home / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    roots = AllowedFolders.find(Settings())
    assert roots.output == home / "Pictures" / "mediasmith"
    assert roots.confine("a.png") == roots.output / "a.png"


def test_the_default_working_directory_is_that_of_the_process(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    assert AllowedFolders.find(Settings()) == AllowedFolders.find(Settings(), project)


def test_links_in_the_settings_are_resolved(project: Path, home: Path) -> None:
    (home / "real").mkdir()
    (home / "link").symlink_to(home / "real")
    roots = AllowedFolders.find(Settings(output_dir=home / "link" / "out", allowed_dirs=(home / "link",)), project)
    assert roots.allowed == (home / "real" / "out", project, home / "real")
    assert roots.confine(home / "link" / "a.png") == home / "real" / "a.png"


ANN, BOB = '["ann"]', '["bob"]'


def test_the_user_of_this_machine_has_all_allowed_folders(project: Path) -> None:
    roots = AllowedFolders.find(Settings(), project)
    assert roots.for_principal("local") is roots


def test_another_principal_has_a_folder_of_their_own_and_the_shared_folders(project: Path, home: Path) -> None:
    roots = AllowedFolders.find(Settings(output_dir=home / "out", allowed_dirs=(home / "shared",)), project)
    ann, bob = roots.for_principal(ANN), roots.for_principal(BOB)
    assert ann.output.parent == bob.output.parent == home / "out"
    assert ann.output != bob.output
    assert ann == roots.for_principal(ANN)
    assert ann.allowed == (ann.output, home / "shared")
    assert ann.confine("a.png") == ann.output / "a.png"
    assert ann.confine(home / "shared" / "a.png") == home / "shared" / "a.png"
    for other in (bob.output, roots.output, project, project / "a.png", home / "out" / "a.png"):
        with pytest.raises(NotAllowed):
            ann.confine(other)


@pytest.mark.parametrize("principal", ["http", "../..", "/", "a/b", "\0", "x" * 9999, "principal", '["é", "\\ud800"]'])
def test_the_folder_of_any_principal_has_a_safe_name(project: Path, principal: str) -> None:
    roots = AllowedFolders.find(Settings(), project)
    own = roots.for_principal(principal).output
    assert own.parent == roots.output
    assert own.name.removeprefix("principal-").isalnum()
    assert len(own.name) < 50


def test_sharing_a_parent_of_the_output_folder_does_not_share_the_output_folder(project: Path, home: Path) -> None:
    inside = home / "out" / "library"
    for shared in ((home,), (home / "out",), (home, home / "out"), (home, inside)):
        roots = AllowedFolders.find(Settings(output_dir=home / "out", allowed_dirs=shared), project)
        ann, bob = roots.for_principal(ANN), roots.for_principal(BOB)
        assert ann.confine("a.png") == ann.output / "a.png"
        for closed in (home / "out", home / "out" / "a.png", bob.output / "a.png"):
            with pytest.raises(NotAllowed):
                ann.confine(closed)
    assert ann.confine(inside / "a.png") == inside / "a.png"
    assert ann.confine(home / "a.png") == home / "a.png"


def test_errors_do_not_show_another_principal_where_links_lead_or_where_home_is(project: Path, home: Path) -> None:
    roots = AllowedFolders.find(Settings(), project).for_principal(ANN)
    (project / "link").symlink_to(home / "secret")
    for path in (project / "link", Path("~/a.png")):
        with pytest.raises(NotAllowed) as refused:
            roots.confine(path)
        assert refused.value.message.startswith(f"{path} is outside")
        assert "secret" not in str(refused.value)


def test_a_link_in_a_project_does_not_allow_its_target(project: Path, home: Path) -> None:
    (home / "secret").mkdir()
    (project / "media").symlink_to(home / "secret")
    roots = AllowedFolders.find(Settings(), project)
    with pytest.raises(NotAllowed):
        roots.confine(home / "secret" / "a.png")
    with pytest.raises(NotAllowed):
        roots.confine(roots.output)


def test_a_replica_of_a_fleet_allows_only_what_the_settings_share(project: Path, home: Path) -> None:
    shared = home / "shared"
    settings = Settings(database_url=DATABASE, output_dir=home / "out", data_dir=home / "data", allowed_dirs=(shared,))
    for principal in ("ada", LOCAL):
        roots = AllowedFolders.find(settings, project).for_principal(principal)
        assert roots.confine(shared / "fox.png") == shared / "fox.png"
        for path in (project / "fox.png", home / "out" / "fox.png", "fox.png"):
            with pytest.raises(NotAllowed, match="outside the allowed folders: "):
                roots.confine(path)
    alone = AllowedFolders.find(Settings(database_url=DATABASE), project).for_principal("ada")
    with pytest.raises(NotAllowed, match="by their paths") as refused:
        alone.confine(project / "fox.png")
    assert "MEDIASMITH_ALLOWED_DIRS" in refused.value.hint


def test_a_person_at_a_replica_may_type_any_path(project: Path) -> None:
    roots = AllowedFolders.find(Settings(database_url=DATABASE), project, confined=False)
    assert roots.for_principal(LOCAL).confine("fox.png") == project / "fox.png"


def test_a_relative_path_starts_at_the_project(project: Path) -> None:
    roots = AllowedFolders.find(Settings(), project)
    assert roots.confine("out/a.png") == project / "out" / "a.png"
    assert roots.confine(Path("..foo")) == project / "..foo"
    assert roots.confine("a/../b") == project / "b"
    assert roots.confine("1.0..2.0") == project / "1.0..2.0"
    assert roots.confine("") == project


def test_a_relative_path_starts_at_an_allowed_working_directory(home: Path) -> None:
    roots = AllowedFolders.find(Settings(output_dir=home / "out", allowed_dirs=(home,)), home)
    assert roots.confine("a.png") == home / "a.png"


def test_a_relative_path_otherwise_starts_at_the_output_folder(home: Path) -> None:
    roots = AllowedFolders.find(Settings(output_dir=home / "out"), Path("/"))
    assert roots.confine("a.png") == home / "out" / "a.png"


def test_a_tilde_is_the_home_folder(home: Path) -> None:
    roots = AllowedFolders.find(Settings(allowed_dirs=(home,)), Path("/"))
    assert roots.confine("~/a.png") == home / "a.png"
    assert roots.confine("~no-such-user/a.png") == roots.output / "~no-such-user" / "a.png"


@pytest.mark.parametrize(
    "path",
    ["..", "../etc", "a/../../b", "./../../etc", "/etc/passwd", "/", "//etc", "link/x", "link", "loop/../../x", "~"],
)
def test_a_path_outside_is_refused_and_the_error_names_the_allowed_folders(project: Path, path: str) -> None:
    (project / "link").symlink_to("/etc")
    (project / "loop").symlink_to(project / "loop")
    with pytest.raises(NotAllowed) as refused:
        AllowedFolders.find(Settings(), project).confine(path)
    assert str(project) in refused.value.message
    assert "MEDIASMITH_ALLOWED_DIRS" in refused.value.hint


def test_a_circle_of_links_is_accepted_as_it_is(project: Path) -> None:
    (project / "loop").symlink_to(project / "loop")
    assert AllowedFolders.find(Settings(), project).confine("loop").parent == project


@pytest.mark.parametrize("path", ["\0", "a\0b", "~\0", "a/\0/b", "\ud800", "~\ud800"])
def test_text_that_is_not_a_path_is_refused(project: Path, path: str) -> None:
    with pytest.raises(NotAllowed, match="NUL"):
        AllowedFolders.find(Settings(), project).confine(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.text(max_size=40) | st.lists(st.sampled_from(["..", ".", "", "a", "link", "~"])).map("/".join))
def test_an_allowed_path_is_always_a_real_path_inside(project: Path, path: str) -> None:
    roots = AllowedFolders(output=project / "media", allowed=(project / "media", project), base=project)
    try:
        real = roots.confine(path)
    except NotAllowed:
        return
    assert real.is_relative_to(project)
    assert str(real) == os.path.realpath(real)
