"""The MCP server, over stdio and HTTP. Nothing in here knows a provider."""
