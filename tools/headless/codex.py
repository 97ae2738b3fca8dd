"""Run Codex."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headless.client import PROMPT, Client, Sandbox
from headless.openai_responses import RESPONSES

_CONFIG = """
# For newer models, the tools of servers are behind a search; for this one, they are listed.
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
# Otherwise its tools are missing from the first turn if it takes more than a second to start.
required = true
# Without a terminal, tools that would need an approval are refused.
default_tools_approval_mode = "approve"

[analytics]
enabled = false

# Both fetch lists from the network.
[features]
plugins = false
apps = false
"""


def _configure(sandbox: Sandbox) -> tuple[Sequence[str], Mapping[str, str]]:
    home = sandbox.home / ".codex"
    home.mkdir()
    (home / "config.toml").write_text(_CONFIG.format(model=sandbox.model_url, server=sandbox.server), encoding="utf-8")
    return ["exec", "--skip-git-repo-check", PROMPT], {"CODEX_HOME": str(home), "STUB_KEY": "none"}


CODEX = Client(
    package="@openai/codex",
    version="0.169.0",
    script="bin/codex.js",
    api=RESPONSES,
    prefix="mcp__mediasmith__",
    configure=_configure,
)
