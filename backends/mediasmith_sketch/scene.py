"""The scene: everything a picture is drawn from, as JSON that an edit can continue from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Fraction = Annotated[float, Field(ge=-4, le=5)]
Paint = Annotated[str, Field(pattern=r"^(#[0-9a-f]{6}|[a-z]{2,12})$")]
"""A colour as `#rrggbb`, or the name of one of the palette's colours."""

Style = Literal["geometric", "poster"]
"""Ways to make a picture of any prompt: an abstract composition, or a framed print with a large caption."""

Plan = Literal["outdoors", "space", "deep", "still", "portrait", "abstract"]
"""What a scene is built like: which scenery, and where figures go."""

LONGEST_PROMPT, LONGEST_EDIT, MOST_EDITS = 2000, 250, 12
"""Characters of the prompt and of each edit that are kept, and how many edits: to compose the scene again."""

LONGEST_CAPTION = 1000
"""Characters of a caption that are kept; more could not be read below a picture."""

MOST_ELEMENTS = 80
"""So that the scene stays below the 64 KB a state may have."""


class Palette(BaseModel):
    """The colours of a scene by what they are for.

    `sky` and `low` (near the horizon), `disc` (sun or moon), the land from `far` to `near`, `water`, one `accent`,
    one `light` and one `dark` tone, and the caption's `band`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    sky: Paint
    low: Paint
    disc: Paint
    far: Paint
    mid: Paint
    near: Paint
    water: Paint
    accent: Paint
    light: Paint
    dark: Paint
    band: Paint


class Element(BaseModel):
    """One thing in a scene.

    `x` and `y` are shares of the picture's width and height, `size` of its unit (about the shorter side). Things
    with a smaller `z` are painted first. What `stands` stands on the nearest ground, whatever its `y`. `main` and
    `trim` are its paints; empty means what suits its kind.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    kind: Annotated[str, Field(max_length=24)]
    x: Fraction = 0.5
    y: Fraction = 0.5
    size: Fraction = 0.3
    z: float = 0
    seed: int = 0
    flip: bool = False
    stands: bool = False
    main: Paint | Literal[""] = ""
    trim: Paint | Literal[""] = ""


class Asked(BaseModel):
    """The parameters a scene was composed with, to see which of them an edit changes.

    `cutout` is None if the prompt is to decide.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    seed: int | None = None
    style: Style | None = None
    caption: bool = True
    cutout: bool | None = None


class Scene(BaseModel):
    """A picture to be drawn: its size in pixels, palette, elements and words.

    `prompts` are the prompt and the edits so far, `seed` the one it was composed with; `grain` seeds the shading.
    `captioned` says that the caption is wanted, `band` which share of the height (of the width where `beside`) it
    takes: none if it would not be readable. A `cutout` has no sky.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    version: Literal[1]
    width: Annotated[int, Field(ge=64, le=4096)]
    height: Annotated[int, Field(ge=64, le=4096)]
    prompts: tuple[Annotated[str, Field(max_length=LONGEST_PROMPT)], ...] = Field(max_length=1 + MOST_EDITS)
    seed: int
    asked: Asked = Asked()
    grain: int
    style: Style | None = None
    plan: Plan
    palette: Palette
    elements: tuple[Element, ...] = Field(max_length=MOST_ELEMENTS)
    caption: Annotated[str, Field(max_length=2 * LONGEST_CAPTION)] = ""
    title: Annotated[str, Field(max_length=200)] = ""
    band: float = Field(default=0, ge=0, le=0.6)
    beside: bool = False
    captioned: bool = True
    cutout: bool = False
    edits: int = 0
