"""Stand-ins for what the server talks to: providers on loopback, and backends to reach them."""
