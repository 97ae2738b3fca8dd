"""What runs underneath: the clock, timeouts, provider clients, the network, redaction. Nothing here knows a job."""
