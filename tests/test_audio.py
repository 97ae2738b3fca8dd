"""Speech in pieces: where texts are cut, and sound put together again."""

from __future__ import annotations

import io
from typing import Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopback.sounds import RATE, sound, tone
from mediasmith.audio import joined, pieces
from mediasmith.media import duration, sniff, wav

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
    whole = joined(parts, mime)
    due = sum(decoded(part, reader)[0] for part in parts)
    assert sniff(whole) == mime
    assert decoded(whole, reader)[0] == pytest.approx(due, abs=0.1)
    assert duration(io.BytesIO(whole), mime) == pytest.approx(due, abs=0.1)
    assert joined(parts, mime) == whole


def test_many_pieces_add_up_to_no_more_than_they_are() -> None:
    parts = [sound(bytes([number]), 0.5, "mp3") for number in range(40)]
    assert decoded(joined(parts, "audio/mpeg"), "mp3")[0] == pytest.approx(20, abs=0.1)


def test_a_joined_mp3_has_one_header_and_the_frames_of_its_parts_as_they_were() -> None:
    parts = [sound(b"a", 1.0, "mp3"), sound(b"b", 1.0, "mp3")]
    assert [part.count(b"Xing") + part.count(b"Info") for part in parts] == [1, 1]
    whole = joined(parts, "audio/mpeg")
    assert whole.count(b"Xing") + whole.count(b"Info") == 1
    assert whole.count(b"ID3") == 1
    assert whole.endswith(parts[1][-2000:])


def test_a_joined_aac_is_its_parts_one_after_the_other() -> None:
    parts = [sound(b"a", 0.5, "aac"), sound(b"b", 0.5, "aac")]
    assert joined(parts, "audio/aac") == b"".join(parts)


def test_wav_and_flac_lose_nothing() -> None:
    parts = [tone(b"a", 0.5), tone(b"b", 0.25)]
    streamed = [sound(b"a", 0.5, "wav"), sound(b"b", 0.25, "wav")]
    assert joined(streamed, "audio/wav") == wav(b"".join(parts), rate=RATE)
    packed = joined([sound(b"a", 0.5, "flac"), sound(b"b", 0.25, "flac")], "audio/flac")
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
        joined(parts, mime)


def test_a_text_is_cut_between_sentences() -> None:
    text = 'It rained. "Was it cold?" Yes! And then… nothing. The end of it all.'
    assert pieces(text, 29) == ['It rained. "Was it cold?"', "Yes! And then… nothing.", "The end of it all."]


def test_a_title_or_an_initial_ends_no_sentence() -> None:
    assert pieces("They met Dr. Jones and J. Smith there. It went well.", 40) == [
        "They met Dr. Jones and J. Smith there.",
        "It went well.",
    ]


def test_a_paragraph_is_kept_whole_where_that_makes_no_short_piece() -> None:
    assert pieces("One is here. Two.\n\nThree is here. Four.", 32) == ["One is here. Two.", "Three is here. Four."]
    assert pieces("One.\n\nTwo is here. Three is here too.", 30) == ["One.\n\nTwo is here.", "Three is here too."]


def test_sentences_without_spaces_are_cut_as_well() -> None:
    assert pieces("\u4eca\u5929\u4e0b\u96e8\u3002\u660e\u5929\u6674\uff01\u597d\u3002", 8) == [
        "\u4eca\u5929\u4e0b\u96e8\u3002",
        "\u660e\u5929\u6674\uff01\u597d\u3002",
    ]


def test_a_sentence_that_is_too_long_is_cut_at_a_comma_then_at_a_space_then_anywhere() -> None:
    assert pieces("first this, then that and more", 20) == ["first this,", "then that and more"]
    assert pieces("one two three four", 9) == ["one two", "three", "four"]
    assert pieces("a" * 25, 10) == ["a" * 10, "a" * 10, "a" * 5]


@given(st.text(alphabet="ab .!?\n,\u3002", max_size=200), st.integers(min_value=5, max_value=40))
def test_no_piece_is_too_long_and_nothing_but_white_space_is_lost(text: str, limit: int) -> None:
    found = pieces(text, limit)
    assert all(0 < len(piece) <= limit and piece == piece.strip() for piece in found)
    assert "".join("".join(found).split()) == "".join(text.split())
