"""Wrong requests: each is explained in a sentence, nothing is sent to a provider, and nothing is written."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import AsyncGenerator, Generator, Mapping
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from fakes.backends import capability, fake, png
from fakes.http import installed
from fakes.server import refused
from mediasmith.engine.bootstrap import lazy_engine
from mediasmith.mcp.server import MediaServer
from mediasmith.plugin.contract import Call, Result, Takes
from mediasmith.plugin.kinds import Role

LONG = "a" * 1_000_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """The working directory, with inputs of every kind, most of them bad."""
    folder = tmp_path_factory.mktemp("wrong-requests")
    (folder / "good.png").write_bytes(png())
    (folder / "small.png").write_bytes(png(8, 8))
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.png").write_text("not an image")
    (folder / "cut.png").write_bytes(png()[:40])
    (folder / "bomb.png").write_bytes(png_claiming(65_535, 65_535))
    (folder / "link.png").symlink_to("/etc/passwd")
    (folder / "folder").mkdir()
    os.mkfifo(folder / "fifo.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder


def png_claiming(width: int, height: int) -> bytes:
    """Return a PNG whose header claims this size."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return png()[:12] + header + struct.pack(">I", zlib.crc32(header)) + png()[33:]


@pytest.fixture(scope="module")
def started_calls() -> list[Call[None, Any]]:
    """The calls that reached the backend."""
    return []


@pytest.fixture(scope="module")
async def client(folder: Path, started_calls: list[Call[None, Any]]) -> AsyncGenerator[Client]:
    async def start(call: Call[None, Any]) -> Result:
        started_calls.append(call)
        raise AssertionError("a wrong request was sent")

    takes: Mapping[Role, Takes] = {"image": Takes(max=4), "mask": Takes()}
    capabilities = (capability(takes=takes, start=start), capability("speech", kind="speech", start=start))
    installation = installed(folder, fake(capabilities=capabilities), allowed_dirs=(Path("/dev"), Path("/proc")))
    async with lazy_engine(lambda: installation) as engine, Client(MediaServer(engine)) as client:
        yield client


WRONG: dict[str, tuple[str, dict[str, object], str]] = {
    "a prompt that is no text": ("generate_media", {"prompt": ["x", "y"]}, "prompt must be text"),
    "a number that is text": ("generate_media", {"n": "three"}, "n must be a whole number from 1 to 10"),
    "a number out of range": ("get_job", {"wait_seconds": 601}, "a whole number from 0 to 600"),
    "a parameter out of range": ("generate_media", {"seed": 10**30}, "seed"),
    "options that are text": ("generate_media", {"options": "fast"}, "options must be an object"),
    "an unknown argument": ("generate_media", {"promt": "x"}, "no argument 'promt'. Did you mean prompt?"),
    "an unknown option": ("generate_media", {"options": {"colour": "red"}}, "colour"),
    "an unknown kind": ("generate_media", {"kind": "sculpture"}, 'kind is "sculpture"; accepted: image, speech'),
    "an unknown backend": ("generate_media", {"backend": "none"}, "none"),
    "both prompt and prompts": ("generate_media", {"prompts": ["x"]}, "prompt and prompts were both given"),
    "no prompt": ("generate_media", {"prompt": None}, "prompt is missing"),
    "a blank prompt": ("generate_media", {"prompt": " \n "}, "prompt is missing"),
    "a prompt of 1 MB": ("generate_media", {"prompt": LONG}, "prompt has 1,000,000 characters; at most 100,000"),
    "a mask of another size": (
        "generate_media",
        {"image": ["good.png"], "mask": "small.png"},
        "mask: small.png is 8 x 8 pixels",
    ),
    "a file outside": ("generate_media", {"image": ["/etc/passwd"]}, "image: /etc/passwd is outside the allowed"),
    "a file outside through ..": ("generate_media", {"image": ["../../../../../../etc/passwd"]}, "passwd is outside"),
    "a file outside through a link": ("generate_media", {"image": ["link.png"]}, "image: /etc/passwd is outside"),
    "a FIFO": ("generate_media", {"image": ["fifo.png"]}, "image: 'fifo.png' is not a regular file"),
    "a device": ("generate_media", {"image": ["/dev/zero"]}, "image: '/dev/zero' is not a regular file"),
    "a folder": ("generate_media", {"image": ["folder"]}, "image: 'folder' is a folder"),
    "a missing file": ("generate_media", {"image": ["none.png"]}, "image: 'none.png' does not exist"),
    "an empty file": ("generate_media", {"image": ["empty.png"]}, "image: 'empty.png' is empty"),
    "a file that is not an image": ("generate_media", {"image": ["text.png"]}, "'text.png' is of an unknown type"),
    "half an image": ("generate_media", {"image": ["cut.png"]}, "image: 'cut.png' begins as image/png but is damaged"),
    "too many pixels": ("generate_media", {"image": ["bomb.png"]}, "'bomb.png' is 65,535 x 65,535 pixels"),
    "a path of 1 MB": ("generate_media", {"image": [LONG]}, "image: The path is too long"),
    "a private address": ("generate_media", {"image": ["http://169.254.169.254/a.png"]}, "image: "),
    "output outside": ("generate_media", {"output": "/etc/x.png"}, "output: /etc/x.png is outside the allowed folders"),
    "output inside a file": ("generate_media", {"output": "good.png/x.png"}, "output: no file can be created"),
    "output in /proc": ("generate_media", {"output": "/proc/sub/x.png"}, "output: no file can be created"),
    "output with a control character": ("generate_media", {"output": "a\nb.png"}, "output: "),
    "an unknown continuation": ("continue_edit", {"continuation_id": "a" * 26}, "There is no continuation 'aaaa"),
    "a path as continuation": ("continue_edit", {"continuation_id": "../../etc/passwd"}, "is not a file that was made"),
    "an empty continuation": ("continue_edit", {"continuation_id": "media://"}, "There is no continuation"),
    "no continuation": ("continue_edit", {}, "continuation_id is missing"),
    "a job of 1 MB": ("get_job", {"job_id": LONG}, "There is no job 'aaaa"),
    "SQL as a job": ("get_job", {"job_id": "' OR 1=1 --"}, "There is no job"),
    "the list of an unknown backend": ("list_backends", {"backend": "none"}, "There is no backend 'none'"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_a_wrong_request_is_explained_and_nothing_is_sent_or_written(
    client: Client, folder: Path, started_calls: list[Call[None, Any]], case: str
) -> None:
    tool, wrong, expected = WRONG[case]
    right = {"prompt": "a lighthouse"} if tool in {"generate_media", "continue_edit"} else {}
    error = await refused(client, tool, **{**right, **wrong})
    assert expected in error
    assert len(error) < 1000
    if tool in {"generate_media", "continue_edit"}:
        assert "Nothing was billed." in error
    for internal in ("Traceback", "-32603", "Error executing tool", "validation error", "pydantic"):
        assert internal not in error
    assert started_calls == []
    assert not (folder / "out").exists()
