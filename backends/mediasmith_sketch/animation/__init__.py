"""Drawing a scene or a picture as a video."""
