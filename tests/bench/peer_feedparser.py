#!/usr/bin/python3
"""Parses each file named on stdin with feedparser, and prints one JSON object: how many files and items."""
import json
import sys

import feedparser

files = items = 0
for line in sys.stdin:
    with open(line.rstrip("\n"), "rb") as f:
        items += len(feedparser.parse(f.read()).entries)
    files += 1
print(json.dumps({"files": files, "items": items}))
