"""Open the gallery in a real browser, press every button, and look at what follows.

    uv run --group dev --group browser python tools/gallery.py [--pictures FOLDER] [SCENE ...]

The gallery is served by its command, with the sketch and the stub backends; another server works on the same library.
Where the browser or axe is missing, nothing is run, and the reason is printed. Screenshots of all scenes are written to
the folder.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import traceback
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import anyio

import npm

if TYPE_CHECKING:
    from browser.gallery_stage import GalleryStage
    from fakes.provider import Provider

TESTS = Path(__file__).parents[1] / "tests"
sys.path += [str(TESTS), str(TESTS / "fakes" / "stub")]  # where the fake providers are

PICTURES = Path(tempfile.gettempdir(), "mediasmith-screenshots")
"""Where screenshots go by default."""

_BACKENDS = "sketch,stub_now,stub_job,stub_slow"
_PATIENCE = 120  # seconds for a scene


async def main() -> int:
    """Run the scenes that are named, or all, and print how each went. Return 1 if one failed."""
    parser = argparse.ArgumentParser(prog="gallery", description="Look at the gallery in a real browser.")
    parser.add_argument("scene", nargs="*", help="what to run; by default everything")
    parser.add_argument("--pictures", type=Path, default=PICTURES, help="the folder for screenshots")
    arguments = parser.parse_args()
    arguments.pictures.mkdir(parents=True, exist_ok=True)
    try:
        from browser.gallery_scenes import SCENES  # noqa: PLC0415 - Playwright may be missing
        from fakes.provider import running  # noqa: PLC0415 - found by the path above
    except ModuleNotFoundError as error:
        print(f"Gallery: skipped. {error}; it is in the dependency group browser.")
        return 0
    failed = 0
    try:
        with running() as provider:
            for name, scene in SCENES.items():
                if arguments.scene and name not in arguments.scene:
                    continue
                provider.reset()
                try:
                    with anyio.fail_after(_PATIENCE):
                        async with _stage(provider, arguments.pictures, name) as stage:
                            await scene(stage)
                            await stage.check()
                    print(f"Gallery: {name}: ok", flush=True)
                except npm.Unavailable:
                    raise
                except Exception as error:  # noqa: BLE001 - one scene does not keep the others from being played
                    failed += 1
                    print(f"Gallery: {name}: FAILED\n{_cause(error)}", flush=True)
    except npm.Unavailable as reason:
        print(f"Gallery: skipped. {reason}")
    return min(failed, 1)


def _cause(error: BaseException) -> str:
    """Return the traceback of the error itself, without the groups that task groups put around it."""
    while isinstance(error, BaseExceptionGroup):
        [error, *_] = cast("tuple[BaseException, ...]", error.exceptions)
    return "".join(traceback.format_exception(error))


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
