"""Pictures, one after the other, as an MP4 that plays everywhere."""

from __future__ import annotations

from io import BytesIO
from typing import Any, cast

import av
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, VideoReformatter
from PIL import Image

RATE = 24  # pictures in a second

# With mbtree the same pictures come out a little different from time to time; without it, there is less to look ahead.
_X264 = "mbtree=0:rc-lookahead=5:b-adapt=0"
_OPTIONS = {"crf": "27", "preset": "veryfast", "g": str(5 * RATE), "x264-params": _X264}
_HEAD, _HEAD_PER_PICTURE = 2048, 24  # bytes that the head of the file takes, at most

_av = cast("Any", av)  # PyAV's own types leave too much unsaid


class Mp4Writer:
    """An MP4 in memory, of so many pictures in one size with even sides: H.264, in 4:2:0. Blocking.

    Its head comes first, so that it can be played while it is still being loaded.
    """

    def __init__(self, size: tuple[int, int], pictures: int) -> None:
        self._file = BytesIO()
        head = {"moov_size": str(_HEAD + _HEAD_PER_PICTURE * pictures)}
        self._container = _av.open(self._file, "w", format="mp4", options=head)
        self._stream = self._container.add_stream("libx264", rate=RATE, options=_OPTIONS)
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "yuv420p"
        self._reformatter = cast("Any", VideoReformatter())
        codec = self._stream.codec_context
        codec.color_primaries, codec.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        codec.colorspace, codec.color_range = Colorspace.ITU709, ColorRange.MPEG

    def add(self, picture: Image.Image) -> None:
        """Append a picture in RGB."""
        target = {"format": "yuv420p", "dst_colorspace": Colorspace.ITU709, "dst_color_range": ColorRange.MPEG}
        frame = self._reformatter.reformat(_av.VideoFrame.from_image(picture), **target)
        self._container.mux(self._stream.encode(frame))

    def finish(self) -> bytes:
        """Return the whole file."""
        self._container.mux(self._stream.encode())
        self._container.close()
        return self._file.getvalue()
