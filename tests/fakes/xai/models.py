"""Which models there are: the calls of `Models`. Those for videos are not listed."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from xai_sdk.proto import models_pb2

from fakes.xai import MODELS
from fakes.xai.calls import Call, Method
from fakes.xai.catalogue import IMAGE_MODELS

_BORN = 1_780_000_000


def _list(call: Call) -> Message:
    return models_pb2.ListImageGenerationModelsResponse(
        models=[_shown(name) for name in IMAGE_MODELS if name not in call.state.settings.retired]
    )


def _shown(name: str) -> models_pb2.ImageGenerationModel:
    return models_pb2.ImageGenerationModel(
        name=name,
        version="1.0",
        input_modalities=[models_pb2.TEXT, models_pb2.IMAGE],
        output_modalities=[models_pb2.IMAGE],
        image_price=round(100 * max(IMAGE_MODELS[name].usd.values())),
        created=Timestamp(seconds=_BORN),
    )


METHODS: Mapping[str, Method] = {MODELS: Method(answer=_list)}
"""The calls about models."""
