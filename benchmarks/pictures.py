"""What the fake of OpenAI answers in benchmarks, and the environment of servers that use it."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from fakes.openai import KEY, FakeOpenAI
from loopback.pictures import large_picture


def environment(folder: Path, fake: FakeOpenAI, **variables: str) -> dict[str, str]:
    """Return the environment of a server that is signed in at the fake; a bare SDK finds it too."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "MEDIASMITH_DATA_DIR": str(folder / "data"),
        "MEDIASMITH_OUTPUT_DIR": str(folder / "out"),
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": fake.base_url,
        **fake.env(),
        **variables,
    }


def bodies(*, times: int, delay: float = 0) -> Sequence[Mapping[str, object]]:
    """Return the script for so many answers of the Images API, with a PNG of 1.57 MB, each after `delay` seconds."""
    image = base64.b64encode(large_picture("png")).decode()
    return [{"status": 200, "body": {"created": 1, "data": [{"b64_json": image}]}, "delay": delay, "times": times}]
