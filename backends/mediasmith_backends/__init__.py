"""The backends that come with Mediasmith, one module or package each."""
