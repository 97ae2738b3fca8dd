"""Files in the form that a model takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mediasmith.plugin.contract import Capability, Model, Params, Result, Takes
from mediasmith.plugin.kinds import IMAGES
from mediasmith.selection.input_matching import fit_inputs, input_fault, input_notes
from mediasmith.storage.inputs.input_file import InputFile


async def _start(_call: object) -> Result:
    pytest.fail("nothing is started")


PNG = InputFile(
    path=Path("/scratch/copy"),
    name="cat.png",
    mime="image/png",
    size=9,
    dimensions=(2, 1),
    version=(0, 0, 0, 0),
    note="cat.gif was sent as a PNG.",
)
GIF = replace(PNG, path=Path("/home/cat.gif"), name="cat.gif", mime="image/gif", note="", substitute=PNG)
MODEL = Model(id="m")


def taking(*mimes: str) -> Capability[Any, Any]:
    return Capability[Any, Any](
        kind="image",
        name="image",
        params=Params,
        models=(MODEL,),
        start=_start,
        takes={"image": Takes(mimes=mimes)},
    )


def test_a_copy_takes_the_place_of_a_file_that_is_not_taken() -> None:
    inputs = fit_inputs({"image": (GIF,)}, taking(*IMAGES), MODEL)
    assert inputs == {"image": (PNG,)}
    assert input_notes(inputs) == ("cat.gif was sent as a PNG.",)
    assert not input_fault(inputs, taking(*IMAGES), MODEL)


def test_a_file_that_is_taken_goes_as_it_is() -> None:
    inputs = fit_inputs({"image": (GIF,)}, taking("image/gif"), MODEL)
    assert inputs == {"image": (GIF,)}
    assert input_notes(inputs) == ()


@pytest.mark.parametrize(
    ("mime", "advice"),
    [
        ("image/svg+xml", ": convert it"),
        ("image/heic", ": convert it to JPEG, or install mediasmith[heic], which converts it"),
        ("video/mp4", ""),
    ],
)
def test_what_is_not_taken_is_named_with_what_to_do(mime: str, advice: str) -> None:
    inputs = fit_inputs({"image": (replace(PNG, name="cat.x", mime=mime),)}, taking("image/png"), MODEL)
    assert input_fault(inputs, taking("image/png"), MODEL) == (f"takes image as image/png, and cat.x is {mime}{advice}")


def test_a_role_that_is_not_taken_has_no_copy() -> None:
    assert fit_inputs({"mask": (GIF,)}, taking("image/png"), MODEL) == {"mask": (GIF,)}
