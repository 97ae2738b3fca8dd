"""Callers' input files: each is found, confined and checked before anything is paid for."""
