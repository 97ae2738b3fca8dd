"""Real clients, run headless against a model of our own on loopback that does what a script says."""
