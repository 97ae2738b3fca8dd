"""The models as data: what each takes, until when it is there, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from mediasmith.plugin.contract import Accepts, Model, Price

DRIVER = "gpt-6-luna"
"""The model that leads conversations and has their pictures made: the cheapest that can."""

SQUARE, WIDE, TALL = "1024x1024", "1536x1024", "1024x1536"
"""The sizes that every model takes."""

_READ = date(2026, 11, 21)
_PICTURE_TOKEN = 30 / 1_000_000
_LONGEST_PROMPT = 32_000


def _per_picture(tokens: Mapping[str, tuple[int, int]], source: str) -> Iterator[Price]:
    """Prices by the tokens that a picture of each quality takes: a square one, and one of the other two shapes."""
    for quality, (square, oblong) in tokens.items():
        for size, count in ((SQUARE, square), (WIDE, oblong), (TALL, oblong)):
            usd = round(count * _PICTURE_TOKEN, 4)
            yield Price(usd=usd, per="image", when={"quality": quality, "size": size}, as_of=_READ, source=source)


# Pictures are billed by the token. How many of them a quality takes is measured; for 2.6 the two low ones are the most
# that was seen.
_UPPER = {"high": (1756, 1372), "xhigh": (3122, 2459), "max": (7024, 5488)}
_OF_2_6 = tuple(
    _per_picture(
        {"low": (900, 700), "medium": (1756, 1372), **_UPPER},
        "https://docs.laozhang.ai/en/api-capabilities/gpt-image-2-6",
    )
)
_OF_2_5 = tuple(
    _per_picture(
        {"low": (196, 158), "medium": (439, 343), **_UPPER},
        "https://raw.githubusercontent.com/sanand0/blog/main/posts/2026/quality-levels-of-gpt-image-2.5-flare.md",
    )
)
_OF_2 = tuple(
    _per_picture(
        {"low": (196, 158), "medium": (1756, 1372), "high": (7024, 5488)},
        "https://community.openai.com/t/gpt-image-2-output-pricing-calculator-online-and-in-your-code/1382699",
    )
)

_NO_MOTION: Mapping[str, Accepts] = {
    "output_format": ("png", "jpeg", "webp"),
    "complexity": False,
    "frame_count": False,
    "frame_duration_ms": False,
    "svg_model": False,
}
_UP_TO_HIGH: Mapping[str, Accepts] = {**_NO_MOTION, "quality": ("auto", "low", "medium", "high")}
_OLD: Mapping[str, Accepts] = {
    **_UP_TO_HIGH,
    "size": (SQUARE, WIDE, TALL),
    "aspect_ratio": ("1:1", "3:2", "2:3"),
}
_OLD_ENDS = date(2026, 12, 1)
_ESTIMATED = "The prices are for one still picture without references."

IMAGE_MODELS = (
    Model(id="gpt-image-2.6-sunburst", max_prompt=_LONGEST_PROMPT, prices=_OF_2_6, note=_ESTIMATED),
    Model(id="gpt-image-2.6-flare", draft=True, max_prompt=_LONGEST_PROMPT, prices=_OF_2_6, note=_ESTIMATED),
    Model(id="gpt-image-2.5-sunburst", max_prompt=_LONGEST_PROMPT, prices=_OF_2_5, accepts=_NO_MOTION, note=_ESTIMATED),
    Model(id="gpt-image-2.5-flare", max_prompt=_LONGEST_PROMPT, prices=_OF_2_5, accepts=_NO_MOTION, note=_ESTIMATED),
    Model(id="gpt-image-2", max_prompt=_LONGEST_PROMPT, prices=_OF_2, accepts=_UP_TO_HIGH, note=_ESTIMATED),
    Model(id="gpt-image-1.5", max_prompt=_LONGEST_PROMPT, retires=_OLD_ENDS, accepts=_OLD),
    Model(id="gpt-image-1-mini", max_prompt=_LONGEST_PROMPT, retires=_OLD_ENDS, accepts=_OLD),
    Model(id="chatgpt-image-latest", max_prompt=_LONGEST_PROMPT, retires=_OLD_ENDS, accepts=_OLD),
)
"""Those that make pictures."""


def is_image_model(model: Model) -> bool:
    """Whether this is one of OpenAI's own, listed or not; a gateway or an engine of one's own has others."""
    return model.id.startswith(("gpt-image-", "chatgpt-image-"))


_SPEECH_ENDS = date(2027, 1, 6)
_SPEECH_PRICES = "https://developers.openai.com/api/docs/models/"


def _spoken(model: str, per_1k_chars: float) -> tuple[Price, ...]:
    return (Price(usd=per_1k_chars, per="1k_chars", as_of=_READ, source=f"{_SPEECH_PRICES}{model}"),)


SPEECH_MODELS = (
    Model(
        id="gpt-4o-mini-tts",
        retires=_SPEECH_ENDS,
        prices=(Price(usd=0.015, per="minute", as_of=_READ, source=f"{_SPEECH_PRICES}gpt-4o-mini-tts"),),
    ),
    Model(
        id="tts-1",
        draft=True,
        retires=_SPEECH_ENDS,
        accepts={"instructions": False},
        prices=_spoken("tts-1", 0.015),
    ),
    Model(id="tts-1-hd", retires=_SPEECH_ENDS, accepts={"instructions": False}, prices=_spoken("tts-1-hd", 0.03)),
)
"""Those that speak."""

_SECONDS = (4, 8, 12, 16, 20)
_SCREENS = ("1280x720", "720x1280")

VIDEO_MODELS = (
    Model(id="sora-2", draft=True, accepts={"duration": _SECONDS, "size": _SCREENS}),
    Model(id="sora-2-pro", accepts={"duration": _SECONDS, "size": (*_SCREENS, "1792x1024", "1024x1792")}),
)
"""Those that gateways have under OpenAI's names; OpenAI itself has no more videos."""
