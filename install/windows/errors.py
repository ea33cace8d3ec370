"""What keeps the build from its end."""


class LackingError(Exception):
    """Something that is needed cannot be had on this machine, and why."""
