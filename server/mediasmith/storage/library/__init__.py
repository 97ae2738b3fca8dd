"""The library: the record of jobs, tasks and artifacts."""
