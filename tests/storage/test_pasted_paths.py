"""Paths as people drag, paste and type them."""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

import pytest

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.config.settings import Settings
from mediasmith.plugin.errors import InvalidRequest
from mediasmith.storage.pasted_paths import find_file, unwrap, written_forms

NAME = "My Photo (1) é.png"
NARROW = "Screenshot at 9.22\u202fPM.png"

posix = pytest.mark.skipif(sys.platform == "win32", reason="a backslash separates folders there")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path.resolve() / "My Pictures"
    inside.mkdir()
    return inside


@pytest.fixture
def roots(folder: Path) -> AllowedFolders:
    return AllowedFolders.find(Settings(output_dir=folder), folder)


def escaped(path: Path) -> str:
    return "".join(f"\\{sign}" if sign in " ()'" else sign for sign in str(path))


def forms(path: Path) -> list[str]:
    """The path as terminals, file managers, browsers and chats write it."""
    plain = str(path)
    return [
        plain,
        f'"{plain}"',
        f"'{plain}'",
        f"“{plain}”",
        f" {plain}\n",
        f"@{plain}",
        f'@"{plain}"',
        path.as_uri(),
        f"file://{plain}",
        f"<{path.as_uri()}>",
        path.as_uri().removeprefix("file://"),
        path.name,
        f"@{path.name}",
        unicodedata.normalize("NFD", plain),
    ]


@pytest.mark.parametrize("number", range(len(forms(Path("/x")))))
def test_a_file_is_found_in_every_form_that_its_path_is_written_in(
    folder: Path, roots: AllowedFolders, number: int
) -> None:
    (folder / NAME).touch()
    assert find_file(roots, forms(folder / NAME)[number]) == folder / NAME


@posix
def test_a_path_may_be_escaped_as_terminals_do(folder: Path, roots: AllowedFolders) -> None:
    (folder / NAME).touch()
    for text in (escaped(folder / NAME), f"{escaped(folder / NAME)} "):
        assert find_file(roots, text) == folder / NAME


@pytest.mark.parametrize("quoted", ["'it'\\''s.png'", "'it'\"'\"'s.png'", "it\\'s.png"])
def test_an_apostrophe_may_be_quoted_as_shells_do(folder: Path, roots: AllowedFolders, quoted: str) -> None:
    (folder / "it's.png").touch()
    assert find_file(roots, quoted) == folder / "it's.png"


def test_a_name_is_found_in_another_case_if_there_is_only_one(folder: Path, roots: AllowedFolders) -> None:
    (folder / "IMG_1.JPG").touch()
    found = find_file(roots, "img_1.jpg")
    assert found is not None
    assert found.samefile(folder / "IMG_1.JPG")


def test_a_name_is_found_whatever_its_white_space(folder: Path, roots: AllowedFolders) -> None:
    (folder / NARROW).touch()
    (folder / "\u200eWhatsApp Image.png").touch()
    for text in (NARROW.replace("\u202f", " "), NARROW.replace("\u202f", "\u00a0"), escaped(folder / NARROW)):
        assert find_file(roots, text.replace("\u202f", " ")) == folder / NARROW
    assert find_file(roots, "WhatsApp Image.png") == folder / "\u200eWhatsApp Image.png"


def test_a_folder_on_the_way_may_be_spelled_otherwise_too(folder: Path, roots: AllowedFolders) -> None:
    inner = folder / "Bilder\u00a02026"
    inner.mkdir()
    (inner / NARROW).touch()
    assert find_file(roots, f"Bilder 2026/{NARROW}".replace("\u202f", " ")) == inner / NARROW


def test_the_path_as_it_is_written_comes_first(folder: Path, roots: AllowedFolders) -> None:
    for name in ("a%20b.png", "a b.png", "'a b.png'", "@a b.png", "a\u202fb.png"):
        (folder / name).touch()
    for name in ("a%20b.png", "'a b.png'", "@a b.png", "a\u202fb.png"):
        assert find_file(roots, name) == folder / name


def test_several_names_that_look_alike_are_named(folder: Path, roots: AllowedFolders) -> None:
    for name in ("a\u202fb.png", "a\u00a0b.png"):
        (folder / name).touch()
    with pytest.raises(InvalidRequest, match="several names look like it") as caught:
        find_file(roots, "a b.png")
    assert all(name in caught.value.message for name in (r"'a\u202fb.png'", r"'a\xa0b.png'"))


def test_no_form_leads_out_of_the_allowed_folders(folder: Path, roots: AllowedFolders) -> None:
    outside = folder.parent / "outside file.png"
    outside.touch()
    (folder / "li\u202fnk.png").symlink_to(outside)
    for text in [*forms(outside)[:11], escaped(outside), "../outside file.png", "..%2Foutside%20file.png", "li nk.png"]:
        assert find_file(roots, text) is None


def test_what_is_not_there_is_not_found(roots: AllowedFolders) -> None:
    for text in ("fox.png", "", "''", "@", "file://", "file://host/a.png", "a\0b", "~nobody/a", "%", "x" * 5000):
        assert find_file(roots, text) is None


@pytest.mark.parametrize(
    ("text", "plain"), {"": "", "'": "'", "''": "", "@": "@", "@@a": "a", "'a": "'a", "<a>": "a"}.items()
)
def test_only_what_is_around_a_reference_is_taken_off(text: str, plain: str) -> None:
    assert unwrap(text) == plain


def test_a_plain_path_has_no_other_form() -> None:
    assert list(written_forms("/a/b.png")) == ["/a/b.png"]
