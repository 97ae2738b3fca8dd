"""The view in a real browser: a chat host of our own, and what must be seen in it."""
