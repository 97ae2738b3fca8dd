"""The doubles themselves: what stands on them is worth no more than they are strict."""

from __future__ import annotations

import base64
import io
import os
import subprocess
import sys
import wave
from collections.abc import Generator
from importlib.metadata import entry_points
from typing import Any

import anyio
import httpx2
import pytest
from PIL import Image

from fakes.backends import AdapterHarness, Drawing, FakeParams, capability, fake, make, png, signed_in
from fakes.provider import KEY, STUB, Provider, running
from mediasmith.plugin.contract import (
    JSON,
    Accepted,
    Access,
    Backend,
    Call,
    Context,
    Model,
    Output,
    Params,
    Pending,
    Remote,
    Request,
    Result,
)
from mediasmith.plugin.errors import (
    Cancelled,
    InvalidRequest,
    MediaError,
    MissingKey,
    ModelGone,
    OutOfCredit,
    ProviderError,
    RateLimited,
    Refused,
    StateGone,
    TimedOut,
    Unreachable,
)
from mediasmith.plugin.media import sniff
from mediasmith_stub.backends import stub_job, stub_now, stub_slow, stub_stream
from mediasmith_stub.client import TIMEOUT


@pytest.fixture
def client(provider: Provider) -> Generator[httpx2.Client]:
    headers = {"authorization": f"Bearer {KEY}"}
    with httpx2.Client(base_url=provider.url, headers=headers, trust_env=False, verify=False, timeout=60) as client:
        yield client


def body_of(output: Output) -> bytes:
    assert isinstance(output.body, bytes)
    return output.body


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


def drawn(client: httpx2.Client, **words: object) -> list[bytes]:
    answer = client.post("/make", json={**PICTURE, "size": "64x64", **words}).raise_for_status()
    return [base64.b64decode(image["b64"]) for image in answer.json()["images"]]


def pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB").tobytes()


@pytest.mark.parametrize(
    "words",
    [
        {"prompt": "a blue kite"},
        {"model": "now-1"},
        {"quality": "high"},
        {"seed": 7},
        {"style": "drawing"},
        {"steps": 30},
        {"image": [URI]},
        {"format": "jpeg"},
    ],
    ids=str,
)
def test_every_word_changes_the_picture(client: httpx2.Client, words: dict[str, object]) -> None:
    assert pixels(drawn(client, **words)[0]) != pixels(drawn(client)[0])
    assert drawn(client, **words) == drawn(client, **words)


def test_several_pictures_of_one_prompt_differ(client: httpx2.Client) -> None:
    assert len(set(drawn(client, n=4))) == 4


@pytest.mark.parametrize(
    ("words", "form", "size"),
    [
        ({"size": "64x32"}, "PNG", (64, 32)),
        ({"ratio": "16:9"}, "PNG", (320, 180)),
        ({"format": "jpeg"}, "JPEG", (256, 256)),
    ],
    ids=str,
)
def test_a_picture_is_real_and_of_the_size_and_format_asked(
    client: httpx2.Client, words: dict[str, object], form: str, size: tuple[int, int]
) -> None:
    image = client.post("/make", json={**PICTURE, **words}).json()["images"][0]
    with Image.open(io.BytesIO(base64.b64decode(image["b64"]))) as picture:
        picture.load()
        assert (picture.format, picture.size) == (form, size)


@pytest.mark.parametrize("form", ["png", "jpeg"])
def test_the_large_picture_is_about_one_and_a_half_megabytes_and_always_the_same(
    provider: Provider, client: httpx2.Client, form: str
) -> None:
    provider.script("POST /make", {"fixed": form, "times": 2})
    (first,), (second,) = drawn(client), drawn(client, prompt="something else")
    assert first == second
    assert 1_400_000 < len(first) < 1_600_000
    assert sniff(first) == f"image/{form}"


