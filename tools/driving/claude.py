"""Claude Code."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from driving.client import PROMPT, SERVER, Client, Place
from driving.messages import MESSAGES


def _arrange(place: Place) -> tuple[Sequence[str], Mapping[str, str]]:
    servers = {"mcpServers": {"mediasmith": {"type": "stdio", "command": str(SERVER)}}}
    arguments = [
        "-p",
        PROMPT,
        "--strict-mcp-config",
        "--mcp-config",
        json.dumps(servers),
        "--allowedTools",
        "mcp__mediasmith",
    ]
    return arguments, {
        "ANTHROPIC_BASE_URL": place.model,
        "ANTHROPIC_API_KEY": "none",
        "ENABLE_TOOL_SEARCH": "false",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_ERROR_REPORTING": "1",
    }


CLAUDE = Client(
    package="@anthropic-ai/claude-code",
    version="2.1.328",
    program="cli-wrapper.cjs",
    protocol=MESSAGES,
    prefix="mcp__mediasmith__",
    arrange=_arrange,
)
"""The wrapper finds the program of this platform, which an install script would otherwise have linked."""
