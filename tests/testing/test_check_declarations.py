"""The checks of declarations find the faults that they are there for, and say what to do about them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import AliasChoices, ConfigDict, Field

from fakes.paper import NOW, PRICE, Client, Paper, PaperParams
from fakes.planted_faults import LIGHT, Fault, findings, planted, rig
from mediasmith.plugin.contract import Model


class Open(PaperParams):
    model_config = ConfigDict(extra="allow")


class Aliased(PaperParams):
    mood: Literal["calm", "wild"] | None = Field(default=None, validation_alias=AliasChoices("mood", "quality"))


class Either(PaperParams):
    depth: int | str | None = None


class Needy(PaperParams):
    depth: int


async def lists_nothing(_client: Client) -> Sequence[str]:
    return ()


def priced(**of: Any) -> tuple[Model, ...]:
    return (Model(id="paper-2", prices=(replace(PRICE, **of),)), Model(id="paper-1"))


FORMED = "it is well formed"
PLAIN = "its parameters are plain and closed"
MODELS = "its models and prices are sound"
LISTED = "list_backends shows it in full"

FAULTS = {
    "a name with capitals": Fault(check=FORMED, says="lower-case letters", backend={"name": "Paper"}),
    "another name than its entry point": Fault(check=FORMED, says="that of its entry point", rig={"name": "papers"}),
    "no page to read": Fault(check=FORMED, says="https page", backend={"docs": ""}),
    "a variable that is none": Fault(check=FORMED, says="environment variable", backend={"env": ("paper org",)}),
    "params that take anything": planted(PLAIN, "keep extra='forbid'", params=Open),
    "params with an alias": planted(PLAIN, "quality without declaring it", params=Aliased),
    "a parameter of two types": planted(PLAIN, "no single JSON type", params=Either),
    "a parameter that must be given": planted(PLAIN, "set it in Rig(base=", params=Needy),
    "no models": planted(FORMED, "no models", models=()),
    "a price below nothing": planted(MODELS, "a price is below 0", models=priced(input_image_usd=-0.01)),
    "a price of tomorrow": planted(MODELS, "still to come", models=priced(as_of=date(2999, 1, 1))),
    "a price from nowhere": planted(MODELS, "the https page", models=priced(source="")),
    "a price of an unknown word": planted(MODELS, "'size', which is no parameter", models=priced(when={"size": "1K"})),
    "a model listed twice": planted(MODELS, "listed twice", models=(Model(id="a"), Model(id="a"))),
    "a model that accepts what the params do not": planted(
        MODELS, "the params do not", models=(Model(id="a", accepts={"mood": ("sad",)}),)
    ),
    "a live list with nothing in it": planted(LISTED, "lists nothing", choices={"mood": lists_nothing}),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_found(tmp_path: Path, fault: Fault) -> None:
    assert fault.says in fault.finding(tmp_path)


@pytest.mark.parametrize(
    ("line", "says"),
    [("import PIL", "loads PIL"), ("print('hello')", "prints b'hello"), ("raise OSError('no disk')", "no disk")],
    ids=["a heavy import", "printing", "an error"],
)
def test_an_import_that_is_heavy_or_loud_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, says: str
) -> None:
    (tmp_path / "imported").mkdir()
    (tmp_path / "imported" / "paper_plugin.py").write_text(f"{line}\n", encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "imported"), *sys.path])
    params = type("PluginParams", (PaperParams,), {"__module__": "paper_plugin"})
    paper = Paper()
    tried = rig(paper, replace(NOW, params=params))
    assert says in findings(tmp_path, tried, paper, LIGHT)[LIGHT]
