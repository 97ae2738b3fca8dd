"""The checks of parameters find the faults that they are there for, and say what to do about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pytest

from fakes.paper import NOW, Client, Paper, PaperParams, body_of, make, picture
from fakes.planted_faults import TYPES, WORDS, Fault, findings, planted, rig
from mediasmith.plugin.contract import Call, Capability, Model, Result


class Forgetful(PaperParams):
    style: Literal["photo", "drawing"] | None = None


async def without_style(call: Call[Client, Any]) -> Result:
    await call.client.ask("POST", "/make", {**await body_of(call), "style": None})
    return picture()


class Sized(PaperParams):
    size: Literal["64x64", "100x100", "128x128"] | None = None


async def rounding(call: Call[Client, Any]) -> Result:
    body = await body_of(call)
    sent = {**body, "size": "64x64" if body.get("size") == "100x100" else body.get("size")}
    await call.client.ask("POST", "/make", sent)
    return picture()


async def rounding_aloud(call: Call[Client, Any]) -> Result:
    if call.params.size == "100x100":
        call.warn("size 100x100 became 64x64.")
    return await rounding(call)


async def dropping_zero(call: Call[Client, Any]) -> Result:
    body = {word: value for word, value in (await body_of(call)).items() if value}
    await call.client.ask("POST", "/make", body)
    return picture()


async def without_image(call: Call[Client, Any]) -> Result:
    return await make(replace(call, inputs={}))


async def always_first_model(call: Call[Client, Any]) -> Result:
    return await make(replace(call, model=NOW.models[0]))


class Formatted(PaperParams):
    output_format: Literal["png", "webp"] | None = None


PNG_ONLY = (Model(id="paper-2", accepts={"output_format": ("png",)}),)


async def look_up(_client: Client, _name: str) -> None:
    return None


REST = "the prompt, the model and every input reach the provider"

FAULTS = {
    "a parameter that is not sent": planted(WORDS, "the same for style 'photo'", params=Forgetful, start=without_style),
    "a value changed without a warning": planted(WORDS, "call.warn", params=Sized, start=rounding),
    "a value that no model accepts": planted(WORDS, "no model accepts", params=Formatted, models=PNG_ONLY),
    "a zero that is dropped": planted(WORDS, "seed 0 as for no seed", start=dropping_zero),
    "an input that is not sent": planted(REST, "a file in image", start=without_image),
    "a model that is not sent": planted(REST, "model paper-1", start=always_first_model),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_found(tmp_path: Path, fault: Fault) -> None:
    assert fault.says in fault.finding(tmp_path)


@pytest.mark.parametrize(
    ("check", "capability"),
    [
        (WORDS, replace(NOW, params=Sized, start=rounding_aloud)),
        (WORDS, replace(NOW, models=(*NOW.models, Model(id="gone", retires=date(2026, 1, 2))))),
        (REST, replace(NOW, models=(*NOW.models, Model(id="gone", retires=date(2026, 1, 2))))),
        (WORDS, replace(NOW, params=Formatted, models=PNG_ONLY, lookup=look_up)),
        (TYPES, replace(NOW, params=Formatted, models=PNG_ONLY, lookup=look_up)),
    ],
    ids=[
        "a change that is said aloud",
        "a retired model",
        "a retired model's name",
        "a value that only models which are looked up accept",
        "a format that only models which are looked up accept",
    ],
)
def test_what_is_no_fault_passes(tmp_path: Path, check: str, capability: Capability[Client, Any]) -> None:
    paper = Paper()
    assert not findings(tmp_path, rig(paper, capability), paper, check)