@pytest.mark.parametrize("request_", ["POST /make", "POST /jobs", "POST /stream"])
def test_a_connection_can_be_closed_without_an_answer_and_cut_in_the_middle_of_one(
    provider: Provider, client: httpx2.Client, request_: str
) -> None:
    method, path = request_.split()
    body = SPEECH if path == "/stream" else PICTURE | {"model": "now-2" if path == "/make" else "job-1"}
    provider.script(request_, {"reset": True}, {"truncate": True})
    with pytest.raises(httpx2.TransportError):
        client.request(method, path, json=body)
    with pytest.raises(httpx2.RemoteProtocolError):
        client.request(method, path, json=body)
    assert [entry["status"] for entry in provider.log()] == [None, 202 if path == "/jobs" else 200]
    assert client.request(method, path, json=body).is_success


def test_a_page_can_come_where_json_is_due(provider: Provider, client: httpx2.Client) -> None:
    provider.script("POST /make", {"html": True}, {"html": True, "status": 502})
    good, bad = client.post("/make", json=PICTURE), client.post("/make", json=PICTURE)
    assert [answer.status_code for answer in (good, bad)] == [200, 502]
    assert good.text.startswith("<html>")
    assert good.headers["content-type"] == "text/html"


async def test_a_request_can_be_held_and_let_go(provider: Provider) -> None:
    answered = anyio.Event()

    async def draw(hands: AdapterHarness) -> None:
        await hands.make()
        answered.set()

    provider.script("POST /make", {"hang": True})
    async with signed_in(stub_now, provider.url) as hands, anyio.create_task_group() as tasks:
        tasks.start_soon(draw, hands)
        await provider.seen("POST /make")
        assert not answered.is_set()
        assert provider.log()[0]["status"] is None
        provider.release()
        await answered.wait()
    assert provider.log()[0]["status"] == 200


async def test_waiting_for_requests_ends_when_enough_have_come(provider: Provider) -> None:
    came = anyio.Event()

    async def wait() -> None:
        await provider.seen("POST /make", times=2)
        came.set()

    async with signed_in(stub_now, provider.url) as hands, anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await hands.make()
        await provider.seen("POST /make")
        assert not came.is_set()
        await hands.make()
        await came.wait()


def test_a_provider_ends_with_its_block() -> None:
    with running() as provider:
        assert provider.counts() == {}
    with pytest.raises(ConnectionError):
        provider.counts()


def test_a_provider_ends_when_nobody_holds_it_any_more() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mediasmith_stub.provider"],
        env={**os.environ, "PYTHONPATH": str(STUB)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout.strip().isdecimal()
    assert done.stderr == ""


STUBS = {"stub_now": stub_now, "stub_job": stub_job, "stub_slow": stub_slow, "stub_stream": stub_stream}


def test_the_stub_backends_are_found_by_their_entry_points() -> None:
    found = {entry.name: entry.load() for entry in entry_points(group="mediasmith.backends") if "stub" in entry.name}
    assert found == STUBS
    assert all(backend.name == name for name, backend in found.items())


def test_a_new_process_finds_the_stub_backends_through_pythonpath_and_without_loading_their_sdk(
    provider: Provider,
) -> None:
    code = """if True:
        import sys
        from importlib.metadata import entry_points
        found = [entry.load().name for entry in entry_points(group="mediasmith.backends") if "stub" in entry.name]
        print(*sorted(found), "httpx2" in sys.modules, "PIL" in sys.modules)
        """
    env = {**os.environ, **provider.env()}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=True, text=True)
    assert done.stdout.split() == [*sorted(STUBS), "False", "False"]


def test_the_variables_of_a_server_process_lead_every_backend_here(provider: Provider) -> None:
    env = provider.env()
    for name, backend in STUBS.items():
        assert env[f"MEDIASMITH_{name.upper()}_BASE_URL"] == provider.url
        assert backend.keys == ("STUB_KEY",)
    assert env["STUB_KEY"] == KEY


async def test_a_picture_is_made_at_once(provider: Provider) -> None:
    async with signed_in(stub_now, provider.url) as hands:
        result = await hands.make(n=3, size="64x64", output_format="jpeg")
    assert [sniff(body_of(output)) for output in result.outputs] == ["image/jpeg"] * 3
    assert [output.mime for output in result.outputs] == ["image/jpeg"] * 3
    assert result.complete
    assert result.cost_usd is None
    assert provider.counts() == {"POST /make": 1}


