"""The MCP server over stdio and HTTP. It knows no provider."""
