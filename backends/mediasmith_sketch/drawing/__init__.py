"""Drawing a scene as a picture."""
