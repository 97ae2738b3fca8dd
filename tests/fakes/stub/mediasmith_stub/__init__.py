"""A provider that does not exist, and a plug-in with one backend for each shape a backend can have."""
