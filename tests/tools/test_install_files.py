"""The files by which clients install the server agree with pyproject.toml, the backends and the settings."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from install.project import ROOT, Project, read_project
from install_files import generate
from mediasmith.config.base_urls import base_url_variable
from mediasmith.config.installation import Installation
from mediasmith.config.settings import FLEET, Settings, variable
from mediasmith.plugin.kinds import KINDS

SKILL = (ROOT / "skills" / "media" / "SKILL.md").read_text("utf-8")


@pytest.fixture(scope="module")
def project() -> Project:
    return read_project()


@pytest.fixture(scope="module")
def owned(project: Project) -> Project:
    """The project as it is once its repository has an address."""
    return replace(project, repository="https://github.com/ada/mediasmith")


def test_the_files_are_up_to_date(project: Project) -> None:
    stale = [path for path, content in generate(project).items() if (ROOT / path).read_bytes() != content]
    assert not stale, "run: python tools/install_files.py"


def test_a_new_version_reaches_every_manifest(project: Project) -> None:
    files = generate(replace(project, version="7.8.9"))
    said = {path for path, content in files.items() if b"7.8.9" in content}
    versioned = {path for path, content in files.items() if project.version.encode() in content}
    assert said >= {"gemini-extension.json", "plugin.json", "plugins/claude-desktop/manifest.json"}
    assert not {path for path in versioned if path.endswith((".json", ".toml"))}


def test_every_client_is_asked_for_the_key_of_every_provider(project: Project) -> None:
    backends = [one for one in Installation.load(env={}).registry.backends.values() if not one.key_optional]
    wanted = {key for backend in backends for key in backend.keys[:1] if not key.startswith("STUB_")}
    assert wanted
    assert wanted == {key.variable for key in project.keys}
    files = generate(project)
    for path in ("plugins/claude-code/.claude-plugin/plugin.json", "plugins/claude-desktop/manifest.json"):
        manifest = json.loads(files[path])
        options = manifest.get("userConfig") or manifest["user_config"]
        assert {name.upper() for name in options} == wanted
        assert all(option["sensitive"] for option in options.values())
    extension = json.loads(files["gemini-extension.json"])
    assert {setting["envVar"] for setting in extension["settings"]} == wanted
    server = json.loads(files["plugins/codex/.mcp.json"])["mcpServers"]["media"]
    also = {variable("output_dir"), base_url_variable("openai"), "MEDIASMITH_COMFYUI_WORKFLOWS"}
    assert wanted | also < {*server["env_vars"]}


def test_nothing_names_an_owner_before_there_is_one(project: Project) -> None:
    files = generate(replace(project, repository=""))
    assert "server.json" not in files
    assert not [path for path, content in files.items() if b"github" in content and path != "README.md"]
    assert b"mcp-name" not in files["README.md"]


def test_the_entry_in_the_registry_has_the_name_of_the_owner(owned: Project) -> None:
    files = generate(owned)
    entry: Any = json.loads(files["server.json"])
    assert entry["name"] == "io.github.ada/mediasmith"
    assert b"<!-- mcp-name: io.github.ada/mediasmith -->" in files["README.md"]
    assert entry["repository"]["url"] == owned.repository
    assert len(entry["description"]) <= 100
    [package] = entry["packages"]
    assert (package["identifier"], package["version"]) == ("mediasmith", entry["version"])
    variables = {one["name"]: one for one in package["environmentVariables"]}
    assert {name for name, one in variables.items() if one.get("isSecret")} == {key.variable for key in owned.keys}
    served = {*map(variable, ("http_token", "http_url", "drain_seconds", *FLEET))}
    assert {*map(variable, Settings.model_fields)} - served == {name for name in variables if "MEDIASMITH" in name}


SPECS = Path(os.environ.get("MEDIASMITH_TEST_SPECS") or "nowhere", "server.schema.json")


@pytest.mark.skipif(not SPECS.is_file(), reason="MEDIASMITH_TEST_SPECS names no folder with the registry's schema")
def test_the_entry_in_the_registry_is_as_published(owned: Project) -> None:
    jsonschema.validate(json.loads(generate(owned)["server.json"]), json.loads(SPECS.read_text("utf-8")))


def test_only_github_repositories_have_a_name_in_the_registry(project: Project) -> None:
    with pytest.raises(ValueError, match=r"should be https://github\.com/OWNER/NAME, not https://forge\.example/a/b"):
        generate(replace(project, repository="https://forge.example/a/b"))


def test_the_skill_is_short_and_names_only_what_the_tools_have(tmp_path: Path) -> None:
    assert len(SKILL.splitlines()) <= 60
    tools = Installation.load(settings=Settings(data_dir=tmp_path), env={}).tools
    arguments = {name for tool in tools.values() for name in tool.parameters["properties"]}
    answered = {"running", "done", "partial", "unknown", "warnings"}
    words = set(re.findall(r"`([a-z_]+)(?:: [^`]*)?`", SKILL))
    assert {*tools} <= {*words, *re.findall(r"\w+", SKILL.split("---")[1])}
    assert words <= {*tools, *arguments, *KINDS, *answered, "sketch"}
