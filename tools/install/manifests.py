"""The manifest of each client and registry. All of them start the server with uvx or uv."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from install.project import TITLE, Project

Manifest: TypeAlias = Mapping[str, Any]
"""A manifest as JSON has it."""

SERVER = "media"
"""What the server is called in a client's settings."""

START: Manifest = {"command": "uvx", "args": ["mediasmith"]}
"""How clients start it."""

CLAUDE_CODE, CLAUDE_DESKTOP, CODEX = "plugins/claude-code", "plugins/claude-desktop", "plugins/codex"
"""The folders of the clients that need one for themselves.

Beside the plugin.json of an Agent Plugin, Codex would ignore its own, and with it the timeout and the user's folder.
"""

_SERVER_SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
_AGENT_SCHEMAS = "https://agent-plugins.org/schemas/1.0.0"
_TIMEOUT = 600  # seconds that a client waits for a call


def claude_marketplace(project: Project) -> Manifest:
    """Return the marketplace of Claude Code."""
    return {
        "name": project.name,
        "owner": {"name": TITLE},
        "metadata": {"description": project.description},
        "plugins": [{"name": project.name, "source": f"./{CLAUDE_CODE}", "description": project.description}],
    }


def claude_plugin(project: Project) -> Manifest:
    """Return the plugin of Claude Code.

    An option that is not set arrives as an empty text, which must not hide a variable of the user's shell.
    """
    env = {key.variable: f"${{{key.variable}:-${{user_config.{key.option}}}}}" for key in project.keys}
    return {
        **_facts(project),
        "author": {"name": TITLE},
        "mcpServers": {SERVER: {**START, "timeout": _TIMEOUT * 1000, "env": env}},
        "userConfig": _options(project),
    }


def codex_marketplace(project: Project) -> Manifest:
    """Return the marketplace of Codex."""
    plugin = {
        "name": project.name,
        "source": {"source": "local", "path": f"./{CODEX}"},
        "policy": {"installation": "AVAILABLE", "authentication": "ON_INSTALL"},
        "category": "Productivity",
    }
    return {"name": project.name, "plugins": [plugin]}


def codex_plugin(project: Project) -> Manifest:
    """Return the plugin of Codex."""
    return {**_facts(project), "mcpServers": "./.mcp.json", "skills": "./skills/"}


def codex_servers(project: Project) -> Manifest:
    """Return the server that the plugin of Codex starts. Of the user's variables it gets those that are named."""
    server = {**START, "env_vars": project.variables, "tool_timeout_sec": _TIMEOUT, "required": True}
    return {"mcpServers": {SERVER: server}}


def agent_plugin(project: Project) -> Manifest:
    """Return the plugin of the Agent Plugins specification."""
    return {"$schema": f"{_AGENT_SCHEMAS}/plugin.schema.json", **_facts(project)}


def agent_servers() -> Manifest:
    """Return the server of an Agent Plugin. It may contain no keys: they come from the client's environment."""
    return {"$schema": f"{_AGENT_SCHEMAS}/mcp.schema.json", "mcpServers": {SERVER: {"type": "stdio", **START}}}


def gemini_extension(project: Project) -> Manifest:
    """Return the extension of Gemini CLI. Of the user's keys, its server gets those that are named."""
    env = {name: f"${name}" for name in project.key_variables}
    settings = [
        {"name": key.title, "description": key.description, "envVar": key.variable, "sensitive": True}
        for key in project.keys
    ]
    return {
        "name": project.name,
        "version": project.version,
        "description": project.description,
        "mcpServers": {SERVER: {**START, "timeout": _TIMEOUT * 1000, "env": env}},
        "settings": settings,
    }


def desktop_manifest(project: Project) -> Manifest:
    """Return the manifest of the bundle for Claude Desktop."""
    env = {key.variable: f"${{user_config.{key.option}}}" for key in project.keys}
    start = {"command": "uv", "args": ["run", "--directory", "${__dirname}", project.name], "env": env}
    return {
        "manifest_version": "0.4",  # the first with servers of type uv
        **_facts(project),
        "display_name": TITLE,
        "author": {"name": TITLE},
        "icon": "icon.png",
        "server": {"type": "uv", "entry_point": "server/main.py", "mcp_config": start},
        "user_config": _options(project, required=False, default=""),
    }


def registry_entry(project: Project) -> Manifest:
    """Return the entry in the MCP registry.

    Raises:
        ValueError: the repository is not on GitHub.
    """
    keys = [{"name": key.variable, "description": key.description, "isSecret": True} for key in project.keys]
    settings = [{"name": name, "description": description} for name, description in project.settings.items()]
    package = {
        "registryType": "pypi",
        "identifier": project.name,
        "version": project.version,
        "runtimeHint": "uvx",
        "transport": {"type": "stdio"},
        "environmentVariables": [*keys, *settings],
    }
    return {
        "$schema": _SERVER_SCHEMA,
        "name": project.registry_name,
        "title": TITLE,
        "description": project.description,
        "version": project.version,
        "repository": {"url": project.repository, "source": "github"},
        "packages": [package],
    }


def _facts(project: Project) -> dict[str, Any]:
    return {
        "name": project.name,
        "version": project.version,
        "description": project.description,
        "license": project.license,
        "keywords": project.keywords,
    }


def _options(project: Project, **more: Any) -> Manifest:
    return {
        key.option: {"type": "string", "title": key.title, "description": key.description, "sensitive": True, **more}
        for key in project.keys
    }
