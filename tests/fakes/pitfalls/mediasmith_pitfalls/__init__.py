"""Backends that misbehave."""
