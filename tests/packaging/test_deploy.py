"""What deploys a fleet: it names settings that exist, and its balancer and times suit the server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from install.project import ROOT, read_project
from mediasmith.config.installation import Installation
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings, variable
from mediasmith.config.tool_schemas import MAX_WAIT
from mediasmith.mcp.http.message_errors import MAX_BODY

DEPLOY = ROOT / "deploy"
COMPOSE = (DEPLOY / "compose.yaml").read_text("utf-8")
NGINX = re.sub(r"#.*", "", (DEPLOY / "nginx.conf").read_text("utf-8"))


@pytest.fixture(scope="module")
def services() -> Mapping[str, Any]:
    return yaml.safe_load(COMPOSE)["services"]


@pytest.mark.parametrize("file", [path for path in DEPLOY.iterdir() if path.is_file()], ids=lambda path: path.name)
def test_every_setting_that_is_named_exists(file: Any) -> None:
    named = set(re.findall(r"MEDIASMITH_[A-Z_]+", file.read_text("utf-8")))
    assert named <= {*map(variable, Settings.model_fields)}


def test_the_settings_of_a_replica_are_those_of_a_fleet(services: Mapping[str, Any]) -> None:
    env = {
        name: re.sub(r"\$\{.*?\}", "0123456789abcdef" * 2, text)
        for name, text in services["one"]["environment"].items()
    }
    installation = Installation.load(env=env | {"MEDIASMITH_HTTP_URL": ""}, backends=Registry(backends={}, broken={}))
    assert installation.problems == ()
    assert all(getattr(installation.settings, field) for field in ("database_url", "store_url", "secret", "http_token"))
    keys = {name for name in env if not name.startswith(("MEDIASMITH_", "AWS_"))}
    assert keys <= {*read_project().key_variables}


def test_every_variable_is_in_the_example() -> None:
    named = set(re.findall(r"\$\{(\w+)", COMPOSE))
    assert named == set(re.findall(r"^(\w+)=", (DEPLOY / "example.env").read_text("utf-8"), re.MULTILINE))


def test_a_replica_is_not_killed_while_it_drains(services: Mapping[str, Any]) -> None:
    grace = int(services["one"]["stop_grace_period"].removesuffix("s"))
    assert grace > Settings().drain_seconds


def test_the_balancer_serves_the_replicas_and_never_sends_a_call_twice(services: Mapping[str, Any]) -> None:
    replicas = {name for name, service in services.items() if service["image"] == "mediasmith"}
    assert set(re.findall(r"server (\w+):8765", NGINX)) == replicas == set(services["balancer"]["depends_on"])
    assert "proxy_next_upstream error timeout;" in NGINX
    assert "access_log off;" in NGINX


def test_the_balancer_lets_through_what_the_server_does() -> None:
    [seconds] = re.findall(r"proxy_read_timeout (\d+)s;", NGINX)
    [mebibytes] = re.findall(r"client_max_body_size (\d+)m;", NGINX)
    assert int(seconds) > MAX_WAIT
    assert int(mebibytes) * 2**20 > MAX_BODY
    assert "proxy_buffering off;" in NGINX
    assert "proxy_set_header Host $http_host;" in NGINX


def test_the_local_fleet_has_the_same_settings(services: Mapping[str, Any]) -> None:
    named = set(re.findall(r'"((?:MEDIASMITH|AWS)_[A-Z_]+)"', (DEPLOY / "local.py").read_text("utf-8")))
    composed = {name for name in services["one"]["environment"] if name.startswith(("MEDIASMITH_", "AWS_"))}
    assert named - {variable("data_dir")} == composed
