"""Codex."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from driving.client import PROMPT, SERVER, Client, Place
from driving.responses import RESPONSES

_CONFIG = """
# Newer models find the tools of servers by a search; this name has them listed.
model = "gpt-4.1"
model_provider = "stub"
check_for_update_on_startup = false

[model_providers.stub]
name = "stub"
base_url = "{model}/v1"
wire_api = "responses"
env_key = "STUB_KEY"

[mcp_servers.mediasmith]
command = "{server}"
# Else its tools are missing from the first turn whenever it takes more than a second to start.
required = true
# Without a terminal there is nobody to ask, and a tool that reaches outside is refused.
default_tools_approval_mode = "approve"

[analytics]
enabled = false

# Both ask for lists on the network.
[features]
plugins = false
apps = false
"""


def _arrange(place: Place) -> tuple[Sequence[str], Mapping[str, str]]:
    home = place.home / ".codex"
    home.mkdir()
    (home / "config.toml").write_text(_CONFIG.format(model=place.model, server=SERVER), encoding="utf-8")
    return ["exec", "--skip-git-repo-check", PROMPT], {"CODEX_HOME": str(home), "STUB_KEY": "none"}


CODEX = Client(
    package="@openai/codex",
    version="0.169.0",
    program="bin/codex.js",
    protocol=RESPONSES,
    prefix="mcp__mediasmith__",
    arrange=_arrange,
)
