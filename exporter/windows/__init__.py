"""What is there on Windows only: the registry of a site server, and the service."""
