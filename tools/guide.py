"""Make the files that docs/guide.md shows, by its own tool calls, without a key or a network.

    uv run --group dev python tools/guide.py [FOLDER]

Without a folder, those that the page shows are replaced. Where the page says that a stand-in answered, a fake provider
of the tests does.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

import mediasmith
from mediasmith.plugin.probe import video_frames

ROOT = Path(__file__).parents[1]

PAGE = ROOT / "docs" / "guide.md"

FILES = ROOT / "docs" / "guide"

_SECTION = re.compile(
    r"^## \d+\. (?P<title>.+?)\n.*?"
    r"```sh\n(?P<command>.+?)```\n\n```json\n(?P<call>.+?)```\n.*?"
    r"^\*.*?(?P<backend>sketch|OpenAI|ElevenLabs)",
    re.DOTALL | re.MULTILINE,
)
_FRAMES = 3  # of a film
_SIDE = 320  # pixels of each
_MASK = (400, 190, 600, 330)  # what is made again: left, top, right, bottom


@dataclass(frozen=True, kw_only=True)
class Task:
    """One task of the guide: a command, the call of a tool that does the same, and which backend did it."""

    title: str
    command: str
    tool: str
    arguments: Mapping[str, Any]
    backend: str


def tasks() -> Iterator[Task]:
    """Yield the tasks of the page, in order."""
    for section in _SECTION.finditer(PAGE.read_text("utf-8")):
        call = json.loads(section["call"])
        yield Task(
            title=section["title"],
            command=section["command"],
            tool=call["tool"],
            arguments=call["arguments"],
            backend=section["backend"].lower(),
        )


def make(folder: Path) -> None:
    """Make the files of the guide in a folder, which becomes the working folder.

    Raises:
        RuntimeError: a call failed. The message is its answer.
    """
    from fakes import elevenlabs, openai  # noqa: PLC0415 - found once the tests' folders are on the path

    os.chdir(folder)
    mask = Image.new("RGBA", (640, 360), "black")
    mask.paste((0, 0, 0, 0), _MASK)
    mask.save("mask.png")
    with ExitStack() as running, tempfile.TemporaryDirectory() as data:
        fakes = {"openai": openai.running, "elevenlabs": elevenlabs.running}
        env = {name: running.enter_context(fake()).env() for name, fake in fakes.items()}
        for task in tasks():
            settings = {
                "MEDIASMITH_BACKENDS": task.backend,
                "MEDIASMITH_DATA_DIR": data,
                "MEDIASMITH_OUTPUT_DIR": str(folder),
            }
            paths = asyncio.run(_call(task, {**settings, **env.get(task.backend, {})}))
            _name(paths, task)


async def _call(task: Task, env: Mapping[str, str]) -> list[Path]:
    os.environ.update(env)
    async with mediasmith.open() as media:
        answer = await media.call(task.tool, {**task.arguments, "wait_seconds": 120})
        if answer.is_error or not isinstance(answer.result, mediasmith.MediaResult):
            raise RuntimeError(f"{task.title}: {answer.text}")
        return [Path(file.path) for file in answer.result.files]


def _name(paths: list[Path], task: Task) -> None:
    """Name the files of a batch after its folder, and show frames of a film."""
    output = task.arguments["output"]
    if output.endswith("/"):
        for number, path in enumerate(paths, start=1):
            shutil.move(path, f"{output.rstrip('/')}-{number}{path.suffix}")
        Path(output).rmdir()
    elif output.endswith(".mp4"):
        _strip(paths[0]).save(paths[0].with_suffix(".webp"), quality=80)


def _strip(film: Path) -> Image.Image:
    """Return frames of a film side by side: the first, the last, and some between."""
    with film.open("rb") as file:
        frames = [frame for _, frame in video_frames(file, "video/mp4", _SIDE)]
    shown = [frames[place * (len(frames) - 1) // (_FRAMES - 1)] for place in range(_FRAMES)]
    width, height = shown[0].size
    strip = Image.new("RGB", (width * _FRAMES, height))
    for place, frame in enumerate(shown):
        strip.paste(frame, (place * width, 0))
    return strip


def main() -> None:
    """Make the files in the folder that is named, or for the page."""
    folder = Path(sys.argv[1]) if sys.argv[1:] else FILES
    tests = ROOT / "tests"
    sys.path += [str(tests), str(tests / "fakes" / "stub")]  # where the fake providers are
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    make(folder.resolve())


if __name__ == "__main__":
    main()
