"""Show the view of results in a real browser, press every button, and look at what follows.

    uv run --group dev --group browser python tools/view.py [--pictures FOLDER] [SCENE ...]

The server runs over stdio with the sketch and the stub backends, and over HTTP with fake ones. The host's side is the
official bridge, which is installed from npm on first use, into a cache folder. Where that or the browser is missing,
nothing is run, and the reason is printed. Screenshots of all scenes are written to the folder.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

import npm
from browser.player import Player

if TYPE_CHECKING:
    from browser.chat_host import ChatHost
    from browser.stage import Stage
    from fakes.provider import Provider

TESTS = Path(__file__).parents[1] / "tests"
sys.path += [str(TESTS), str(TESTS / "fakes" / "stub")]  # where the fake providers are

_BACKENDS = "sketch,stub_now,stub_job,stub_slow,stub_stream"


async def main() -> int:
    """Run the scenes that are named, or all, and print how each went. Return 1 if one failed."""
    player = Player.from_arguments("View", "Look at the view of results in a real browser.")
    try:
        from browser.chat_host import ChatHost  # noqa: PLC0415 - Playwright may be missing
        from browser.http_scenes import HTTP_SCENES  # noqa: PLC0415 - as above
        from browser.scenes import SCENES  # noqa: PLC0415 - as above
        from fakes.provider import running  # noqa: PLC0415 - found by the path above
    except ModuleNotFoundError as error:
        player.skip(f"{error}; it is in the dependency group browser.")
        return player.exit_code
    try:
        with running() as provider:
            async with ChatHost.open() as host:
                async with _over_stdio(host, provider, player.pictures) as stage:
                    await player.play(SCENES, partial(_act, stage))
                async with _over_http(host, provider, player.pictures) as stage:
                    await player.play(HTTP_SCENES, partial(_act, stage))
    except npm.Unavailable as reason:
        player.skip(reason)
    return player.exit_code


async def _act(stage: Stage, name: str, scene: Callable[[Stage], Awaitable[None]]) -> None:
    stage.provider.reset()
    await scene(replace(stage, name=name.replace(" ", "-")))


@asynccontextmanager
async def _over_stdio(host: ChatHost, provider: Provider, pictures: Path) -> AsyncGenerator[Stage]:
    from browser.stage import Stage  # noqa: PLC0415 - needs Playwright
    from fakes.server import serving  # noqa: PLC0415 - found by the path above

    with tempfile.TemporaryDirectory(prefix="mediasmith-", ignore_cleanup_errors=True) as folder:
        async with serving(Path(folder), provider, env={"MEDIASMITH_BACKENDS": _BACKENDS}) as client:
            yield Stage(host=host, client=client, provider=provider, pictures=pictures, name="")


@asynccontextmanager
async def _over_http(host: ChatHost, provider: Provider, pictures: Path) -> AsyncGenerator[Stage]:
    from browser.http_scenes import accept, large_film, poll  # noqa: PLC0415 - needs Playwright
    from browser.stage import Stage  # noqa: PLC0415 - as above
    from fakes.backends import fake  # noqa: PLC0415 - found by the path above
    from fakes.http import installed, site  # noqa: PLC0415 - as above

    with tempfile.TemporaryDirectory(prefix="mediasmith-", ignore_cleanup_errors=True) as folder:
        backends = (
            fake(),
            fake("films", kind="video", start=large_film),
            fake("composer", kind="music", start=accept, poll=poll, every=0.2),
        )
        async with site(installed(Path(folder), *backends)) as own, own.client() as client:
            yield Stage(host=host, client=client, provider=provider, pictures=pictures, name="")


if __name__ == "__main__":
    sys.exit(anyio.run(main))
