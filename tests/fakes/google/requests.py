"""What `POST /v1/interactions` accepts: the whole, and what its fields have to do with each other."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field, model_validator

from fakes.google.catalogue import IMAGE_MODELS, MUSIC_MODELS, OWN_VOICES, SPEECH_MODELS, VIDEO_MODELS, VOICES
from fakes.google.content import Content, Image, Text, UserInput, Video
from fakes.google.formats import AudioFormat, Config, Format, ImageFormat, VideoFormat
from loopback.faults import Strict, rule

_REFERENCES = 6
_SHORTEST, _LONGEST, _BOUND = 3, 15, 10  # seconds; the last between two frames, or when extended
_EXTENDED = ("360p", "720p")


class Conversation(Strict):
    """The body of `POST /v1/interactions`. What the provider streams, this fake does not."""

    model: str
    input: str | list[UserInput] = Field(min_length=1)
    response_format: Format | None = None
    generation_config: Config = Config()
    previous_interaction_id: str = ""
    background: bool = False
    store: bool = True

    @property
    def blocks(self) -> list[Content]:
        """Everything the user says and shows."""
        if isinstance(self.input, str):
            return [Text(type="text", text=self.input)]
        return [block for step in self.input for block in step.content]

    @property
    def said(self) -> str:
        """All words."""
        return "\n".join(block.text for block in self.blocks if isinstance(block, Text))

    @property
    def images(self) -> list[Image]:
        """All pictures."""
        return [block for block in self.blocks if isinstance(block, Image)]

    @property
    def videos(self) -> list[Video]:
        """All videos."""
        return [block for block in self.blocks if isinstance(block, Video)]

    @model_validator(mode="after")
    def _holds_together(self) -> Conversation:
        if not self.store and (self.background or self.previous_interaction_id):
            raise rule("store", "must be true for this", "store")
        for place, problem in self._problems():
            raise rule(place, problem, place)
        return self

    def _problems(self) -> Iterator[tuple[str, str]]:
        if self.model in IMAGE_MODELS:
            yield from self._of_picture()
        elif self.model in VIDEO_MODELS:
            yield from self._of_video()
        elif self.model in SPEECH_MODELS:
            yield from self._of_speech()
        elif self.model in MUSIC_MODELS:
            yield from self._of_music()
        if self.generation_config.voices and self.model not in SPEECH_MODELS:
            yield "generation_config", "has voices where nobody speaks"
        if self.generation_config.video_config and self.model not in VIDEO_MODELS:
            yield "generation_config", "has a task for videos where there are none"
        if self.model not in SPEECH_MODELS and any(isinstance(b, Text) and b.annotations for b in self.blocks):
            yield "input", "Speech annotations are not supported for this model."

    def _of_picture(self) -> Iterator[tuple[str, str]]:
        model, wish = IMAGE_MODELS[self.model], self.response_format
        if not isinstance(wish, ImageFormat):
            yield "response_format", "is not that of a picture"
            return
        if wish.aspect_ratio and wish.aspect_ratio not in model.ratios:
            yield "response_format", f"aspect_ratio must be one of {', '.join(model.ratios)}"
        if wish.image_size not in model.sizes:
            yield "response_format", f"image_size must be one of {', '.join(model.sizes)}"
        if len(self.images) > model.images or self.videos:
            yield "input", f"takes at most {model.images} images and nothing else"
        if self.background and not model.background:
            yield "background", "is not supported for this model"

    def _of_video(self) -> Iterator[tuple[str, str]]:
        wish, task = self.response_format, self.generation_config.video_config
        if not isinstance(wish, VideoFormat):
            yield "response_format", "is not that of a video"
            return
        if task is None:
            yield "generation_config", "names no task; the provider would guess one, and who asks should know"
            return
        images, sources = len(self.images), len(self.videos) + bool(self.previous_interaction_id)
        fits = {
            "text_to_video": images == sources == 0,
            "image_to_video": images in (1, 2) and sources == 0,
            "reference_to_video": 1 <= images <= _REFERENCES and sources == 0,
            "edit": images <= _REFERENCES and sources == 1,
            "extend": images <= _REFERENCES // 2 and sources == 1,
        }
        if not fits[task.task]:
            yield "input", f"does not go with the task {task.task}"
        bound = task.task == "extend" or (task.task == "image_to_video" and images > 1)
        if task.task == "edit" and wish.duration:
            yield "response_format", "an edit is as long as what it edits"
        elif not _SHORTEST <= wish.seconds <= (_BOUND if bound else _LONGEST):
            yield "response_format", "duration is out of range"
        if task.task == "extend" and wish.resolution not in _EXTENDED:
            yield "response_format", f"a video is extended at {' or '.join(_EXTENDED)}"

    def _of_speech(self) -> Iterator[tuple[str, str]]:
        voices = self.generation_config.voices
        if not isinstance(self.response_format, AudioFormat):
            yield "response_format", "is not that of sound"
        if self.images or self.videos:
            yield "input", "takes words only"
        if unknown := {voice.voice for voice in voices if voice.voice} - {*VOICES, *OWN_VOICES}:
            yield "generation_config", f"there is no voice {min(unknown)}"
        speakers = {voice.speaker for voice in voices if voice.speaker}
        if len(voices) > 1 and any(b.speaker not in speakers for b in self.blocks if isinstance(b, Text)):
            yield "input", "Multi-speaker interactions must specify a speaker for each text turn."
        if self.background:
            yield "background", "is not supported for this model"

    def _of_music(self) -> Iterator[tuple[str, str]]:
        if self.response_format:
            yield "response_format", "is not taken: music is always the same"
        if self.videos:
            yield "input", "takes words and images"
        if self.background:
            yield "background", "is not supported for this model"
