"""Gemini CLI."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from driving.client import PROMPT, SERVER, Client, Place
from driving.generate_content import GENERATE_CONTENT


def _arrange(place: Place) -> tuple[Sequence[str], Mapping[str, str]]:
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "privacy": {"usageStatisticsEnabled": False},
        "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
        "telemetry": {"enabled": False},
        "mcpServers": {"mediasmith": {"command": str(SERVER)}},
    }
    home = place.home / ".gemini"
    home.mkdir()
    (home / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    return ["-m", "gemini-2.5-pro", "-p", PROMPT, "--approval-mode", "yolo"], {
        "GEMINI_API_KEY": "none",
        "GOOGLE_GEMINI_BASE_URL": place.model,
        "GEMINI_CLI_TRUST_WORKSPACE": "true",
    }


GEMINI = Client(
    package="@google/gemini-cli",
    version="0.61.0",
    program="bundle/gemini.js",
    protocol=GENERATE_CONTENT,
    prefix="mcp_mediasmith_",
    arrange=_arrange,
)