SENT: list[tuple[Backend[Any], dict[str, Any], dict[str, object]]] = [
    (stub_now, {"size": "64x64"}, {"size": "64x64"}),
    (stub_now, {"aspect_ratio": "16:9"}, {"ratio": "16:9"}),
    (stub_now, {"quality": "high"}, {"quality": "high"}),
    (stub_now, {"seed": 7}, {"seed": 7}),
    (stub_now, {"output_format": "jpeg"}, {"format": "jpeg"}),
    (stub_now, {"n": 4}, {"n": 4}),
    (stub_now, {"style": "drawing"}, {"style": "drawing"}),
    (stub_job, {"size": "64x64"}, {"size": "64x64"}),
    (stub_job, {"seed": 7}, {"seed": 7}),
    (stub_job, {"output_format": "jpeg"}, {"format": "jpeg"}),
    (stub_slow, {"size": "64x64"}, {"size": "64x64"}),
    (stub_slow, {"steps": 50}, {"steps": 50}),
    (stub_stream, {"voice": "ben"}, {"voice": "ben"}),
    (stub_stream, {"speed": 2.0}, {"speed": 2.0}),
    (stub_stream, {"output_format": "mp3"}, {"format": "mp3"}),
]


@pytest.mark.parametrize(("backend", "given", "sent"), SENT, ids=lambda value: getattr(value, "name", str(value)))
async def test_every_declared_word_is_sent_and_accepted(
    provider: Provider, backend: Backend[Any], given: dict[str, Any], sent: dict[str, object]
) -> None:
    async with signed_in(backend, provider.url) as hands:
        await hands.start()
        await hands.start(**given)
    plain, changed = (entry["body"] for entry in provider.log())
    assert changed == {**plain, **sent}
    assert changed != plain


@pytest.mark.parametrize("backend", STUBS.values(), ids=STUBS)
def test_no_declared_word_is_left_out_of_the_test_above(backend: Backend[Any]) -> None:
    words = {word for tested, given, _ in SENT if tested is backend for word in given}
    assert words == set(backend.capabilities[0].params.model_fields)


async def test_an_edit_continues_from_the_picture_of_the_provider(provider: Provider) -> None:
    async with signed_in(stub_now, provider.url) as hands:
        first, second = (await hands.make(n=2)).outputs
        assert first.state != second.state
        await hands.make(state=second.state)
    assert second.state == {"id": provider.log()[1]["body"]["previous"]}


@pytest.mark.parametrize("state", [{"id": "never made"}, {"id": 7}, "text"])
async def test_an_edit_of_what_is_gone_says_so_before_anything_is_paid(provider: Provider, state: JSON) -> None:
    async with signed_in(stub_now, provider.url) as hands:
        error = await hands.fails(state=state)
    assert (type(error), error.billed) == (StateGone, "no")


async def test_pictures_and_a_mask_are_sent_along(provider: Provider) -> None:
    image, mask = Drawing(b"abc"), Drawing(b"xyz")
    async with signed_in(stub_now, provider.url) as hands:
        await hands.make(inputs={"image": [image, image], "mask": [mask]})
    body = provider.log()[0]["body"]
    assert body["image"] == [await image.data_uri()] * 2
    assert body["mask"] == await mask.data_uri()


def test_stub_now_refuses_two_shapes_at_once() -> None:
    (capability,) = stub_now.capabilities
    for given, refused in (
        ({"size": "64x64"}, False),
        ({"aspect_ratio": "1:1"}, False),
        ({"size": "64x64", "aspect_ratio": "1:1"}, True),
    ):
        ask = Request(model=capability.models[0], prompt="", params=capability.params(**given), inputs={})
        assert bool(capability.refuses(ask)) is refused


def test_only_the_draft_model_reports_what_it_cost(client: httpx2.Client) -> None:
    assert client.post("/make", json={**PICTURE, "model": "now-1", "n": 2}).json()["cost"] == 0.02
    assert "cost" not in client.post("/make", json=PICTURE).json()


async def test_a_reported_cost_is_passed_on_and_too_few_pictures_are_not_complete(provider: Provider) -> None:
    provider.script("POST /make", {"body": {"images": [], "id": "1", "cost": 0.5}})
    async with signed_in(stub_now, provider.url) as hands:
        result = await hands.make()
    assert (result.outputs, result.complete, result.cost_usd) == ((), False, 0.5)


