"""What the user set and installed: settings, credentials, allowed folders, backends, and the tools that follow."""
