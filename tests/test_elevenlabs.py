"""ElevenLabs as a whole: how it is reached, what its errors mean, and whose voice a name is."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import httpx
import pytest
from elevenlabs.core.api_error import ApiError
from elevenlabs.core.parse_error import ParsingError

from fakes.elevenlabs import KEY, FakeElevenLabs, running
from fakes.elevenlabs.catalogue import GEORGE, HOUSE, ROGER, SARAH
from fakes.elevenlabs.errors import WRONG_KEY, scripted
from mediasmith.plugin.contract import Access
from mediasmith.plugin.errors import (
    InvalidRequest,
    MediaError,
    MissingKey,
    ModelGone,
    OutOfCredit,
    ProviderError,
    RateLimited,
    Refused,
    TimedOut,
    Unreachable,
    Unsuitable,
)
from mediasmith.plugin.http_errors import not_billed
from mediasmith.testing import AdapterHarness, signed_in
from mediasmith_backends.elevenlabs import backend, client, voices
from mediasmith_backends.elevenlabs.errors import explain
from mediasmith_backends.elevenlabs.voices import CAST, names, resolved

LISTED = "GET /v2/voices"
LOOKED_UP = "GET /v1/voices/{voice_id}"

PROVIDER = running


@pytest.fixture
async def hands(fake: FakeElevenLabs) -> AsyncGenerator[AdapterHarness]:
    async with signed_in(backend, fake.url, KEY) as hands:
        yield hands


# The client


async def test_the_key_goes_out_and_nothing_of_the_environment_does(
    fake: FakeElevenLabs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELEVENLABS_API_KEY", "another")
    async with signed_in(backend, fake.url, KEY) as hands:
        await names(hands.client)
    assert fake.counts() == {LISTED: 1}
    assert fake.log()[0]["status"] == 200


async def test_the_connections_are_closed_with_the_client(fake: FakeElevenLabs) -> None:
    async with backend.connect(Access(key=KEY, env={}, base_url=f"{fake.url}/")) as opened:
        await names(opened)
    with pytest.raises(RuntimeError, match="closed"):
        await names(opened)


@pytest.mark.parametrize("key", ["sk_schlüssel", "sk_\n"])
async def test_what_cannot_be_a_key_is_told_at_once(key: str) -> None:
    with pytest.raises(MissingKey):
        async with backend.connect(Access(key=key, env={}, base_url="")):
            pass


async def test_without_an_address_it_is_the_providers_own() -> None:
    async with backend.connect(Access(key=KEY, env={}, base_url="")) as opened:
        wrapper: Any = opened.sdk
        assert wrapper._client_wrapper.get_base_url() == "https://api.elevenlabs.io"
        assert wrapper._client_wrapper.get_timeout().connect == 15


async def test_a_wrong_key_is_told(fake: FakeElevenLabs) -> None:
    async with signed_in(backend, fake.url, WRONG_KEY) as hands:
        with pytest.raises(MissingKey) as caught:
            await resolved(hands.client, "Sarah")
    assert caught.value.variables == ("ELEVENLABS_API_KEY",)


async def test_nobody_who_answers_is_unreachable() -> None:
    async with signed_in(backend, "http://127.0.0.1:9", KEY) as hands:
        with pytest.raises(Unreachable) as caught:
            await resolved(hands.client, "Sarah")
    assert caught.value.billed == "no"


# Errors


def error(status: int, body: object, **headers: str) -> MediaError:
    found = explain(ApiError(status_code=status, headers=headers, body=body))
    assert found is not None
    return found


def detail(code: str, **more: object) -> Mapping[str, object]:
    return {"detail": {"status": code, "code": code, "message": "So it is.", **more}}


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "invalid_api_key", MissingKey),
        (401, "needs_authorization", MissingKey),
        (401, "missing_permissions", Unsuitable),
        (401, "quota_exceeded", OutOfCredit),
        (402, "payment_required", OutOfCredit),
        (429, "too_many_concurrent_requests", RateLimited),
        (429, "concurrent_limit_exceeded", RateLimited),
        (400, "voice_not_found", Unsuitable),
        (404, "voice_not_found", Unsuitable),
        (403, "output_format_not_allowed", Unsuitable),
        (400, "voice_limit_reached", Unsuitable),
        (400, "model_not_found", ModelGone),
        (404, "song_not_found", InvalidRequest),
        (400, "bad_prompt", Refused),
        (400, "content_against_policy", Refused),
        (400, "max_character_limit_exceeded", InvalidRequest),
        (403, "something_new", Unsuitable),
        (429, "something_new", RateLimited),
        (404, "something_new", ModelGone),
    ],
)
def test_what_is_declined_is_told_by_its_code_and_was_free(status: int, code: str, kind: type[MediaError]) -> None:
    found = error(status, detail(code))
    assert type(found) is kind
    assert found.billed == "no"
    assert kind is MissingKey or "So it is" in found.message


def test_a_code_is_also_read_where_the_older_name_is_missing() -> None:
    found = error(400, {"detail": {"type": "invalid_request", "code": "quota_exceeded", "message": "None left."}})
    assert isinstance(found, OutOfCredit)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [("unauthorized", "missing_permissions", Unsuitable), ("paid_plan_required", "payment_required", Unsuitable)],
)
def test_of_two_names_for_an_error_the_more_telling_one_counts(code: str, status: str, kind: type[MediaError]) -> None:
    found = error(401, {"detail": {"code": code, "status": status, "message": "Not for you."}})
    assert isinstance(found, kind)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"detail": "Not like this."}, "Not like this"),
        ({"detail": {"message": "Odd.", "fields": None}}, "Odd"),
        ({"detail": {"message": "Odd.", "fields": 3}}, "Odd"),
        ({"detail": {"message": "Odd.", "fields": ["model_id"]}}, "Odd"),
        ({"detail": [{"loc": ["body", "text"], "msg": "field required", "type": "missing"}]}, "text: field required"),
        ({"detail": ["odd"]}, "(422)"),
        ({"detail": []}, "(422)"),
        ("<html>", "(422)"),
        (None, "(422)"),
        ([], "(422)"),
    ],
)
def test_every_form_of_a_complaint_is_read(body: object, said: str) -> None:
    found = error(422, body)
    assert isinstance(found, InvalidRequest)
    assert said in found.message


def test_a_model_that_is_no_longer_among_those_that_can_be_named_is_gone() -> None:
    found = error(422, {"detail": [{"loc": ["body", "model_id"], "msg": "Input should be 'new'", "type": "enum"}]})
    assert isinstance(found, ModelGone)
    assert "Input should be 'new'" in found.message
    assert found.billed == "no"


def test_a_plan_that_is_suggested_can_be_sent_as_it_stands() -> None:
    plan = {"chunks": [{"text": "Für dich", "positive_styles": ["folk"], "conditioning_ref": None}, {"text": "la"}]}
    found = error(400, detail("bad_composition_plan", data={"composition_plan_suggestion": plan}))
    told = json.loads(found.hint.removeprefix("It suggests: "))
    assert told == {"chunks": [{"text": "Für dich", "positive_styles": ["folk"]}, {"text": "la"}]}
    assert "Für" in found.hint


@pytest.mark.parametrize(("words", "kept"), [("guitar " * 400, "guitar"), ("海" * 2500, "海" * 2000)])
def test_a_suggestion_that_is_too_long_ends_with_a_whole_word_and_says_so(words: str, kept: str) -> None:
    hint = error(400, detail("bad_prompt", data={"prompt_suggestion": words})).hint
    told, _, rest = hint.removeprefix("It suggests: ").partition(" … ")
    assert told.split(" ")[-1] == kept
    assert len(told) <= 2000
    assert f"of {len(words):,} characters" in rest


def test_what_the_provider_suggests_is_passed_on() -> None:
    found = error(400, detail("bad_prompt", data={"prompt_suggestion": "a song of one's own"}))
    assert isinstance(found, Refused)
    assert "It suggests: a song of one's own" in str(found)
    assert found.reason == "bad_prompt"


@pytest.mark.parametrize(("told", "pause"), [("7", 7.0), ("soon", None), ("-1", None), ("inf", None)])
def test_the_pause_that_is_asked_for_is_kept(told: str, pause: float | None) -> None:
    found = error(429, detail("system_busy"), **{"retry-after": told})
    assert isinstance(found, RateLimited)
    assert found.retry_after == pause


@pytest.mark.parametrize("failure", [ApiError(status_code=200, body="no sound"), ParsingError(status_code=200)])
def test_an_answer_that_cannot_be_read_makes_no_sense(failure: Exception) -> None:
    found = explain(failure)
    assert isinstance(found, ProviderError)
    assert found.billed is None


@pytest.mark.parametrize(
    ("failure", "kind", "billed"),
    [
        (httpx.ConnectError("no"), Unreachable, "no"),
        (httpx.ConnectTimeout("no"), Unreachable, "no"),
        (httpx.PoolTimeout("no"), Unreachable, "no"),
        (httpx.UnsupportedProtocol("no"), InvalidRequest, "no"),
        (httpx.InvalidURL("no"), InvalidRequest, "no"),
        (httpx.ReadTimeout("no"), TimedOut, None),
        (httpx.ReadError("no"), Unreachable, None),
        (httpx.RemoteProtocolError("no"), Unreachable, None),
        (httpx.DecodingError("no"), ProviderError, None),
    ],
)
def test_what_happens_to_the_connection_is_told(failure: Exception, kind: type[MediaError], billed: str | None) -> None:
    found = explain(failure)
    assert isinstance(found, kind)
    assert found.billed == billed


def test_what_it_does_not_know_it_leaves_alone() -> None:
    assert explain(ValueError("no")) is None
    with pytest.raises(ValueError, match="no"), not_billed(explain):
        raise ValueError("no")


# Voices


@pytest.mark.parametrize(
    ("wanted", "voice"),
    [("George", GEORGE), ("sarah", SARAH), ("Roger - Laid-Back, Casual, Resonant", ROGER), (" Roger ", ROGER)],
)
async def test_a_voice_is_found_by_its_name_or_how_it_begins(hands: AdapterHarness, wanted: str, voice: Any) -> None:
    assert await resolved(hands.client, wanted) == voice.id


async def test_a_name_is_looked_up_once(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    for _ in range(3):
        await resolved(hands.client, "Sarah")
    assert fake.counts() == {LISTED: 1}


async def test_an_id_is_looked_up_and_passed_on(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    assert await resolved(hands.client, "cgSgspJ2msm6clMCkdW9") == "cgSgspJ2msm6clMCkdW9"
    assert await resolved(hands.client, ROGER.id) == ROGER.id
    assert fake.counts() == {LOOKED_UP: 1}


async def test_what_looks_like_an_id_and_is_none_is_told(hands: AdapterHarness) -> None:
    with pytest.raises(Unsuitable, match="no voice 'abcdefghij0123456789'"):
        await resolved(hands.client, "abcdefghij0123456789")


async def test_an_id_that_may_not_be_looked_at_is_left_to_the_request(
    fake: FakeElevenLabs, hands: AdapterHarness
) -> None:
    fake.script(LOOKED_UP, scripted(401, "missing_permissions"))
    assert await resolved(hands.client, "abcdefghij0123456789") == "abcdefghij0123456789"


@pytest.mark.parametrize(
    ("wanted", "near"),
    [("Goerge", "Near it are: George"), ("Sara H", "Sarah - Mature"), ("Xyzzy", "Some are: George")],
)
async def test_a_name_that_nobody_has_is_told_with_those_near_it(
    fake: FakeElevenLabs, hands: AdapterHarness, wanted: str, near: str
) -> None:
    with pytest.raises(Unsuitable) as caught:
        await resolved(hands.client, wanted)
    assert wanted in str(caught.value)
    assert near in str(caught.value)
    assert caught.value.billed == "no"
    assert fake.paid() == 0


def listed(*called: str) -> Mapping[str, object]:
    found = [{"voice_id": f"voice{number}", "name": name} for number, name in enumerate(called)]
    return {"body": {"voices": found, "has_more": False, "total_count": len(found)}}


async def test_a_beginning_that_the_search_does_not_find_is_found_in_the_list(
    fake: FakeElevenLabs, hands: AdapterHarness
) -> None:
    fake.script(LISTED, listed())
    assert await resolved(hands.client, "Charlie") == "IKne3meq5aSn9XLyUdCD"


async def test_a_name_that_several_have_is_told_with_their_ids(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    fake.script(LISTED, listed("Anna", "Anna", "Anna Maria"))
    with pytest.raises(Unsuitable, match=r"several voices called 'Anna': Anna \(voice0\), Anna \(voice1\)\."):
        await resolved(hands.client, "Anna")


async def test_a_whole_name_goes_before_the_beginning_of_another(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    fake.script(LISTED, listed("Anna Maria", "Anna"))
    assert await resolved(hands.client, "anna") == "voice1"


async def test_a_beginning_that_several_have_is_told(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    fake.script(LISTED, listed("Anna Maria", "Anna - Calm", "Annabel"))
    with pytest.raises(Unsuitable, match=r"several .*: Anna Maria \(voice0\), Anna - Calm \(voice1\)\."):
        await resolved(hands.client, "Anna")


async def test_half_a_name_is_no_name(hands: AdapterHarness) -> None:
    with pytest.raises(Unsuitable, match=r"no voice 'Sara'\. .*Near it are: Sarah"):
        await resolved(hands.client, "Sara")


async def test_voices_that_cannot_be_looked_up_cost_nothing(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    fake.script(LISTED, {"status": 500, "body": {"detail": "Oh no."}}, {"reset": True})
    for kind in (ProviderError, Unreachable):
        with pytest.raises(kind) as caught:
            await resolved(hands.client, "Sarah")
        assert caught.value.billed == "no"
    assert fake.counts() == {LISTED: 2}, "it was asked again by itself"


async def test_the_voices_that_speak_by_themselves_need_not_be_looked_up(
    fake: FakeElevenLabs, hands: AdapterHarness
) -> None:
    assert [await resolved(hands.client, voice) for voice in CAST] == list(CAST)
    assert fake.counts() == {}
    assert set(CAST) <= set(HOUSE)
    assert len(set(CAST)) == len(CAST) == 10


async def test_a_name_is_looked_up_anew_after_something_went_wrong(fake: FakeElevenLabs, hands: AdapterHarness) -> None:
    call = hands.call(voice="Sarah")
    await hands.capability.start(call)
    fake.script("POST /v1/text-to-speech/{voice_id}", scripted(404, "voice_not_found"))
    with pytest.raises(ApiError):
        await hands.capability.start(call)
    await hands.capability.start(call)
    assert fake.counts()[LISTED] == 2


async def test_every_page_of_voices_is_listed(
    fake: FakeElevenLabs, hands: AdapterHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voices, "_PAGE", 5)
    assert set(await names(hands.client)) == {voice.name for voice in HOUSE.values()}
    assert fake.counts() == {LISTED: 3}


async def test_voices_are_listed_with_their_ids_and_by_them_where_they_share_a_name(
    fake: FakeElevenLabs, hands: AdapterHarness
) -> None:
    fake.script(LISTED, listed("Anna", "Anna", "Ben", ""))
    found = await names(hands.client)
    assert found == {"voice0": "voice0", "voice1": "voice1", "Ben": "voice2", "voice3": "voice3"}


async def test_a_lookup_that_hangs_ends_soon_and_cost_nothing(
    fake: FakeElevenLabs, hands: AdapterHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voices, "_LOOKUP_SECONDS", 0.1)
    fake.script(LISTED, {"hang": True})
    with pytest.raises(TimedOut) as caught:
        await resolved(hands.client, "Sarah")
    assert caught.value.billed == "no"


def test_it_goes_by_its_short_names_too() -> None:
    assert {*backend.aliases} == {"eleven", "11labs"}
    assert backend.keys == client.KEYS
