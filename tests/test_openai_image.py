"""Pictures of OpenAI's: which way each is made, what goes out, and what comes of what is answered."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest

from fakes.openai import KEY, FakeOpenAI, running
from mediasmith.plugin.contract import Accepted, Model, Remote, Request, Result
from mediasmith.plugin.errors import InvalidRequest, ModelGone, ProviderError, StateGone
from mediasmith.plugin.media import parse_size, sniff
from mediasmith.testing import AdapterHarness, MemorySource, png, signed_in
from mediasmith_backends.openai import backend
from mediasmith_backends.openai.pictures import ImageParams, fitting

GENERATE, EDIT, RESPOND = "POST /v1/images/generations", "POST /v1/images/edits", "POST /v1/responses"
IMAGE = backend.capabilities[0]
SMALL = "1024x640"
PICTURE, OTHER = MemorySource(), MemorySource(b"\xff\0\0")
MASK = MemorySource(b"\0\0\0\0")

PROVIDER = running


@pytest.fixture
async def hands(fake: FakeOpenAI) -> AsyncGenerator[AdapterHarness]:
    async with signed_in(backend, fake.base_url, KEY, capability=IMAGE) as hands:
        yield hands


def heavy() -> MemorySource:
    source = MemorySource()
    source.size = 20_000_000
    return source


def ask(*, model: str = "", state: Any = None, inputs: Mapping[str, Any] | None = None, **params: Any) -> Request[Any]:
    known = {one.id: one for one in IMAGE.models}
    given: Any = inputs or {}
    return Request(
        model=known.get(model, Model(id=model)) if model else IMAGE.models[0],
        prompt="a red kite",
        params=ImageParams.model_validate({"size": SMALL, **params}),
        inputs=given,
        state=state,
    )


async def made(hands: AdapterHarness, asked: Request[Any]) -> Result:
    result = await IMAGE.start(hands.of(asked))
    assert isinstance(result, Result)
    return result


WAYS: Mapping[str, tuple[dict[str, Any], str]] = {
    "a plain picture": ({}, RESPOND),
    "with references": ({"inputs": {"image": [PICTURE, OTHER]}}, RESPOND),
    "transparent webp": ({"background": "transparent", "output_format": "webp"}, RESPOND),
    "several": ({"n": 2}, GENERATE),
    "a gif": ({"output_format": "gif", "frame_count": 2}, GENERATE),
    "an svg": ({"output_format": "svg"}, GENERATE),
    "a model of somebody else's": ({"model": "flux-3"}, GENERATE),
    "with a mask": ({"inputs": {"image": [PICTURE], "mask": [MASK]}}, EDIT),
    "several with references": ({"n": 2, "inputs": {"image": [PICTURE]}}, EDIT),
    "with heavy references": ({"inputs": {"image": [heavy()]}}, EDIT),
}


@pytest.mark.parametrize("case", WAYS)
async def test_each_picture_goes_one_way_in_one_request(fake: FakeOpenAI, hands: AdapterHarness, case: str) -> None:
    given, way = WAYS[case]
    if given.get("model"):
        fake.script(way, {"body": {"data": [{"b64_json": base64.b64encode(png()).decode()}]}})
    answer = await IMAGE.start(hands.of(ask(**given)))
    assert fake.counts() == {way: 1}
    assert isinstance(answer, Accepted) == (way == RESPOND)


async def test_several_pictures_are_one_paid_request(fake: FakeOpenAI, hands: AdapterHarness) -> None:
    result = await made(hands, ask(n=3, quality="low"))
    assert len({output.body for output in result.outputs}) == 3
    assert [output.mime for output in result.outputs] == ["image/png"] * 3
    assert [output.state for output in result.outputs] == [{"alone": True}] * 3
    assert result.complete
    assert result.cost_usd is None
    assert (result.details["size"], result.details["quality"]) == (SMALL, "low")
    usage: Any = result.details["usage"]
    assert usage["output_tokens"] > 0
    assert fake.log()[0]["body"] == {
        "model": "gpt-image-2.6-sunburst",
        "prompt": "a red kite",
        "size": SMALL,
        "quality": "low",
        "n": 3,
    }


async def test_a_gif_moves_and_an_svg_is_drawn_by_the_model_that_is_named(
    fake: FakeOpenAI, hands: AdapterHarness
) -> None:
    moving = await made(hands, ask(output_format="gif", frame_count=3, frame_duration_ms=100))
    drawn = await made(hands, ask(output_format="svg", svg_model="gpt-6-sol"))
    assert [one.outputs[0].mime for one in (moving, drawn)] == ["image/gif", "image/svg+xml"]
    assert fake.log()[1]["body"]["svg"] == {"model": "gpt-6-sol"}
    assert isinstance(drawn.details["svg_usage"], Mapping)


async def test_references_and_a_mask_go_as_files_with_name_and_type(fake: FakeOpenAI, hands: AdapterHarness) -> None:
    await made(hands, ask(inputs={"image": [PICTURE, OTHER], "mask": [MASK]}))
    files = fake.log()[0]["body"]["files"]
    assert [(file["field"], file["name"], file["mime"]) for file in files] == [
        ("image[]", "sample.png", "image/png"),
        ("image[]", "sample.png", "image/png"),
        ("mask", "sample.png", "image/png"),
    ]


async def test_a_mask_that_hides_nothing_or_has_another_size_is_refused_before_it_is_sent(
    fake: FakeOpenAI, hands: AdapterHarness
) -> None:
    smaller = MemorySource(b"\0\0\0\0")
    smaller.dimensions = (8, 8)
    for mask, word in ((OTHER, "transparency"), (smaller, "size")):
        with pytest.raises(InvalidRequest, match=f"^mask: .*{word}") as caught:
            await IMAGE.start(hands.of(ask(inputs={"image": [PICTURE], "mask": [mask]})))
        assert caught.value.billed == "no"
    assert fake.counts() == {}


@pytest.mark.parametrize(
    ("ratio", "size"),
    [
        *(("1:1", "1024x1024"), ("3:2", "1536x1024"), ("2:3", "1024x1536"), ("6:4", "1536x1024")),
        *(
            ("16:9", None),
            ("9:16", None),
            ("4:3", None),
            ("21:9", None),
            ("2.35:1", None),
            ("3:1", None),
            ("1:3", None),
        ),
    ],
)
async def test_an_aspect_ratio_becomes_a_size_of_its_shape(
    fake: FakeOpenAI, hands: AdapterHarness, ratio: str, size: str | None
) -> None:
    await IMAGE.start(hands.of(ask(size=None, aspect_ratio=ratio)))
    sent = fake.log()[0]["body"]["tools"][0]["size"]
    width, height = parse_size(sent)
    wide, _, high = ratio.partition(":")
    assert sent == size or (size is None and width * height in range(1_000_000, 1_600_000))
    assert width / height == pytest.approx(float(wide) / float(high), rel=0.01)
    assert sent == fitting(ratio)


REFUSED: Mapping[str, tuple[dict[str, Any], str]] = {
    "two shapes": ({"aspect_ratio": "1:1"}, "not both"),
    "a wide ratio": ({"size": None, "aspect_ratio": "4:1"}, "1:3 to 3:1"),
    "a tier": ({"size": "2K"}, "WIDTHxHEIGHT"),
    "odd sides": ({"size": "1000x1000"}, "multiples of 16"),
    "long sides": ({"size": "4096x2048"}, "3840"),
    "a wide size": ({"size": "3200x1024"}, "1:3 to 3:1"),
    "few pixels": ({"size": "512x512"}, "655,360"),
    "many pixels": ({"size": "3840x2176"}, "8,294,400"),
    "transparent jpeg": ({"background": "transparent", "output_format": "jpeg"}, "png or webp"),
    "transparent gif": ({"background": "transparent", "output_format": "gif"}, "png or webp"),
    "compressed png": ({"output_compression": 50}, "jpeg or webp"),
    "frames of a png": ({"frame_count": 3}, "gif"),
    "length of no frame": ({"frame_duration_ms": 100, "output_format": "webp"}, "gif"),
    "two svgs": ({"n": 2, "output_format": "svg"}, "one svg at a time"),
    "author of a png": ({"svg_model": "gpt-6-sol"}, "svg"),
    "mask of a gif": ({"output_format": "gif", "inputs": {"image": [PICTURE], "mask": [MASK]}}, "no mask"),
    "mask of nothing": ({"inputs": {"mask": [MASK]}}, "beside the image"),
    "moderation of an edit": ({"moderation": "low", "inputs": {"image": [PICTURE], "mask": [MASK]}}, "moderation"),
    "several continued": ({"n": 2, "state": {"response": "resp_1"}}, "one at a time"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_words_that_do_not_go_together_are_refused(case: str) -> None:
    given, word = REFUSED[case]
    assert word in IMAGE.refuses(ask(**given))


@pytest.mark.parametrize(
    "given",
    [
        *({"size": size} for size in ("1024x1024", "3840x2160", "2160x3840", "2048x1152", "1920x640")),
        {"size": "512x512", "model": "flux-3"},
        {"output_format": "webp", "background": "transparent", "output_compression": 0},
        {"moderation": "low", "inputs": {"image": [PICTURE]}},
        {"moderation": "low", "n": 4},
        {"inputs": {"mask": [MASK]}, "state": {"response": "resp_1"}},
    ],
)
def test_words_that_go_together_are_taken(given: dict[str, Any]) -> None:
    assert IMAGE.refuses(ask(**given)) == ""


def answered(*images: object, **more: object) -> dict[str, Any]:
    return {"body": {"created": 1, "data": images, **more}}


async def test_base64_may_have_white_space_and_an_answer_may_grow(fake: FakeOpenAI, hands: AdapterHarness) -> None:
    text = base64.encodebytes(png(64, 64)).decode()
    image = {"b64_json": f"\n {text}\t", "revised_prompt": "a kite, red", "mood": "bright"}
    fake.script(GENERATE, answered(image, image, usage="free", tomorrow=[1]))
    result = await made(hands, ask(n=2))
    assert [output.body for output in result.outputs] == [png(64, 64)] * 2
    assert result.details == {"revised_prompt": "a kite, red", "usage": "free"}


async def test_a_gateway_may_answer_with_an_address_which_the_server_looks_at(
    fake: FakeOpenAI, hands: AdapterHarness
) -> None:
    fake.script(GENERATE, answered({"url": "https://files.example/kite.png"}))
    result = await made(hands, ask(model="flux-3"))
    assert result.outputs[0].body == Remote(url="https://files.example/kite.png")


async def test_of_pictures_that_were_paid_for_together_the_good_ones_are_kept(
    fake: FakeOpenAI, hands: AdapterHarness
) -> None:
    good = {"b64_json": base64.b64encode(png()).decode()}
    fake.script(GENERATE, answered(good, {"b64_json": "%%%"}, {}))
    result = await made(hands, ask(n=3))
    assert [output.body for output in result.outputs] == [png()]
    fake.script(GENERATE, answered(good))
    assert not (await made(hands, ask(n=3))).complete
    fake.script(GENERATE, answered({"b64_json": "%%%"}))
    assert isinstance(await hands.fails(n=2, size=SMALL), ProviderError)


UNSERVED: Mapping[str, tuple[int, Any]] = {
    "a gateway without the path": (404, {"detail": "Not Found"}),
    "a gateway that takes no such request": (405, {"detail": "Method Not Allowed"}),
    "an engine without it": (501, {"error": {"message": "store=True is not supported"}}),
    "an account without the model": (404, {"error": {"message": "No such model.", "code": "model_not_found"}}),
    "a project without the model": (403, {"error": {"message": "No access.", "code": "model_not_found"}}),
    "an account that keeps nothing": (400, {"error": {"message": "Not with this account.", "param": "background"}}),
}


@pytest.mark.parametrize("case", UNSERVED)
async def test_where_there_are_no_conversations_the_picture_is_made_at_once(
    fake: FakeOpenAI, hands: AdapterHarness, case: str
) -> None:
    status, body = UNSERVED[case]
    for inputs, way in ({}, GENERATE), ({"image": [PICTURE]}, EDIT):
        fake.reset()
        fake.script(RESPOND, {"status": status, "body": body})
        result = await made(hands, ask(inputs=inputs))
        assert sniff(bytes(result.outputs[0].body)) == "image/png"  # pyright: ignore[reportArgumentType] - it is bytes
        assert fake.counts() == {RESPOND: 1, way: 1}


async def test_where_there_are_no_conversations_one_that_is_continued_is_gone(
    fake: FakeOpenAI, hands: AdapterHarness
) -> None:
    fake.script(RESPOND, {"status": 404, "body": {"detail": "Not Found"}})
    told = await hands.fails(state={"response": "resp_1"}, size=SMALL)
    assert isinstance(told, StateGone)
    assert fake.counts() == {RESPOND: 1}


async def test_a_model_that_has_gone_is_told_by_the_request_that_would_have_used_it(
    fake: FakeOpenAI, hands: AdapterHarness
) -> None:
    fake.settings(retired=["gpt-image-2.6-sunburst"])
    assert isinstance(await hands.fails(size=SMALL), ModelGone)
    assert fake.counts() == {RESPOND: 1, GENERATE: 1}


def test_what_a_model_takes_is_what_its_generation_does() -> None:
    models = {model.id: model for model in IMAGE.models}
    assert models["gpt-image-2.6-flare"].draft
    assert not models["gpt-image-2.6-sunburst"].accepts
    assert "svg" not in str(models["gpt-image-2.5-flare"].accepts["output_format"])
    assert "max" not in str(models["gpt-image-2"].accepts["quality"])
    assert models["gpt-image-1.5"].accepts["size"] == ("1024x1024", "1536x1024", "1024x1536")
    assert str(models["gpt-image-1-mini"].retires) == "2026-12-01"


def test_a_price_is_known_for_each_quality_and_standard_size() -> None:
    newest = IMAGE.models[0]
    dear = [price.usd for price in newest.prices if price.when == {"quality": "max", "size": "1024x1024"}]
    assert dear == [0.2107]
    assert len(newest.prices) == 15
    assert all(price.per == "image" and price.source.startswith("https://") for price in newest.prices)
