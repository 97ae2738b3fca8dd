"""Inputs: every form of reference, and everything that can be wrong with a file."""

from __future__ import annotations

import base64
import os
import re
import socket
import stat
import struct
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image, ImageDraw

from fakes.films import sound
from fakes.photos import encoded, halves, opened
from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.config.credentials import OFFLINE
from mediasmith.config.settings import Settings
from mediasmith.plugin.access import Network
from mediasmith.plugin.errors import (
    InvalidRequest,
    MediaError,
    NotAllowed,
    ProviderError,
    TimedOut,
    UnknownContinuation,
    Unreachable,
)
from mediasmith.plugin.files import Source
from mediasmith.plugin.kinds import Role
from mediasmith.plugin.media import wav
from mediasmith.storage.downloader import Downloader
from mediasmith.storage.inputs.checks import check_mask
from mediasmith.storage.inputs.input_file import InputFile
from mediasmith.storage.inputs.references import ARGUMENTS, Inputs

ID = "abcdefghijklmnopqrstuvwx27"
MP4 = b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + b"\0" * 64
MP3 = b"ID3\x04" + b"\0" * 64
WAV = wav(bytes(3200), rate=16_000)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'

IMAGE_ROLES: tuple[Role, ...] = (
    *("image", "mask", "first_frame", "last_frame"),
    *("style_image", "control_image", "subject_image"),
)


