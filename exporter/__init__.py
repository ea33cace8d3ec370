"""Says, from Configuration Manager's own logs, what is stuck, where, why, and what to do."""

__version__ = "0.1.0"
