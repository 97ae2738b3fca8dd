"""Run Claude Code."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from headless.anthropic_messages import MESSAGES
from headless.client import PROMPT, Client, Sandbox


def _configure(sandbox: Sandbox) -> tuple[Sequence[str], Mapping[str, str]]:
    servers = {"mcpServers": {"mediasmith": {"type": "stdio", "command": str(sandbox.server)}}}
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
        "ANTHROPIC_BASE_URL": sandbox.model_url,
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
    script="cli-wrapper.cjs",
    api=MESSAGES,
    prefix="mcp__mediasmith__",
    configure=_configure,
)
"""The wrapper starts the binary of this platform, which an install script would otherwise have linked."""