def picture(kind: str = "PNG", size: tuple[int, int] = (64, 48)) -> bytes:
    drawn = Image.new("RGB", size, "white")
    ImageDraw.Draw(drawn).line((0, 0, *size), fill="black")
    file = BytesIO()
    drawn.save(file, kind)
    return file.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_that_claims(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


PNG = picture()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def is_there(path: Path) -> bool:
    return path.exists()


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def fail_to_load(_picture: Image.Image) -> None:
    pytest.fail("the pixels were decompressed")


@dataclass(frozen=True, kw_only=True)
class Remote(Downloader):
    """Serves prepared bodies, or raises what is prepared, without a network."""

    trusted: frozenset[str] = frozenset()
    network: Network = OFFLINE
    files: Mapping[str, bytes | MediaError] = field(default_factory=dict[str, bytes | MediaError])

    async def fetch(
        self,
        url: str,
        write: Callable[[bytes], Awaitable[None]],
        *,
        max_bytes: int,
        headers: Mapping[str, str] = {},
    ) -> str:
        assert not headers
        found = self.files[url]
        if isinstance(found, MediaError):
            raise found
        assert len(found) <= max_bytes
        for at in range(0, len(found), 10):
            await write(found[at : at + 10])
        return "text/html"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def output(tmp_path: Path) -> Path:
    folder = tmp_path / "output"
    folder.mkdir()
    return folder


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """Not made yet."""
    return tmp_path / "work" / "scratch"


@pytest.fixture
def inputs(project: Path, output: Path, tmp_path: Path) -> Inputs:
    saved = tmp_path / "elsewhere" / "2026-a-cat.png"
    saved.parent.mkdir()
    saved.write_bytes(PNG)

    async def artifact(identifier: str) -> Path:
        if identifier != ID:
            raise UnknownContinuation(f"There is no continuation {identifier}.", "Use one of get_job.")
        return saved

    roots = AllowedFolders(output=output, allowed=(output, project), base=project)
    settings = Settings(max_input_bytes=200_000, max_pixels=1_000_000)
    return Inputs(roots=roots, settings=settings, downloader=Remote(), artifact=artifact)


@pytest.fixture
def one(inputs: Inputs, scratch: Path) -> Callable[..., Awaitable[InputFile]]:
    async def resolve(reference: str, role: Role = "image", inputs: Inputs = inputs) -> InputFile:
        found = await inputs.resolve({role: [reference]}, scratch)
        return found[role][0]

    return resolve


One = Callable[..., Awaitable[InputFile]]


def png_uri(data: bytes = PNG) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


# The forms


async def test_an_input_has_facts_and_can_be_read(one: One, project: Path) -> None:
    (project / "cat.png").write_bytes(PNG)
    file = await one(str(project / "cat.png"))
    checked: Source = file
    assert (checked.name, checked.mime, checked.size, checked.dimensions) == (
        "cat.png",
        "image/png",
        len(PNG),
        (64, 48),
    )
    assert await file.read() == PNG
    assert await file.data_uri() == png_uri()
    with file.open() as opened:
        assert opened.read() == PNG


async def test_inputs_come_by_role_in_the_order_given(inputs: Inputs, project: Path, scratch: Path) -> None:
    for name in ("a", "b", "c"):
        (project / name).write_bytes(PNG)
    found = await inputs.resolve({"image": ["b", "a"], "style_image": ["c"], "mask": []}, scratch)
    assert {role: [file.name for file in files] for role, files in found.items()} == {
        "image": ["b.png", "a.png"],
        "style_image": ["c.png"],
        "mask": [],
    }


@pytest.mark.parametrize("path", ["cat.png", "./cat.png", "sub/../cat.png", "../project/cat.png", "..cat", "1.0..2.0"])
async def test_a_relative_path_starts_at_the_working_directory(one: One, project: Path, path: str) -> None:
    (project / "sub").mkdir()
    (project / path).write_bytes(PNG)
    assert (await one(path)).path == (project / path).resolve()


async def test_a_relative_path_may_also_start_at_the_output_folder(one: One, project: Path, output: Path) -> None:
    (output / "cat.png").write_bytes(PNG)
    assert (await one("cat.png")).path == output / "cat.png"
    (project / "cat.png").write_bytes(PNG)
    assert (await one("cat.png")).path == project / "cat.png"


async def test_the_home_folder_may_be_written_as_a_tilde(
    one: One, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(project))
    monkeypatch.setenv("USERPROFILE", str(project))
    (project / "cat.png").write_bytes(PNG)
    assert (await one("~/cat.png")).path == project / "cat.png"


@pytest.mark.parametrize("start", ["file://", "file://localhost", "FILE://", "file:"])
async def test_a_file_uri_is_a_path(one: One, project: Path, start: str) -> None:
    (project / "a cat #1?.png").write_bytes(PNG)
    assert (await one(f"{start}{project}/a%20cat%20%231%3f.png")).path == project / "a cat #1?.png"


async def test_a_file_uri_is_decoded_once(one: One, project: Path) -> None:
    (project / "100%25.png").write_bytes(PNG)
    assert (await one(f"file://{project}/100%2525.png")).path == project / "100%25.png"


async def test_a_name_that_is_not_unicode_can_be_reached_by_its_bytes(one: One, project: Path) -> None:
    (project / os.fsdecode(b"caf\xe9.png")).write_bytes(PNG)
    assert (await one(f"file://{project}/caf%E9.png")).size == len(PNG)


@pytest.mark.parametrize("reference", [f"media://{ID}", f"media:{ID}", f"MEDIA://{ID}", ID])
async def test_an_artifact_is_found_by_its_id_wherever_it_is(one: One, reference: str) -> None:
    file = await one(reference)
    assert (file.name, file.path.parent.name) == ("2026-a-cat.png", "elsewhere")


@pytest.mark.parametrize("reference", ["media://nothing", ID[::-1]])
async def test_an_unknown_id_is_an_error_that_names_the_argument(one: One, reference: str) -> None:
    with pytest.raises(UnknownContinuation, match=r"^image: There is no continuation") as caught:
        await one(reference)
    assert caught.value.hint == "Use one of get_job."
    assert caught.value.billed == "no"


@pytest.mark.parametrize("head", ["", "base64,", "image/png;base64,", "data:image/png,"])
async def test_base64_is_read_without_its_head(one: One, head: str) -> None:
    assert await (await one(head + base64.b64encode(PNG).decode())).read() == PNG


@pytest.mark.parametrize("head", ["data:image/png;base64", "DATA:;BASE64", "data:image/jpeg;name=x;base64"])
async def test_a_data_uri_becomes_a_private_file(one: One, scratch: Path, head: str) -> None:
    file = await one(f"{head},{base64.b64encode(PNG).decode()}", "mask")
    assert (file.name, file.mime, file.path.parent) == ("mask.png", "image/png", scratch)
    assert await file.read() == PNG
    assert mode(scratch) == 0o700
    assert mode(file.path) == 0o600


@pytest.mark.parametrize(
    "body",
    [
        base64.encodebytes(PNG).decode(),
        base64.encodebytes(PNG).decode().replace("\n", "\r\n"),
        f" {base64.b64encode(PNG).decode()}\t",
        base64.b64encode(PNG).decode().rstrip("="),
        base64.urlsafe_b64encode(PNG).decode(),
        quote(base64.b64encode(PNG).decode(), safe=""),
    ],
    ids=["lines", "lines of Windows", "spaces", "no padding", "the other alphabet", "escaped"],
)
async def test_base64_may_be_written_as_encoders_do(one: One, body: str) -> None:
    assert await (await one(f"data:image/png; base64,{body}")).read() == PNG


async def test_a_url_is_downloaded_and_typed_by_its_content(inputs: Inputs, one: One, scratch: Path) -> None:
    url = "https://media.example/a/my%20cat.html?size=1.png"
    file = await one(url, inputs=replace(inputs, downloader=Remote(files={url: PNG})))
    assert (file.name, file.mime, file.size, file.path.parent) == ("my-cat.png", "image/png", len(PNG), scratch)
    assert await file.read() == PNG


async def test_the_scratch_folder_is_created_only_when_needed(one: One, project: Path, scratch: Path) -> None:
    (project / "cat.png").write_bytes(PNG)
    await one("cat.png")
    assert not is_there(scratch)


async def test_a_symbolic_link_inside_the_allowed_folders_is_followed(one: One, project: Path, output: Path) -> None:
    (output / "cat.png").write_bytes(PNG)
    (project / "link.jpg").symlink_to(output / "cat.png")
    assert (await one("link.jpg")).path == output / "cat.png"


# Unusable references


@pytest.mark.parametrize(
    ("error", "reference"),
    [
        (InvalidRequest, ""),
        (InvalidRequest, "missing.png"),
        (InvalidRequest, "missing/cat.png"),
        (InvalidRequest, "cat.png/cat.png"),
        (InvalidRequest, "C:\\cat.png"),
        (InvalidRequest, "a\0b"),
        (InvalidRequest, "\0"),
        (InvalidRequest, "file:///a%00b"),
        (InvalidRequest, "a" * 256),
        (InvalidRequest, "\u00e9" * 128),
        (InvalidRequest, "a/" * 3000),
        (InvalidRequest, "a" * 1_000_000),
        (InvalidRequest, "\ud800.png"),
        (InvalidRequest, "file://server/share/cat.png"),
        (InvalidRequest, "file://cat.png"),
        (InvalidRequest, "file:cat.png"),
        (InvalidRequest, "file://"),
        (InvalidRequest, "data:"),
        (InvalidRequest, "data:image/png,abc"),
        (InvalidRequest, "data:image/png;base64"),
        (InvalidRequest, "data:image/png;base64,"),
        (InvalidRequest, "data:image/png;base64,iVBORw0KGgo"),
        (InvalidRequest, "data:image/png;base64,iVBORw0KGgo%2"),
        (InvalidRequest, "data:image/png;base64,\u00e9\u00e9\u00e9\u00e9"),
        (NotAllowed, "ftp://media.example/cat.png"),
        (NotAllowed, "s3://bucket/cat.png"),
        (NotAllowed, f"{'x' * 1_000_000}://cat.png"),
        (NotAllowed, "/etc/passwd"),
        (NotAllowed, "/dev/zero"),
        (NotAllowed, "/nowhere/cat.png"),
        (NotAllowed, "../cat.png"),
        (NotAllowed, "../elsewhere/2026-a-cat.png"),
        (NotAllowed, "a/../../b"),
        (NotAllowed, "file:///etc/passwd"),
        (NotAllowed, "file://localhost/etc/passwd"),
        (NotAllowed, "file:///%2e%2e%2fetc/passwd"),
    ],
    ids=lambda value: f"{ascii(value)[1:30]} {len(value)}" if isinstance(value, str) else value.__name__,
)
async def test_an_unusable_reference_is_refused_by_argument(
    one: One, project: Path, error: type[MediaError], reference: str
) -> None:
    (project / "cat.png").write_bytes(PNG)
    with pytest.raises(error, match=r"^image: ") as caught:
        await one(reference)
    assert type(caught.value) is error
    assert caught.value.billed == "no"
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("", "The reference is empty"),
        ("cat.png/cat.png", "does not exist"),
        ("a" * 256, "The path is too long"),
        ("/" + "a" * 256, "The path is too long"),
        ("/" + "a/" * 3000, "The path is too long"),
        ("a\0b", "NUL character"),
        ("data:image/png,%89PNG", "with ;base64 before the comma."),
        (f"data:image/png;base64,{base64.b64encode(PNG).decode()}!", "valid base64"),
        ("file:cat.png", "absolute path on this machine"),
        ("s3://bucket/cat.png", "The scheme 's3' is not supported. Nothing was billed. Use a path, file://"),
    ],
    ids=lambda text: f"{ascii(text)[1:30]} {len(text)}",
)
async def test_the_message_says_what_is_wrong_with_a_reference(
    one: One, project: Path, reference: str, message: str
) -> None:
    (project / "cat.png").write_bytes(PNG)
    with pytest.raises(InvalidRequest, match=re.escape(message)):
        await one(reference)


