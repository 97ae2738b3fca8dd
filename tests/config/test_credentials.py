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


def test_a_backends_settings_are_read_from_variables_with_its_name() -> None:
    env = {"MEDIASMITH_ENGINE_STEPS": " 30 ", "MEDIASMITH_ENGINE_FOLDER": "${HOME}", "ENGINE_KEY": "k"}
    access = read_access(ENGINE, env)
    assert (access.settings, access.key) == (EngineSettings(steps=30), "k")


def test_an_invalid_setting_keeps_its_default_and_is_reported() -> None:
    env = {"MEDIASMITH_ENGINE_STEPS": "many", "MEDIASMITH_ENGINE_FOLDER": "/models"}
    assert read_access(ENGINE, env).settings == EngineSettings(folder="/models")
    [problem] = setting_problems(ENGINE, env)
    assert problem.startswith("MEDIASMITH_ENGINE_STEPS is not valid (")
    assert problem.endswith("it counts as not set")


def test_an_installation_reports_problems_with_the_settings_of_backends() -> None:
    env = {"MEDIASMITH_ENGINE_STEPS": "0", "MEDIASMITH_ENGINE_STEP": "1", "MEDIASMITH_ENGINE_FOLDER": "/models"}
    here = Installation.load(env=env, backends=Registry(backends={"engine": ENGINE}, broken={}))
    assert [problem.split(" ")[0] for problem in here.problems] == ["MEDIASMITH_ENGINE_STEP", "MEDIASMITH_ENGINE_STEPS"]


@pytest.mark.parametrize("value", ['"k-1"', "Bearer k-1", "k-1\u200b", "\ufeffk-1\r\n"])
def test_a_key_is_read_without_what_is_no_part_of_it(value: str) -> None:
    env = {"ENGINE_KEY": value}
    here = Installation.load(env=env, backends=Registry(backends={"engine": ENGINE}, broken={}))
    assert read_access(ENGINE, env).key == "k-1"
    assert here.key_notes["ENGINE_KEY"].startswith("read without ")
    assert {"k-1", value} <= set(here.secrets)
    assert here.problems == ()


def test_a_value_that_cannot_be_a_key_counts_as_not_set_and_is_reported() -> None:
    env = {"ENGINE_KEY": "k 1"}
    here = Installation.load(env=env, backends=Registry(backends={"engine": ENGINE}, broken={}))
    expected = "ENGINE_KEY contains a space or a line break, which no key has; it counts as not set"
    assert here.problems == (expected,)
    with pytest.raises(MissingKey) as caught:
        read_access(replace(ENGINE, key_optional=False), env)
    assert caught.value.hint == f"Set ENGINE_KEY and restart the server. {expected}."


def test_a_setting_in_quotes_is_read_without_them() -> None:
    assert read_access(ENGINE, {"MEDIASMITH_ENGINE_STEPS": "'30'"}).settings == EngineSettings(steps=30)


def test_an_optional_key_may_be_missing() -> None:
    assert read_access(ENGINE, {}).key == ""
    with pytest.raises(MissingKey):
        read_access(replace(ENGINE, key_optional=False), {})


def test_a_setting_without_a_default_is_a_fault_of_the_backend() -> None:
    class Needy(BaseModel):
        folder: str

    assert "a field of its settings has no default" in list(find_faults(replace(ENGINE, settings=Needy), "engine"))


@pytest.mark.parametrize("use", ["client", "proxy_for", "ssl_context"])
def test_a_backend_cannot_use_the_network_before_a_call(use: str) -> None:
    network = read_access(ENGINE, {}).network
    with pytest.raises(RuntimeError, match="may not be used before a call"):
        _ = network.ssl_context if use == "ssl_context" else getattr(network, use)(*["http://x"] * (use == "proxy_for"))
