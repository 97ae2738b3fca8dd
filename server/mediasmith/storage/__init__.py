"""What is kept on disk: records of jobs, artifacts, callers' input files, and the download of files from elsewhere."""
