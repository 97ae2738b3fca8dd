"""Who works on jobs and wakes those who wait: the processes of one machine, or the replicas of a fleet."""
