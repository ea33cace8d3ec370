"""The state of a hierarchy as a Prometheus server knows it."""
