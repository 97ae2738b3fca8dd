"""Speaking with hibari-tts and espeak-ng."""
