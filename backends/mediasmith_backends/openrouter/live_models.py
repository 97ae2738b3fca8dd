"""The models that OpenRouter lists now, and what each of them accepts. What cannot be read in a list is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

from pydantic import FiniteFloat

from mediasmith.plugin.contract import Accepts, Model, Price, Range
from mediasmith.plugin.http_answers import Answer, Lenient
from mediasmith.plugin.kinds import Role
from mediasmith_backends.openrouter.client import Client
from mediasmith_backends.openrouter.models import (
    IMAGE_MODELS,
    MOST_IMAGES,
    PAGE,
    SILENT,
    VIDEO_MODELS,
    PixelModel,
    image_accepts,
    image_takes,
    video_takes,
)


class _Parameter(Answer):
    type: Lenient[str] = None
    values: Lenient[tuple[str, ...]] = None
    min: Lenient[FiniteFloat] = None
    max: Lenient[FiniteFloat] = None


class _Image(Answer):
    id: str
    supported_parameters: dict[str, Lenient[_Parameter]]


class _Images(Answer):
    data: tuple[Lenient[_Image], ...]


class _Video(Answer):
    id: str
    supported_aspect_ratios: Lenient[tuple[str, ...]] = None
    supported_resolutions: Lenient[tuple[str, ...]] = None
    supported_sizes: Lenient[tuple[str, ...]] = None
    supported_durations: Lenient[tuple[int, ...]] = None
    supported_frame_images: Lenient[tuple[Literal["first_frame", "last_frame"], ...]] = None
    generate_audio: Lenient[bool] = None
    seed: Lenient[bool] = None
    pricing_skus: Lenient[dict[str, Lenient[FiniteFloat]]] = None


class _Videos(Answer):
    data: tuple[Lenient[_Video], ...]


async def image_models(client: Client) -> Sequence[Model]:
    """Return the models of `/images`."""
    listed = await client.get_list("/images/models", _Images)
    return _merge([_image_model(item) for item in listed.data if item], IMAGE_MODELS)


async def video_models(client: Client) -> Sequence[Model]:
    """Return the models of `/videos`."""
    listed = await client.get_list("/videos/models", _Videos)
    return _merge([_video_model(item) for item in listed.data if item], VIDEO_MODELS)


def _merge(found: Sequence[Model], declared: Sequence[Model]) -> Sequence[Model]:
    """Return the listed models, those that are declared first and with what no list says."""
    listed = {model.id: model for model in found}
    first = {
        model.id: replace(
            listed[model.id],
            draft=model.draft,
            retires=model.retires,
            prices=listed[model.id].prices or model.prices,
            note=model.note,
        )
        for model in declared
        if model.id in listed
    }
    return tuple({**first, **listed, **first}.values())


def _image_model(item: _Image) -> Model:
    accepts = {word: _accepts(parameter) for word, parameter in item.supported_parameters.items()}
    ratios = accepts.get("aspect_ratio")
    if isinstance(ratios, tuple):
        accepts["aspect_ratio"] = tuple(ratio for ratio in ratios if ratio != "auto")
    references, tiers = accepts.get("input_references", False), accepts.get("resolution", False)
    count = int(references.high) if isinstance(references, Range) else MOST_IMAGES if references else 0
    takes = image_takes(min(count, MOST_IMAGES))
    if "size" in accepts and isinstance(tiers, tuple):
        return PixelModel(id=item.id, accepts=image_accepts(accepts), takes=takes, tiers=tuple(map(str, tiers)))
    accepts.setdefault("size", tiers)
    return Model(id=item.id, accepts=image_accepts(accepts), takes=takes)


def _accepts(parameter: _Parameter | None) -> Accepts:
    """Return what a descriptor says; an unknown one says that there is such a word."""
    if parameter and parameter.type == "enum" and parameter.values:
        return parameter.values
    if parameter and parameter.type == "range" and parameter.min is not None and parameter.max is not None:
        return Range(low=parameter.min, high=parameter.max)
    return True


def _video_model(item: _Video) -> Model:
    accepts: dict[str, Accepts] = {
        "aspect_ratio": item.supported_aspect_ratios or True,
        "size": (*(item.supported_resolutions or ()), *(item.supported_sizes or ())) or True,
        "duration": item.supported_durations or True,
        "seed": item.seed is not False,
        "generate_audio": SILENT if item.generate_audio is False else True,
    }
    # The list does not say which references a model takes: all take images, few take audio and video.
    references: tuple[Role, ...] = ("image", "audio", "video") if item.id.startswith(_TAKES_VIDEO) else ("image",)
    return Model(
        id=item.id,
        accepts=accepts,
        takes=video_takes(*references, *(item.supported_frame_images or ())),
        prices=tuple(_prices(item)),
    )


_TAKES_VIDEO = "bytedance/seedance-2"
_PER_SECOND = "per-video-second"


def _prices(item: _Video) -> Iterator[Price]:
    """Yield prices per second, of all videos or of one resolution; tokens cannot be counted in advance."""
    today = datetime.now(UTC).date()
    for sku, usd in (item.pricing_skus or {}).items():
        name, _, size = sku.partition(f"{_PER_SECOND}-")
        if usd is not None and usd >= 0 and (sku == _PER_SECOND or (size and not name)):
            when = {"size": size} if size else {}
            yield Price(usd=usd, per="second", when=when, as_of=today, source=PAGE + item.id)
