"""The configuration file: what it may hold, what is taken when it does not, and all that is wrong with it at once."""
