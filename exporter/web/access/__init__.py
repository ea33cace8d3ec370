"""Who is let in: the web configuration file of Prometheus' exporters, and what it asks of connections and requests."""
