"""The lines of a dialogue, and the voice of each speaker."""

from __future__ import annotations

import pytest

from mediasmith.plugin.dialogue import Turn, assign_voices, parse_turns

DEFAULT = ("Kore", "Puck")


def test_name_before_the_colon_is_the_speaker() -> None:
    assert parse_turns("Anna: Good morning.\n\n  Dr. Ben : Is it? It is 10:30.") == (
        Turn(speaker="Anna", text="Good morning."),
        Turn(speaker="Dr. Ben", text="Is it? It is 10:30."),
    )


@pytest.mark.parametrize("line", ["安：你好。", "安 ： 你好。", "**安**: 你好。", "**安：** 你好。", "__安:__ 你好。"])  # noqa: RUF001
def test_colon_may_be_wide_and_name_bold(line: str) -> None:
    assert parse_turns(line) == (Turn(speaker="安", text="你好。"),)


def test_bold_words_without_a_name_are_kept() -> None:
    [turn] = parse_turns("Anna: Look.\n**Great!** I see.")
    assert turn.text == "Look.\n**Great!** I see."


def test_line_without_a_name_continues_the_one_before() -> None:
    [turn] = parse_turns("Anna: Good morning.\nIt is 10:30 already.")
    assert turn.text == "Good morning.\nIt is 10:30 already."


def test_url_is_not_a_name() -> None:
    [turn] = parse_turns("Anna: Read\nhttps://example.org")
    assert turn.text == "Read\nhttps://example.org"


def test_first_line_without_a_name_is_an_error() -> None:
    with pytest.raises(ValueError, match="starts with the speaker's name"):
        parse_turns("Good morning.\nBen: Yes.")


def test_speaker_without_a_voice_gets_a_free_one() -> None:
    lines = parse_turns("Anna: One.\nBen: Two.\nAnna: Three.")
    assert assign_voices(lines, (), DEFAULT) == {"Anna": "Kore", "Ben": "Puck"}
    assert assign_voices(lines, ("Anna = Puck",), DEFAULT) == {"Anna": "Puck", "Ben": "Kore"}


def test_voices_are_reused_for_more_speakers() -> None:
    lines = parse_turns("A: 1.\nB: 2.\nC: 3.")
    assert assign_voices(lines, (), DEFAULT) == {"A": "Kore", "B": "Puck", "C": "Kore"}
    assert assign_voices(lines, ("A=Kore", "B=Puck"), DEFAULT)["C"] == "Kore"


@pytest.mark.parametrize("entry", ["Clara=Kore", "Kore", "Anna=", "=Kore", "anna=Kore"])
def test_voice_for_no_speaker_is_an_error(entry: str) -> None:
    with pytest.raises(ValueError, match="for the speakers Anna, Ben, not"):
        assign_voices(parse_turns("Anna: One.\nBen: Two."), (entry,), DEFAULT)
