"""The view of a result in clients that show apps: one HTML page, put together from the sources here when it is read."""
