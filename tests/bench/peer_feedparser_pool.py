#!/usr/bin/python3
"""Fetches and parses each URL named on stdin with feedparser, sixteen at a time, and prints one JSON object: how many feeds
and items."""
import json
import multiprocessing.pool
import sys

import feedparser

THREADS = 16


def main():
    urls = sys.stdin.read().split()
    with multiprocessing.pool.ThreadPool(THREADS) as pool:
        found = pool.map(lambda url: feedparser.parse(url), urls, chunksize=1)
    print(json.dumps({"feeds": sum(f.get("status") == 200 for f in found), "items": sum(len(f.entries) for f in found)}))


main()
