"""Prometheus itself, told where to scrape by the exporter."""

from __future__ import annotations

from pathlib import Path

from tests.web.scraping import active_targets, prometheus

DISCOVERY = """
scrape_configs:
  - job_name: configmgr
    http_sd_configs: [{{url: "http://127.0.0.1:{port}/api/v1/http_sd"}}]
  - job_name: site_servers
    http_sd_configs: [{{url: "http://127.0.0.1:{port}/api/v1/http_sd"}}]
    relabel_configs:
      - {{source_labels: [__meta_configmgr_site_server], regex: "", action: drop}}
      - {{source_labels: [__meta_configmgr_site_server], target_label: __address__, replacement: "${{1}}:9182"}}
      - {{source_labels: [__meta_configmgr_site], target_label: site}}
"""


def test_prometheus_scrapes_the_exporter_once_and_finds_the_site_servers(incident_port: int, tmp_path: Path) -> None:
    with prometheus(tmp_path, DISCOVERY.format(port=incident_port)) as address:
        targets = active_targets(address, lambda found: len(found) == 2)
    assert sorted((target["scrapePool"], target["scrapeUrl"]) for target in targets) == [
        ("configmgr", f"http://127.0.0.1:{incident_port}/metrics"),
        ("site_servers", "http://localhost:9182/metrics"),
    ]
    assert [target["labels"].get("site") for target in targets if target["scrapePool"] == "site_servers"] == ["CHI"]