def test_every_role_has_an_argument_name() -> None:
    assert set(ARGUMENTS) == set(IMAGE_ROLES) | {"audio", "video", "voice_sample"}


@pytest.mark.parametrize(
    ("role", "argument"),
    [("style_image", "image (style=)"), ("first_frame", "first_frame"), ("voice_sample", "voice_sample")],
)
async def test_the_message_names_the_argument_as_the_caller_writes_it(one: One, role: Role, argument: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await one("missing.png", role)
    assert caught.value.message == f"{argument}: 'missing.png' does not exist."


async def test_refusing_a_path_names_the_allowed_folders(one: One, output: Path) -> None:
    with pytest.raises(NotAllowed, match="MEDIASMITH_ALLOWED_DIRS") as caught:
        await one("/etc/passwd")
    assert str(output) in str(caught.value)


async def test_a_link_out_of_the_allowed_folders_is_refused(one: One, project: Path, tmp_path: Path) -> None:
    (project / "file.png").symlink_to(tmp_path / "elsewhere" / "2026-a-cat.png")
    (project / "folder").symlink_to(tmp_path / "elsewhere")
    for reference in ("file.png", "folder/2026-a-cat.png"):
        with pytest.raises(NotAllowed, match="outside the allowed folders"):
            await one(reference)


async def test_a_circle_of_links_is_refused(one: One, project: Path) -> None:
    (project / "a.png").symlink_to(project / "b.png")
    (project / "b.png").symlink_to(project / "a.png")
    with pytest.raises(InvalidRequest, match="cannot be opened as a regular file"):
        await one("a.png")


@pytest.mark.parametrize("swap", ["file", "folder"])
async def test_a_file_that_becomes_a_link_between_check_and_open_is_refused(
    one: One, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swap: str
) -> None:
    (project / "sub").mkdir()
    (project / "sub" / "2026-a-cat.png").write_bytes(PNG)
    real = os.open

    def swapping(path: Path, flags: int) -> int:
        place = project / "sub" if swap == "folder" else path
        place.rename(project / "moved")
        outside = tmp_path / "elsewhere"
        place.symlink_to(outside if swap == "folder" else outside / path.name)
        return real(path, flags)

    monkeypatch.setattr(os, "open", swapping)
    with pytest.raises(InvalidRequest, match=r"outside the allowed folders|cannot be opened as a regular file"):
        await one("sub/2026-a-cat.png")


async def test_a_folder_is_refused(one: One, project: Path) -> None:
    (project / "sub").mkdir()
    for reference in ("sub", "sub/", ".", f"file://{project}"):
        with pytest.raises(InvalidRequest, match="is a folder"):
            await one(reference)


async def test_a_pipe_is_refused_without_waiting_for_its_writer(one: One, project: Path) -> None:
    os.mkfifo(project / "pipe.png")
    with pytest.raises(InvalidRequest, match="is not a regular file"):
        await one("pipe.png")


async def test_a_device_is_refused_even_in_an_allowed_folder(inputs: Inputs, one: One) -> None:
    roots = replace(inputs.roots, allowed=(Path("/"),))
    with pytest.raises(InvalidRequest, match="is not a regular file"):
        await one("/dev/zero", inputs=replace(inputs, roots=roots))


async def test_a_socket_is_refused(one: One, project: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.png")  # relative, since the whole path may be too long for one
        with pytest.raises(InvalidRequest, match="cannot be opened as a regular file"):
            await one("socket.png")


async def test_an_unreadable_file_is_refused(one: One, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "cat.png").write_bytes(PNG)

    def refusing(path: Path, flags: int) -> int:  # the tests may run as root, who may read everything
        raise PermissionError(13, "secret", path)

    monkeypatch.setattr(os, "open", refusing)
    with pytest.raises(InvalidRequest, match=r"^image: 'cat.png' cannot be read by this server: permission denied\. "):
        await one("cat.png")


async def test_no_file_stays_open_after_a_check(one: One, project: Path) -> None:
    (project / "sub").mkdir()
    (project / "empty.png").write_bytes(b"")
    before = open_files()
    for reference in ("sub", "empty.png", "/etc/passwd"):
        with pytest.raises(InvalidRequest):
            await one(reference)
    await one(png_uri())
    assert open_files() == before


# Content


async def test_an_empty_file_is_refused(one: One, project: Path) -> None:
    (project / "cat.png").write_bytes(b"")
    with pytest.raises(InvalidRequest, match=r"^image: 'cat.png' is empty\. "):
        await one("cat.png")


async def test_a_file_may_be_as_large_as_the_limit_and_no_larger(one: One, project: Path) -> None:
    (project / "cat.mp3").write_bytes(MP3.ljust(200_000, b"\0"))
    assert (await one("cat.mp3", "audio")).size == 200_000
    (project / "cat.mp3").write_bytes(MP3.ljust(200_001, b"\0"))
    with pytest.raises(InvalidRequest, match="200,001 bytes; at most 200,000"):
        await one("cat.mp3", "audio")


async def test_a_data_uri_may_be_as_large_as_the_limit_and_no_larger(one: One) -> None:
    assert (await one(png_uri(MP3.ljust(200_000, b"\0")), "audio")).size == 200_000
    with pytest.raises(InvalidRequest, match="at most 200,000"):
        await one(png_uri(MP3.ljust(200_001, b"\0")), "audio")


async def test_a_large_data_uri_is_refused_before_it_is_decoded(one: One, scratch: Path) -> None:
    with pytest.raises(InvalidRequest, match="The data: URI has 300,000 bytes; at most 200,000"):
        await one(f"data:image/png;base64,{'!' * 400_000}")
    assert not is_there(scratch)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("a", ProviderError("media.example answered with status 404.")),
        ("b", Unreachable("No connection to media.example was made.")),
        ("c", TimedOut("media.example did not answer within 30 seconds.")),
    ],
)
async def test_a_failed_download_is_an_invalid_request(inputs: Inputs, one: One, name: str, error: MediaError) -> None:
    url = f"https://media.example/{name}?token=secret"
    with pytest.raises(InvalidRequest, match=r"^image: .*media\.example") as caught:
        await one(url, inputs=replace(inputs, downloader=Remote(files={url: error})))
    assert type(caught.value) is InvalidRequest
    assert caught.value.billed == "no"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["https://127.0.0.1/cat.png", "http://8.8.8.8/cat.png", "https:cat.png", "https://"])
