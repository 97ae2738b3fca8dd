"""Streamable HTTP: listening, who may come in, whose files are whose, and links to what is too large to be read."""
