"""Composing scenes from what a prompt names, and editing them."""
