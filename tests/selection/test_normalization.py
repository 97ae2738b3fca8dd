"""The usual spellings of the shared words' values."""

from __future__ import annotations

import re

import pytest

from mediasmith.selection.language_names import LANGUAGES
from mediasmith.selection.near_matches import is_same_format, match_listed
from mediasmith.selection.normalization import read_model, read_word

FORMATS = ("png", "jpeg", "mp3", "ogg", "wav", "tiff")


@pytest.mark.parametrize(
    ("given", "size"),
    {
        "1024x768": "1024x768",
        "1024X768": "1024x768",
        " 1024 x 768 ": "1024x768",
        "1024×768": "1024x768",  # noqa: RUF001 - as people write it
        "1024*768": "1024x768",
        "1024 px x 768px": "1024x768",
        "1024 by 768": "1024x768",
        "１０２４ｘ７６８": "1024x768",  # noqa: RUF001 - as Chinese and Japanese keyboards make it
        "2k": "2K",
        "1.5 k": "1.5K",
        "720P": "720p",
        "512": "512",
        "large": "large",
    }.items(),
)
def test_a_size_is_read_as_it_is_written(given: str, size: str) -> None:
    assert read_word("size", given) == size


@pytest.mark.parametrize("given", ["16:9", " 16 : 9", "16/9", "16x9", "16×9", "16：9", "16 by 9"])  # noqa: RUF001
def test_a_ratio_is_read_as_it_is_written(given: str) -> None:
    assert read_word("aspect_ratio", given) == "16:9"
    assert read_word("aspect_ratio", "wide") == "wide"


@pytest.mark.parametrize("given", ["8s", "8 seconds", "8 Sec"])
def test_a_duration_may_have_its_unit(given: str) -> None:
    assert read_word("duration", given) == "8"
    assert read_word("duration", "8 minutes") == "8 minutes"


@pytest.mark.parametrize(
    ("given", "tag"),
    {
        "en": "en",
        "EN": "en",
        "en_US": "en-US",
        "en-us": "en-US",
        "en_US.UTF-8": "en-US",
        "zh_hant_TW": "zh-Hant-TW",
        "English": "en",
        " brazilian  Portuguese": "pt-BR",
        "Deutsch": "de",
        "français": "fr",
        "c\u030ces\u030ctina": "cs",  # decomposed, as macOS writes it
        "日本語": "ja",
        "Tiếng Việt": "vi",
        "English (US)": "en-US",
        "Deutsch (Österreich)": "de-AT",
        "English (United Kingdom)": "en-GB",
        "Spanish (Latin America)": "es-419",
        "Chinese (Simplified)": "zh-Hans",
        "Klingon": "Klingon",
        "": "",
    }.items(),
)
def test_a_language_is_read_by_its_name_or_locale(given: str, tag: str) -> None:
    assert read_word("language", given) == read_word("source_language", given) == tag


def test_every_language_name_leads_to_a_tag() -> None:
    assert all(re.fullmatch(r"[a-z]{2,3}(-[A-Z]{2}|-[A-Z][a-z]{3})?", tag) for tag in LANGUAGES.values())
    assert all(name == name.lower() for name in LANGUAGES)


@pytest.mark.parametrize(
    "given",
    [
        ["Ann=ash", "Bob=echo"],
        {"Ann": "ash", "Bob": "echo"},
        '{"Ann": "ash", "Bob": "echo"}',
        [{"Ann": "ash"}, {"Bob": "echo"}],
        [{"speaker": "Ann", "voice": "ash"}, {"name": "Bob", "voice_id": "echo"}],
        ["Ann=ash", {"Bob": "echo"}],
        "Ann=ash, Bob=echo",
        "Ann=ash\nBob=echo",
    ],
    ids=lambda given: str(given)[:20],
)
def test_voices_may_be_an_object_by_speaker(given: object) -> None:
    assert read_word("voices", given) == ["Ann=ash", "Bob=echo"]


@pytest.mark.parametrize(
    ("given", "name"),
    {
        "https://fal.ai/models/fal-ai/flux-2": "fal-ai/flux-2",
        "https://fal.ai/models/fal-ai/flux-2/edit/api?x=1#schema": "fal-ai/flux-2/edit",
        "https://replicate.com/black-forest-labs/flux-schnell/": "black-forest-labs/flux-schnell",
        "text-to-image.json": "text-to-image",
        " gpt-image-2 ": "gpt-image-2",
        "owner/name:0a1b2c": "owner/name:0a1b2c",
        "https://example.com": "https://example.com",
    }.items(),
)
def test_a_model_may_be_the_address_of_its_page_or_a_file(given: str, name: str) -> None:
    assert read_model(given) == name


@pytest.mark.parametrize("name", ["mask", "first_frame", "last_frame", "audio", "video"])
def test_a_single_file_may_be_in_a_list(name: str) -> None:
    assert [read_word(name, given) for given in ("a.png", ["a.png"], '["a.png"]')] == ["a.png"] * 3
    assert [read_word(name, given) for given in ([], ["a", "b"], [5], "[a].png")] == [[], ["a", "b"], [5], "[a].png"]


@pytest.mark.parametrize("given", [{"Ann": 5}, [{"Ann": ["ash"]}], "{no JSON", 5], ids=str)
def test_voices_of_any_other_form_are_left_for_the_check(given: object) -> None:
    assert read_word("voices", given) == given


@pytest.mark.parametrize(
    ("given", "listed"),
    {
        "jpg": "jpeg",
        ".JPG": "jpeg",
        "image/jpeg": "jpeg",
        "tif": "tiff",
        "mpeg": "mp3",
        "audio/mpeg": "mp3",
        "audio/ogg; codecs=opus": "ogg",
        "opus": "ogg",
        "wave": "wav",
        "PNG": "png",
        "bmp": "bmp",
        "mp4": "mp4",
    }.items(),
)
def test_a_format_is_matched_by_any_of_its_names(given: str, listed: str) -> None:
    assert match_listed(given, FORMATS) == listed


def test_formats_that_are_not_the_same_stay_apart() -> None:
    assert not is_same_format("png", "jpeg")
    assert not is_same_format("mp4", "mov")
    assert is_same_format("video/quicktime", ".MOV")


@pytest.mark.parametrize("given", ["1024/768", "models/768"])
def test_what_is_no_format_is_not_matched_by_its_end(given: str) -> None:
    assert match_listed(given, ["512", "768"]) == given
