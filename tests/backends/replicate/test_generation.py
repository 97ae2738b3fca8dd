"""Predictions are requested by what the model's own schema takes, and paid for once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from fakes.replicate import PREDICT, PREDICT_VERSION, FakeReplicate
from fakes.replicate.models import version_of
from mediasmith.plugin.contract import Model
from mediasmith.plugin.errors import InvalidRequest, ModelGone, ProviderError
from mediasmith.testing import AdapterHarness, MemorySource
from mediasmith_backends.replicate.model_schema import fetch_model
from mediasmith_backends.replicate.prediction import PredictionHandle

UPLOAD, DESCRIBE = "POST /v1/files", "GET /v1/models/{owner}/{name}"
KITES = "acme/kites"


def sent(fake: FakeReplicate) -> Any:
    """Return the body of the last request."""
    return fake.log()[-1]["body"]


def declared(harness: AdapterHarness, name: str) -> Model:
    return next(model for model in harness.capability.models if model.id == name)


async def test_words_go_to_the_fields_of_the_model(fake: FakeReplicate, image: AdapterHarness) -> None:
    handle = await image.submit(
        model=declared(image, "black-forest-labs/flux-schnell"), aspect_ratio="9:16", n=2, output_format="jpeg", seed=7
    )
    assert isinstance(handle, PredictionHandle)
    assert handle.makes == "image"
    assert fake.log()[-1]["path"] == "/v1/models/black-forest-labs/flux-schnell/predictions"
    assert sent(fake) == {
        "input": {"prompt": "a red kite", "aspect_ratio": "9:16", "num_outputs": 2, "output_format": "jpg", "seed": 7}
    }
    assert fake.counts() == {PREDICT: 1}


async def test_the_answer_is_not_waited_for_and_nothing_limits_the_work(
    fake: FakeReplicate, image: AdapterHarness
) -> None:
    await image.submit()
    assert not {"prefer", "cancel-after"} & fake.log()[-1]["headers"].keys()


async def test_a_community_model_is_run_by_its_latest_version(fake: FakeReplicate, image: AdapterHarness) -> None:
    model = await fetch_model("image", image.client, KITES)
    assert model
    call = replace(image.call(model=model, size="640x480", n=2), options={"scheduler": "K_EULER"})
    await image.capability.start(call)
    assert sent(fake) == {
        "version": version_of(KITES),
        "input": {"prompt": "a red kite", "width": 640, "height": 480, "num_outputs": 2, "scheduler": "K_EULER"},
    }
    assert fake.counts() == {DESCRIBE: 1, PREDICT_VERSION: 1}


async def test_a_small_file_is_sent_inside_and_a_large_one_uploaded_first(
    fake: FakeReplicate, image: AdapterHarness
) -> None:
    small, large = MemorySource(), MemorySource(b"\xff\0\0")
    large.data += bytes(256_001 - large.size)  # after the end of a PNG, which nobody reads
    large.size = len(large.data)
    await image.submit(inputs={"image": [small, large]})
    upload, request = fake.log()
    (file,) = upload["body"]["files"]
    assert (file["field"], file["name"], file["mime"], file["size"]) == ("content", "sample.png", "image/png", 256_001)
    inside, uploaded = request["body"]["input"]["input_images"]
    assert inside == await small.data_uri()
    assert uploaded.startswith(f"{fake.base_url}/files/")
    assert fake.paid() == 1


async def test_frames_go_to_their_fields(fake: FakeReplicate, video: AdapterHarness) -> None:
    first, last = MemorySource(), MemorySource(b"\xff\0\0")
    await video.submit(inputs={"first_frame": [first], "last_frame": [last]}, duration=4, size="480p")
    assert sent(fake)["input"] == {
        "prompt": "a red kite",
        "image": await first.data_uri(),
        "last_frame_image": await last.data_uri(),
        "duration": 4,
        "resolution": "480p",
    }


async def test_an_upload_that_fails_costs_nothing(fake: FakeReplicate, image: AdapterHarness) -> None:
    large = MemorySource()
    large.size = 300_000
    fake.script(UPLOAD, {"status": 500, "body": {"detail": "No room."}})
    error = await image.failure_of(inputs={"image": [large]})
    assert (type(error), error.billed) == (ProviderError, "no")
    assert fake.paid() == 0


async def test_a_model_of_which_only_the_name_is_known_is_asked_for_first(
    fake: FakeReplicate, image: AdapterHarness
) -> None:
    await image.submit(model=Model(id=KITES))
    assert fake.counts() == {DESCRIBE: 1, PREDICT_VERSION: 1}


REFUSED: Mapping[str, tuple[str, dict[str, Any], type[Exception], str]] = {
    "no such model": ("acme/none", {}, ModelGone, "no model acme/none"),
    "no owner": ("kites", {}, ModelGone, "owner/name"),
    "another kind": ("acme/talker", {}, ModelGone, "that makes this"),
    "a word": (KITES, {"output_format": "png"}, InvalidRequest, "does not take output_format"),
    "a value": ("google/nano-banana-2", {"aspect_ratio": "5:7"}, InvalidRequest, "does not take aspect_ratio"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_such_a_model_does_not_take_is_refused_before_paying(
    fake: FakeReplicate, image: AdapterHarness, case: str
) -> None:
    model, words, kind, reason = REFUSED[case]
    error = await image.failure_of(model=Model(id=model), **words)
    assert (type(error), error.billed) == (kind, "no")
    assert reason in error.message
    assert fake.paid() == 0


async def test_a_prompt_that_has_no_place_is_ignored_aloud(fake: FakeReplicate, image: AdapterHarness) -> None:
    await image.submit(model=Model(id="acme/enlarger"), inputs={"image": [MemorySource()]})
    assert ["prompt was ignored" in warning for warning in image.warnings] == [True]
    assert sent(fake)["input"].keys() == {"image"}
