"""Recognise media types, read sizes and aspect ratios, wrap PCM in WAV: pure, and nothing heavy is imported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from mediasmith.plugin.kinds import MediaType

HEAD = 4096
"""Bytes from the start of a file that `sniff` looks at, at most."""

EXTENSIONS: Mapping[str, str] = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/svg+xml": "svg",
    "image/avif": "avif",
    "image/heic": "heic",
    "image/tiff": "tiff",
    "image/bmp": "bmp",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/quicktime": "mov",
    "video/x-matroska": "mkv",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/aac": "aac",
    "audio/mp4": "m4a",
    "audio/webm": "webm",
    "audio/x-matroska": "mka",
    "audio/aiff": "aiff",
    "audio/x-caf": "caf",
    "audio/amr": "amr",
}
"""Every MIME type that `sniff` and `content_type` know, and the extension of its files."""

_STARTS: Mapping[bytes, str] = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"OggS": "audio/ogg",
    b"fLaC": "audio/flac",
    b"caff": "audio/x-caf",
    b"#!AMR": "audio/amr",
}

_TIFF = (b"II*\0", b"MM\0*")

_BMP_HEADERS = {12, 40, 52, 56, 64, 108, 124}
"""Bytes of the header that follows that of the file, by which its version is known."""

_RIFF: Mapping[bytes, str] = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
_IFF: Mapping[bytes, str] = {b"AIFF": "audio/aiff", b"AIFC": "audio/aiff"}

_FORMS: Mapping[bytes, Mapping[bytes, str]] = {b"RIFF": _RIFF, b"RF64": _RIFF, b"BW64": _RIFF, b"FORM": _IFF}
"""Families of files that name their form after eight bytes. RF64 and BW64 are WAV of more than 4 GB."""

_UNBRANDED = {b"moov", b"mdat", b"wide", b"pnot"}
"""The boxes that a QuickTime film of before 2001 begins with."""

_BRANDS: Mapping[bytes, str] = {
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"heim": "image/heic",
    b"heis": "image/heic",
    b"hevc": "image/heic",
    b"hevx": "image/heic",
    b"crx ": "",  # the raw pictures of a camera
}

# An XML prolog, comments and the doctype may precede the element. Possessive, so that no text takes long.
_SVG = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\s+|<\?.*?\?>|<!--.*?-->|<!doctype\s+svg[^>\[]*(?:\[.*?\]\s*)?>)*+<svg[\s/>]",
    re.DOTALL | re.IGNORECASE,
)

_DOCTYPES: Mapping[bytes, str] = {b"webm": "video/webm", b"matroska": "video/x-matroska"}

_DOCTYPE_ELEMENT = re.compile(rb"\x42\x82.{1,8}?(" + b"|".join(_DOCTYPES) + rb")", re.DOTALL)
"""The id of the element that names the type of a document, its length, and its text."""

_TAG_HEADER, _BMP_HEAD = 10, 18  # bytes

_TEXT = re.compile(r"[^\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]*+")

_RATIO = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,2})?):([0-9]{1,4}(?:\.[0-9]{1,2})?)")
_SIZE = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")


def sniff(head: bytes) -> str:
    """Return the MIME type that the first bytes of a file show, or "" for a type that is not known.

    Give it `HEAD` bytes, or the whole file if that is shorter.
    """
    for start, mime in _STARTS.items():
        if head.startswith(start):
            return mime
    if head.startswith(b"ID3"):
        tagged = head[:HEAD]
        while size := tag_size(tagged):
            tagged = tagged[size:]
        return sniff_tagged(tagged)
    if mime := _sniff_bitmap(head) or _sniff_container(head) or _sniff_frame(head):
        return mime
    if head[4:8] in _UNBRANDED:
        return "video/quicktime"
    return "image/svg+xml" if _SVG.match(head[:HEAD]) else ""


def sniff_tagged(head: bytes) -> str:
    """Return the type of a file by the bytes that follow its ID3 tag: MP3, unless they are FLAC or AAC."""
    if head.startswith(b"fLaC"):
        return "audio/flac"
    return "audio/aac" if _sniff_frame(head) == "audio/aac" else "audio/mpeg"


def tag_size(head: bytes) -> int:
    """Return how many bytes an ID3 tag takes that the file begins with; 0 if there is none."""
    if not head.startswith(b"ID3") or len(head) < _TAG_HEADER:
        return 0
    size = 0
    for byte in head[6:_TAG_HEADER]:
        size = size << 7 | byte & 0x7F
    return size + _TAG_HEADER * (2 if head[5] & 0x10 else 1)  # a footer is as long as the header


def _sniff_bitmap(head: bytes) -> str:
    if head.startswith(_TIFF):
        return "" if head[8:10] == b"CR" else "image/tiff"  # CR2: the raw pictures of a camera
    is_bmp = head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS
    return "image/bmp" if is_bmp and len(head) >= _BMP_HEAD else ""


def _sniff_container(head: bytes) -> str:
    """Return the type of a file that names its form, brand or kind of document near its start."""
    if head[:4] in _FORMS:
        return _FORMS[head[:4]].get(head[8:12], "")
    if head[4:8] == b"ftyp" and head.startswith(b"\0"):  # after the length of a short box, not inside an audio frame
        return _sniff_ftyp(head)
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        found = _DOCTYPE_ELEMENT.search(head[:64])
        return _DOCTYPES[found[1]] if found else ""
    return ""


def is_text(head: bytes) -> bool:
    """Return whether the first bytes of a file are text and not media, such as an error or a page."""
    text = head[:HEAD].decode(errors="replace")
    whole = text[:-1] if len(head) >= HEAD else text  # the last character may be cut
    return not sniff(head) and "\ufffd" not in whole and bool(_TEXT.fullmatch(text))


def _sniff_ftyp(head: bytes) -> str:
    """Return the type of a file of the MP4 family by its brands: the major one, or for HEIF the first that is known."""
    end = min(int.from_bytes(head[:4], "big"), len(head), HEAD)
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end, 4))]
    if brands[0] in {b"mif1", b"msf1"}:
        return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), "")
    return _BRANDS.get(brands[0], "video/mp4")


def _sniff_frame(head: bytes) -> str:
    """Return the type of MP3 or AAC that starts with a bare frame: eleven or twelve set bits, then the layer."""
    if len(head) < 3 or head[0] != 0xFF:  # noqa: PLR2004 - the sync byte, and three bytes of frame header
        return ""
    layer, rates = head[1], head[2]
    if layer & 0xF6 == 0xF0:  # noqa: PLR2004 - ADTS: twelve set bits and layer 0
        return "audio/aac"
    known_rates = 0 < rates >> 4 < 15 and rates >> 2 & 3 != 3  # noqa: PLR2004 - 15 and 3 are reserved
    return "audio/mpeg" if layer & 0xE6 == 0xE2 and known_rates else ""  # noqa: PLR2004 - MPEG audio, layer III


def extension(mime: str) -> str:
    """Return the file name extension for a MIME type, without the dot; "bin" for an unknown one."""
    return EXTENSIONS.get(mime, "bin")


def media_type(mime: str) -> MediaType | Literal[""]:
    """Return the media type of a MIME type, or "" if it is none."""
    match mime.partition("/")[0]:
        case "image" | "video" | "audio" as family:
            return family
        case _:
            return ""


def parse_size(text: str) -> tuple[int, int]:
    """Return width and height in pixels of a size like `1024x768`.

    Raises:
        ValueError: it has another form.
    """
    if not (found := _SIZE.fullmatch(text)):
        raise ValueError("A size is WIDTHxHEIGHT in pixels, for example 1024x768.")
    return int(found[1]), int(found[2])


def fit_ratio(ratio: str, *, pixels: int, multiple: int = 8, largest: int = 4096) -> tuple[int, int]:
    """Return a width and height of about this `W:H` ratio, with about this many pixels in all.

    Both sides are multiples of `multiple` and at most `largest`; where that limit is reached, there are fewer pixels.

    Raises:
        ValueError: it is not a ratio, or so extreme that a side would be shorter than `multiple`.
    """
    if not (found := _RATIO.fullmatch(ratio)) or not float(found[1]) or not float(found[2]):
        raise ValueError("An aspect ratio is W:H, two numbers above zero, for example 16:9.")
    shape = float(found[1]) / float(found[2])
    width, height = (pixels * shape) ** 0.5, (pixels / shape) ** 0.5
    shrink = min(1.0, largest // multiple * multiple / max(width, height))
    if min(width, height) * shrink < multiple * (1 - 1e-9):  # one that fits exactly may come out a little shorter
        raise ValueError(f"The aspect ratio {ratio} is too extreme for sides from {multiple} to {largest} pixels.")
    return _round(width * shrink, multiple), _round(height * shrink, multiple)


def _round(side: float, multiple: int) -> int:
    return round(side / multiple) * multiple


def wav(pcm: bytes, *, rate: int, channels: int = 1, width: int = 2) -> bytes:
    """Return little-endian PCM with a WAV header. `rate` is in hertz, `width` in bytes per sample of one channel.

    An incomplete last frame is dropped.
    """
    import io  # noqa: PLC0415 - late: few calls need it
    import wave  # noqa: PLC0415 - late: few calls need it

    whole = len(pcm) - len(pcm) % (channels * width)
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.setframerate(rate)
        writer.writeframes(memoryview(pcm)[:whole])
    return file.getvalue()
