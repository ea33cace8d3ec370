"""From logs that are followed to what is known, kept and served of each site."""
