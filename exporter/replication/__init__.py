"""Events to the replication state of a site, and why it is stuck."""
