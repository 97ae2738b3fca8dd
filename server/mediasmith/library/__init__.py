"""The library: the record of jobs, their parts, and the artifacts they made."""

from mediasmith.library.records import Artifact, Job, JobState, Part, Phase
from mediasmith.library.store import Library

__all__ = ["Artifact", "Job", "JobState", "Library", "Part", "Phase"]
