"""Long texts: where they are split, and how their parts are spoken."""

from __future__ import annotations

import textwrap
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasmith.plugin.contract import Pending
from mediasmith.plugin.errors import MediaError, RateLimited
from mediasmith.plugin.text_split import speak_parts, split_text


def test_text_is_split_between_sentences() -> None:
    text = 'It rained. "Was it cold?" Yes! And then… nothing. The end of it all.'
    assert split_text(text, 29) == ['It rained. "Was it cold?"', "Yes! And then… nothing.", "The end of it all."]


STORY = " ".join(
    f"On day {day} we sailed approx. 40 miles, e.g. to No. {day} of the U.S. Navy, vs. Dr. Jones (cf. Fig. {day}), "
    f'i.e. to St. Mary\u2019s etc. and home. "Is that far?" he asked.'
    for day in range(100, 140)
)


@pytest.mark.parametrize("width", [0, 40, 72])
def test_abbreviations_and_line_ends_end_no_sentence(width: int) -> None:
    for offset in range(0, 120, 3):
        text = f"{'x' * offset} {STORY}"
        parts = split_text(textwrap.fill(text, width) if width else text, 500)
        assert len(parts) > 10
        assert {part[-5:].replace("\n", " ") for part in parts} <= {"home.", "sked."}


@pytest.mark.parametrize("item", ["{}. Stir the pan", "Dr. Jones the {}th", "and then, {} times more"])
def test_text_without_sentences_is_split_between_lines(item: str) -> None:
    text = "\n".join(item.format(number) for number in range(10, 90))
    assert set("\n".join(split_text(text, 200)).split("\n")) == set(text.split("\n"))


def test_sentences_in_lower_case_are_split() -> None:
    assert split_text("it rained. we went, and. then the end", 30) == ["it rained. we went, and.", "then the end"]
    assert split_text("it rained. we met dr. jones and went", 22) == ["it rained.", "we met dr. jones and", "went"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            "\u041e\u043d \u0436\u0438\u0432\u0435\u0442 \u0432 \u0433. \u041a\u0438\u0435\u0432.",
            "\u0418 \u043e\u043d\u0430.",
        ),
        (
            "\u092f\u0939 \u0905\u091a\u094d\u091b\u093e \u0939\u0948\u0964",
            "\u0935\u0939 \u0928\u0939\u0940\u0902\u0964",
        ),
        ("\u0647\u0644 \u0647\u0630\u0627 \u0628\u0639\u064a\u062f\u061f", "\u0644\u0627 \u0623\u0638\u0646."),
    ],
    ids=["Russian", "Hindi", "Arabic"],
)
def test_marks_of_other_scripts_end_sentences(first: str, second: str) -> None:
    assert split_text(f"{first} {second}", len(first) + 4) == [first, second]


@pytest.mark.parametrize(
    "sentence",
    [
        "Da rief sie laut: \u201eKomm, wir gehen nach Hause.\u201c",
        "Er fragte, z. B. \u201eden Nachbarn\u201c: \u00bbWer ist da?\u00ab",
        "Sie schrie: \u201a\u203aWarum, sag mir, nicht?\u2039\u2018",
        "\u0535\u057d \u0563\u056b\u057f\u0565\u0574, \u0578\u0580 \u0576\u0561 \u0563\u0561 \u0567\u0589",
        "La Sra. Ruiz y la Dra. Gil hablan, con el Sig. Rossi, en casa.",
    ],
    ids=["low quotes", "guillemets", "single quotes", "Armenian", "titles"],
)
def test_quotations_and_titles_of_other_languages_are_known(sentence: str) -> None:
    for offset in range(len(sentence)):
        parts = split_text(f"{'x' * offset} {' '.join([sentence] * 20)}", 200)
        assert len(parts) > 2
        assert {part[-8:] for part in parts} == {sentence[-8:]}


def test_text_of_marks_alone_is_split_fast() -> None:
    assert len(split_text("." * 100_000, 4000)) == 25


def test_titles_and_initials_end_no_sentence() -> None:
    assert split_text("They met Dr. Jones and J. Smith there. It went well.", 40) == [
        "They met Dr. Jones and J. Smith there.",
        "It went well.",
    ]


def test_paragraph_is_kept_whole_unless_the_part_is_short() -> None:
    assert split_text("One is here. Two.\n\nThree is here. Four.", 32) == ["One is here. Two.", "Three is here. Four."]
    assert split_text("One.\n\nTwo is here. Three is here too.", 30) == ["One.\n\nTwo is here.", "Three is here too."]


def test_sentences_without_spaces_are_split() -> None:
    assert split_text("\u4eca\u5929\u4e0b\u96e8\u3002\u660e\u5929\u6674\uff01\u597d\u3002", 8) == [
        "\u4eca\u5929\u4e0b\u96e8\u3002",
        "\u660e\u5929\u6674\uff01\u597d\u3002",
    ]


def test_long_sentence_is_split_at_a_comma_then_a_space_then_anywhere() -> None:
    assert split_text("first this, then that and more", 20) == ["first this,", "then that and more"]
    assert split_text("one two three four", 9) == ["one two", "three", "four"]
    assert split_text("a" * 25, 10) == ["a" * 10, "a" * 10, "a" * 5]


@given(st.text(alphabet="ab .!?\n,\u3002", max_size=200), st.integers(min_value=5, max_value=40))
def test_no_part_is_too_long_and_only_white_space_is_lost(text: str, limit: int) -> None:
    parts = split_text(text, limit)
    assert all(0 < len(part) <= limit and part == part.strip() for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


class FakeCall:
    """What `speak_parts` needs of a call."""

    def __init__(self) -> None:
        self.reports: list[Pending] = []
        self.warnings: list[str] = []
        self.report, self.warn = self.reports.append, self.warnings.append


def explain(error: Exception) -> MediaError | None:
    return RateLimited("Too many requests.") if isinstance(error, ConnectionError) else None


async def speak(call: FakeCall, parts: list[str], failure: Exception | None = None) -> list[str]:
    """Speak parts in capitals; the part "fails" raises the failure."""

    async def request(part: str) -> str:
        if part == "fails" and failure:
            raise failure
        return part.upper()

    return await speak_parts(cast("Any", call), parts, request, text_of=str, explain=explain)


async def test_parts_are_spoken_in_order_with_progress() -> None:
    call = FakeCall()
    assert await speak(call, ["one", "two"]) == ["ONE", "TWO"]
    assert call.reports == [Pending(progress=0.5), Pending(progress=1.0)]
    assert call.warnings == []


@pytest.mark.parametrize("failure", [ConnectionError(), RateLimited("Too many requests.")], ids=repr)
async def test_failure_after_the_first_part_is_a_warning(failure: Exception) -> None:
    call = FakeCall()
    assert await speak(call, ["one", "fails", "three"], failure) == ["ONE"]
    [warning] = call.warnings
    assert warning.startswith("Only the first 1 of 3 parts of the text were spoken and billed: Too many requests. ")
    assert warning.endswith('The missing text begins with "fails".')


@pytest.mark.parametrize("parts", [["fails", "two"], ["one", "fails"]], ids=["first part", "unknown error"])
async def test_failure_of_the_first_part_or_an_unknown_one_is_raised(parts: list[str]) -> None:
    failure = ConnectionError() if parts[0] == "fails" else KeyError("no")
    with pytest.raises(type(failure)):
        await speak(FakeCall(), parts, failure)
