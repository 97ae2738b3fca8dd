"""Run Gemini CLI."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from headless.client import PROMPT, Client, Sandbox
from headless.google_generate_content import GENERATE_CONTENT


def _configure(sandbox: Sandbox) -> tuple[Sequence[str], Mapping[str, str]]:
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "privacy": {"usageStatisticsEnabled": False},
        "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
        "telemetry": {"enabled": False},
        "mcpServers": {"mediasmith": {"command": str(sandbox.server)}},
    }
    home = sandbox.home / ".gemini"
    home.mkdir()
    (home / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    return ["-m", "gemini-2.5-pro", "-p", PROMPT, "--approval-mode", "yolo"], {
        "GEMINI_API_KEY": "none",
        "GOOGLE_GEMINI_BASE_URL": sandbox.model_url,
        "GEMINI_CLI_TRUST_WORKSPACE": "true",
    }


GEMINI = Client(
    package="@google/gemini-cli",
    version="0.61.0",
    script="bundle/gemini.js",
    api=GENERATE_CONTENT,
    prefix="mcp_mediasmith_",
    configure=_configure,
)
