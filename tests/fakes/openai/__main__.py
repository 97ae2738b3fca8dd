"""Run the fake of OpenAI as a process of its own."""

from __future__ import annotations

from fakes.openai.service import PROVIDER
from loopback.service import main

main(PROVIDER)
