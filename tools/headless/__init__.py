"""Run real MCP clients without a terminal, against a stub model on loopback that follows a script."""
