"""Pictures by Imagen: what goes out from words and from pictures, what a mask becomes, and what is held back."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from fakes.engines import PATIENT, opened
from fakes.google import FakeGoogle, running
from fakes.google.imagen import DRAWINGS, EDITS
from fakes.trying import failure, made
from mediasmith.config.credentials import access
from mediasmith.plugin.contract import Request
from mediasmith.plugin.errors import ModelGone, ProviderError, Refused
from mediasmith.plugin.kinds import Role
from mediasmith.plugin.media import sniff
from mediasmith.testing import AdapterHarness, MemorySource, png
from mediasmith_backends.google import backend
from mediasmith_backends.google.imagen import imagen
from mediasmith_backends.google.imagen_edit import imagen_edit

DRAWN, EDITED = DRAWINGS[0], EDITS[0]
PHOTO, OTHER = MemorySource(), MemorySource(b"\xff\0\0")

PROVIDER = running


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("google") / "account.json"


@pytest.fixture
async def hands(fake: FakeGoogle, account: Path) -> AsyncGenerator[AdapterHarness]:
    async with backend.connect(access(backend, fake.enterprise(account))) as client:
        yield AdapterHarness(backend, client, imagen)


def drawing(prompt: str = "a red kite", **params: Any) -> Request[Any]:
    return Request(model=imagen.models[0], prompt=prompt, params=imagen.params.model_validate(params), inputs={})


def editing(inputs: Mapping[Role, Sequence[MemorySource]], **params: Any) -> Request[Any]:
    model, given = imagen_edit.models[0], imagen_edit.params.model_validate(params)
    return Request(model=model, prompt="[1] at night", params=given, inputs=inputs)


async def edited(hands: AdapterHarness, asked: Request[Any]) -> bytes:
    assert not imagen_edit.refuses(asked)
    hands.capability = imagen_edit
    [output] = (await made(hands, asked)).outputs
    assert isinstance(output.body, bytes)
    return output.body


def shown(data: bytes) -> dict[str, str]:
    return {"bytesBase64Encoded": base64.b64encode(data).decode(), "mimeType": "image/png"}


def test_the_days_when_the_models_are_switched_off_are_known() -> None:
    assert {model.retires for model in imagen.models} == {date(2026, 8, 17)}
    assert {model.retires for model in imagen_edit.models} == {date(2026, 6, 30)}


# From words


async def test_everything_that_was_asked_is_sent_once(fake: FakeGoogle, hands: AdapterHarness) -> None:
    wishes: dict[str, Any] = {
        "aspect_ratio": "16:9",
        "size": "2K",
        "seed": 7,
        "negative_prompt": "rain",
        "guidance_scale": 12.5,
        "output_format": "jpeg",
    }
    [output] = (await made(hands, drawing(**wishes))).outputs
    assert isinstance(output.body, bytes)
    assert (output.mime, sniff(output.body), output.state) == ("image/jpeg", "image/jpeg", None)
    assert fake.bodies(DRAWN) == [
        {
            "instances": [{"prompt": "a red kite"}],
            "parameters": {
                "sampleCount": 1,
                "includeRaiReason": True,
                "aspectRatio": "16:9",
                "sampleImageSize": "2K",
                "seed": 7,
                "addWatermark": False,
                "negativePrompt": "rain",
                "guidanceScale": 12.5,
                "outputOptions": {"mimeType": "image/jpeg"},
            },
        }
    ]
    assert fake.paid() == 1
    assert ["without Google's watermark" in warning for warning in hands.warnings] == [True]


async def test_nothing_is_sent_that_nobody_asked_for(fake: FakeGoogle, hands: AdapterHarness) -> None:
    [output] = (await made(hands, drawing())).outputs
    assert output.mime == "image/png"
    assert fake.bodies(DRAWN)[0]["parameters"] == {"sampleCount": 1, "includeRaiReason": True}
    assert hands.warnings == []


async def test_a_model_that_is_switched_off_is_told_and_costs_nothing(fake: FakeGoogle, hands: AdapterHarness) -> None:
    fake.settings(retired=[imagen.models[0].id])
    error = await failure(hands, drawing())
    assert isinstance(error, ModelGone)
    assert fake.counts() == {"POST /token": 1, DRAWN: 1}


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ("a forbidden thing", "The picture was held back because it may be harmful. Support code: 12345678."),
        ("an unmentioned thing", ""),
    ],
)
async def test_a_picture_that_is_held_back_is_a_refusal(
    fake: FakeGoogle, hands: AdapterHarness, prompt: str, reason: str
) -> None:
    error = await failure(hands, drawing(prompt))
    assert isinstance(error, Refused)
    assert error.reason == reason
    assert fake.paid() == 1


async def test_one_picture_of_an_odd_answer_is_enough(fake: FakeGoogle, hands: AdapterHarness) -> None:
    predictions: list[Any] = [{"raiFilteredReason": "Unsafe."}, {**shown(png()), "new": 7, "safetyAttributes": {}}]
    fake.script(DRAWN, {"body": {"predictions": predictions, "metadata": 7}})
    [output] = (await made(hands, drawing())).outputs
    assert (output.body, output.mime) == (png(), "image/png")


@pytest.mark.parametrize("body", [{"predictions": 7}, {"predictions": [7]}, [], "no"], ids=str)
async def test_an_answer_without_sense_is_told(fake: FakeGoogle, hands: AdapterHarness, body: object) -> None:
    fake.script(DRAWN, {"body": body})
    error = await failure(hands, drawing())
    assert type(error) in {ProviderError, Refused}
    assert error.billed != "no"
    assert fake.paid() == 1


# From pictures


async def test_each_picture_says_what_it_is_for_and_is_counted(fake: FakeGoogle, hands: AdapterHarness) -> None:
    inputs: Mapping[Role, Sequence[MemorySource]] = {
        "subject_image": [PHOTO, OTHER],
        "style_image": [OTHER],
        "control_image": [PHOTO],
    }
    wishes = {
        "style_description": "in oil",
        "control_type": "scribble",
        "subject_type": "animal",
        "subject_description": "a cat",
    }
    await edited(hands, editing(inputs, seed=7, **wishes))
    assert ["without Google's watermark" in warning for warning in hands.warnings] == [True]
    [body] = fake.bodies(EDITED)
    subject = {
        "referenceType": "REFERENCE_TYPE_SUBJECT",
        "subjectImageConfig": {"subject_type": "SUBJECT_TYPE_ANIMAL", "subject_description": "a cat"},
    }
    assert body["instances"] == [
        {
            "prompt": "[1] at night",
            "referenceImages": [
                {
                    "referenceId": 1,
                    "referenceType": "REFERENCE_TYPE_CONTROL",
                    "referenceImage": shown(PHOTO.data),
                    "controlImageConfig": {"controlType": "CONTROL_TYPE_SCRIBBLE"},
                },
                {
                    "referenceId": 2,
                    "referenceType": "REFERENCE_TYPE_STYLE",
                    "referenceImage": shown(OTHER.data),
                    "styleImageConfig": {"style_description": "in oil"},
                },
                {"referenceId": 3, "referenceImage": shown(PHOTO.data), **subject},
                {"referenceId": 4, "referenceImage": shown(OTHER.data), **subject},
            ],
        }
    ]
    assert body["parameters"] == {
        "sampleCount": 1,
        "includeRaiReason": True,
        "seed": 7,
        "addWatermark": False,
        "editMode": "EDIT_MODE_DEFAULT",
    }
    assert fake.paid() == 1


@pytest.mark.parametrize(
    ("said", "role"),
    [
        ({"style_description": "in oil"}, "style"),
        ({"control_type": "scribble"}, "control"),
        ({"control_type": "canny"}, "control"),
        ({"subject_type": "default"}, "subject"),
        ({"subject_description": "a cat"}, "subject"),
    ],
    ids=str,
)
def test_nothing_is_said_of_a_picture_that_is_not_there(said: Mapping[str, Any], role: str) -> None:
    assert f"{next(iter(said))} speaks of a picture that is not there: give {role}=FILE" in imagen_edit.refuses(
        editing({"image": [PHOTO]}, **said)
    )


async def test_an_edit_changes_the_whole_picture_whatever_the_earlier_one_changed(
    fake: FakeGoogle, account: Path, tmp_path: Path
) -> None:
    model = imagen_edit.models[0].id
    photo, style = await PHOTO.data_uri(), await OTHER.data_uri()
    options = {"mask_mode": "background", "style_description": "in oil"}
    async with opened(tmp_path, backend, env=fake.enterprise(account)) as engine:
        asked = {"prompt": "a beach", "image": [photo, f"style={style}"], "options": options, "model": model}
        first = await engine.generate(asked, PATIENT)
        again = {"continuation_id": first.continuation_id, "prompt": "a red hat", "model": model}
        result = await engine.continue_edit(again, PATIENT)
    assert (result.status, result.warnings) == ("done", first.warnings)
    _, body = fake.bodies(EDITED)
    assert [each["referenceType"] for each in body["instances"][0]["referenceImages"]] == ["REFERENCE_TYPE_RAW"]
    assert body["parameters"]["editMode"] == "EDIT_MODE_DEFAULT"


async def test_a_mask_becomes_white_where_it_can_be_seen_through(fake: FakeGoogle, hands: AdapterHarness) -> None:
    mask = MemorySource()
    drawn = Image.new("RGBA", (16, 16), (0, 0, 0, 255))
    drawn.paste((255, 0, 0, 0), (0, 0, 8, 16))
    file = io.BytesIO()
    drawn.save(file, "PNG")
    mask.data = file.getvalue()
    await edited(hands, editing({"image": [PHOTO], "mask": [mask]}))
    [body] = fake.bodies(EDITED)
    image, sent = body["instances"][0]["referenceImages"]
    assert image == {"referenceId": 1, "referenceType": "REFERENCE_TYPE_RAW", "referenceImage": shown(PHOTO.data)}
    assert (sent["referenceId"], sent["referenceType"]) == (2, "REFERENCE_TYPE_MASK")
    assert sent["maskImageConfig"] == {"maskMode": "MASK_MODE_USER_PROVIDED"}
    with Image.open(io.BytesIO(base64.b64decode(sent["referenceImage"]["bytesBase64Encoded"]))) as seen:
        assert (seen.mode, seen.size) == ("L", (16, 16))
        assert [seen.getpixel((7, 0)), seen.getpixel((8, 0))] == [255, 0]
    assert body["parameters"]["editMode"] == "EDIT_MODE_INPAINT_INSERTION"


@pytest.mark.parametrize(
    ("params", "config"),
    [
        ({"mask_mode": "background"}, {"maskMode": "MASK_MODE_BACKGROUND"}),
        ({"mask_mode": "foreground"}, {"maskMode": "MASK_MODE_FOREGROUND"}),
        ({"segmentation_classes": (7, 43)}, {"maskMode": "MASK_MODE_SEMANTIC", "maskClasses": [7, 43]}),
    ],
    ids=str,
)
async def test_without_a_mask_words_say_what_changes(
    fake: FakeGoogle, hands: AdapterHarness, params: Mapping[str, Any], config: Mapping[str, object]
) -> None:
    await edited(hands, editing({"image": [PHOTO]}, **params))
    [body] = fake.bodies(EDITED)
    mask = {"referenceId": 2, "referenceType": "REFERENCE_TYPE_MASK", "maskImageConfig": config}
    assert body["instances"][0]["referenceImages"][1:] == [mask]
    assert body["parameters"]["editMode"] == "EDIT_MODE_INPAINT_INSERTION"


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (editing({}), "give image, style=FILE"),
        (editing({"style_image": [PHOTO], "mask": [OTHER]}), "there is none"),
        (editing({"style_image": [PHOTO]}, mask_mode="background"), "mask_mode says what"),
        (editing({"image": [PHOTO], "mask": [OTHER]}, mask_mode="background"), "mask_mode and mask say the same"),
        (editing({"image": [PHOTO]}, mask_mode="background", segmentation_classes=(1,)), "say the same"),
        (editing({"image": [PHOTO], "subject_image": [PHOTO] * 4}), "4 pictures at most"),
    ],
    ids=range(6),
)
async def test_what_does_not_go_together_is_told_before_it_is_sent(
    hands: AdapterHarness, asked: Request[Any], why: str
) -> None:
    assert why in imagen_edit.refuses(asked)
    # The provider would say the same.
    hands.capability = imagen_edit
    assert (await failure(hands, asked)).billed == "no"