async def test_a_url_that_the_downloader_refuses_is_not_allowed(inputs: Inputs, one: One, url: str) -> None:
    guarded = replace(inputs, downloader=Downloader(trusted=frozenset(), network=OFFLINE))
    with pytest.raises(NotAllowed, match=r"^image: "):
        await one(url, inputs=guarded)


async def test_refusing_a_downloaded_page_names_only_its_host(inputs: Inputs, one: One) -> None:
    url = "https://media.example/cat.png?token=secret"
    with pytest.raises(InvalidRequest, match=r"^image: The file from media\.example is of an unknown type") as caught:
        await one(url, inputs=replace(inputs, downloader=Remote(files={url: b"<!doctype html><html></html>"})))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("role", IMAGE_ROLES)
async def test_an_image_role_takes_images_only(one: One, project: Path, role: Role) -> None:
    for content in (MP4, MP3, WAV, b"hello, this is text", b"\0" * 100):
        (project / "cat.png").write_bytes(content)
        with pytest.raises(InvalidRequest, match=r"use an? (PNG )?image"):
            await one("cat.png", role)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
async def test_an_image_is_named_and_measured_by_its_bytes(one: One, project: Path, kind: str) -> None:
    (project / "cat.txt").write_bytes(picture(kind, (30, 20)))
    file = await one("cat.txt")
    extension = "jpg" if kind == "JPEG" else kind.lower()
    assert (file.name, file.mime, file.dimensions) == (f"cat.{extension}", f"image/{kind.lower()}", (30, 20))


