"""Imagen in enterprise mode: requests from a prompt and from images, masks, and images that are held back."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from fakes.engines import WAIT_FOR_END, running_engine
from fakes.google import FakeGoogle
from fakes.google.imagen import EDIT, GENERATE
from fakes.virtual_clock import VirtualClock
from mediasmith.plugin.errors import ProviderError, Refused
from mediasmith.plugin.kinds import Role
from mediasmith.plugin.media import sniff
from mediasmith.testing import AdapterHarness, MemorySource, png
from mediasmith_backends.google import backend
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.imagen import imagen
from mediasmith_backends.google.imagen_edit import imagen_edit

GENERATED, EDITED = GENERATE[imagen.models[0].id], EDIT[imagen_edit.models[0].id]
PHOTO, OTHER = MemorySource(), MemorySource(b"\xff\0\0")

Files = Mapping[Role, Sequence[MemorySource]]


@pytest.fixture
def harness(fake: FakeGoogle, enterprise: Google) -> AdapterHarness:
    return AdapterHarness(backend, enterprise, imagen)


@pytest.fixture
def editor(fake: FakeGoogle, enterprise: Google) -> AdapterHarness:
    return AdapterHarness(backend, enterprise, imagen_edit)


def inline(data: bytes) -> dict[str, str]:
    return {"bytesBase64Encoded": base64.b64encode(data).decode(), "mimeType": "image/png"}


def test_the_models_have_the_day_on_which_google_shuts_them_down() -> None:
    assert {model.retires for model in imagen.models} == {date(2026, 8, 17)}
    assert {model.retires for model in imagen_edit.models} == {date(2026, 6, 30)}


# From a prompt


async def test_every_parameter_is_sent_once(fake: FakeGoogle, harness: AdapterHarness) -> None:
    result = await harness.generate(
        aspect_ratio="16:9",
        size="2K",
        seed=7,
        negative_prompt="rain",
        guidance_scale=12.5,
        output_format="jpeg",
    )
    [output] = result.outputs
    assert isinstance(output.body, bytes)
    assert (output.mime, sniff(output.body), output.state) == ("image/jpeg", "image/jpeg", None)
    assert fake.bodies(GENERATED) == [
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
    assert harness.warnings == ["With a seed, Imagen adds no watermark to its images."]


async def test_nothing_is_sent_that_was_not_asked_for(fake: FakeGoogle, harness: AdapterHarness) -> None:
    [output] = (await harness.generate()).outputs
    assert output.mime == "image/png"
    assert fake.bodies(GENERATED)[0]["parameters"] == {"sampleCount": 1, "includeRaiReason": True}
    assert harness.warnings == []


@pytest.mark.parametrize(
    ("body", "reason"), [({"predictions": [{"raiFilteredReason": "Unsafe."}]}, "Unsafe."), ({}, "")], ids=str
)
async def test_an_image_that_is_held_back_is_refused(
    fake: FakeGoogle, harness: AdapterHarness, body: object, reason: str
) -> None:
    fake.script(GENERATED, {"body": body})
    error = await harness.failure_of()
    assert isinstance(error, Refused)
    assert (error.reason, error.billed) == (reason, "unknown")
    assert fake.paid() == 1


async def test_one_image_of_an_odd_answer_is_enough(fake: FakeGoogle, harness: AdapterHarness) -> None:
    predictions: list[Any] = [{"raiFilteredReason": "Unsafe."}, {**inline(png()), "new": 7, "safetyAttributes": {}}]
    fake.script(GENERATED, {"body": {"predictions": predictions, "metadata": 7}})
    [output] = (await harness.generate()).outputs
    assert (output.body, output.mime) == (png(), "image/png")


@pytest.mark.parametrize("body", [{"predictions": 7}, {"predictions": [7]}, [], "no"], ids=str)
async def test_a_malformed_answer_may_have_been_billed(fake: FakeGoogle, harness: AdapterHarness, body: object) -> None:
    fake.script(GENERATED, {"body": body})
    error = await harness.failure_of()
    assert type(error) in {ProviderError, Refused}
    assert error.billed != "no"
    assert fake.paid() == 1


# From images


async def test_each_image_is_sent_with_its_role_and_number(fake: FakeGoogle, editor: AdapterHarness) -> None:
    inputs: Files = {"subject_image": [PHOTO, OTHER], "style_image": [OTHER], "control_image": [PHOTO]}
    await editor.generate(
        inputs=inputs,
        seed=7,
        style_description="in oil",
        control_type="scribble",
        subject_type="animal",
        subject_description="a cat",
    )
    assert editor.warnings == ["With a seed, Imagen adds no watermark to its images."]
    [body] = fake.bodies(EDITED)
    subject = {
        "referenceType": "REFERENCE_TYPE_SUBJECT",
        "subjectImageConfig": {"subject_type": "SUBJECT_TYPE_ANIMAL", "subject_description": "a cat"},
    }
    assert body["instances"] == [
        {
            "prompt": "a red kite",
            "referenceImages": [
                {
                    "referenceId": 1,
                    "referenceType": "REFERENCE_TYPE_CONTROL",
                    "referenceImage": inline(PHOTO.data),
                    "controlImageConfig": {"controlType": "CONTROL_TYPE_SCRIBBLE"},
                },
                {
                    "referenceId": 2,
                    "referenceType": "REFERENCE_TYPE_STYLE",
                    "referenceImage": inline(OTHER.data),
                    "styleImageConfig": {"style_description": "in oil"},
                },
                {"referenceId": 3, "referenceImage": inline(PHOTO.data), **subject},
                {"referenceId": 4, "referenceImage": inline(OTHER.data), **subject},
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


async def test_a_mask_becomes_white_where_it_is_transparent(fake: FakeGoogle, editor: AdapterHarness) -> None:
    mask = MemorySource()
    drawn = Image.new("RGBA", (16, 16), (0, 0, 0, 255))
    drawn.paste((255, 0, 0, 0), (0, 0, 8, 16))
    file = io.BytesIO()
    drawn.save(file, "PNG")
    mask.data = file.getvalue()
    await editor.generate(inputs={"image": [PHOTO], "mask": [mask]})
    [body] = fake.bodies(EDITED)
    image, sent = body["instances"][0]["referenceImages"]
    assert image == {"referenceId": 1, "referenceType": "REFERENCE_TYPE_RAW", "referenceImage": inline(PHOTO.data)}
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
async def test_options_take_the_place_of_a_mask(
    fake: FakeGoogle, editor: AdapterHarness, params: Mapping[str, Any], config: Mapping[str, object]
) -> None:
    await editor.generate(inputs={"image": [PHOTO]}, **params)
    [body] = fake.bodies(EDITED)
    mask = {"referenceId": 2, "referenceType": "REFERENCE_TYPE_MASK", "maskImageConfig": config}
    assert body["instances"][0]["referenceImages"][1:] == [mask]
    assert body["parameters"]["editMode"] == "EDIT_MODE_INPAINT_INSERTION"


REFUSED: Mapping[str, tuple[Files, Mapping[str, Any], str]] = {
    "no image": ({}, {}, "give image, style=FILE"),
    "a mask of nothing": ({"style_image": [PHOTO], "mask": [OTHER]}, {}, "mask needs an image to change"),
    "a mask mode of nothing": ({"style_image": [PHOTO]}, {"mask_mode": "background"}, "mask_mode needs an image"),
    "two masks": (
        {"image": [PHOTO], "mask": [OTHER]},
        {"mask_mode": "background"},
        "mask_mode and mask exclude each other",
    ),
    "two options for a mask": (
        {"image": [PHOTO]},
        {"mask_mode": "background", "segmentation_classes": (1,)},
        "exclude each other",
    ),
    "five images": ({"image": [PHOTO], "subject_image": [PHOTO] * 4}, {}, "at most 4 images"),
    "no style": ({"image": [PHOTO]}, {"style_description": "in oil"}, "style_description needs style=FILE"),
    "no control": ({"image": [PHOTO]}, {"control_type": "scribble"}, "control_type needs control=FILE"),
    "no control for the default": ({"image": [PHOTO]}, {"control_type": "canny"}, "control_type needs control=FILE"),
    "no subject": ({"image": [PHOTO]}, {"subject_type": "default"}, "subject_type needs subject=FILE"),
    "no subject to describe": ({"image": [PHOTO]}, {"subject_description": "a cat"}, "needs subject=FILE"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_cannot_be_combined_is_refused_before_it_is_sent(editor: AdapterHarness, case: str) -> None:
    inputs, params, reason = REFUSED[case]
    assert reason in imagen_edit.refuses(editor.call(inputs=inputs, **params))


async def test_an_edit_changes_the_whole_image_whatever_the_earlier_one_changed(
    fake: FakeGoogle, tmp_path: Path
) -> None:
    model = imagen_edit.models[0].id
    options = {"mask_mode": "background", "style_description": "in oil"}
    images = [await PHOTO.data_uri(), f"style={await OTHER.data_uri()}"]
    async with running_engine(tmp_path, backend, env=fake.enterprise_env(tmp_path / "account.json")) as engine:
        asked = {"prompt": "a beach", "image": images, "options": options, "model": model}
        first = await engine.generate(asked, WAIT_FOR_END)
        again = {"continuation_id": first.files[0].id, "prompt": "a red hat", "model": model}
        result = await engine.continue_edit(again, WAIT_FOR_END)
    assert (result.status, result.warnings) == ("done", first.warnings)
    _, body = fake.bodies(EDITED)
    assert [each["referenceType"] for each in body["instances"][0]["referenceImages"]] == ["REFERENCE_TYPE_RAW"]
    assert body["parameters"]["editMode"] == "EDIT_MODE_DEFAULT"


async def test_imagen_is_not_offered_since_its_models_retired(fake: FakeGoogle, tmp_path: Path) -> None:
    clock = VirtualClock(start=datetime(2026, 11, 30, tzinfo=UTC).timestamp())
    env = fake.enterprise_env(tmp_path / "account.json")
    async with running_engine(tmp_path, backend, env=env, clock=clock) as engine:
        listed = await engine.list_backends({"backend": "google", "kind": "image"})
        [row] = (await engine.list_backends({"kind": "image"})).backends
    shown = {one.name: (one.ready, one.missing) for one in listed.capabilities}
    assert shown["imagen_edit"] == (False, "imagen-3.0-capability-001 retired on 2026-06-30")
    assert not shown["imagen"][0]
    assert shown["imagen"][1].endswith("imagen-4.0-fast-generate-001 retired on 2026-08-17")
    assert (row.ready, row.missing) == shown["image"]
