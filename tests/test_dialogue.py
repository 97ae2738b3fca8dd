"""How the lines of a dialogue are read, and who gets which voice."""

from __future__ import annotations

import pytest

from mediasmith.plugin.dialogue import Turn, cast, turns

DEFAULT = ("Kore", "Puck")


def test_each_line_is_a_turn_of_who_is_named_before_the_colon() -> None:
    assert turns("Anna: Good morning.\n\n  Dr. Ben : Is it? It is 10:30.") == (
        Turn(speaker="Anna", text="Good morning."),
        Turn(speaker="Dr. Ben", text="Is it? It is 10:30."),
    )


def test_a_line_without_a_name_goes_on_with_the_one_before() -> None:
    [turn] = turns("Anna: Good morning.\nIt is 10:30 already.")
    assert turn.text == "Good morning.\nIt is 10:30 already."


def test_an_address_is_no_name() -> None:
    [turn] = turns("Anna: Read\nhttps://example.org")
    assert turn.text == "Read\nhttps://example.org"


def test_a_first_line_without_a_name_is_told() -> None:
    with pytest.raises(ValueError, match="starts with the speaker's name"):
        turns("Good morning.\nBen: Yes.")


def test_who_is_given_no_voice_gets_one_that_is_free() -> None:
    said = turns("Anna: One.\nBen: Two.\nAnna: Three.")
    assert cast(said, (), DEFAULT) == {"Anna": "Kore", "Ben": "Puck"}
    assert cast(said, ("Anna = Puck",), DEFAULT) == {"Anna": "Puck", "Ben": "Kore"}


def test_voices_are_used_again_when_there_are_more_speakers() -> None:
    said = turns("A: 1.\nB: 2.\nC: 3.")
    assert cast(said, (), DEFAULT) == {"A": "Kore", "B": "Puck", "C": "Kore"}
    assert cast(said, ("A=Kore", "B=Puck"), DEFAULT)["C"] == "Kore"


@pytest.mark.parametrize("entry", ["Clara=Kore", "Kore", "Anna=", "=Kore", "anna=Kore"])
def test_a_voice_for_nobody_is_told(entry: str) -> None:
    with pytest.raises(ValueError, match="for the speakers Anna, Ben, not"):
        cast(turns("Anna: One.\nBen: Two."), (entry,), DEFAULT)