async def test_an_svg_has_no_dimensions(one: One, project: Path) -> None:
    (project / "cat.svg").write_bytes(SVG)
    file = await one("cat.svg")
    assert (file.mime, file.dimensions) == ("image/svg+xml", None)


async def test_a_picture_that_is_also_an_archive_is_a_picture(one: One, project: Path) -> None:
    (project / "cat.zip").write_bytes(PNG + b"PK\x05\x06" + b"\0" * 18)
    assert (await one("cat.zip")).name == "cat.png"


@pytest.mark.parametrize(
    ("role", "content", "name"),
    [
        ("audio", MP3, "take.mp3"),
        ("audio", WAV, "take.wav"),
        ("audio", MP4, "take.mp4"),
        ("voice_sample", WAV, "take.wav"),
        ("voice_sample", MP4, "take.mp4"),
        ("video", MP4, "take.mp4"),
    ],
)
async def test_audio_and_video_roles_take_recordings(
    one: One, project: Path, role: Role, content: bytes, name: str
) -> None:
    (project / "take.x").write_bytes(content)
    file = await one("take.x", role)
    assert (file.name, file.dimensions) == (name, None)


@pytest.mark.parametrize(("role", "content"), [("audio", PNG), ("voice_sample", PNG), ("video", PNG), ("video", MP3)])
async def test_audio_and_video_roles_take_nothing_else(one: One, project: Path, role: Role, content: bytes) -> None:
    (project / "take.mp4").write_bytes(content)
    with pytest.raises(InvalidRequest, match=rf"^{role}: 'take.mp4' is (image/png|audio/mpeg); use a "):
        await one("take.mp4", role)


