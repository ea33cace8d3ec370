"""The alerts: rules made from thresholds, Alertmanager's configuration, and what is built from them."""
