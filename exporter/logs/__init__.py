"""Bytes on disk to records."""
