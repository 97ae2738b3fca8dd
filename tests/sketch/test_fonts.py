"""Fonts of this machine: which one is taken, and what is done without any."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from unittest.mock import Mock

import pytest
from PIL import features

from mediasmith_sketch.drawing import fonts
from mediasmith_sketch.drawing.fonts import face_for, load_font, own_face
from mediasmith_sketch.drawing.layout import lay_out
from mediasmith_sketch.drawing.renderer import render
from mediasmith_sketch.drawing.typesetting import Space, fit, settable
from sketch.pictures import Notes, boxes, kept, make, scene, state_of

OWN = files("mediasmith_sketch").joinpath("fonts/Literata-Medium.ttf").read_bytes()
LIGHTHOUSE = "日没の灯台"


def cmap(codes: Mapping[int, int], kind: int) -> bytes:
    """Return a character map: glyphs by code, as format 4 or 12."""
    rows = sorted(codes.items())
    if kind == 12:
        groups = b"".join(struct.pack(">LLL", code, code, glyph) for code, glyph in rows)
        table = struct.pack(">HHLLL", 12, 0, 16 + len(groups), 0, len(rows)) + groups
    else:
        rows = [*rows, (0xFFFF, 0)]
        starts = b"".join(struct.pack(">H", code) for code, _ in rows)
        deltas = b"".join(struct.pack(">H", (glyph - code) % 65536) for code, glyph in rows)
        body = starts + bytes(2) + starts + deltas + bytes(2 * len(rows))
        table = struct.pack(">7H", 4, 14 + len(body), 0, 2 * len(rows), 0, 0, 0) + body
    return struct.pack(">HHHHL", 0, 1, 3, 10 if kind == 12 else 1, 12) + table


def font(letters: str, kind: int = 12) -> bytes:
    """Return a font that has these letters and no others, drawn like A, B, C and so on."""
    codes = {ord(char): 40 + index for index, char in enumerate(letters)}
    count = struct.unpack_from(">H", OWN, 4)[0]
    tables = {
        name: OWN[at : at + size] for name, _, at, size in struct.iter_unpack(">4sLLL", OWN[12 : 12 + 16 * count])
    }
    tables = {name: table for name, table in tables.items() if name not in {b"GSUB", b"GPOS", b"GDEF"}}
    tables[b"cmap"] = cmap(codes, kind)
    head = OWN[:4] + struct.pack(">4H", len(tables), 0, 0, 0)
    at, rows, body = 12 + 16 * len(tables), b"", b""
    for name, table in sorted(tables.items()):
        rows += struct.pack(">4sLLL", name, 0, at + len(body), len(table))
        body += table + bytes(-len(table) % 4)
    return head + rows + body


def collection(*members: bytes) -> bytes:
    """Return a collection of fonts."""
    starts, body, start = list[int](), b"", 12 + 4 * len(members)
    for member in members:
        at, count = start + len(body), struct.unpack_from(">H", member, 4)[0]
        rows = bytearray(member[: 12 + 16 * count])
        for row in range(12 + 8, len(rows), 16):
            struct.pack_into(">L", rows, row, struct.unpack_from(">L", rows, row)[0] + at)
        starts.append(at)
        body += bytes(rows) + member[len(rows) :]
    return struct.pack(f">4sLL{len(starts)}L", b"ttcf", 0x10000, len(starts), *starts) + body


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of fonts that this machine has."""
    monkeypatch.setattr(fonts, "_FOLDERS", (str(tmp_path / "none"), str(tmp_path)))
    fonts.forget()
    yield tmp_path
    fonts.forget()


def install(machine: Path, names: Mapping[str, bytes]) -> None:
    for name, data in names.items():
        (machine / name).parent.mkdir(exist_ok=True)
        (machine / name).write_bytes(data)


@pytest.mark.parametrize("kind", [4, 12])
def test_a_font_with_all_letters_is_found_below_the_folders_of_fonts(machine: Path, kind: int) -> None:
    install(machine, {"x/Some.ttf": font("日没", kind), "x/Whole.otf": font(LIGHTHOUSE, kind)})
    face = face_for(LIGHTHOUSE)
    assert face is not None
    assert Path(face.path).name == "Whole.otf"
    assert settable("日没の灯台、🎉") == LIGHTHOUSE
    assert load_font(face, 20).getlength(LIGHTHOUSE) > 40


def test_a_font_in_a_collection_is_found(machine: Path) -> None:
    install(machine, {"All.ttc": collection(font("하늘"), font(LIGHTHOUSE))})
    face = face_for(LIGHTHOUSE)
    assert face is not None
    assert face.index == 1
    assert load_font(face, 20).getlength(LIGHTHOUSE) > 40


