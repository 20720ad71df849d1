"""Checks /metrics with Prometheus's own parser of OpenMetrics, and its rules:
    tests/api/metrics.py http://127.0.0.1:3000
"""

import re
import sys
import urllib.request
from pathlib import Path

import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families

with urllib.request.urlopen(sys.argv[1] + "/metrics") as answer:
    families = list(text_string_to_metric_families(answer.read().decode()))
names = {family.name for family in families}
assert len(names) == len(families) > 20, names
samples = sum(len(family.samples) for family in families)
for family in families:
    assert family.documentation, family.name
    assert family.type != "unknown", family.name

path = Path(__file__).parents[2] / "docs/deploy/alerts.yml"
rules = [rule for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]
assert len({rule["alert"] for rule in rules}) == len(rules) > 10
for rule in rules:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}, rule
    assert rule["labels"]["severity"] in ("critical", "warning", "info"), rule
    assert rule["annotations"]["summary"], rule
    assert re.fullmatch(r"\d+[smh]", rule.get("for", "1m")), rule
print(f"{len(families)} metrics with {samples} samples, and {len(rules)} rules")
