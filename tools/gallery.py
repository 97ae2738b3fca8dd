"""Open the gallery in a real browser, press every button, and look at what follows.

    uv run --group dev --group browser python tools/gallery.py [--pictures FOLDER] [SCENE ...]

The gallery is served by its command, with the sketch and the stub backends; another server works on the same library.
Where the browser or axe is missing, nothing is run, and the reason is printed. Screenshots of all scenes are written to
the folder.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

import npm
from browser.player import Player

if TYPE_CHECKING:
    from browser.gallery_stage import GalleryStage
    from fakes.provider import Provider

TESTS = Path(__file__).parents[1] / "tests"
sys.path += [str(TESTS), str(TESTS / "fakes" / "stub")]  # where the fake providers are

_BACKENDS = "sketch,stub_now,stub_job,stub_slow"


async def main() -> int:
    """Run the scenes that are named, or all, and print how each went. Return 1 if one failed."""
    player = Player.from_arguments("Gallery", "Look at the gallery in a real browser.")
    try:
        from browser.gallery_scenes import SCENES  # noqa: PLC0415 - Playwright may be missing
        from fakes.provider import running  # noqa: PLC0415 - found by the path above
    except ModuleNotFoundError as error:
        player.skip(f"{error}; it is in the dependency group browser.")
        return player.exit_code
    try:
        with running() as provider:
            await player.play(SCENES, partial(_act, provider, player.pictures))
    except npm.Unavailable as reason:
        player.skip(reason)
    return player.exit_code


async def _act(provider: Provider, pictures: Path, name: str, scene: Callable[[GalleryStage], Awaitable[None]]) -> None:
    provider.reset()
    async with _stage(provider, pictures, name) as stage:
        await scene(stage)
        await stage.check()


@asynccontextmanager
async def _stage(provider: Provider, pictures: Path, name: str) -> AsyncGenerator[GalleryStage]:
    """Serve a new library, by the gallery's command and by another server, and open the page."""
    from browser.gallery_stage import GalleryStage  # noqa: PLC0415 - needs Playwright
    from fakes.server import COMMAND, environment, serving  # noqa: PLC0415 - found by the path above

    env = {"MEDIASMITH_BACKENDS": _BACKENDS}
    with tempfile.TemporaryDirectory(prefix="mediasmith-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        command = [COMMAND, "gallery", "--no-open"]
        async with serving(place, provider, env=env) as client:
            process = await anyio.open_process(command, env=environment(place, provider, env), cwd=folder)
            async with process:
                assert process.stderr
                text = ""
                while not (found := re.search(r"gallery at (\S+)\n", text)):
                    text += (await process.stderr.receive()).decode()
                try:
                    async with GalleryStage.open(found[1], client, provider, pictures / f"gallery-{name}.png") as stage:
                        yield stage
                finally:
                    process.terminate()


if __name__ == "__main__":
    sys.exit(anyio.run(main))
