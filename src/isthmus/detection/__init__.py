"""Finding anomalies: what is strange, how sure that is, and why."""
