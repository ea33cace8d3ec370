"""The HTTP side: metrics, health, API and pages."""
