"""OpenAI's models: what each accepts, when it retires, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from mediasmith.plugin.contract import Accepts, Model, Price

CHAT_MODEL = "gpt-6-luna"
"""The model that answers in the Responses API and calls the image tool: the cheapest that can."""

SQUARE, WIDE, TALL = "1024x1024", "1536x1024", "1024x1536"
"""The sizes that every image model accepts."""

_READ = date(2026, 11, 21)
_USD_PER_TOKEN = 30 / 1_000_000
_LONGEST_PROMPT = 32_000


def _image_prices(tokens: Mapping[str, tuple[int, int]], source: str) -> Iterator[Price]:
    """Yield the price of an image of each quality, by the tokens of a square one and of one of the other two shapes."""
    for quality, (square, oblong) in tokens.items():
        for size, count in ((SQUARE, square), (WIDE, oblong), (TALL, oblong)):
            usd = round(count * _USD_PER_TOKEN, 4)
            yield Price(usd=usd, per="image", when={"quality": quality, "size": size}, as_of=_READ, source=source)


# Images are billed by the token. The sources measured how many each quality takes; the lower two figures of 2.6 are the
# highest that were seen.
_UPPER = {"high": (1756, 1372), "xhigh": (3122, 2459), "max": (7024, 5488)}
_PRICES_2_6 = tuple(
    _image_prices(
        {"low": (900, 700), "medium": (1756, 1372), **_UPPER},
        "https://docs.laozhang.ai/en/api-capabilities/gpt-image-2-6",
    )
)
_PRICES_2_5 = tuple(
    _image_prices(
        {"low": (196, 158), "medium": (439, 343), **_UPPER},
        "https://raw.githubusercontent.com/sanand0/blog/main/posts/2026/quality-levels-of-gpt-image-2.5-flare.md",
    )
)
_PRICES_2 = tuple(
    _image_prices(
        {"low": (196, 158), "medium": (1756, 1372), "high": (7024, 5488)},
        "https://community.openai.com/t/gpt-image-2-output-pricing-calculator-online-and-in-your-code/1382699",
    )
)

_STILL_ONLY: Mapping[str, Accepts] = {
    "output_format": ("png", "jpeg", "webp"),
    "complexity": False,
    "frame_count": False,
    "frame_duration_ms": False,
    "svg_model": False,
}
_UP_TO_HIGH: Mapping[str, Accepts] = {**_STILL_ONLY, "quality": ("auto", "low", "medium", "high")}
_GPT_IMAGE_1: Mapping[str, Accepts] = {
    **_UP_TO_HIGH,
    "size": (SQUARE, WIDE, TALL),
    "aspect_ratio": ("1:1", "3:2", "2:3"),
}
_GPT_IMAGE_1_RETIRES = date(2026, 12, 1)
_ESTIMATED = "Prices are for one still image without references."

IMAGE_MODELS = (
    Model(id="gpt-image-2.6-sunburst", max_prompt=_LONGEST_PROMPT, prices=_PRICES_2_6, note=_ESTIMATED),
    Model(id="gpt-image-2.6-flare", draft=True, max_prompt=_LONGEST_PROMPT, prices=_PRICES_2_6, note=_ESTIMATED),
    Model(
        id="gpt-image-2.5-sunburst",
        max_prompt=_LONGEST_PROMPT,
        prices=_PRICES_2_5,
        accepts=_STILL_ONLY,
        note=_ESTIMATED,
    ),
    Model(
        id="gpt-image-2.5-flare", max_prompt=_LONGEST_PROMPT, prices=_PRICES_2_5, accepts=_STILL_ONLY, note=_ESTIMATED
    ),
    Model(id="gpt-image-2", max_prompt=_LONGEST_PROMPT, prices=_PRICES_2, accepts=_UP_TO_HIGH, note=_ESTIMATED),
    Model(id="gpt-image-1.5", max_prompt=_LONGEST_PROMPT, retires=_GPT_IMAGE_1_RETIRES, accepts=_GPT_IMAGE_1),
    Model(id="gpt-image-1-mini", max_prompt=_LONGEST_PROMPT, retires=_GPT_IMAGE_1_RETIRES, accepts=_GPT_IMAGE_1),
    Model(id="chatgpt-image-latest", max_prompt=_LONGEST_PROMPT, retires=_GPT_IMAGE_1_RETIRES, accepts=_GPT_IMAGE_1),
)
"""The image models, the default first."""


def is_image_model(model: Model) -> bool:
    """Return whether this is one of OpenAI's own, declared here or not; gateways and other engines have others."""
    return model.id.startswith(("gpt-image-", "chatgpt-image-"))


_TTS_RETIRES = date(2027, 1, 6)
_MODEL_PAGES = "https://developers.openai.com/api/docs/models/"


def _per_1k_chars(model: str, usd: float) -> tuple[Price, ...]:
    return (Price(usd=usd, per="1k_chars", as_of=_READ, source=f"{_MODEL_PAGES}{model}"),)


VOICES = (
    *("alloy", "ash", "ballad", "cedar", "coral", "echo", "fable"),
    *("marin", "nova", "onyx", "sage", "shimmer", "verse"),
)
"""The voices that every account has."""

# Read on 2026-11-30: https://developers.openai.com/api/docs/guides/text-to-speech
_TTS_1: Mapping[str, Accepts] = {
    "instructions": False,
    "voice": ("alloy", "ash", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer"),
}

SPEECH_MODELS = (
    Model(
        id="gpt-4o-mini-tts",
        retires=_TTS_RETIRES,
        prices=(Price(usd=0.015, per="minute", as_of=_READ, source=f"{_MODEL_PAGES}gpt-4o-mini-tts"),),
    ),
    Model(
        id="tts-1",
        draft=True,
        retires=_TTS_RETIRES,
        accepts=_TTS_1,
        prices=_per_1k_chars("tts-1", 0.015),
    ),
    Model(id="tts-1-hd", retires=_TTS_RETIRES, accepts=_TTS_1, prices=_per_1k_chars("tts-1-hd", 0.03)),
)
"""The speech models, the default first."""

_SECONDS = (4, 8, 12, 16, 20)
_SCREENS = ("1280x720", "720x1280")

VIDEO_MODELS = (
    Model(id="sora-2", draft=True, accepts={"duration": _SECONDS, "size": _SCREENS}),
    Model(id="sora-2-pro", accepts={"duration": _SECONDS, "size": (*_SCREENS, "1792x1024", "1024x1792")}),
)
"""The video models that gateways still serve under OpenAI's names. OpenAI shut its own down on 2026-09-24."""
