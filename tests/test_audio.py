"""Speech in pieces: where texts are cut, and sound put together again."""

from __future__ import annotations

import io
import textwrap
from typing import Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopback.sounds import RATE, sound, tone
from mediasmith.plugin.audio_concat import concat_audio
from mediasmith.plugin.media import sniff, wav
from mediasmith.plugin.probe import duration
from mediasmith.plugin.text_split import split_text

FORMS = {
    "mp3": ("audio/mpeg", "mp3"),
    "opus": ("audio/ogg", "ogg"),
    "aac": ("audio/aac", "aac"),
    "flac": ("audio/flac", "flac"),
    "wav": ("audio/wav", "wav"),
}
LENGTHS = (1.0, 1.37, 0.71, 1.5, 0.9)


def decoded(data: bytes, form: str) -> tuple[float, int]:
    """Seconds of sound in a file, and frames of it; what is broken raises."""
    opened: Any = av.open(io.BytesIO(data), "r", format=form, options={"err_detect": "explode"})
    with opened as container:
        frames = list(container.decode(audio=0))
        return sum(frame.samples for frame in frames) / container.streams.audio[0].rate, len(frames)


@pytest.mark.parametrize("form", FORMS)
def test_sound_of_every_type_is_joined_to_its_whole_length_and_can_be_played(form: str) -> None:
    mime, reader = FORMS[form]
    parts = [sound(bytes([number]), seconds, form) for number, seconds in enumerate(LENGTHS)]
    whole = concat_audio(parts, mime)
    due = sum(decoded(part, reader)[0] for part in parts)
    assert sniff(whole) == mime
    assert decoded(whole, reader)[0] == pytest.approx(due, abs=0.1)
    assert duration(io.BytesIO(whole), mime) == pytest.approx(due, abs=0.1)
    assert concat_audio(parts, mime) == whole


@pytest.mark.parametrize("form", ["mp3", "opus"])
@pytest.mark.parametrize("count", [1, 8, 21, 40])
def test_many_pieces_add_up_to_no_more_than_they_are(form: str, count: int) -> None:
    mime, reader = FORMS[form]
    parts = [sound(bytes([number]), 0.5 + 0.011 * number, form) for number in range(count)]
    due = sum(decoded(part, reader)[0] for part in parts)
    whole = concat_audio(parts, mime)
    assert decoded(whole, reader)[0] == pytest.approx(due, abs=0.03)
    assert duration(io.BytesIO(whole), mime) == pytest.approx(due, abs=0.03)


def test_a_joined_ogg_has_one_header() -> None:
    whole = concat_audio([sound(b"a", 0.5, "opus"), sound(b"b", 0.5, "opus")], "audio/ogg")
    assert [whole.count(mark) for mark in (b"OpusHead", b"OpusTags")] == [1, 1]


def test_a_joined_mp3_has_one_header_and_the_frames_of_its_parts_as_they_were() -> None:
    parts = [sound(b"a", 1.0, "mp3"), sound(b"b", 1.0, "mp3")]
    assert [part.count(b"Xing") + part.count(b"Info") for part in parts] == [1, 1]
    whole = concat_audio(parts, "audio/mpeg")
    assert whole.count(b"Xing") + whole.count(b"Info") == 1
    assert whole.count(b"ID3") == 1
    assert whole.endswith(parts[1][-2000:])


def test_a_joined_aac_is_its_parts_one_after_the_other() -> None:
    parts = [sound(b"a", 0.5, "aac"), sound(b"b", 0.5, "aac")]
    assert concat_audio(parts, "audio/aac") == b"".join(parts)


def test_wav_and_flac_lose_nothing() -> None:
    parts = [tone(b"a", 0.5), tone(b"b", 0.25)]
    streamed = [sound(b"a", 0.5, "wav"), sound(b"b", 0.25, "wav")]
    assert concat_audio(streamed, "audio/wav") == wav(b"".join(parts), rate=RATE)
    packed = concat_audio([sound(b"a", 0.5, "flac"), sound(b"b", 0.25, "flac")], "audio/flac")
    opened: Any = av.open(io.BytesIO(packed), format="flac")
    with opened as container:
        samples = b"".join(bytes(frame.planes[0])[: frame.samples * 2] for frame in container.decode(audio=0))
    assert samples == b"".join(parts)


