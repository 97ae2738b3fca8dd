"""Inputs: every form of reference."""

from __future__ import annotations

import base64
import os
import stat
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from fakes.input_files import ID, PNG, One, Remote, is_there, png_uri
from mediasmith.plugin.errors import UnknownContinuation
from mediasmith.plugin.files import Source
from mediasmith.storage.inputs.references import Inputs


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


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


@pytest.mark.parametrize(
    "reference",
    [
        f"media://{ID}",
        f"media:{ID}",
        f"MEDIA://{ID}",
        ID,
        ID.upper(),
        f"https://media.example/files/{ID}",
        f"a-{ID}.png",
    ],
)
async def test_a_file_that_was_made_here_is_found_wherever_it_is(one: One, reference: str) -> None:
    file = await one(reference)
    assert (file.name, file.path.parent.name) == ("2026-a-cat.png", "elsewhere")


@pytest.mark.parametrize("reference", ["media://nothing", ID[::-1]])
async def test_an_unknown_id_is_an_error_that_names_the_argument(one: One, reference: str) -> None:
    with pytest.raises(UnknownContinuation, match=r"^image: There is no file media://") as caught:
        await one(reference)
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
