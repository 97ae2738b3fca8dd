"""The fake of Google's enterprise service is strict: what the provider would not take, it does not take either."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from fakes.google import FakeGoogle, running
from fakes.google.errors import TOKEN
from fakes.google.imagen import DRAWINGS, EDITS
from fakes.google.samples import CLIP, PICTURE, block
from fakes.google.veo import STARTS
from mediasmith.testing import png

SIGNED = {"authorization": f"Bearer {TOKEN}1"}

PROVIDER = running


def address(request: str) -> str:
    """Where requests of this kind go."""
    return request.split()[1].replace("{project}", "p").replace("{location}", "us-central1")


def sent(fake: FakeGoogle, request: str, body: object, headers: Mapping[str, str] = SIGNED) -> httpx2.Response:
    return httpx2.post(fake.url + address(request), json=body, headers=headers, trust_env=False)


def shown(block: Mapping[str, str]) -> dict[str, str]:
    return {"bytesBase64Encoded": block["data"], "mimeType": block["mime_type"]}


IMAGE, FILM = shown(PICTURE), shown(CLIP)
NOTHING = {"bytesBase64Encoded": base64.b64encode(b"nothing").decode()}
FILMED: Mapping[str, Any] = {"sampleCount": 1, "generateAudio": True}
DRAWN: Mapping[str, Any] = {"sampleCount": 1}
EDITED: Mapping[str, Any] = {"sampleCount": 1, "editMode": "EDIT_MODE_DEFAULT"}


def body(instance: Mapping[str, Any], how: Mapping[str, Any]) -> dict[str, Any]:
    return {"instances": [{"prompt": "a kite", **instance}], "parameters": how}


def reference(kind: str, number: int = 1, **more: object) -> dict[str, object]:
    return {"referenceId": number, "referenceType": f"REFERENCE_TYPE_{kind}", "referenceImage": IMAGE, **more}


RAW = reference("RAW")
MASK = reference("MASK", 2, maskImageConfig={"maskMode": "MASK_MODE_USER_PROVIDED"})

GOOD: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "a video": (STARTS[0], body({}, FILMED)),
    "a video from frames": (STARTS[2], body({"image": IMAGE, "lastFrame": IMAGE}, FILMED)),
    "a longer video": (STARTS[1], body({"video": FILM}, FILMED)),
    "a video of references": (
        STARTS[1],
        body({"referenceImages": [{"image": IMAGE, "referenceType": "asset"}]}, FILMED),
    ),
    "a picture": (DRAWINGS[0], body({}, DRAWN)),
    "a picture with a seed": (DRAWINGS[1], body({}, {**DRAWN, "seed": 1, "addWatermark": False})),
    "a picture of a picture": (EDITS[0], body({"referenceImages": [RAW]}, EDITED)),
    "a picture with a mask": (EDITS[0], body({"referenceImages": [RAW, MASK]}, EDITED)),
}


@pytest.mark.parametrize("case", GOOD)
def test_what_is_in_order_is_taken(fake: FakeGoogle, case: str) -> None:
    answer = sent(fake, *GOOD[case])
    assert answer.status_code == 200, answer.text


SEMANTIC = {
    "referenceId": 2,
    "referenceType": "REFERENCE_TYPE_MASK",
    "maskImageConfig": {"maskMode": "MASK_MODE_SEMANTIC"},
}
SMALL = {**MASK, "referenceImage": shown(block("image", png(8, 8), "image/png"))}

BAD: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "an unknown field": (STARTS[0], body({}, {**FILMED, "quality": 1})),
    "no instance": (STARTS[0], {"instances": [], "parameters": FILMED}),
    "no prompt": (STARTS[0], {"instances": [{"prompt": ""}], "parameters": FILMED}),
    "several videos": (STARTS[0], body({}, {**FILMED, "sampleCount": 2})),
    "sound not said": (STARTS[0], body({}, {"sampleCount": 1})),
    "an odd length": (STARTS[0], body({}, {**FILMED, "durationSeconds": 5})),
    "an odd shape": (STARTS[0], body({}, {**FILMED, "aspectRatio": "1:1"})),
    "an odd size": (STARTS[0], body({}, {**FILMED, "resolution": "360p"})),
    "a text for a number": (STARTS[0], body({}, {**FILMED, "seed": "1"})),
    "no place": (STARTS[0], body({}, {**FILMED, "storageUri": "films"})),
    "no bucket": (STARTS[0], body({}, {**FILMED, "storageUri": "gs://Not A Bucket!"})),
    "references that this model does not take": (
        STARTS[2],
        body({"referenceImages": [{"image": IMAGE, "referenceType": "asset"}]}, FILMED),
    ),
    "only an end": (STARTS[0], body({"lastFrame": IMAGE}, FILMED)),
    "a frame and a video": (STARTS[0], body({"image": IMAGE, "video": FILM}, FILMED)),
    "no video": (STARTS[0], body({"video": {**NOTHING, "mimeType": "video/mp4"}}, FILMED)),
    "a video for a picture": (STARTS[0], body({"image": {**FILM, "mimeType": "image/png"}}, FILMED)),
    "another type": (STARTS[0], body({"image": {**IMAGE, "mimeType": "image/jpeg"}}, FILMED)),
    "two sources": (STARTS[0], body({"image": {**IMAGE, "gcsUri": "gs://a/b"}}, FILMED)),
    "a short extension": (STARTS[0], body({"video": FILM}, {**FILMED, "durationSeconds": 4})),
    "a large extension": (STARTS[0], body({"video": FILM}, {**FILMED, "resolution": "1080p"})),
    "a stored video that is not there": (
        STARTS[0],
        body({"video": {"gcsUri": "gs://a/b", "mimeType": "video/mp4"}}, FILMED),
    ),
    "a marked picture with a seed": (DRAWINGS[0], body({}, {**DRAWN, "seed": 1})),
    "references for words": (DRAWINGS[0], body({"referenceImages": [RAW]}, DRAWN)),
    "no references": (EDITS[0], body({"referenceImages": []}, EDITED)),
    "one number twice": (EDITS[0], body({"referenceImages": [RAW, {**MASK, "referenceId": 1}]}, EDITED)),
    "a mask alone": (EDITS[0], body({"referenceImages": [MASK]}, EDITED)),
    "a mask of nothing": (EDITS[0], body({"referenceImages": [RAW, {**MASK, "referenceImage": None}]}, EDITED)),
    "a mask of another size": (EDITS[0], body({"referenceImages": [RAW, SMALL]}, EDITED)),
    "no classes": (EDITS[0], body({"referenceImages": [RAW, SEMANTIC]}, EDITED)),
    "no configuration": (EDITS[0], body({"referenceImages": [reference("STYLE")]}, EDITED)),
    "another configuration": (
        EDITS[0],
        body({"referenceImages": [{**RAW, "styleImageConfig": {"style_description": "x"}}]}, EDITED),
    ),
    "five pictures": (
        EDITS[0],
        body(
            {
                "referenceImages": [
                    RAW,
                    *[
                        reference("SUBJECT", number, subjectImageConfig={"subject_type": "SUBJECT_TYPE_DEFAULT"})
                        for number in range(2, 6)
                    ],
                ]
            },
            EDITED,
        ),
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_not_in_order_is_refused(fake: FakeGoogle, case: str) -> None:
    answer = sent(fake, *BAD[case])
    assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT"), answer.text


def test_only_a_token_signs(fake: FakeGoogle) -> None:
    for headers in ({}, {"x-goog-api-key": "AIzaSyFake"}, {"authorization": "Bearer else"}):
        answer = sent(fake, STARTS[0], body({}, FILMED), headers)
        assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")


def test_nobody_knows_other_models_and_operations(fake: FakeGoogle) -> None:
    assert sent(fake, STARTS[0].replace("veo-3.1", "veo-9"), body({}, FILMED)).status_code == 404
    fetch = STARTS[0].replace("predictLongRunning", "fetchPredictOperation")
    assert sent(fake, fetch, {"operationName": "projects/p/operations/1"}).status_code == 404


# Tokens


def assertion(**claims: object) -> str:
    now = int(time.time())
    told = {
        "iss": "tests@fake-project.iam.gserviceaccount.com",
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "aud": "https://oauth2.googleapis.com/token",
        "iat": now,
        "exp": now + 3600,
    }
    parts = [{"alg": "RS256"}, {**told, **claims}, "signature"]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def test_a_service_account_is_given_a_token(fake: FakeGoogle) -> None:
    form = {"grant_type": GRANT, "assertion": assertion()}
    answer = httpx2.post(f"{fake.url}/token", data=form, trust_env=False)
    assert answer.status_code == 200
    assert answer.json()["access_token"].startswith(TOKEN)


@pytest.mark.parametrize(
    "form",
    [
        {"grant_type": GRANT},
        {"grant_type": "password", "assertion": assertion()},
        {"grant_type": GRANT, "assertion": "a.b"},
        {"grant_type": GRANT, "assertion": "a.b.c"},
        {"grant_type": GRANT, "assertion": assertion(scope="https://www.googleapis.com/auth/devstorage.read_only")},
        {"grant_type": GRANT, "assertion": assertion(aud="https://elsewhere.example/token")},
        {"grant_type": GRANT, "assertion": assertion(exp=2**40)},
        {"grant_type": GRANT, "assertion": assertion(iss="somebody")},
        {"grant_type": GRANT, "assertion": assertion(new=1)},
    ],
    ids=range(9),
)
def test_nobody_else_is(fake: FakeGoogle, form: Mapping[str, str]) -> None:
    answer = httpx2.post(f"{fake.url}/token", data=form, trust_env=False)
    assert (answer.status_code, set(answer.json())) == (400, {"error", "error_description"})
