"""Training tasks, their losses and schedules."""
