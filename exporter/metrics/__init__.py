"""State of the sites as Prometheus metric families, rendered for a scrape."""
