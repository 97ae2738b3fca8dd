"""What is kept on disk: the library of records, artifacts, and the files that callers supply."""
