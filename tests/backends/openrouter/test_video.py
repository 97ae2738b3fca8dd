"""Videos through OpenRouter: what is asked for, what comes of the work, and how they go on."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fakes.engines import PATIENT, opened
from fakes.openrouter import KEY, FakeOpenRouter, running
from fakes.virtual_clock import VirtualClock
from mediasmith.plugin.contract import Accepted, Call, Model, Pending, Price, Remote, Request, Result
from mediasmith.plugin.errors import Cancelled, InvalidRequest, MediaError, ModelGone, ProviderError, Refused, StateGone
from mediasmith.testing import AdapterHarness, MemorySource, signed_in
from mediasmith_backends.openrouter import backend

FILM, ASK, LIST = "POST /api/v1/videos", "GET /api/v1/videos/{id}", "GET /api/v1/videos/models"
VIDEO = backend.capabilities[2]
SEEDANCE, VEO, WAN = "bytedance/seedance-2.0", "google/veo-3.1", "alibaba/wan-2.7"
KITE, BOAT = MemorySource(), MemorySource(b"\xff\0\0")
SOUND, CLIP = MemorySource(mime="audio/wav"), MemorySource(mime="video/mp4")

PROVIDER = running


@pytest.fixture
async def hands(fake: FakeOpenRouter) -> AsyncGenerator[AdapterHarness]:
    async with signed_in(backend, fake.base_url, KEY, capability=VIDEO) as hands:
        yield hands


def ask(model: str = "", *, listed: bool = True, inputs: Any = None, state: Any = None, **params: Any) -> Request[Any]:
    """A call to a model that stands in the table, or to one that is only `listed` where callers find it."""
    known = {one.id: one for one in VIDEO.models} if listed else {}
    one = known.get(model, Model(id=model)) if model else VIDEO.models[0]
    return Request(model=one, prompt="a red kite", params=VIDEO.params(**params), inputs=inputs or {}, state=state)


async def begun(hands: AdapterHarness, asked: Request[Any]) -> Any:
    accepted = await VIDEO.start(hands.of(asked))
    assert isinstance(accepted, Accepted)
    return accepted.handle


async def failed(hands: AdapterHarness, asked: Request[Any]) -> MediaError:
    known = None
    try:
        await VIDEO.start(hands.of(asked))
    except Exception as error:  # noqa: BLE001 - what it was is looked at
        known = error if isinstance(error, MediaError) else backend.explain(error)
    assert known
    return known


def sent(fake: FakeOpenRouter) -> Any:
    """The body of the last request."""
    return fake.log()[-1]["body"]


async def seen(source: MemorySource, kind: str = "image_url") -> dict[str, Any]:
    return {"type": kind, kind: {"url": await source.data_uri()}}


# Asking


async def test_words_go_out_by_the_names_that_openrouter_has(fake: FakeOpenRouter, hands: AdapterHarness) -> None:
    await begun(hands, ask(size="480p", aspect_ratio="9:16", duration=4, generate_audio=False, seed=7))
    assert sent(fake) == {
        "model": SEEDANCE,
        "prompt": "a red kite",
        "resolution": "480p",
        "aspect_ratio": "9:16",
        "duration": 4,
        "generate_audio": False,
        "seed": 7,
    }
    await begun(hands, ask(size="1280x720"))
    assert sent(fake)["size"] == "1280x720"


async def test_frames_say_which_they_are_and_references_what(fake: FakeOpenRouter, hands: AdapterHarness) -> None:
    await begun(hands, ask(inputs={"last_frame": [BOAT], "first_frame": [KITE]}))
    assert sent(fake)["frame_images"] == [
        {**await seen(KITE), "frame_type": "first_frame"},
        {**await seen(BOAT), "frame_type": "last_frame"},
    ]
    await begun(hands, ask(inputs={"video": [CLIP], "audio": [SOUND], "image": [KITE, BOAT]}))
    assert sent(fake)["input_references"] == [
        await seen(KITE),
        await seen(BOAT),
        await seen(SOUND, "audio_url"),
        await seen(CLIP, "video_url"),
    ]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (ask(size="1280x720", aspect_ratio="16:9"), "not both"),
        (ask(inputs={"first_frame": [KITE], "image": [KITE]}), "or else image, audio and video"),
        (ask(WAN, inputs={"last_frame": [KITE]}), "does not take last_frame with alibaba/wan-2.7"),
        (ask(VEO, inputs={"video": [CLIP]}), "does not take video with google/veo-3.1"),
    ],
)
def test_what_does_not_go_together_is_said_before_anything_is_asked(asked: Request[Any], reason: str) -> None:
    assert reason in VIDEO.refuses(asked)


@pytest.mark.parametrize(
    "asked", [ask(size="720p", aspect_ratio="16:9"), ask(inputs={"first_frame": [], "image": [KITE]})]
)
def test_what_goes_together_is_not_refused(asked: Request[Any]) -> None:
    assert not VIDEO.refuses(asked)


# Waiting


async def test_a_video_is_named_asked_after_and_left_to_the_server(fake: FakeOpenRouter, hands: AdapterHarness) -> None:
    handle = await begun(hands, ask(duration=4))
    assert [await hands.poll(handle) for _ in range(2)] == [Pending(message="pending"), Pending(message="in progress")]
    result = await hands.poll(handle)
    assert isinstance(result, Result)
    (output,) = result.outputs
    assert isinstance(output.body, Remote)
    assert (output.mime, output.state, result.cost_usd) == ("video/mp4", handle, pytest.approx(0.4))
    assert output.body.url == f"{fake.url}/storage/{handle['video']}"
    assert fake.paid() == 1


def done(**more: Any) -> dict[str, Any]:
    return {"id": "gen-vid-1", "status": "completed", **more}


@pytest.mark.parametrize(
    ("more", "urls", "with_key"),
    [
        ({"urls": ["https://files.example/a"], "unsigned_urls": ["{base}/x"]}, ["https://files.example/a"], False),
        ({"unsigned_urls": ["{base}/x", "{base}/y"]}, ["{base}/x", "{base}/y"], True),
        ({"unsigned_urls": ["/api/v1/x"], "urls": []}, ["{base}/x"], True),
        ({"unsigned_urls": ["https://elsewhere.example/x"]}, ["https://elsewhere.example/x"], False),
        ({"unsigned_urls": ["http://[x"]}, ["http://[x"], False),
        ({"urls": 7, "unsigned_urls": [7]}, ["{base}/videos/gen-vid-1/content?index=0"], True),
        ({}, ["{base}/videos/gen-vid-1/content?index=0"], True),
    ],
)
async def test_the_key_is_shown_where_it_belongs_and_nowhere_else(
    fake: FakeOpenRouter, hands: AdapterHarness, more: dict[str, Any], urls: list[str], with_key: bool
) -> None:
    given, due = json.loads(json.dumps([more, urls]).replace("{base}", fake.base_url))
    fake.script(ASK, {"status": 200, "body": done(**given)})
    result = await hands.poll({"video": "gen-vid-1"})
    assert isinstance(result, Result)
    bodies = [output.body for output in result.outputs if isinstance(output.body, Remote)]
    assert [body.url for body in bodies] == due
    assert {body.headers.get("authorization") for body in bodies} == {f"Bearer {KEY}" if with_key else None}
    assert [output.state is None for output in result.outputs] == [len(urls) > 1] * len(urls)


ENDS: Mapping[str, tuple[dict[str, Any], type[MediaError], str | None, str]] = {
    "failed": ({"status": "failed", "error": "Out of film."}, ProviderError, "unknown", "Out of film"),
    "failed for nothing": ({"status": "failed", "usage": {"cost": 0}}, ProviderError, "no", "failed"),
    "failed and charged": ({"status": "failed", "usage": {"cost": 0.4}}, ProviderError, "yes", "failed"),
    "expired": ({"status": "expired", "error": 7}, ProviderError, "unknown", "expired"),
    "cancelled": ({"status": "cancelled"}, Cancelled, "unknown", "cancelled"),
    "unheard of": ({"status": "somersault"}, ProviderError, None, "somersault"),
}


@pytest.mark.parametrize("case", ENDS)
async def test_work_that_ends_without_a_video_says_so(fake: FakeOpenRouter, hands: AdapterHarness, case: str) -> None:
    body, kind, billed, words = ENDS[case]
    fake.script(ASK, {"status": 200, "body": body})
    with pytest.raises(kind, match=words) as caught:
        await hands.poll({"video": "gen-vid-1"})
    assert isinstance(caught.value, MediaError)
    assert caught.value.billed == billed


PASSING: Mapping[str, dict[str, Any]] = {
    "a page": {"html": True, "status": 200},
    "nonsense": {"status": 200, "body": {"status": 7}},
    "not there yet": {"status": 404},
    "an error within": {"status": 200, "body": {"error": {"code": 502, "message": "Gone."}}},
}


@pytest.mark.parametrize("answer", PASSING)
async def test_an_answer_that_may_pass_is_no_verdict(fake: FakeOpenRouter, hands: AdapterHarness, answer: str) -> None:
    fake.script(ASK, PASSING[answer])
    told = None
    try:
        await hands.poll({"video": "gen-vid-1"})
    except Exception as error:  # noqa: BLE001 - what it was is looked at
        assert not isinstance(error, MediaError)  # noqa: PT017 - as above
        told = backend.explain(error)
    assert type(told) is ProviderError


@pytest.mark.usefixtures("hands")  # which load the SDK: the virtual clock would starve the thread that does it later
async def test_a_video_is_saved_and_its_cost_told(fake: FakeOpenRouter, tmp_path: Path) -> None:
    clock = VirtualClock()
    async with clock.autojump(), opened(tmp_path, backend, clock=clock, env=fake.env()) as engine:
        with clock.hold():
            asked = {"prompt": "a kite", "kind": "video", "backend": "openrouter", "duration": 4, "size": "480p"}
            fake.settings(polls=0)
            result = await engine.generate(asked, PATIENT)
    (file,) = result.files
    assert (result.status, file.mime, file.width, file.height) == ("done", "video/mp4", 854, 480)
    assert result.cost
    assert result.cost.usd == pytest.approx(0.4)


# Going on


async def finished(fake: FakeOpenRouter, hands: AdapterHarness) -> Any:
    handle = await begun(hands, ask(duration=4))
    fake.finish()
    result = await hands.poll(handle)
    assert isinstance(result, Result)
    return result.outputs[0].state


async def test_a_video_goes_on_from_an_earlier_one(fake: FakeOpenRouter, hands: AdapterHarness) -> None:
    state = await finished(fake, hands)
    await begun(hands, ask(state=state))
    assert sent(fake)["previous_job_id"] == state["video"]
    assert "input_references" not in sent(fake)


async def test_an_earlier_video_that_is_gone_is_told_so_that_its_file_is_sent(
    fake: FakeOpenRouter, hands: AdapterHarness
) -> None:
    state = await finished(fake, hands)
    fake.expire(state["video"])
    for gone in (state, {"video": "gen-vid-never"}):
        told = await failed(hands, ask(state=gone))
        assert isinstance(told, StateGone)
        assert told.billed == "no"


async def test_a_refusal_of_an_edit_is_no_loss_of_the_earlier_video(
    fake: FakeOpenRouter, hands: AdapterHarness
) -> None:
    error = {"code": 400, "message": "No.", "metadata": {"error_type": "content_policy_violation"}}
    fake.script(FILM, {"status": 400, "body": {"error": error}})
    assert isinstance(await failed(hands, ask(state={"video": "gen-vid-1"})), Refused)


async def test_a_file_that_comes_in_place_of_its_state_is_looked_at_again(
    fake: FakeOpenRouter, hands: AdapterHarness
) -> None:
    told = await failed(hands, ask(VEO, inputs={"video": [CLIP]}))
    assert isinstance(told, InvalidRequest)
    assert "does not take video" in str(told)
    assert fake.paid() == 0


@pytest.mark.parametrize(("model", "goes_on"), [(SEEDANCE, True), (VEO, False), (WAN, False), ("acme/new", True)])
async def test_state_is_kept_of_models_that_go_on(
    fake: FakeOpenRouter, hands: AdapterHarness, model: str, goes_on: bool
) -> None:
    fake.script(ASK, {"status": 200, "body": done()})
    call: Call[Any, Any] = hands.of(ask(model))
    assert VIDEO.poll
    result = await VIDEO.poll(call, {"video": "gen-vid-1"})
    assert isinstance(result, Result)
    assert (result.outputs[0].state is not None) == goes_on


# Models that stand in no table


async def test_a_model_that_is_only_listed_is_asked_for_what_it_takes(
    fake: FakeOpenRouter, hands: AdapterHarness
) -> None:
    await begun(hands, ask(WAN, listed=False, duration=5, size="640x360", seed=7, generate_audio=False))
    assert sent(fake)["size"] == "640x360"
    assert "seed" not in sent(fake)
    assert ["seed" in warning for warning in hands.warnings] == [True]
    assert fake.counts() == {LIST: 1, FILM: 1}


@pytest.mark.parametrize(
    ("model", "given", "reason"),
    [
        (WAN, {"duration": 4}, "takes duration 5, 10"),
        (WAN, {"generate_audio": True}, "takes generate_audio False"),
        (WAN, {"aspect_ratio": "21:9"}, "takes aspect_ratio 16:9, 9:16, 1:1"),
        (WAN, {"size": "1080p"}, "takes size 360p, 720p"),
        (WAN, {"inputs": {"last_frame": [KITE]}}, "does not take last_frame"),
        (VEO, {"inputs": {"audio": [SOUND]}}, "does not take audio"),
    ],
)
async def test_what_a_listed_model_does_not_take_is_refused_before_it_is_paid_for(
    fake: FakeOpenRouter, hands: AdapterHarness, model: str, given: dict[str, Any], reason: str
) -> None:
    told = await failed(hands, ask(model, listed=False, **given))
    assert isinstance(told, InvalidRequest)
    assert reason in str(told)
    assert told.billed == "no"
    assert fake.paid() == 0


async def test_a_model_that_is_not_listed_is_gone(fake: FakeOpenRouter, hands: AdapterHarness) -> None:
    told = await failed(hands, ask("acme/new"))
    assert isinstance(told, ModelGone)
    assert told.billed == "no"
    assert fake.paid() == 0


async def test_the_list_tells_prices_by_the_second(fake: FakeOpenRouter, hands: AdapterHarness) -> None:
    skus = {
        "per-video-second": "0.50",
        "per-video-second-1080p": "0.75",
        "video_tokens": "0.000007",
        "per-video-second-4K": "dear",
    }
    fake.script(LIST, {"status": 200, "body": {"data": [{"id": "acme/new", "pricing_skus": skus}, {"id": VEO}, 7]}})
    assert VIDEO.discover
    known, new = await VIDEO.discover(hands.client)
    today = datetime.now(UTC).date()
    page = "https://openrouter.ai/acme/new"
    assert new.prices == (
        Price(usd=0.5, per="second", as_of=today, source=page),
        Price(usd=0.75, per="second", when={"size": "1080p"}, as_of=today, source=page),
    )
    assert (known.id, new.accepts["size"]) == (VEO, True)
