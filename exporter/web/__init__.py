"""The state over HTTP: metrics, health and pages. Reads the state; changes nothing but by a reload."""