async def test_a_job_is_queued_then_runs_and_then_its_file_can_be_fetched(provider: Provider) -> None:
    async with signed_in(stub_job, provider.url) as hands:
        handle = await hands.submit(size="64x64", output_format="jpeg")
        assert await hands.poll(handle) == Pending(progress=0.0, message="queued")
        assert await hands.poll(handle) == Pending(progress=0.5, message="running")
        result = await hands.poll(handle)
        again = await hands.poll(handle)
    assert isinstance(result, Result)
    assert result == again
    (output,) = result.outputs
    assert isinstance(output.body, Remote)
    assert output.mime == "image/jpeg"
    fetched = httpx2.get(output.body.url, headers=dict(output.body.headers), trust_env=False, verify=False)
    assert sniff(fetched.raise_for_status().content) == output.mime
    assert fetched.headers["content-type"] == output.mime
    assert provider.paid() == 1


async def test_a_file_is_given_to_who_has_the_key_or_to_anyone_as_set(provider: Provider) -> None:
    provider.settings(polls={"job-1": 0})
    async with signed_in(stub_job, provider.url) as hands:
        result = await hands.poll(await hands.submit())
    assert isinstance(result, Result)
    assert isinstance(file := result.outputs[0].body, Remote)
    assert httpx2.get(file.url, trust_env=False, verify=False).status_code == 401
    provider.settings(files_need_key=False)
    assert httpx2.get(file.url, trust_env=False, verify=False).status_code == 200


async def test_a_slow_job_runs_until_it_is_told_to_finish(provider: Provider) -> None:
    async with signed_in(stub_slow, provider.url) as hands:
        handle = await hands.submit()
        for _ in range(20):
            assert isinstance(await hands.poll(handle), Pending)
        provider.finish()
        assert isinstance(await hands.poll(handle), Result)


async def test_a_cancelled_job_stays_cancelled(provider: Provider) -> None:
    async with signed_in(stub_job, provider.url) as hands:
        handle = await hands.submit()
        assert hands.capability.cancel
        await hands.capability.cancel(hands.work, handle)
        provider.finish()
        with pytest.raises(Cancelled):
            await hands.poll(handle)
    assert provider.counts()["DELETE /jobs/{id}"] == 1


@pytest.mark.parametrize(("code", "error"), [("refused", Refused), ("crashed", ProviderError)])
async def test_a_job_can_fail(provider: Provider, code: str, error: type[MediaError]) -> None:
    provider.script("GET /jobs/{id}", {"body": {"status": "failed", "error": {"code": code}}})
    async with signed_in(stub_job, provider.url) as hands:
        handle = await hands.submit()
        with pytest.raises(error):
            await hands.poll(handle)


async def test_speech_streams_into_a_file_of_the_servers(provider: Provider) -> None:
    async with signed_in(stub_stream, provider.url) as hands:
        result = await hands.make()
    assert [output.body for output in result.outputs] == [hands.sink]
    assert hands.types == ["audio/wav"]
    with wave.open(io.BytesIO(hands.sink.data)) as sound:
        assert sound.getnframes() == len("a red kite") * 0.05 * sound.getframerate()


async def test_speech_that_breaks_off_fails_inside_start(provider: Provider) -> None:
    provider.script("POST /stream", {"truncate": True})
    async with signed_in(stub_stream, provider.url) as hands:
        error = await hands.fails()
    assert (type(error), error.billed) == (Unreachable, None)
    assert hands.sink.data.startswith(b"RIFF")


async def test_the_voices_that_are_listed_are_the_voices_that_speak(provider: Provider) -> None:
    async with signed_in(stub_stream, provider.url) as hands:
        voices = await hands.capability.choices["voice"](hands.client)
        for voice in voices:
            await hands.make(voice=voice)
        assert isinstance(await hands.fails(voice="carl"), InvalidRequest)
    assert voices == ("anna", "ben")


def coded(status: int, code: str = "other") -> dict[str, object]:
    return {"status": status, "body": {"error": {"code": code, "message": "secret words"}}}


