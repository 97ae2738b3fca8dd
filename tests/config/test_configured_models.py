"""Models that follow from the user's settings and files: each backend reads its own, and none can stop the others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from fakes.backends import fake
from mediasmith.config.configured_models import add_configured_models
from mediasmith.config.installation import Installation
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.plugin.access import Access
from mediasmith.plugin.contract import Backend, ConfiguredModels, Model

Reader = Callable[[Access], ConfiguredModels]


def reading(name: str, read: Reader, *, keys: tuple[str, ...] = ()) -> Backend[None]:
    return replace(fake(name, keys=keys), models=read)


def models_of(*backends: Backend[None]) -> tuple[dict[str, list[str]], tuple[str, ...]]:
    """The ids of every backend's models, and the problems."""
    registry, problems = add_configured_models(
        Registry(backends={one.name: one for one in backends}, broken={}), {"WHERE": "here"}
    )
    ids = {name: [model.id for model in one.capabilities[0].models] for name, one in registry.backends.items()}
    return ids, problems


def two_models(access: Access) -> ConfiguredModels:
    return ConfiguredModels(
        models={"image": (Model(id="mine"), Model(id=access.base_url or "other"))},
        problems=("broken.json is not JSON",),
    )


def test_configured_models_come_before_declared_ones_and_problems_name_the_backend() -> None:
    ids, problems = models_of(reading("local", two_models), fake("plain"))
    assert ids == {"local": ["mine", "other", "fake-1"], "plain": ["fake-1"]}
    assert problems == ("local: broken.json is not JSON",)


def fails(_access: Access) -> ConfiguredModels:
    raise OSError("/home/someone/secret")


def unknown_capability(_access: Access) -> ConfiguredModels:
    return ConfiguredModels(models={"film": (Model(id="m"),)})


def uses_the_network(access: Access) -> ConfiguredModels:
    access.network.client(base_url="http://127.0.0.1:9")
    return ConfiguredModels(models={})


@pytest.mark.parametrize(
    ("read", "problem"),
    [
        (fails, "bad: its models could not be read (OSError)"),
        (unknown_capability, "bad: it has models for an unknown capability, film"),
        (uses_the_network, "bad: its models could not be read (RuntimeError)"),
    ],
    ids=["an exception", "an unknown capability", "the network"],
)
def test_a_backend_that_fails_lacks_only_these_models(read: Reader, problem: str) -> None:
    assert models_of(reading("bad", read), reading("good", two_models)) == (
        {"bad": ["fake-1"], "good": ["mine", "other", "fake-1"]},
        (problem, "good: broken.json is not JSON"),
    )


def test_a_backend_that_hangs_is_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediasmith.config.configured_models._SECONDS", 0.05)
    release = threading.Event()

    def hangs(_access: Access) -> ConfiguredModels:
        release.wait()
        return ConfiguredModels(models={})

    try:
        ids, problems = models_of(reading("slow", hangs), reading("good", two_models))
    finally:
        release.set()
    assert ids["good"] == ["mine", "other", "fake-1"]
    assert problems[0] == "slow: its models could not be read within 0.05 s"


def test_a_backend_without_its_key_is_not_a_problem() -> None:
    assert models_of(reading("shop", two_models, keys=("SHOP_KEY",))) == ({"shop": ["fake-1"]}, ())


def test_an_installation_has_the_configured_models_and_the_problems() -> None:
    here = Installation.load(
        settings=Settings(), env={}, backends=Registry(backends={"local": reading("local", two_models)}, broken={})
    )
    assert here.offers()[0].models == ("mine", "other", "fake-1")
    assert here.problems == ("local: broken.json is not JSON",)
