"""Answers of providers: JSON bodies, and files in every form they come in."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, Mapping
from urllib.parse import quote

import anyio.lowlevel
import pytest

from mediasmith.plugin.contract import Remote
from mediasmith.plugin.embedded_media import decode_base64
from mediasmith.plugin.errors import ProviderError
from mediasmith.plugin.http_answers import (
    Answer,
    Lenient,
    media_chunks,
    read_answer,
    read_media,
    read_outputs,
    same_origin,
)
from mediasmith.testing import png

PNG = png()
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(range(256))
AWKWARD = b"\xfb\xff\xbe\0"
"""Its base64 has both characters that differ between the alphabets, and padding."""


class Usage(Answer):
    """A part of the answer."""

    cost: float


class Job(Answer):
    """An answer with a field that it must hold, and lenient ones."""

    id: str
    progress: Lenient[float] = None
    usage: Lenient[Usage] = None


# JSON


def test_answer_is_read_and_unknown_fields_are_ignored() -> None:
    body = b'{"id": "1", "progress": 0.5, "usage": {"cost": 2, "more": 1}, "new": []}'
    assert read_answer(body, Job, "Acme") == Job(id="1", progress=0.5, usage=Usage(cost=2))


@pytest.mark.parametrize("value", ["null", '"half"', "[]", "{}"])
def test_lenient_field_that_is_wrong_is_none(value: str) -> None:
    assert read_answer(f'{{"id": "1", "progress": {value}, "usage": {value}}}', Job, "Acme") == Job(id="1")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b"{}", b'{"id": 7}', b"\xff\xfe", b"[" * 100_000, b"<b>"],
    ids=["empty", "cut off", "null", "list", "no id", "wrong id", "binary", "deep", "markup"],
)
def test_other_answer_is_malformed(body: bytes) -> None:
    with pytest.raises(ProviderError, match="Acme sent an answer that cannot be read"):
        read_answer(body, Job, "Acme")


# Base64


@pytest.mark.parametrize(
    "data", [PNG, JPEG, AWKWARD, b"1", b"12", b"123"], ids=["png", "jpeg", "awkward", "1", "2", "3"]
)
@pytest.mark.parametrize(
    "encode",
    [base64.b64encode, base64.urlsafe_b64encode, base64.encodebytes],
    ids=["standard", "url-safe", "in lines"],
)
@pytest.mark.parametrize("padded", [True, False], ids=["padded", "unpadded"])
def test_base64_is_decoded_in_every_form(data: bytes, encode: type[bytes], padded: bool) -> None:
    text = bytes(encode(data)).decode()
    assert decode_base64(text if padded else text.strip().rstrip("=")) == data


@pytest.mark.parametrize("text", ["", "====", "a", "%%%%", "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "{}", "AA=A"])
def test_other_text_decodes_to_nothing(text: str) -> None:
    assert decode_base64(text) == b""


# Files


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("text", "data"),
    [
        (encoded(PNG), PNG),
        (f" {encoded(PNG)}\n", PNG),
        (encoded(AWKWARD).rstrip("="), AWKWARD),
        (base64.urlsafe_b64encode(AWKWARD).decode(), AWKWARD),
        (base64.encodebytes(PNG).decode(), PNG),
        (f"data:image/png;base64,{encoded(PNG)}", PNG),
        (f"DATA:image/png;charset=utf-8;BASE64,{encoded(PNG)}", PNG),
        (f"data:;base64,{base64.urlsafe_b64encode(AWKWARD).decode().rstrip('=')}", AWKWARD),
        (f"data:image/png;base64,{base64.encodebytes(PNG).decode()}", PNG),
        (PNG.hex(), PNG),
        (PNG.hex().upper(), PNG),
        (f"data:image/png,{quote(PNG)}", PNG),
        ("data:image/svg+xml;utf8,<svg%20/>", b"<svg />"),
    ],
    ids=[
        "base64",
        "base64 with spaces around",
        "unpadded base64",
        "url-safe base64",
        "base64 in lines",
        "data URI",
        "data URI in capitals",
        "data URI, url-safe and unpadded",
        "data URI in lines",
        "hexadecimal",
        "hexadecimal in capitals",
        "percent-encoded data URI",
        "data URI of text",
    ],
)
def test_file_in_the_answer_is_read(text: str, data: bytes) -> None:
    assert read_media(text, name="Acme") == data
    assert read_media(text, base_url="https://acme.example", name="Acme") == data


@pytest.mark.parametrize(
    "url", ["https://cdn.example/1.png?sig=a%2Fb", "http://127.0.0.1:8188/1.png", "HTTPS://CDN.example/1"]
)
def test_absolute_url_is_left_to_the_server(url: str) -> None:
    assert read_media(f" {url} ", name="Acme") == Remote(url=url)


@pytest.mark.parametrize(
    ("path", "base_url", "url"),
    [
        ("/files/1.png", "https://acme.example/v1/", "https://acme.example/files/1.png"),
        ("/view?filename=1.png", "http://127.0.0.1:8188", "http://127.0.0.1:8188/view?filename=1.png"),
    ],
)
def test_path_is_joined_to_the_base_url(path: str, base_url: str, url: str) -> None:
    assert read_media(path, base_url=base_url, name="Acme") == Remote(url=url)


def test_jpeg_in_base64_is_not_taken_for_a_path() -> None:
    assert encoded(JPEG).startswith("/9j/")
    assert read_media(encoded(JPEG), base_url="https://acme.example", name="Acme") == JPEG


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "%%%%",
        "not found.",
        "data:image/png;base64,",
        "data:image/png;base64,%%%%",
        "data:image/png;base64",
        "ftp://acme.example/1.png",
        "file:///etc/passwd",
        "/files/1.png?without=base",
        "//other.example/1.png",
    ],
)
def test_junk_is_malformed(text: str) -> None:
    with pytest.raises(ProviderError, match="Acme sent an answer that cannot be read"):
        read_media(text, name="Acme")


def test_path_to_another_host_is_not_followed() -> None:
    with pytest.raises(ProviderError):
        read_media("//other.example/1.png", base_url="https://acme.example", name="Acme")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("files/1.png", "https://acme.example/v1/files/1.png"),
        ("1.webp?sig=x", "https://acme.example/v1/1.webp?sig=x"),
        ("./1", "https://acme.example/v1/1"),
        ("../files/1", "https://acme.example/files/1"),
    ],
)
def test_relative_path_is_joined_to_the_base_url(text: str, url: str) -> None:
    assert read_media(text, base_url="https://acme.example/v1", name="Acme") == Remote(url=url)


def test_headers_go_to_the_origin_of_the_base_url_alone() -> None:
    key = {"authorization": "Bearer key"}

    def headers(text: str) -> Mapping[str, str]:
        file = read_media(text, base_url="https://acme.example/v1", headers=key, name="Acme")
        assert isinstance(file, Remote)
        return file.headers

    assert [headers("/1.png"), headers("https://acme.example/1.png")] == [key, key]
    assert [headers("https://cdn.example/1.png"), headers("http://acme.example/1.png")] == [{}, {}]


@pytest.mark.parametrize(
    "spelling",
    [
        "data:image/png;base64,{}",
        "data:image/png;base64, {}",
        "DATA:image/png;charset=utf-8;BASE64,{}",
        "data:image/png,{}",
        "data:image/png;base64,data:image/png;base64,{}",
        "image/png;base64,{}",
        "base64,{}",
        '"{}"',
        " `{}` ",
        "\n{}\n",
    ],
)
def test_file_is_read_in_any_spelling(spelling: str) -> None:
    assert read_media(spelling.format(encoded(PNG)), name="Acme") == PNG


def test_what_cannot_be_read_beside_other_files_is_passed_on_as_it_came() -> None:
    texts = ["%%%", encoded(PNG), "", "https://cdn.example/1", encoded(b"junk")]
    outputs = read_outputs(texts, mime="image/jpeg", name="Acme")
    assert [(output.body, output.mime) for output in outputs] == [
        (b"%%%", ""),
        (PNG, "image/png"),
        (Remote(url="https://cdn.example/1"), "image/jpeg"),
        (encoded(b"junk").encode(), ""),
    ]


@pytest.mark.parametrize("texts", [[], [""], ["%%%", encoded(b"junk")]], ids=["none", "empty", "junk"])
def test_without_a_file_there_are_no_outputs(texts: list[str]) -> None:
    assert read_outputs(texts, mime="image/png", name="Acme") == []


# Streams


async def streamed(*chunks: bytes) -> bytes:
    async def send() -> AsyncGenerator[bytes]:
        for chunk in chunks:
            await anyio.lowlevel.checkpoint()
            yield chunk

    return b"".join([chunk async for chunk in media_chunks(send(), "Acme")])


@pytest.mark.parametrize(
    "chunks",
    [(PNG,), (PNG[:2], PNG[2:]), (b"", PNG), (PNG, b"<html>"), (bytes(9000), b"\x01" * 9000), (b"<svg ", b"/>")],
    ids=["whole", "in parts", "empty part", "text after it", "unknown type", "svg"],
)
async def test_a_streamed_file_comes_whole(chunks: tuple[bytes, ...]) -> None:
    assert await streamed(*chunks) == b"".join(chunks)


@pytest.mark.parametrize(
    ("chunks", "words"),
    [
        ((), "cannot be read"),
        ((b"",), "cannot be read"),
        ((b'{"error": ', b'"Busy."}'), "without a result: Busy"),
        ((b"<html><title>Busy</title>", b" " * 10_000), "A web page came instead of an answer of Acme: Busy"),
        (("Ünderway".encode() * 1000,), "without a result: Ü"),
    ],
    ids=["nothing", "empty", "error", "page", "long text"],
)
async def test_a_text_in_place_of_a_streamed_file_is_an_error_with_its_words(
    chunks: tuple[bytes, ...], words: str
) -> None:
    with pytest.raises(ProviderError, match=words) as caught:
        await streamed(*chunks)
    assert caught.value.answer == b"".join(chunks)


# Origins


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://acme.example/other", True),
        ("https://acme.example:443", True),
        ("https://ACME.example/v1", True),
        ("http://acme.example", False),
        ("https://acme.example:8443", False),
        ("https://cdn.acme.example", False),
        ("https://acme.example.evil.example", False),
        ("https://acme.example@evil.example", False),
        ("https://acme.example:port", False),
        ("/files/1.png", False),
        ("", False),
    ],
)
def test_key_is_sent_to_the_same_origin_alone(url: str, same: bool) -> None:
    assert same_origin(url, "https://acme.example/v1") is same
