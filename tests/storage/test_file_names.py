"""File names: ids, names made from a prompt, and stems."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mediasmith.plugin import media
from mediasmith.storage.artifacts.file_names import artifact_id, filename, new_id, stem_of

MADE = datetime(2026, 11, 20, 11, 15, 30, tzinfo=UTC)
ID = "k3f9a2bcabcdefghijklmnopqr"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\.[a-z0-9]{2,5}")


def test_an_id_is_128_random_bits_in_lower_case() -> None:
    ids = [new_id() for _ in range(20_000)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z2-7]{26}", one) for one in ids)
    assert len({one[place] for one in ids for place in range(25)}) == 32


def test_the_id_of_an_artifact_follows_from_its_job_and_place() -> None:
    job, other = new_id(), new_id()
    ids = [artifact_id(*place) for place in ((job, 0, 0), (job, 0, 1), (job, 1, 0), (job, 10, 1), (other, 0, 0))]
    assert len(set(ids)) == 5
    assert all(re.fullmatch(r"[a-z2-7]{26}", one) for one in ids)
    assert artifact_id(job, 0, 0) == ids[0]


def test_a_name_holds_time_prompt_and_id() -> None:
    name = filename("A lighthouse, at dusk!", made=MADE, id=ID, mime="image/png")
    assert name == "20261120-111530-a-lighthouse-at-dusk-k3f9a2bc.png"


def test_the_time_in_a_name_is_utc() -> None:
    there = MADE.astimezone(timezone(timedelta(hours=9)))
    assert filename("x", made=there, id=ID, mime="audio/mpeg") == "20261120-111530-x-k3f9a2bc.mp3"


@pytest.mark.parametrize(
    ("prompt", "slug"),
    [
        ("Café Zürich — naïve", "cafe-zurich-naive"),
        ("../../etc/passwd", "etc-passwd"),
        ("C:\\Windows\\NUL", "c-windows-nul"),
        ("-rf *", "rf"),
        ("\u202egnp.exe\n", "gnp-exe"),
        ("\ufb01ne \uff21\uff22", "fine-ab"),
        ("a very long prompt that goes on and on and on", "a-very-long-prompt-that-goes-on-and-on"),
        ("a very long prompt that goes on and one", "a-very-long-prompt-that-goes-on-and"),
        ("x" * 500, "x" * 38),
        ("", ""),
        ("日本語 🎨", ""),
        ("\ud800\0", ""),
    ],
)
def test_a_prompt_becomes_ascii_words(prompt: str, slug: str) -> None:
    middle = f"-{slug}" if slug else ""
    assert filename(prompt, made=MADE, id=ID, mime="image/jpeg") == f"20261120-111530{middle}-k3f9a2bc.jpg"


@given(st.text(), st.sampled_from([*media.EXTENSIONS, ""]))
@example("\ud83d\udca9" * 1000, "")
@example("a" * 1_000_000, "image/svg+xml")
def test_every_prompt_gives_a_portable_name(prompt: str, mime: str) -> None:
    assert NAME.fullmatch(filename(prompt, made=MADE, id=new_id(), mime=mime))


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("a.png", "a"),
        ("a.JPEG", "a"),
        ("a.tar.mp4", "a.tar"),
        ("v1.2", "v1.2"),
        ("1.0..2.0", "1.0..2.0"),
        ("a", "a"),
        (".png", ".png"),
        ("..foo", "..foo"),
        ("é.webp", "é"),
    ],
)
def test_the_stem_loses_a_media_extension_only(name: str, stem: str) -> None:
    assert stem_of(name) == stem
