"""What the user configured and installed: settings, credentials, allowed folders, backends, and the tools they give."""