@pytest.mark.parametrize(
    "content",
    [PNG[:16], PNG[:40], PNG[: len(PNG) // 2], PNG[:-12], PNG[:60] + b"\xff" + PNG[61:], PNG[:8] + b"x" * 500],
    ids=["header", "first chunk", "half", "no end", "flipped byte", "not one"],
)
async def test_a_png_that_is_not_whole_is_refused(one: One, project: Path, content: bytes) -> None:
    (project / "cat.png").write_bytes(content)
    with pytest.raises(InvalidRequest, match="begins as image/png but is damaged, truncated"):
        await one("cat.png")


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF"])
async def test_a_picture_cut_off_in_its_header_is_refused(one: One, project: Path, kind: str) -> None:
    (project / "cat").write_bytes(picture(kind)[:24])
    with pytest.raises(InvalidRequest, match=f"begins as image/{kind.lower()} but is damaged"):
        await one("cat")


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF"])
async def test_a_picture_that_is_cut_off_is_refused_by_name(one: One, project: Path, kind: str) -> None:
    data = picture(kind, (300, 200))
    (project / "cat").write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(InvalidRequest, match=f"^image: 'cat' begins as image/{kind.lower()} but is damaged"):
        await one("cat")


async def test_a_recording_is_known_by_its_tracks(one: One, project: Path) -> None:
    (project / "memo.m4a").write_bytes(sound("audio/mp4", 0.1, form="mp4"))
    assert (await one("memo.m4a", "voice_sample")).mime == "audio/mp4"
    with pytest.raises(InvalidRequest, match=r"'memo\.m4a' is audio/mp4; use a video"):
        await one("memo.m4a", "video")


@pytest.mark.parametrize(("width", "height"), [(1001, 1000), (10_000, 10_000), (13_000, 13_000), (65_535, 65_535)])
async def test_a_header_with_too_many_pixels_is_refused_before_decompression(
    one: One, project: Path, monkeypatch: pytest.MonkeyPatch, width: int, height: int
) -> None:
    (project / "cat.png").write_bytes(png_that_claims(width, height))
    monkeypatch.setattr(Image.Image, "load", fail_to_load)
    with pytest.raises(InvalidRequest, match=f"is {width:,} x {height:,} pixels; at most 1,000,000 in all"):
        await one("cat.png")


async def test_the_settings_set_the_limit_of_pixels(inputs: Inputs, one: One, project: Path) -> None:
    (project / "cat.png").write_bytes(png_that_claims(13_000, 13_000))
    settings = inputs.settings.model_copy(update={"max_pixels": 13_000 * 13_000})
    file = await one("cat.png", inputs=replace(inputs, settings=settings))
    assert file.dimensions == (13_000, 13_000)


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("my cat", "my-cat.png"),
        ("-rf", "rf.png"),
        ("a\nb\u202ec", "a-b-c.png"),
        ("a" * 200, f"{'a' * 60}.png"),
        ("\u732b", "image.png"),
        ("...", "image.png"),
        ("a.b.c", "a-b.png"),
    ],
)
async def test_the_name_is_ascii_with_the_true_extension(one: One, project: Path, stem: str, name: str) -> None:
    (project / stem).write_bytes(PNG)
    assert (await one(stem)).name == name


