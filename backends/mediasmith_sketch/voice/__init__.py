"""Speaking with espeak-ng."""
