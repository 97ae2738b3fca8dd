"""Reading prompts and edits: what they name, in which colours, and what they say about the camera."""
