"""Imports every module of the project; prints their names, and what each import said that failed."""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys

import exporter

names = ["exporter"]
failures: dict[str, str] = {}
for module in pkgutil.walk_packages(exporter.__path__, "exporter.", onerror=lambda _name: None):
    if module.name == "exporter.__main__":  # to import it is to run it
        continue
    names.append(module.name)
    try:
        importlib.import_module(module.name)
    except Exception as error:  # noqa: BLE001  # each is shown
        failures[module.name] = repr(error)
sys.stdout.write(json.dumps({"names": sorted(names), "failures": failures}))
