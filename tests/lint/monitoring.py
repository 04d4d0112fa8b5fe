#!/usr/bin/python3
"""The alert rules and the dashboard name only metrics that the daemon has, by the labels that it gives,
and each metric of the daemon is in one of them or in the manual."""
import json
import re
import sys

import tree
import yaml

# What Prometheus adds itself.
ITS_OWN = {"up"}
NAME = re.compile(r"\b(?:civicwire_|process_)[a-z_]+|\bup\b(?=\{)")


def known():
    """Metrics by the table and by what render.c writes besides."""
    table = (tree.ROOT / "daemon/base/metrics.h").read_text()
    written = "".join(path.read_text() for path in sorted((tree.ROOT / "daemon/control").glob("*.c")))
    histograms = re.findall(r'HISTOGRAM\(\w+, "(\w+)"', table)
    parts = {name + part for name in histograms for part in ("_bucket", "_sum", "_count")}
    return parts | set(re.findall(r"METRIC\((\w+),", table)) | set(re.findall(r'"((?:civicwire|process)_\w+)"', written))


def expressions():
    rules = yaml.safe_load((tree.ROOT / "config/monitoring/civicwire.rules.yml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            for part in ("summary", "description"):
                assert rule["annotations"].get(part), f"{rule['alert']} has no {part}"
            yield rule["alert"], rule["expr"]
    board = json.loads((tree.ROOT / "config/monitoring/grafana-dashboard.json").read_text())
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    yield "the dashboard's instances", board["templating"]["list"][1]["query"]


def main():
    there, problems, n = known(), [], 0
    for where, expression in expressions():
        n += 1
        for name in NAME.findall(expression):
            if name not in there | ITS_OWN:
                problems.append(f"config/monitoring: '{where}' names {name}, which the daemon does not have")
        if expression.count("(") != expression.count(")") or expression.count("{") != expression.count("}"):
            problems.append(f"config/monitoring: '{where}': brackets do not match: {expression}")
    for problem in problems:
        print(problem)
    print(f"{n} expressions over {len(there)} metrics")
    return bool(problems) or not n


sys.exit(main())