@pytest.mark.parametrize(
    ("parts", "mime"),
    [
        ([b"no sound"], "audio/mpeg"),
        ([b""], "audio/ogg"),
        ([sound(b"a", 0.1, "wav"), b"RIFF"], "audio/wav"),
        ([b"\0" * 100], "audio/flac"),
        ([wav(bytes(100), rate=8000), wav(bytes(100), rate=16_000)], "audio/wav"),
        ([], "audio/mpeg"),
        ([b"x"], "audio/mp4"),
        ([b"x"], ""),
    ],
)
def test_what_cannot_be_joined_is_a_value_error(parts: list[bytes], mime: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        concat_audio(parts, mime)


def test_a_text_is_cut_between_sentences() -> None:
    text = 'It rained. "Was it cold?" Yes! And then… nothing. The end of it all.'
    assert split_text(text, 29) == ['It rained. "Was it cold?"', "Yes! And then… nothing.", "The end of it all."]


STORY = " ".join(
    f"On day {day} we sailed approx. 40 miles, e.g. to No. {day} of the U.S. Navy, vs. Dr. Jones (cf. Fig. {day}), "
    f'i.e. to St. Mary\u2019s etc. and home. "Is that far?" he asked.'
    for day in range(100, 140)
)


@pytest.mark.parametrize("width", [0, 40, 72])
def test_a_short_form_or_a_line_ends_no_sentence(width: int) -> None:
    for offset in range(0, 120, 3):
        text = f"{'x' * offset} {STORY}"
        found = split_text(textwrap.fill(text, width) if width else text, 500)
        assert len(found) > 10
        assert {piece[-5:].replace("\n", " ") for piece in found} <= {"home.", "sked."}


@pytest.mark.parametrize("item", ["{}. Stir the pan", "Dr. Jones the {}th", "and then, {} times more"])
def test_lines_without_sentences_are_cut_between(item: str) -> None:
    text = "\n".join(item.format(number) for number in range(10, 90))
    assert set("\n".join(split_text(text, 200)).split("\n")) == set(text.split("\n"))


def test_sentences_in_lower_case_alone_are_cut_as_well() -> None:
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
def test_the_marks_of_other_scripts_end_sentences(first: str, second: str) -> None:
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
def test_sentences_end_after_the_quotations_stops_and_titles_of_other_languages(sentence: str) -> None:
    for offset in range(len(sentence)):
        found = split_text(f"{'x' * offset} {' '.join([sentence] * 20)}", 200)
        assert len(found) > 2
        assert {piece[-8:] for piece in found} == {sentence[-8:]}


def test_a_text_of_marks_alone_is_cut_at_once() -> None:
    assert len(split_text("." * 100_000, 4000)) == 25


def test_a_title_or_an_initial_ends_no_sentence() -> None:
    assert split_text("They met Dr. Jones and J. Smith there. It went well.", 40) == [
        "They met Dr. Jones and J. Smith there.",
        "It went well.",
    ]


def test_a_paragraph_is_kept_whole_where_that_makes_no_short_piece() -> None:
    assert split_text("One is here. Two.\n\nThree is here. Four.", 32) == ["One is here. Two.", "Three is here. Four."]
    assert split_text("One.\n\nTwo is here. Three is here too.", 30) == ["One.\n\nTwo is here.", "Three is here too."]


def test_sentences_without_spaces_are_cut_as_well() -> None:
    assert split_text("\u4eca\u5929\u4e0b\u96e8\u3002\u660e\u5929\u6674\uff01\u597d\u3002", 8) == [
        "\u4eca\u5929\u4e0b\u96e8\u3002",
        "\u660e\u5929\u6674\uff01\u597d\u3002",
    ]


def test_a_sentence_that_is_too_long_is_cut_at_a_comma_then_at_a_space_then_anywhere() -> None:
    assert split_text("first this, then that and more", 20) == ["first this,", "then that and more"]
    assert split_text("one two three four", 9) == ["one two", "three", "four"]
    assert split_text("a" * 25, 10) == ["a" * 10, "a" * 10, "a" * 5]


@given(st.text(alphabet="ab .!?\n,\u3002", max_size=200), st.integers(min_value=5, max_value=40))
def test_no_piece_is_too_long_and_nothing_but_white_space_is_lost(text: str, limit: int) -> None:
    found = split_text(text, limit)
    assert all(0 < len(piece) <= limit and piece == piece.strip() for piece in found)
    assert "".join("".join(found).split()) == "".join(text.split())
