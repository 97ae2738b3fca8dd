"""Write the files by which clients install the server, from pyproject.toml and what backends and settings declare.

    uv run python tools/install_files.py [--check]

With --check, nothing is written: files that differ are named, and the exit code is 1. `server.json`, for the MCP
registry, says whose repository this is: it is written once `[project.urls]` has a `Repository`.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

from install.manifests import (
    CLAUDE_CODE,
    CLAUDE_DESKTOP,
    CODEX,
    SERVER,
    START,
    Manifest,
    agent_plugin,
    agent_servers,
    claude_marketplace,
    claude_plugin,
    codex_marketplace,
    codex_plugin,
    codex_servers,
    desktop_manifest,
    gemini_extension,
    registry_entry,
)
from install.project import ROOT, Project, read_project

Files: TypeAlias = Mapping[str, bytes]
"""Contents by path in the repository."""

_COPIES = {
    f"{CLAUDE_CODE}/LICENSE": "LICENSE",
    f"{CLAUDE_CODE}/skills/media/SKILL.md": "skills/media/SKILL.md",
    f"{CLAUDE_DESKTOP}/icon.png": f"{CLAUDE_CODE}/icon.png",
    f"{CODEX}/skills/media/SKILL.md": "skills/media/SKILL.md",
}
_LINKS = re.compile(r"(?<=<!-- links -->\n).*?(?=<!-- /links -->)", re.DOTALL)


def main() -> int:
    """Write the files, or check them. Return 1 if one was to be checked and differs."""
    arguments = sys.argv[1:]
    if arguments not in ([], ["--check"]):
        sys.exit(__doc__)
    checks = bool(arguments)
    differing = {path: content for path, content in generate(read_project()).items() if content != _read(ROOT / path)}
    for path, content in differing.items():
        print(path)
        if not checks:
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_bytes(content)
    return 1 if checks and differing else 0


def generate(project: Project) -> Files:
    """Return every generated file.

    Raises:
        ValueError: the project's repository is not on GitHub.
    """
    manifests: Mapping[str, Manifest] = {
        ".agents/plugins/marketplace.json": codex_marketplace(project),
        ".claude-plugin/marketplace.json": claude_marketplace(project),
        "gemini-extension.json": gemini_extension(project),
        "mcp.json": agent_servers(),
        "plugin.json": agent_plugin(project),
        f"{CLAUDE_CODE}/.claude-plugin/plugin.json": claude_plugin(project),
        f"{CLAUDE_DESKTOP}/manifest.json": desktop_manifest(project),
        f"{CODEX}/.codex-plugin/plugin.json": codex_plugin(project),
        f"{CODEX}/.mcp.json": codex_servers(project),
        **({"server.json": registry_entry(project)} if project.repository else {}),
    }
    readme = (ROOT / "README.md").read_text("utf-8")
    return {
        **{path: json.dumps(manifest, indent=2).encode() + b"\n" for path, manifest in manifests.items()},
        **{copy: (ROOT / path).read_bytes() for copy, path in _COPIES.items()},
        f"{CLAUDE_DESKTOP}/pyproject.toml": _desktop_project(project).encode(),
        "README.md": _LINKS.sub(lambda _: "\n".join([*_links(project), ""]), readme).encode(),
    }


def _desktop_project(project: Project) -> str:
    return f"""\
[project]
name = "{project.name}-desktop"
version = "{project.version}"
requires-python = "{project.python}"
dependencies = ["{project.name}=={project.version}"]
"""


def _links(project: Project) -> Iterator[str]:
    """Yield the links that add the server to an editor, and the mark by which the registry knows its README."""
    if project.repository:
        yield f"<!-- mcp-name: {project.registry_name} -->"
    start = json.dumps(START, separators=(",", ":"))
    cursor = quote(base64.b64encode(start.encode()))
    yield ""
    yield f"[Add to Cursor](https://cursor.com/en/install-mcp?name={SERVER}&config={cursor}) ·"
    yield f"[Add to VS Code](https://insiders.vscode.dev/redirect/mcp/install?name={SERVER}&config={quote(start)})"
    yield ""


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
