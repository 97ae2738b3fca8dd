"""What the scenes of the gallery play on: its page in Chromium, and a client of another server on the same library."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from mcp import Client
from playwright.async_api import Locator, Page, async_playwright

import npm
from browser.chat_host import CHROMIUM, PACKAGES
from fakes.provider import Provider
from fakes.server import ask

_FLAGS = ("--no-sandbox", "--autoplay-policy=no-user-gesture-required")
_PAINTING_MS = 500  # players show their controls late
_AXE = "axe.run().then(found => JSON.stringify(found.violations.map(one => [one.id, one.nodes.map(n => n.html)])))"


@dataclass(kw_only=True)  # Playwright sets attributes on it
class GalleryStage:
    """A page that is signed in. `complaints` are those of the browser; `picture` is the scene's screenshot."""

    page: Page
    address: str
    client: Client
    provider: Provider
    picture: Path
    axe: str
    complaints: list[str] = field(default_factory=list[str])

    @classmethod
    @asynccontextmanager
    async def open(
        cls, address: str, client: Client, provider: Provider, picture: Path
    ) -> AsyncGenerator[GalleryStage]:
        """Open the page for this block.

        Raises:
            npm.Unavailable: axe cannot be installed, or there is no browser.
        """
        if not CHROMIUM.exists():
            raise npm.Unavailable(f"There is no {CHROMIUM}: install Debian's package chromium.")
        axe = (npm.packages(*PACKAGES) / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=_FLAGS)
            try:
                page = await browser.new_page(viewport={"width": 1100, "height": 800})
                stage = cls(page=page, address=address, client=client, provider=provider, picture=picture, axe=axe)
                page.on("console", lambda said: stage.complaints.append(said.text) if said.type == "error" else None)
                page.on("pageerror", lambda error: stage.complaints.append(str(error)))
                await page.goto(address)
                yield stage
            finally:
                await browser.close()

    @property
    def tiles(self) -> Locator:
        """The tiles of the files, newest first."""
        return self.page.locator(".tile")

    @property
    def detail(self) -> Locator:
        """The dialog of one file."""
        return self.page.locator("#detail")

    @property
    def jobs(self) -> Locator:
        """The cards of jobs."""
        return self.page.locator("#jobs .card")

    def button(self, name: str) -> Locator:
        """Find a button by its name."""
        return self.page.get_by_role("button", name=name, exact=True)

    async def make(self, prompt: str, **arguments: Any) -> Any:
        """Make something by the other server, and return its answer."""
        return await ask(self.client, "generate_media", prompt=prompt, **{"wait_seconds": 60, **arguments})

    async def check(self) -> None:
        """Take a screenshot: axe and the browser must have no complaints, and the page must not be too wide."""
        await self.page.wait_for_timeout(_PAINTING_MS)
        await self.page.screenshot(path=self.picture)
        assert not self.complaints, self.complaints
        session = cast("Any", await self.page.context.new_cdp_session(self.page))  # its types are only partly known
        expression = f"{self.axe};{_AXE}"
        # The page's own policy would not let a test in by any other way.
        run = {"expression": expression, "awaitPromise": True, "allowUnsafeEvalBlockedByCSP": True}
        found = (await session.send("Runtime.evaluate", run))["result"].get("value")
        assert found == "[]", found
        overflow = await self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0, f"{overflow} pixels too wide"
