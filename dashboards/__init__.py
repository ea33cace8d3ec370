"""The Grafana dashboards: Python makes the JSON that is shipped."""
