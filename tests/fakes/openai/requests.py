"""The requests that OpenAI accepts: the types of its own SDK, turned into strict models."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Required, get_args, get_origin, get_type_hints

from openai.types import image_edit_params, image_generate_params, video_edit_params, video_extend_params
from openai.types.audio.speech_create_params import SpeechCreateParams
from openai.types.responses.easy_input_message_param import EasyInputMessageParam
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from openai.types.responses.tool_param import ImageGeneration
from openai.types.video_create_params import VideoCreateParams
from openai.types.video_remix_params import VideoRemixParams
from pydantic import Field, create_model

from loopback.faults import Strict


def strict(sdk_type: Any, *without: str, **narrowed: Any) -> type[Strict]:
    """Return a model of a TypedDict of the SDK, `without` the files of a form and with some fields `narrowed`."""
    fields: dict[str, Any] = {}
    for name, hint in get_type_hints(sdk_type, include_extras=True).items():
        required = get_origin(hint) is Required
        plain = narrowed.get(name, get_args(hint)[0] if required else hint)
        fields[name] = (plain, ... if required else None)
    return create_model(
        sdk_type.__name__, __base__=Strict, **{name: field for name, field in fields.items() if name not in without}
    )


# What only models that are gone had is left out.
_QUALITY = Literal["low", "medium", "high", "xhigh", "max", "auto"]
Generation = strict(
    image_generate_params.ImageGenerateParamsNonStreaming, "response_format", "style", quality=_QUALITY | None
)
Edit = strict(
    image_edit_params.ImageEditParamsNonStreaming,
    *("image", "mask", "markup", "response_format"),
    quality=_QUALITY | None,
)

Speech = strict(SpeechCreateParams, input=Annotated[str, Field(min_length=1, max_length=4096)])

# The SDK declares further kinds of messages and tools, and lists that pydantic would check only when they are read.
Conversation = strict(
    ResponseCreateParamsNonStreaming,
    "context_management",
    input=str | list[EasyInputMessageParam],
    tools=list[ImageGeneration],
)

Video = strict(VideoCreateParams, "input_reference")
VideoEdit = strict(video_edit_params.VideoEditParams, video=video_edit_params.VideoVideoReferenceInputParam)
VideoFileEdit = strict(video_edit_params.VideoEditParams, "video")
VideoRemix = strict(VideoRemixParams)

_SECONDS = Literal["4", "8", "12", "16", "20"]  # as the SDK documents them; its type lacks the last two
VideoExtension = strict(
    video_extend_params.VideoExtendParams, video=video_extend_params.VideoVideoReferenceInputParam, seconds=_SECONDS
)
VideoFileExtension = strict(video_extend_params.VideoExtendParams, "video", seconds=_SECONDS)
