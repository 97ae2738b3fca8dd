"""A fake of xAI in this process: its gRPC services as the SDK describes them, and plain HTTP for finished videos."""
