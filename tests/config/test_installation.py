"""What an installation offers: what is ready, and what providers no longer serve."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, Literal

import pytest

from fakes.backends import FakeParams, capability, fake
from mediasmith.config.installation import Installation
from mediasmith.config.offers import Offer
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.plugin.access import Access
from mediasmith.plugin.contract import Backend, ConfiguredModels, Model

TODAY = date(2026, 11, 30)
OLD = Model(id="old", retires=TODAY)
OLDER = Model(id="older", retires=date(2026, 8, 17))
NEW = Model(id="new", retires=date(2026, 12, 1))


def installed(*backends: Backend[Any], **env: str) -> Installation:
    registry = Registry(backends={backend.name: backend for backend in backends}, broken={})
    return Installation.load(settings=Settings(), env=env, backends=registry)


def offer(backend: Backend[Any], **env: str) -> Offer:
    [found] = installed(backend, **env).offers("image", TODAY)
    return found


def shut_down(access: Access) -> str:
    return "" if access.base_url else "The provider shut it down"


@pytest.mark.parametrize("env", [{}, {"ONE_KEY": "k"}], ids=["without a key", "with a key"])
def test_a_capability_whose_models_have_all_retired_is_not_offered(env: dict[str, str]) -> None:
    found = offer(fake("one", keys=("ONE_KEY",), models=(OLD, OLDER)), **env)
    assert (found.ready, found.missing) == (False, "old retired on 2026-11-30; older retired on 2026-08-17")


def test_only_models_in_service_are_offered() -> None:
    assert offer(fake("one", models=(OLD, NEW))).models == ("new",)
    retired, served = capability("a", models=(OLD,)), capability("b", models=(NEW,))
    found = offer(fake("one", capabilities=(retired, served)))
    assert (found.ready, found.missing, found.models) == (True, "", ("new",))


def test_what_is_served_but_not_ready_is_told_before_what_is_retired() -> None:
    retired, locked = capability("a", models=(OLD,)), capability("b", missing=lambda _access: "pay first")
    assert offer(fake("one", capabilities=(retired, locked))).missing == "pay first"


@pytest.mark.parametrize("env", [{}, {"ONE_KEY": "k"}], ids=["without a key", "with a key"])
def test_what_a_provider_has_ended_is_told_in_its_words(env: dict[str, str]) -> None:
    backend = fake("one", keys=("ONE_KEY",), ended=shut_down)
    found = offer(backend, **env)
    assert (found.ready, found.missing) == (False, "The provider shut it down")
    elsewhere = offer(backend, **env, MEDIASMITH_ONE_BASE_URL="http://gateway.example")
    assert elsewhere.missing == ("" if env else "Set ONE_KEY and restart the server")


def test_models_that_are_fetched_may_be_others() -> None:
    async def discover(_client: None) -> list[Model]:
        return [NEW]

    assert offer(fake("one", models=(OLD,), discover=discover)).ready


def test_the_tools_do_not_speak_of_what_is_no_longer_served() -> None:
    class Tall(FakeParams):
        size: Literal["9K"] | None = None

    over = Model(id="m", retires=date(2020, 1, 1))
    backends = fake("one"), fake("two", params=Tall, models=(over,)), fake("three", params=Tall, ended=shut_down)
    properties = installed(*backends).tools["generate_media"].parameters["properties"]
    assert ("size" in properties, properties["backend"]["description"]) == (False, "auto (default), one.")
    served = installed(*backends, MEDIASMITH_THREE_BASE_URL="http://gateway.example").tools["generate_media"].parameters
    assert "size" in served["properties"]


def test_a_backend_of_which_nothing_is_ready_is_itself_not_ready() -> None:
    def no_folder(_access: Access) -> str:
        return "set ONE_FOLDER"

    one, two = capability("a", missing=no_folder), capability("b", missing=no_folder)
    assert installed(fake("one", capabilities=(one, two))).missing == {"one": "set ONE_FOLDER"}
    assert installed(fake("one", capabilities=(one, capability("b")))).missing == {"one.a": "set ONE_FOLDER"}
    other = capability("b", missing=lambda _access: "set ONE_URL")
    assert installed(fake("one", capabilities=(one, other))).missing == {
        "one": "set ONE_FOLDER",
        "one.b": "set ONE_URL",
    }


def test_a_capability_for_which_no_model_is_set_up_is_not_ready() -> None:
    def models(_access: Access) -> ConfiguredModels:
        return ConfiguredModels(models={"a": (NEW,)})

    backend = fake("one", capabilities=(capability("a", models=()), capability("b", models=())))
    assert installed(replace(backend, models=models)).missing == {
        "one.b": "none of the models that are set up can make it"
    }


def test_a_key_with_our_prefix_is_no_unknown_setting() -> None:
    registry = Registry(backends={"one": fake("one", keys=("MEDIASMITH_ONE_API_KEY",))}, broken={})
    here = Installation.load(env={"MEDIASMITH_ONE_API_KEY": "k", "MEDIASMITH_ONE_KEY": "k"}, backends=registry)
    assert [problem.split()[0] for problem in here.problems] == ["MEDIASMITH_ONE_KEY"]
