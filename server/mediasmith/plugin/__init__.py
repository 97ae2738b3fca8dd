"""All that a backend may import: the contract, shared words, errors, and what several backends need.

Nothing here imports the rest of the server.
"""
