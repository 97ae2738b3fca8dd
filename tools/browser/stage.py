"""What the scenes play on: a chat host, a server with its client, and a folder for screenshots."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp import Client
from mcp_types import CallToolResult

from browser.chat_host import ChatHost, View
from fakes.provider import Provider

_PAINTING_MS = 500  # players show their controls late


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What a scene is given. `name` is the scene's own, which its screenshot is named after."""

    host: ChatHost
    client: Client
    provider: Provider
    pictures: Path
    name: str

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> CallToolResult:
        """Call a tool, as the host does for its model."""
        return await self.client.call_tool(tool, dict(arguments))

    @asynccontextmanager
    async def play(self, tool: str, arguments: Mapping[str, Any], **shown: Any) -> AsyncGenerator[View]:
        """Call a tool and show its result, as `present` does."""
        async with self.present(arguments, await self.call(tool, arguments), **shown) as view:
            yield view

    @asynccontextmanager
    async def present(
        self, arguments: Mapping[str, Any], result: CallToolResult | None, **shown: Any
    ) -> AsyncGenerator[View]:
        """Show a result for this block. At its end take a screenshot: axe and the browser must have no complaints."""
        async with self.host.show(self.client, arguments, result, **shown) as view:
            try:
                yield view
            finally:
                await self.photograph(view, self.name)
                if view.complaints:
                    print(f"The browser says: {view.complaints}")
            assert not view.complaints, view.complaints
            violations = await self.host.violations(view)
            assert not violations, violations
            overflow = await view.inner.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert overflow <= 0, f"{overflow} pixels too wide"

    async def photograph(self, view: View, name: str) -> None:
        """Take a screenshot."""
        height = await view.page.evaluate("document.documentElement.scrollHeight")
        await view.page.set_viewport_size({**(view.page.viewport_size or {}), "height": height})  # pyright: ignore[reportArgumentType]
        await view.page.wait_for_timeout(_PAINTING_MS)
        await view.page.screenshot(path=self.pictures / f"{name}.png")