# After the check


@pytest.mark.parametrize("change", ["append", "replace", "touch", "link", "delete", "folder"])
async def test_a_file_that_changed_after_it_was_checked_is_not_opened(one: One, project: Path, change: str) -> None:
    path, other = project / "cat.png", project / "other.png"
    path.write_bytes(PNG)
    other.write_bytes(PNG)
    file = await one("cat.png")
    match change:
        case "append":
            path.write_bytes(PNG + b"x")
        case "replace":
            os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
            other.replace(path)
        case "touch":
            os.utime(path, ns=(0, 0))
        case "link":
            path.rename(project / "moved.png")
            path.symlink_to(project / "moved.png")
        case _:
            path.unlink()
            if change == "folder":
                path.mkdir()
    with pytest.raises(InvalidRequest, match=r"cat.png"):
        file.open()
    with pytest.raises(InvalidRequest, match=r"cat.png"):
        await file.read()
    with pytest.raises(InvalidRequest, match=r"cat.png"):
        await file.data_uri()


async def test_the_repr_leaves_out_the_version(one: One, project: Path) -> None:
    (project / "cat.png").write_bytes(PNG)
    assert "version" not in repr(await one("cat.png"))


# Masks


async def test_a_mask_of_the_images_size_is_accepted(inputs: Inputs, project: Path, scratch: Path) -> None:
    (project / "cat.jpg").write_bytes(picture("JPEG"))
    (project / "other.jpg").write_bytes(picture("JPEG", (10, 10)))
    found = await inputs.resolve({"mask": [png_uri()], "image": ["cat.jpg", "other.jpg"]}, scratch)
    assert found["mask"][0].dimensions == found["image"][0].dimensions


