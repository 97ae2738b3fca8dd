"""What a backend signs in with: keys, variables and settings of its own, and no network before a call."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import pytest
from pydantic import BaseModel, Field

from fakes.backends import fake
from mediasmith.config.credentials import read_access, setting_problems
from mediasmith.config.installation import Installation
from mediasmith.config.registry import Registry, find_faults
from mediasmith.plugin.errors import MissingKey


class EngineSettings(BaseModel):
    """What an engine lets its user set."""

    steps: Annotated[int, Field(ge=1, le=50)] = 20
    folder: str = ""


ENGINE = replace(fake("engine", keys=("ENGINE_KEY",)), key_optional=True, settings=EngineSettings)


def test_settings_of_a_backend_are_read_by_its_name() -> None:
    env = {"MEDIASMITH_ENGINE_STEPS": " 30 ", "MEDIASMITH_ENGINE_FOLDER": "${HOME}", "ENGINE_KEY": "k"}
    access = read_access(ENGINE, env)
    assert (access.settings, access.key) == (EngineSettings(steps=30), "k")


def test_a_setting_that_is_not_valid_keeps_its_default_and_is_named() -> None:
    env = {"MEDIASMITH_ENGINE_STEPS": "many", "MEDIASMITH_ENGINE_FOLDER": "/models"}
    assert read_access(ENGINE, env).settings == EngineSettings(folder="/models")
    [problem] = setting_problems(ENGINE, env)
    assert problem.startswith("MEDIASMITH_ENGINE_STEPS is not valid (")
    assert problem.endswith("it counts as not set")


def test_an_installation_knows_the_settings_of_its_backends() -> None:
    env = {"MEDIASMITH_ENGINE_STEPS": "0", "MEDIASMITH_ENGINE_STEP": "1", "MEDIASMITH_ENGINE_FOLDER": "/models"}
    here = Installation.load(env=env, backends=Registry(backends={"engine": ENGINE}, broken={}))
    assert [problem.split(" ")[0] for problem in here.problems] == ["MEDIASMITH_ENGINE_STEP", "MEDIASMITH_ENGINE_STEPS"]


def test_an_optional_key_may_be_missing() -> None:
    assert read_access(ENGINE, {}).key == ""
    with pytest.raises(MissingKey):
        read_access(replace(ENGINE, key_optional=False), {})


def test_a_setting_without_a_default_is_the_fault_of_the_backend() -> None:
    class Needy(BaseModel):
        folder: str

    assert "a field of its settings has no default" in list(find_faults(replace(ENGINE, settings=Needy), "engine"))


@pytest.mark.parametrize("use", ["client", "proxy_for", "ssl_context"])
def test_there_is_no_network_before_a_call(use: str) -> None:
    network = read_access(ENGINE, {}).network
    with pytest.raises(RuntimeError, match="may not be used before a call"):
        _ = network.ssl_context if use == "ssl_context" else getattr(network, use)(*["http://x"] * (use == "proxy_for"))
