"""Mediasmith: one tool call becomes a media file on disk."""
