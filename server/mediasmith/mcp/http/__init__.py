"""Streamable HTTP: listening, access control, tokens, and links to files too large to read as a resource."""
