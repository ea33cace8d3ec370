"""The Grafana dashboards: Python makes the JSON that is shipped."""

import warnings

# The SDK would rather see the schema that only Grafana 12 and newer read. The classic one is read by all since 10.
# It warns when its modules are imported, and that is once: here.
with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "Prefer using dashboardv2", DeprecationWarning)
    import grafana_foundation_sdk.builders.dashboard
    import grafana_foundation_sdk.builders.prometheus  # noqa: F401
