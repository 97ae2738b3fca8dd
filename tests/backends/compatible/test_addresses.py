"""What is offered follows from URLs and from the models that the user names, before anything is asked."""

from __future__ import annotations

import pytest

from mediasmith.config.installation import Installation
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith_backends.compatible import backend
from mediasmith_backends.compatible.addresses import KINDS

OURS = "MEDIASMITH_COMPATIBLE_"
URL = "http://127.0.0.1:8080/v1"


def installed(**env: str) -> Installation:
    """Return an installation of this backend alone, with variables by what follows its name."""
    return Installation.load(
        settings=Settings(),
        env={f"{OURS}{name}": value for name, value in env.items()},
        backends=Registry(backends={"compatible": backend}, broken={}),
    )


@pytest.mark.parametrize(
    ("env", "offered"),
    [
        ({}, {}),
        ({"BASE_URL": URL}, {"image": ["default"], "speech": ["default"], "video": ["default"]}),
        ({"SPEECH_BASE_URL": URL}, {"speech": ["default"]}),
        ({"BASE_URL": URL, "SPEECH_MODELS": " tts-1 ,kokoro,"}, {"speech": ["tts-1", "kokoro"]}),
        (
            {"BASE_URL": URL, "IMAGE_MODELS": "sd", "SPEECH_BASE_URL": URL},
            {"image": ["sd"], "speech": ["default"]},
        ),
        (
            {"BASE_URL": URL, "SPEECH_BASE_URL": URL, "SPEECH_MODELS": "tts-1"},
            {"image": ["default"], "speech": ["tts-1"], "video": ["default"]},
        ),
        ({"SPEECH_MODELS": "tts-1"}, {}),
    ],
)
def test_what_is_offered_follows_from_urls_and_named_models(env: dict[str, str], offered: dict[str, list[str]]) -> None:
    here = installed(**env)
    assert {offer.kind: list(offer.models) for offer in here.offers() if offer.ready} == offered
    assert here.problems == ()


def test_without_a_url_it_says_which_variable_to_set() -> None:
    assert installed().missing == {
        "compatible": f"set {OURS}BASE_URL to the URL of an engine, such as http://localhost:8080/v1"
    }


def test_a_kind_without_models_says_which_variable_to_set() -> None:
    missing = installed(BASE_URL=URL, SPEECH_MODELS="tts-1").missing
    assert missing["compatible.image"] == f"set {OURS}IMAGE_MODELS to models of the engine that make this"
    assert "compatible.speech" not in missing


def test_every_kind_has_a_url_of_its_own() -> None:
    assert backend.base_urls == tuple(f"{OURS}{kind.upper()}_BASE_URL" for kind in KINDS)


def test_a_setting_that_cannot_be_read_is_named() -> None:
    [problem] = installed(BASE_URL=URL, READ_SECONDS="soon").problems
    assert problem.startswith(f"{OURS}READ_SECONDS is not valid")
