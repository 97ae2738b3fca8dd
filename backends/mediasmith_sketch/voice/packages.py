"""Which engines of speech are installed. To look loads nothing."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Literal, TypeAlias

Engine: TypeAlias = Literal["hibari", "espeak"]
"""hibari-tts, which speaks English, and espeak-ng, which speaks every language and is under the GPL."""

INSTALL = "install the packages hibari-tts and espeakng-loader beside mediasmith (its extra voice), then restart"
"""What to do where they are missing."""

_MODULES: Mapping[Engine, str] = {"hibari": "hibari", "espeak": "espeakng_loader"}


def installed(engine: Engine) -> bool:
    """Return whether this engine is installed."""
    return find_spec(_MODULES[engine]) is not None
