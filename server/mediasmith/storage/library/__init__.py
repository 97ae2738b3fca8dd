"""The record of jobs, tasks and artifacts."""
