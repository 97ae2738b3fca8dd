"""Services that every room uses: clock, timeouts, client pool, network, redaction. Nothing here knows about jobs."""