def test_the_font_that_suits_a_caption_best_is_taken(machine: Path) -> None:
    whole = font(LIGHTHOUSE)
    names = ("LastResort.ttf", "NotoColorEmoji.ttf", "A-Bold.ttf", "A-Mono.ttf", "B-Sans.ttf", "C-Serif.ttf")
    install(machine, dict.fromkeys(names, whole))
    taken = face_for(LIGHTHOUSE)
    assert taken is not None
    assert Path(taken.path).name == "C-Serif.ttf"


def test_a_text_in_our_own_letters_looks_for_no_other_font(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(machine, {"A.ttf": font("abc")})
    monkeypatch.setattr(fonts, "_files_below", Mock(side_effect=AssertionError("it looked")))
    assert face_for("A café, Φάρος, Маяк 🎉 1️⃣") == own_face()


@pytest.mark.parametrize("data", [b"", b"ttcf", OWN[:300], b"no font at all" * 9, OWN[:12] + bytes(4000)])
def test_a_file_that_is_no_font_is_passed_over(machine: Path, data: bytes) -> None:
    install(machine, {"A.ttf": data, "B.ttf": font(LIGHTHOUSE)})
    face = face_for(LIGHTHOUSE)
    assert face is not None
    assert Path(face.path).name == "B.ttf"


@pytest.mark.parametrize(("able", "found"), [(True, True), (False, False)])
def test_letters_that_are_joined_need_a_library_for_that(
    machine: Path, monkeypatch: pytest.MonkeyPatch, *, able: bool, found: bool
) -> None:
    install(machine, {"A.ttf": font("منارة")})
    monkeypatch.setattr(features, "check", Mock(return_value=able))
    assert (face_for("منارة") is not None) == found


async def test_a_caption_is_set_in_the_font_that_has_its_letters(machine: Path) -> None:
    install(machine, {"A.ttf": font(LIGHTHOUSE)})
    notes = Notes()
    one = state_of(await make(LIGHTHOUSE, size="300x200", notes=notes))
    assert one.caption == LIGHTHOUSE
    assert not [warning for warning in notes.warnings if "font" in warning]
    left, top, right, bottom = boxes(one)["caption"]
    seen, bare = render(one), render(one, words=False)
    assert kept(seen.crop((left, top, right, bottom)), bare.crop((left, top, right, bottom))) < 0.9


async def test_without_a_font_the_caption_and_the_title_are_left_out_with_a_warning() -> None:
    notes = Notes()
    await make(f'{LIGHTHOUSE}, a sign that says "灯台"', size="300x200", notes=notes)
    assert "The caption was left out: no font on this machine has all of its letters." in notes.warnings
    assert "The text was not set: no font on this machine has all of its letters." in notes.warnings
    notes = Notes()
    await make(LIGHTHOUSE, size="300x200", caption=False, notes=notes)
    assert not [warning for warning in notes.warnings if "font" in warning]


def test_a_font_that_is_gone_leaves_the_caption_out_too() -> None:
    one = scene("a lighthouse", (300, 200))
    assert set(boxes(one.model_copy(update={"caption": LIGHTHOUSE}))) == {"label"}


def lines(text: str, letters: str, machine: Path) -> Sequence[str]:
    install(machine, {"A.ttf": font(letters)})
    block = fit(text, Space(width=90, height=200, largest=20, smallest=19.9))
    assert block is not None
    assert block.width <= 90
    return block.lines


def test_scripts_without_spaces_are_wrapped_between_letters(machine: Path) -> None:
    text = "日没の灯台、日没の灯台「日没」"
    wrapped = lines(text, LIGHTHOUSE + "、「」", machine)
    assert len(wrapped) > 2
    assert "".join(wrapped) == text
    assert not [line for line in wrapped if line[0] in "、」" or line[-1] == "「"]


def test_words_with_spaces_keep_them(machine: Path) -> None:
    wrapped = lines("해질녘의 등대 해질녘의", "해질녘의등대 ", machine)
    assert " ".join(wrapped) == "해질녘의 등대 해질녘의"


def test_what_is_read_from_right_to_left_stands_at_the_right(machine: Path) -> None:
    install(machine, {"A.ttf": font("שלום ")})
    one = scene("שלום שלום", (300, 200))
    caption = next(placed for placed in lay_out(one).words if placed.name == "caption")
    assert caption.block.leftwards
    left, top, right, bottom = caption.box
    assert right > 280
    middle = (left + right) // 2
    seen, bare = render(one), render(one, words=False)
    assert kept(seen.crop((left, top, middle, bottom)), bare.crop((left, top, middle, bottom))) == 1
    assert kept(seen.crop((middle, top, right, bottom)), bare.crop((middle, top, right, bottom))) < 1