async def test_a_mask_of_another_size_is_refused(inputs: Inputs, project: Path, scratch: Path) -> None:
    (project / "cat.png").write_bytes(picture(size=(30, 20)))
    with pytest.raises(InvalidRequest) as caught:
        await inputs.resolve({"image": ["cat.png"], "mask": [png_uri()]}, scratch)
    assert caught.value.message == (
        "mask: mask.png is 64 x 48 pixels, and cat.png, the first image, is 30 x 20 pixels; their sizes must be equal."
    )
    assert caught.value.billed == "no"


@pytest.mark.parametrize(("photo", "mask"), [(6, 1), (1, 6), (6, 8)])
async def test_image_and_mask_are_compared_as_they_are_shown(
    inputs: Inputs, project: Path, scratch: Path, photo: int, mask: int
) -> None:
    sizes = {1: (48, 64), 6: (64, 48), 8: (64, 48)}
    (project / "cat.jpg").write_bytes(encoded(halves(sizes[photo]), "JPEG", orientation=photo))
    (project / "mask.png").write_bytes(encoded(halves(sizes[mask]), orientation=mask))
    found = await inputs.resolve({"image": ["cat.jpg"], "mask": ["mask.png"]}, scratch)
    for role in ("image", "mask"):
        assert opened(await found[role][0].read()).size == found[role][0].dimensions == (48, 64)
    (project / "mask.png").write_bytes(encoded(halves((64, 48))))
    with pytest.raises(InvalidRequest, match=r"cat\.jpg, the first image, is 48 x 64 pixels"):
        await inputs.resolve({"image": ["cat.jpg"], "mask": ["mask.png"]}, scratch)


async def test_a_mask_must_be_a_png(one: One, project: Path) -> None:
    (project / "mask.png").write_bytes(picture("JPEG"))
    with pytest.raises(InvalidRequest, match=r"^mask: 'mask.png' is image/jpeg; use a PNG image\. "):
        await one("mask.png", "mask")


async def test_an_svg_cannot_be_masked(one: One, project: Path) -> None:
    (project / "cat.svg").write_bytes(SVG)
    image, mask = await one("cat.svg"), await one(png_uri(), "mask")
    with pytest.raises(InvalidRequest, match=r"cat\.svg, the first image, is of unknown size"):
        check_mask(mask, image)


async def test_a_mask_without_an_image_is_left_to_the_caller_to_check(one: One) -> None:
    assert (await one(png_uri(), "mask")).dimensions == (64, 48)


async def test_a_scratch_folder_that_cannot_be_created_is_an_error(one: One, scratch: Path) -> None:
    scratch.parent.parent.mkdir(exist_ok=True)
    scratch.parent.write_bytes(b"in the way")
    with pytest.raises(MediaError, match="image: its content could not be saved for this call"):
        await one(png_uri(PNG))
