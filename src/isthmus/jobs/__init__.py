"""What people come for: one file a job, with the figure it is judged by and the baseline it must beat."""
