"""The extension of `output` asks for that format, and what becomes of it is said."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pytest

from fakes.backends import fake, png
from fakes.engines import WAIT_FOR_END, Scripted, continue_edit, generate, picture, running_engine
from mediasmith.plugin.contract import Call, Model, Output, Params, Request, Result
from mediasmith.plugin.media import wav

JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 64 + b"\xff\xd9"


class Formats(Params):
    output_format: Literal["png", "jpeg"] = "png"


async def as_asked(call: Call[None, Any]) -> Result:
    """A picture in the format that was asked for."""
    jpeg = call.params.output_format == "jpeg"
    return Result(outputs=(Output(body=JPEG if jpeg else png(), mime="image/jpeg" if jpeg else "image/png"),))


@pytest.mark.parametrize(
    ("output", "made"),
    {
        "logo.png": "logo.png",
        "logo.jpg": "logo.jpg",
        "logo.jpeg": "logo.jpeg",
        "logo.JPG": "logo.JPG",
        "a.jfif": "a.jfif",
    }.items(),
)
async def test_an_extension_asks_for_its_format(tmp_path: Path, output: str, made: str) -> None:
    async with running_engine(tmp_path, fake(start=as_asked, params=Formats)) as engine:
        result = await generate(engine, output=f"{tmp_path}/out/{output}")
    assert (Path(result.files[0].path).name, result.warnings) == (made, ())
    assert result.files[0].mime == ("image/png" if made.endswith("png") else "image/jpeg")


@pytest.mark.parametrize(
    ("given", "made", "mime"),
    [
        ({"output": "logo.webp"}, "logo.png", "image/png"),
        ({"output": "logo.jpg", "output_format": "png"}, "logo.png", "image/png"),
        ({"output": "film.mp4", "kind": "image"}, "film.png", "image/png"),
        ({"output": "poster.pdf"}, "poster.png", "image/png"),
    ],
)
async def test_an_extension_that_cannot_be_kept_is_named_in_a_warning(
    tmp_path: Path, given: Mapping[str, Any], made: str, mime: str
) -> None:
    async with running_engine(tmp_path, fake(start=as_asked, params=Formats)) as engine:
        result = await generate(
            engine, "a kite", WAIT_FOR_END, **{**given, "output": f"{tmp_path}/out/{given['output']}"}
        )
    ending = given["output"].rpartition(".")[2]
    told = f"output names a .{ending} file, but Fake made {mime}; it was saved as .png."
    assert (Path(result.files[0].path).name, result.warnings) == (made, (told,))


async def test_a_model_without_formats_is_judged_by_what_it_makes(tmp_path: Path) -> None:
    async with running_engine(tmp_path, Scripted().backend()) as engine:
        plain = await generate(engine, output=f"{tmp_path}/out/a.png")
        other = await generate(engine, output=f"{tmp_path}/out/b.jpg")
    told = "output names a .jpg file, but One made image/png; it was saved as .png."
    assert (plain.warnings, other.warnings) == ((), (told,))


async def test_an_extension_gives_way_to_a_rule(tmp_path: Path) -> None:
    def refuses(request: Request[Any]) -> str:
        return "no jpeg today" if request.params.output_format == "jpeg" else ""

    async with running_engine(tmp_path, fake(start=as_asked, params=Formats, refuses=refuses)) as engine:
        result = await generate(engine, output=f"{tmp_path}/out/a.jpg")
    assert (result.files[0].mime, len(result.warnings)) == ("image/png", 1)


async def test_an_extension_narrows_to_what_the_model_accepts(tmp_path: Path) -> None:
    only_png = (Model(id="fake-1", accepts={"output_format": ("png",)}),)
    async with running_engine(tmp_path, fake(start=as_asked, params=Formats, models=only_png)) as engine:
        result = await generate(engine, output=f"{tmp_path}/out/a.jpg")
    assert (result.files[0].mime, len(result.warnings)) == ("image/png", 1)


async def test_an_edit_has_an_extension_of_its_own(tmp_path: Path) -> None:
    async def start(call: Call[None, Any]) -> Result:
        made = await as_asked(call)
        return Result(
            outputs=tuple(
                Output(body=one.body, mime=one.mime, state=picture(state=1).outputs[0].state) for one in made.outputs
            )
        )

    async with running_engine(tmp_path, fake(start=start, params=Formats)) as engine:
        first = await generate(engine, output=f"{tmp_path}/out/a.png")
        edited = await continue_edit(engine, first.continuation_id, output=f"{tmp_path}/out/b.jpg")
    assert (edited.files[0].mime, edited.warnings) == ("image/jpeg", ())


async def test_the_kind_that_an_extension_chose_is_told(tmp_path: Path) -> None:
    async def speak(_call: Call[None, Any]) -> Result:
        return Result(outputs=(Output(body=wav(bytes(3200), rate=16_000), mime="audio/wav"),))

    async with running_engine(tmp_path, fake(kind="speech", start=speak)) as engine:
        result = await generate(engine, output=f"{tmp_path}/out/a.wav", dry_run=True)
        assert result.warnings == ("kind was not given; speech was chosen, as output names a .wav file.",)
        made = await generate(engine, output=f"{tmp_path}/out/a.wav")
    assert (made.kind, made.warnings) == ("speech", result.warnings)