@pytest.mark.parametrize(
    ("answer", "error", "billed"),
    [
        (coded(400), InvalidRequest, "no"),
        (coded(400, "refused"), Refused, "no"),
        (coded(401), MissingKey, "no"),
        (coded(403), MissingKey, "no"),
        (coded(402), OutOfCredit, "no"),
        (coded(404, "model_gone"), ModelGone, "no"),
        (coded(404, "state_gone"), StateGone, "no"),
        (coded(404), ProviderError, None),
        (coded(429), RateLimited, "no"),
        (coded(500), ProviderError, None),
        (coded(503), ProviderError, "no"),
        ({"html": True}, ProviderError, None),
        ({"html": True, "status": 502}, ProviderError, None),
        ({"reset": True}, Unreachable, None),
        ({"truncate": True}, Unreachable, None),
        ({"body": {"images": "none"}}, ProviderError, None),
    ],
    ids=str,
)
async def test_every_failure_is_explained_by_status_and_code(
    provider: Provider, answer: dict[str, object], error: type[MediaError], billed: str | None
) -> None:
    provider.script("POST /make", answer)
    async with signed_in(stub_now, provider.url) as hands:
        explained = await hands.fails()
    assert (type(explained), explained.billed) == (error, billed)
    assert "secret" not in str(explained)
    assert provider.paid() == 1


async def test_an_error_answer_to_a_stream_is_explained_too(provider: Provider) -> None:
    provider.script("POST /stream", coded(404, "model_gone"))
    async with signed_in(stub_stream, provider.url) as hands:
        assert isinstance(await hands.fails(), ModelGone)


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("soon", None)])
async def test_the_advice_when_to_come_back_is_kept(provider: Provider, header: str, seconds: float | None) -> None:
    provider.script("POST /make", {"status": 429, "headers": {"retry-after": header}})
    async with signed_in(stub_now, provider.url) as hands:
        error = await hands.fails()
    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds


async def test_a_provider_that_does_not_answer_times_out(provider: Provider) -> None:
    provider.script("POST /make", {"hang": True})
    async with signed_in(stub_now, provider.url, env={TIMEOUT: "0.1"}) as hands:
        error = await hands.fails()
    assert (type(error), error.billed) == (TimedOut, None)


async def test_a_provider_that_is_not_there_was_not_paid() -> None:
    async with signed_in(stub_now, "") as hands:
        error = await hands.fails()
    assert (type(error), error.billed) == (Unreachable, "no")


def test_an_error_of_something_else_is_not_explained() -> None:
    assert stub_now.explain(KeyError("x")) is None


async def test_a_fake_backend_makes_a_picture_without_any_provider() -> None:
    backend = fake()
    async with backend.connect(Access(key="", env={}, base_url="")) as client:
        result = await AdapterHarness(backend, client).make(mood="calm")
    (output,) = result.outputs
    with Image.open(io.BytesIO(body_of(output))) as picture:
        picture.load()
        assert (picture.format, picture.size) == ("PNG", (16, 16))


async def test_a_fake_backend_has_the_fields_it_is_given() -> None:
    class Longer(Params):
        duration: float = 1.0

    async def start(call: Call[None, Longer]) -> Accepted:
        return Accepted(handle=call.params.duration)

    async def poll(_work: Context[None], handle: JSON) -> Pending:
        return Pending(message=str(handle))

    models = (Model(id="one-1"),)
    backend = fake("one", keys=("ONE_KEY",), kind="music", params=Longer, models=models, start=start, poll=poll)
    (made,) = backend.capabilities
    assert (backend.name, backend.keys, made.kind, made.models) == ("one", ("ONE_KEY",), "music", models)
    hands = AdapterHarness(backend, None)
    assert await hands.poll(await hands.submit(duration=2.0)) == Pending(message="2.0")


def test_a_fake_backend_can_have_several_capabilities() -> None:
    backend = fake(capabilities=(capability("draw"), capability("sing", kind="music", preference=3)))
    assert [(each.name, each.kind, each.preference) for each in backend.capabilities] == [
        ("draw", "image", 0),
        ("sing", "music", 3),
    ]
    assert all(each.start is make and each.params is FakeParams for each in backend.capabilities)
