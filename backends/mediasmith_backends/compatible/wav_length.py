"""Mend WAV files that were sent while they were being made, so that their headers give no true length."""

from __future__ import annotations

_HEAD = 12  # bytes of RIFF, the length of the rest, and WAVE
_CHUNK_HEAD = 8  # bytes of a chunk's name and length


def with_true_length(data: bytes) -> bytes:
    """Return a WAV file whose header gives its true length; anything else as it is."""
    if data[:4] != b"RIFF" or data[8:_HEAD] != b"WAVE":
        return data
    at = _HEAD
    while at + _CHUNK_HEAD <= len(data):
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + _CHUNK_HEAD], "little")
        start = at + _CHUNK_HEAD
        if name == b"data":
            if length and start + length <= len(data):
                return data
            sizes = _size(len(data) - _CHUNK_HEAD), _size(len(data) - start)
            return b"".join((data[:4], sizes[0], data[8 : at + 4], sizes[1], data[start:]))
        at = start + length + length % 2
    return data


def _size(count: int) -> bytes:
    return count.to_bytes(4, "little")
