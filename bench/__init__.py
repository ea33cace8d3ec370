"""Benchmarks: what the exporter costs, side by side with what else could do the work."""
