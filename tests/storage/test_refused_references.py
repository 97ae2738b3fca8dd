"""References to inputs that cannot be used, and what is said about them."""

from __future__ import annotations

import base64
import os
import re
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.input_files import IMAGE_ROLES, PNG, One, Remote, png_uri
from mediasmith.config.credentials import OFFLINE
from mediasmith.plugin.errors import InvalidRequest, MediaError, NotAllowed, ProviderError, TimedOut, Unreachable
from mediasmith.plugin.kinds import Role
from mediasmith.storage.downloader import Downloader
from mediasmith.storage.inputs.references import ARGUMENTS, Inputs


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


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


# Masks


async def test_a_scratch_folder_that_cannot_be_created_is_an_error(one: One, scratch: Path) -> None:
    scratch.parent.parent.mkdir(exist_ok=True)
    scratch.parent.write_bytes(b"in the way")
    with pytest.raises(MediaError, match="image: its content could not be saved for this call"):
        await one(png_uri(PNG))
