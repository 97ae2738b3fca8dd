"""The provider of the stub backends: what it refuses, and what it keeps of requests."""

from __future__ import annotations

import base64
from collections.abc import Generator

import httpx2
import pytest

from fakes.backends import png
from fakes.provider import KEY, Provider


@pytest.fixture
def client(provider: Provider) -> Generator[httpx2.Client]:
    headers = {"authorization": f"Bearer {KEY}"}
    with httpx2.Client(base_url=provider.url, headers=headers, trust_env=False, verify=False, timeout=60) as client:
        yield client


PICTURE = {"prompt": "a red kite", "model": "now-2"}
SPEECH = {"text": "Good morning.", "model": "voice-1"}
URI = f"data:image/png;base64,{base64.b64encode(png()).decode()}"


@pytest.mark.parametrize(
    "extra",
    [
        {"colour": "red"},
        {"seed": "7"},
        {"seed": None},
        {"seed": -1},
        {"n": 5},
        {"n": True},
        {"size": "large"},
        {"size": "64x64", "ratio": "1:1"},
        {"prompt": ""},
        {"image": []},
        {"image": [URI] * 5},
        {"image": ["https://example.com/a.png"]},
        {"image": [URI.replace("image/png", "image/jpeg")]},
        {"image": ["data:image/png;base64,no base64"]},
        {"mask": URI},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/make", "/jobs"])
def test_a_picture_with_a_field_that_is_unknown_or_wrong_is_refused(
    client: httpx2.Client, path: str, extra: dict[str, object]
) -> None:
    answer = client.post(path, json={**PICTURE, **extra})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


@pytest.mark.parametrize("extra", [{"language": "en"}, {"voice": "carl"}, {"speed": 3.0}, {"format": "ogg"}], ids=str)
def test_speech_with_a_field_that_is_unknown_or_wrong_is_refused(
    client: httpx2.Client, extra: dict[str, object]
) -> None:
    assert client.post("/stream", json={**SPEECH, **extra}).status_code == 400


@pytest.mark.parametrize("authorization", ["", "Bearer", "Basic c3R1Yg=="])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/make"), ("POST", "/jobs"), ("GET", "/jobs/1"), ("POST", "/stream")]
)
def test_a_request_without_a_bearer_key_is_refused(
    client: httpx2.Client, method: str, path: str, authorization: str
) -> None:
    answer = client.request(method, path, headers={"authorization": authorization})
    assert answer.status_code == 401


def test_a_body_of_another_type_is_refused(client: httpx2.Client) -> None:
    assert client.post("/make", data={"prompt": "a red kite"}).status_code == 415
    assert client.post("/make", content=b'{"prompt": "a red kite", "model": "now-2"}').status_code == 415


def test_an_unknown_path_a_wrong_method_and_a_body_where_none_is_due_are_refused(client: httpx2.Client) -> None:
    assert client.post("/draw", json=PICTURE).status_code == 404
    assert client.get("/make").status_code == 404
    assert client.get("/make?n=2").status_code == 404
    assert client.request("GET", "/voices", json={}).status_code == 400


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/make", {**PICTURE, "model": "now-0"}, "model_gone"),
        ("/make", {**PICTURE, "model": "job-1"}, "model_gone"),
        ("/make", {**PICTURE, "previous": "never made"}, "state_gone"),
        ("/stream", {**SPEECH, "model": "now-2"}, "model_gone"),
    ],
    ids=str,
)
def test_what_the_provider_does_not_have_is_gone(
    client: httpx2.Client, path: str, body: dict[str, str], code: str
) -> None:
    answer = client.post(path, json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, code)


def test_every_request_is_counted_whatever_it_is_answered(provider: Provider, client: httpx2.Client) -> None:
    client.post("/make", json=PICTURE)
    client.post("/make", json={"nonsense": 1})
    job = client.post("/jobs", json={**PICTURE, "model": "job-1"}).json()["id"]
    client.get(f"/jobs/{job}")
    client.get(f"/jobs/{job}")
    client.post("/stream", json=SPEECH)
    assert provider.counts() == {"POST /make": 2, "POST /jobs": 1, "GET /jobs/{id}": 2, "POST /stream": 1}
    assert provider.paid() == 4


def test_a_reset_forgets_everything(provider: Provider, client: httpx2.Client) -> None:
    job = client.post("/jobs", json={**PICTURE, "model": "job-1"}).json()["id"]
    provider.script("POST /make", {"status": 500})
    provider.reset()
    assert (provider.counts(), provider.log()) == ({}, [])
    assert client.get(f"/jobs/{job}").status_code == 404
    assert client.post("/make", json=PICTURE).status_code == 200


def test_the_log_shows_what_was_sent_and_answered_but_never_the_key(provider: Provider, client: httpx2.Client) -> None:
    client.post("/make", json=PICTURE, headers={"x-mark": "7"})
    client.post("/make", content=b"\xff", headers={"content-type": "application/json"})
    good, bad = provider.log()
    assert (good["method"], good["path"], good["body"], good["status"]) == ("POST", "/make", PICTURE, 200)
    assert good["headers"]["x-mark"] == "7"
    assert good["headers"]["authorization"] == "Bearer ***"
    assert (bad["body"], bad["status"]) == ("\xff", 400)
    assert KEY not in str(provider.log())


def test_scripted_answers_come_in_order_and_then_the_normal_one(provider: Provider, client: httpx2.Client) -> None:
    provider.script(
        "POST /make",
        {"status": 429, "headers": {"retry-after": "1"}, "body": {"error": {"code": "busy"}}},
        {"status": 500, "times": 2},
        {"delay": 0.01},
    )
    answers = [client.post("/make", json=PICTURE) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [429, 500, 500, 200, 200]
    assert answers[0].headers["retry-after"] == "1"
    assert answers[0].json() == {"error": {"code": "busy"}}
    assert [entry["status"] for entry in provider.log()] == [429, 500, 500, 200, 200]


def test_a_script_hides_no_mistake_in_the_request(provider: Provider, client: httpx2.Client) -> None:
    provider.script("POST /make", {"status": 500})
    assert client.post("/make", json={**PICTURE, "colour": "red"}).status_code == 400
    assert client.post("/make", json=PICTURE).status_code == 500


def test_a_script_with_a_mistake_in_it_is_refused(provider: Provider) -> None:
    with pytest.raises(ValueError, match="dealy"):
        provider.script("POST /make", {"dealy": 1})
    with pytest.raises(ValueError, match="No such path"):
        provider.script("POST /mak", {"status": 500})
