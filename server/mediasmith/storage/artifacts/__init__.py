"""Where generated files go, and how they get there whole.

A file is written under a temporary name in its own folder, synced, and then given its name, which never overwrites
another file. The folder is checked and opened before anything is paid, and files are opened relative to it, so that
nothing else can be put in its place in between.
"""
