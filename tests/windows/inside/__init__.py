"""Programs that the Windows Python runs; each prints one JSON object."""
