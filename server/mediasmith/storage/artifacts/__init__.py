"""Saved files: where they go, what they are called, and how each appears on disk whole or not at all.

A file is written under a temporary name in its own folder, synced, and then renamed, never over another file. The
folder is checked and opened before anything is paid for, and files are opened relative to it, so that swapping the
folder in the meantime cannot redirect them.
"""
