"""The inputs that fal's endpoints accept: strict models of our own, for it has no SDK here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from fakes.file_urls import FileUrl
from loopback.faults import Strict

Prompt = Annotated[str, Field(min_length=1, max_length=5000)]
Count = Annotated[int, Field(ge=1, le=4)]
Seed = Annotated[int, Field(ge=0, le=4_294_967_295)]
Share = Annotated[float, Field(ge=0, le=1)]
Shape = Literal["square_hd", "square", "portrait_4_3", "portrait_16_9", "landscape_4_3", "landscape_16_9"]
Format = Literal["jpeg", "png", "webp"]


class Sides(Strict):
    width: int = Field(default=512, ge=64, le=4096)
    height: int = Field(default=512, ge=64, le=4096)


class Drawn(Strict):
    prompt: Prompt
    image_size: Shape | Sides = "landscape_4_3"
    num_images: Count = 1
    seed: Seed | None = None
    enable_safety_checker: bool = True


class Flux2(Drawn):
    output_format: Format = "png"
    guidance_scale: float = Field(default=2.5, ge=0, le=20)
    num_inference_steps: int = Field(default=28, ge=4, le=50)
    acceleration: Literal["none", "regular", "high"] = "regular"
    enable_prompt_expansion: bool = False


class Flux2Edit(Flux2):
    image_urls: list[FileUrl] = Field(min_length=1, max_length=4)


class ZImage(Drawn):
    output_format: Format = "png"
    num_inference_steps: int = Field(default=8, ge=1, le=8)
    acceleration: Literal["none", "regular", "high"] = "regular"
    enable_prompt_expansion: bool = False


class Flux2Pro(Strict):
    prompt: Prompt
    image_size: Shape | Sides = "landscape_4_3"
    seed: Seed | None = None
    output_format: Literal["jpeg", "png"] = "jpeg"
    enable_safety_checker: bool = True
    safety_tolerance: Literal["1", "2", "3", "4", "5"] = "2"


class Seedream(Strict):
    prompt: Prompt
    image_size: Shape | Literal["auto_1K", "auto_2K"] | Sides = "auto_2K"
    num_images: Count = 1
    output_format: Literal["jpeg", "png"] = "jpeg"
    enable_safety_checker: bool = True


class SeedreamEdit(Seedream):
    image_urls: list[FileUrl] = Field(min_length=1, max_length=10)


class Ideogram(Drawn):
    output_format: Literal["jpeg", "png"] = "jpeg"
    rendering_speed: Literal["TURBO", "BALANCED", "QUALITY"] = "BALANCED"
    expansion_model: Literal["None", "Medium", "Large"] = "Medium"


class Colour(Strict):
    r: int = Field(ge=0, le=255)
    g: int = Field(ge=0, le=255)
    b: int = Field(ge=0, le=255)


class Recraft(Strict):
    prompt: Prompt
    image_size: Shape | Sides = "square_hd"
    colors: list[Colour] = Field(default=[])
    background_color: Colour | None = None
    enable_safety_checker: bool = True


class Banana(Strict):
    prompt: Prompt
    output_format: Format = "png"
    aspect_ratio: Literal[
        "auto", "21:9", "16:9", "3:2", "4:3", "5:4", "1:1", "4:5", "3:4", "2:3", "9:16", "4:1", "1:4", "8:1", "1:8"
    ] = "auto"
    resolution: Literal["0.5K", "1K", "2K", "4K"] = "1K"
    num_images: Count = 1
    seed: Seed | None = None
    safety_tolerance: Literal["1", "2", "3", "4", "5", "6"] = "4"
    system_prompt: str = ""
    thinking_level: Literal["minimal", "high"] | None = None
    enable_web_search: bool = False


class BananaEdit(Banana):
    image_urls: list[FileUrl] = Field(default=[])
    audio_url: FileUrl | None = None
    video_url: FileUrl | None = None


class QwenEdit(Drawn):
    output_format: Format = "png"
    image_urls: list[FileUrl] = Field(min_length=1, max_length=3)
    negative_prompt: str = ""
    enable_prompt_expansion: bool = True


class Kontext(Strict):
    prompt: Prompt
    image_url: FileUrl
    aspect_ratio: Literal["21:9", "16:9", "4:3", "3:2", "1:1", "2:3", "3:4", "9:16", "9:21"] | None = None
    num_images: Count = 1
    seed: Seed | None = None
    output_format: Literal["jpeg", "png"] = "jpeg"
    guidance_scale: float = Field(default=3.5, ge=1, le=20)
    safety_tolerance: Literal["1", "2", "3", "4", "5", "6"] = "2"
    enhance_prompt: bool = False


class Started(Strict):
    image_url: FileUrl


class Ended(Strict):
    end_image_url: FileUrl | None = None


class KlingTurbo(Strict):
    prompt: Prompt
    duration: Literal["3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"] = "5"


class KlingTurboText(KlingTurbo):
    aspect_ratio: Literal["16:9", "9:16", "1:1"] = "16:9"


class KlingTurboImage(KlingTurbo, Started):
    pass


class Kling(KlingTurbo):
    generate_audio: bool = True
    negative_prompt: str = "blur, distort, and low quality"
    cfg_scale: Share = 0.5


class KlingText(Kling):
    aspect_ratio: Literal["16:9", "9:16", "1:1"] = "16:9"


class KlingImage(Kling, Ended):
    start_image_url: FileUrl


class Timed(Strict):
    prompt: Prompt
    aspect_ratio: Literal["auto", "21:9", "16:9", "4:3", "1:1", "3:4", "9:16"] = "auto"
    duration: Literal["auto", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"] = "auto"
    generate_audio: bool = True
    bitrate_mode: Literal["standard", "high"] = "standard"


class SeedanceFast(Timed):
    resolution: Literal["480p", "720p"] = "720p"


class Seedance(Timed):
    resolution: Literal["480p", "720p", "1080p", "4k"] = "720p"


class SeedanceImage(Seedance, Started, Ended):
    pass


class SeedanceFastImage(SeedanceFast, Started, Ended):
    pass


class Wan(Strict):
    prompt: Prompt
    resolution: Literal["720p", "1080p"] = "1080p"
    duration: Literal[2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15] = 5
    negative_prompt: str = ""
    seed: Seed | None = None
    audio_url: FileUrl | None = None
    enable_prompt_expansion: bool = True
    enable_safety_checker: bool = True


class WanText(Wan):
    aspect_ratio: Literal["16:9", "9:16", "1:1", "4:3", "3:4"] = "16:9"


class WanImage(Wan, Ended):
    image_url: FileUrl | None = None
    video_url: FileUrl | None = None


class Ltx(Strict):
    prompt: Prompt
    aspect_ratio: Literal["16:9", "9:16"] = "16:9"
    resolution: Literal["1080p", "1440p", "2160p"] = "1080p"
    duration: Literal[6, 8, 10, 12, 14, 16, 18, 20] = 6
    fps: Literal[24, 25, 48, 50] = 25
    generate_audio: bool = True


class LtxImage(Ltx, Started, Ended):
    pass


class Veo(Strict):
    prompt: Prompt
    aspect_ratio: Literal["16:9", "9:16"] = "16:9"
    resolution: Literal["720p", "1080p", "4k"] = "720p"
    duration: Literal["4s", "6s", "8s"] = "8s"
    generate_audio: bool = True
    negative_prompt: str = ""
    seed: Seed | None = None
    safety_tolerance: Literal["1", "2", "3", "4", "5", "6"] = "4"


class VeoImage(Veo, Started):
    pass


class Hailuo(Strict):
    prompt: Prompt
    duration: Literal["6", "10"] = "6"
    prompt_optimizer: bool = True


class VoiceSetting(Strict):
    voice_id: str = "Wise_Woman"
    speed: float = Field(default=1, ge=0.5, le=2)
    vol: float = Field(default=1, ge=0, le=10)
    pitch: int = Field(default=0, ge=-12, le=12)
    emotion: Literal["happy", "sad", "angry", "fearful", "disgusted", "surprised", "neutral"] | None = None


class AudioSetting(Strict):
    format: Literal["mp3", "pcm", "flac"] = "mp3"
    sample_rate: Literal[8000, 16000, 22050, 24000, 32000, 44100] = 32000
    bitrate: Literal[32000, 64000, 128000, 256000] = 128000
    channel: Literal[1, 2] = 1


class Minimax(Strict):
    """Left to its default, `output_format` would answer with the sound as hexadecimal text."""

    prompt: Prompt
    output_format: Literal["url"]
    voice_setting: VoiceSetting = VoiceSetting()
    audio_setting: AudioSetting = AudioSetting()
    language_boost: str | None = None


class Chatterbox(Strict):
    text: Prompt
    voice: str = "english"
    seed: Seed | None = None
    exaggeration: float = Field(default=0.5, ge=0.25, le=2)
    temperature: float = Field(default=0.8, ge=0.05, le=5)
    cfg_scale: Share = 0.5


class Kokoro(Strict):
    prompt: Prompt
    voice: Literal["af_heart", "af_alloy", "af_bella", "am_adam"] = "af_heart"
    speed: float = Field(default=1, ge=0.1, le=5)


class ElevenSpeech(Strict):
    text: Prompt
    voice: str = "Rachel"
    stability: Share = 0.5
    language_code: str | None = None
    apply_text_normalization: Literal["auto", "on", "off"] = "auto"


ElevenFormat = Literal["mp3_22050_32", "mp3_44100_64", "mp3_44100_128", "mp3_44100_192", "opus_48000_128"]


class ElevenMusic(Strict):
    prompt: Prompt
    music_length_ms: int | None = Field(default=None, ge=3000, le=600_000)
    force_instrumental: bool = False
    output_format: ElevenFormat = "mp3_44100_128"


class AceStep(Strict):
    prompt: Prompt
    duration: float = Field(default=60, gt=0)
    seed: Seed | None = None
    instrumental: bool = False
    number_of_steps: int = Field(default=27, ge=3, le=60)
    guidance_scale: float = Field(default=15, ge=0, le=200)


class Lyria(Strict):
    prompt: Prompt
    image_url: FileUrl | None = None


class StableAudio(Strict):
    prompt: Prompt
    duration: float = Field(default=30, gt=0)
    negative_prompt: str = ""
    seed: Seed | None = None
    output_format: Literal["mp3", "wav", "flac", "ogg", "opus", "m4a", "aac"] = "mp3"
    num_inference_steps: int = Field(default=50, ge=1, le=100)
    guidance_scale: float = Field(default=7, ge=0, le=25)
    enable_safety_checker: bool = True


class ElevenSound(Strict):
    text: Prompt
    duration_seconds: float | None = Field(default=None, ge=0.5, le=22)
    loop: bool = False
    prompt_influence: Share = 0.3
    output_format: ElevenFormat = "mp3_44100_128"


class Sonilo(Strict):
    prompt: Prompt
    duration: float = Field(default=8, gt=0)
    audio_format: Literal["wav", "mp3", "aac", "flac"] = "aac"


class Fresh(Strict):
    """An endpoint that no list here has."""

    prompt: Prompt
    style: Literal["ink", "oil"]
    image_size: Shape | Sides | None = None
    num_images: int = Field(default=1, ge=1, le=2)
