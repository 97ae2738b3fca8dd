"""A chat host in Chromium: it shows the view of a tool's result through the official bridge, under a strict policy."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, unquote

import anyio
from mcp import Client
from mcp_types import CallToolResult
from playwright.async_api import Browser, Frame, FrameLocator, Locator, Page, Route, async_playwright

import npm

CHROMIUM = Path("/usr/bin/chromium")
"""Debian's browser. It plays H.264, AAC and MP3."""

VIEW = "ui://mediasmith/view.html"

PACKAGES = (
    "@modelcontextprotocol/ext-apps@2.0.4",
    "@modelcontextprotocol/client@2.4.0",
    "axe-core@4.14.1",
    "esbuild@0.28.2",
)

ABLE: Mapping[str, Any] = {
    "serverTools": {},
    "serverResources": {},
    "openLinks": {},
    "downloadFile": {},
    "updateModelContext": {"text": {}},
}
"""The capabilities of a host that can do all that the view knows."""

_PAGES = Path(__file__).parent
_HOST, _SANDBOX = "http://host.localhost", "http://sandbox.localhost"
_WIDTH = 720

# Its own sandbox does not work for root. Pages that no server sent count as public, and may not load from loopback.
_FLAGS = (
    "--no-sandbox",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-features=LocalNetworkAccessChecks",
)

# What the protocol prescribes; the domains are those that the resource names.
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: {0}; media-src 'self' data: {0}; connect-src 'none'"
)


@dataclass(kw_only=True)
class View:
    """A view that is shown. `frame` finds what is in it; `said` has what it asked its host, and `calls` the tools."""

    page: Page
    client: Client
    said: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list[tuple[str, Mapping[str, Any]]])
    calls: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list[tuple[str, Mapping[str, Any]]])
    reads: list[str] = field(default_factory=list[str])
    complaints: list[str] = field(default_factory=list[str])
    may_read: anyio.Event = field(default_factory=anyio.Event)

    @property
    def frame(self) -> FrameLocator:
        """The view's own frame, inside the sandbox."""
        return self.page.frame_locator("iframe").frame_locator("iframe")

    @property
    def inner(self) -> Frame:
        """The same frame, to evaluate scripts in."""
        return self.page.frames[-1]

    def find(self, selector: str) -> Locator:
        """Find an element of the first card."""
        return self.card(0).locator(selector)

    def card(self, index: int) -> Locator:
        """Find a card: the first is the tool's result, the others were added in the view."""
        return self.frame.locator(".card").nth(index)

    def button(self, name: str, card: int = 0) -> Locator:
        """Find a button by its name."""
        return self.card(card).get_by_role("button", name=name, exact=True)

    async def host(self, script: str, value: Any = None) -> Any:
        """Evaluate a script in the host's page."""
        return await self.page.evaluate(script, value)

    async def call_tool(self, params: Mapping[str, Any]) -> Any:
        """Call a tool for the view."""
        self.calls.append((params["name"], params.get("arguments", {})))
        return _wire(await self.client.call_tool(params["name"], params.get("arguments", {})))

    async def read_resource(self, params: Mapping[str, Any]) -> Any:
        """Read a resource for the view, once that is allowed."""
        self.reads.append(params["uri"])
        await self.may_read.wait()
        return _wire(await self.client.read_resource(params["uri"]))

    async def record(self, name: str, params: Mapping[str, Any]) -> None:
        """Record what the view asks of its host."""
        self.said.append((name, params))


@dataclass(kw_only=True)  # Playwright sets attributes on it
class ChatHost:
    """A browser with the pages of a chat host."""

    browser: Browser
    bridge: str
    axe: str

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncGenerator[ChatHost]:
        """Start Chromium for this block.

        Raises:
            npm.Unavailable: the bridge cannot be installed, or there is no browser.
        """
        if not await anyio.Path(CHROMIUM).exists():
            raise npm.Unavailable(f"There is no {CHROMIUM}: install Debian's package chromium.")
        modules = npm.packages(*PACKAGES)
        axe = (modules / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=_FLAGS)
            try:
                yield cls(browser=browser, bridge=_bundle(modules), axe=axe)
            finally:
                await browser.close()

    @asynccontextmanager
    async def show(  # noqa: PLR0913 - what a host decides, each by name
        self,
        client: Client,
        arguments: Mapping[str, Any],
        result: CallToolResult | None,
        *,
        capabilities: Mapping[str, Any] = ABLE,
        context: Mapping[str, Any] | None = None,
        width: int = _WIDTH,
        reading: bool = True,
    ) -> AsyncGenerator[View]:
        """Show the view of a tool's result for this block. Unless `reading`, resources wait for `view.may_read`."""
        page = await self.browser.new_page(viewport={"width": width, "height": 900})
        view = View(page=page, client=client)
        if reading:
            view.may_read.set()
        page.on("console", lambda said: view.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: view.complaints.append(str(error)))
        await page.route(f"{_HOST}/**", self._serve)
        await page.route(f"{_SANDBOX}/**", self._serve)
        expose = cast("Any", page).expose_function  # its types are only partly known
        await expose("callTool", view.call_tool)
        await expose("readResource", view.read_resource)
        await expose("record", view.record)
        await page.goto(f"{_HOST}/")
        [content] = (await client.read_resource(VIEW)).contents
        given = _wire(content)
        ui = given["_meta"]["ui"]
        domains = " ".join(ui.get("csp", {}).get("resourceDomains", ()))
        context = {"theme": "light", **(context or {})}
        await page.evaluate("theme => document.body.className = theme", context["theme"])
        try:
            await page.evaluate(
                "given => mount(given)",
                {
                    "html": given["text"],
                    **ui,
                    "capabilities": capabilities,
                    "context": context,
                    "input": arguments,
                    "result": _wire(result) if result else None,
                    "sandbox": f"{_SANDBOX}/?{quote(domains)}",
                },
            )
            yield view
        finally:
            await page.close()

    async def _serve(self, route: Route) -> None:
        host, _, domains = route.request.url.partition("?")
        policy: dict[str, str] = {}
        if host.endswith("/host.js"):
            body, mime = self.bridge, "text/javascript"
        elif host.startswith(_SANDBOX):
            body, mime = (_PAGES / "sandbox.html").read_text(encoding="utf-8"), "text/html"
            policy = {"Content-Security-Policy": _POLICY.format(unquote(domains))}
        elif host == f"{_HOST}/":
            body, mime = (_PAGES / "host.html").read_text(encoding="utf-8"), "text/html"
        else:
            body, mime = "", "text/plain"
        await route.fulfill(body=body, headers={"Content-Type": mime, **policy})

    async def violations(self, view: View) -> Sequence[str]:
        """Return what axe finds in the view."""
        await view.inner.evaluate(self.axe)
        found = await view.inner.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{one['id']}: {one['help']} ({', '.join(str(node['target']) for node in one['nodes'])})"
            for one in found["violations"]
        ]


def _wire(model: Any) -> Any:
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


def _bundle(modules: Path) -> str:
    """Return the host's script with the bridge."""
    command = [str(npm.NODE), str(modules / "esbuild" / "bin" / "esbuild"), str(_PAGES / "host.js")]
    run = subprocess.run(
        [*command, "--bundle", "--format=iife", "--log-level=error"],
        env={"NODE_PATH": str(modules)},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise npm.Unavailable(f"The bridge could not be bundled: {run.stderr[:300]}")
    return run.stdout
