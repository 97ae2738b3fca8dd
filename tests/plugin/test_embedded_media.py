"""Files in the texts of answers: found in every form, and kept out of messages."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import quote

import pytest

from mediasmith.plugin.embedded_media import decode_base64, find_media, without_media
from mediasmith.testing import png

DATA = base64.b64encode(png()).decode()
URI = f"data:image/png;base64,{DATA}"
ADDRESS = "https://example.com/docs/guides/Images2026/" + "a-long-path/" * 9
PATH = "/Users/Anna/Pictures/2026/" + "a-long-path/" * 9
URL = "https://files.example/kite(1).png?sig=a%2Fb"


@pytest.mark.parametrize(
    "content",
    [
        f"![image]({URI})",
        f'Here you are: ![a kite](<{URI}> "A kite") I hope you like it.',
        f'<p><img alt="kite" src="{URI}"></p>',
        f"Your image: {URI} as asked.",
        URI,
        [{"type": "image_url", "image_url": {"url": URI}}],
        [{"type": "text", "text": "Here."}, {"type": "image_url", "image_url": URI}],
        [{"type": "text", "text": f"![]({URI})"}],
        [{"type": "output_image", "image": {"url": URI}}],
        {"parts": [{"text": "Here."}, {"url": URI}]},
        [{"type": "file", "file": {"file_data": URI}}],
    ],
    ids=lambda content: str(content)[:30],
)
def test_an_image_in_a_message_is_found(content: object) -> None:
    assert find_media(content) == [URI]


@pytest.mark.parametrize(
    "content",
    [
        DATA,
        [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": DATA}}],
        [{"inlineData": {"mimeType": "image/png", "data": DATA}}],
        [{"b64_json": DATA}],
        f"```png\n{DATA}\n```",
        f'{{"image": "{DATA}"}}',
    ],
    ids=["alone", "source", "inline data", "b64_json", "code", "JSON"],
)
def test_bare_base64_in_a_message_is_found(content: object) -> None:
    assert find_media(content) == [DATA]


@pytest.mark.parametrize("size", [56, 57, 60, 70])
def test_base64_in_lines_is_found_to_its_end(size: int) -> None:
    lines = base64.encodebytes(png() + bytes(range(size))).decode().strip()
    (found,) = find_media(f"Here it is:\n{lines}")
    assert decode_base64(found) == png() + bytes(range(size))
    assert without_media(f"Here it is:\n{lines}\nIt is late.") == "Here it is:\n[data]\nIt is late."


@pytest.mark.parametrize("content", [URL, f"![kite]({URL})", f"It is ready: ![]({URL} 'x')", [{"image_url": URL}]])
def test_a_link_to_an_image_is_found(content: object) -> None:
    assert find_media(content) == [URL]


@pytest.mark.parametrize("text", ["[kite]({})", "Here it is: {}.", "**{}**", '{{"url": "{}"}}', "<{}>", "{0} or {0}"])
def test_a_link_to_an_image_in_a_text_counts_where_none_is_shown(text: str) -> None:
    link = "https://files.example/kite.png?sig=a%2Fb"
    assert find_media(text.format(link)) == [link]
    assert find_media(f"![kite]({URI}) {text.format(link)}") == [URI]


@pytest.mark.parametrize(
    "content",
    [
        {"artifacts": [{"base64": DATA, "finishReason": "SUCCESS"}]},
        {"predictions": [{"bytesBase64Encoded": DATA, "mimeType": "image/png"}]},
        {"data": [{"type": "image", "b64": DATA}]},
        {"choices": [{"message": {"content": f"```\n{DATA}\n```"}}]},
    ],
    ids=lambda content: str(content)[:20],
)
def test_a_file_in_a_field_of_any_name_is_found_where_there_is_no_other(content: Mapping[str, object]) -> None:
    assert find_media(content) == [DATA]
    assert find_media({**content, "images": [URI]}) == [URI]


def test_a_link_in_a_field_of_any_name_counts_if_it_is_one_to_an_image() -> None:
    link = "https://files.example/kite.png?sig=a%2Fb"
    assert find_media({"sample_url": link, "docs": "https://example.com/docs"}) == [link]


def test_what_an_answer_repeats_of_the_request_is_no_result() -> None:
    assert find_media({"request": {"picture": DATA}, "input": {"image": URI}, "status": "done"}) == []


@pytest.mark.parametrize("content", ["", None, 7, "See https://example.com/docs.", "No.", [None, 7, {"text": "No."}]])
def test_other_content_has_none(content: object) -> None:
    assert find_media(content) == []


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"Here: ![kite]({URI}) as asked.", "Here:  as asked."),
        (f"Here: {URI} as asked.", "Here: [data] as asked."),
        (f'<img src="{URI}">', ""),
        (f"{DATA} is no URL", "[data] is no URL"),
        (f"{base64.encodebytes(png()).decode()}is no URL", "[data]\nis no URL"),
        (f"![kite]({URL})", f"![kite]({URL})"),
        ("Use data:TYPE;base64,… instead.", "Use data:TYPE;base64,… instead."),
        ("a" * 300, "a" * 300),
        (ADDRESS, ADDRESS),
        (PATH, PATH),
    ],
    ids=["Markdown", "URI", "HTML", "base64", "lines", "link", "form", "word", "address", "path"],
)
def test_no_data_is_left_in_a_text(text: str, left: str) -> None:
    assert without_media(text) == left


@pytest.mark.parametrize(
    "text",
    [
        DATA.rstrip("="),
        DATA.translate(str.maketrans("+/", "-_")),
        "\r\n".join(DATA[at : at + 76] for at in range(0, len(DATA), 76)),
        quote(DATA, safe=""),
    ],
    ids=["no padding", "for URLs", "lines", "percent"],
)
def test_base64_is_read_in_any_spelling(text: str) -> None:
    assert decode_base64(text) == png()


@pytest.mark.parametrize(
    "text", ["![a](data:", "data:", "<img ", "<img src=", "![](", "A1a-", "Aa1 ", "![", "data:a;b", "(https://"]
)
def test_no_text_takes_long(text: str) -> None:
    """Where a pattern looked at it again and again, this would not end."""
    long = text * (300_000 // len(text))
    assert find_media(long) == []
    assert len(without_media(long)) <= len(long)
