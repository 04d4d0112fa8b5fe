#!/usr/bin/python3
"""`civicwire check`: its words, where they go, and its exit codes."""

import os
import subprocess
import sys
import tempfile

BUDGET = (
    "warning: host a.example: its 1 feed asks for 4 requests an hour, but gap 1h and parallel 1 "
    "allow 1; lengthen intervals, or agree on more with the partner and say so under hosts\n"
)
FEED = """
cities:
  - id: co-mde
    name: { es: Medellín }
    agencies:
      - { id: a, name: { es: A }, feeds: [ { id: f, url: "http://a.example/", interval: 15min } ] }
"""
failed = 0


def check(*arguments, code, out="", err=""):
    global failed
    done = subprocess.run([sys.argv[1], "check", *arguments], capture_output=True, text=True)
    if (done.returncode, done.stdout, done.stderr) != (code, out, err):
        print(f"check {arguments}: {done}\nwanted: {code} {out!r} {err!r}")
        failed += 1


with tempfile.TemporaryDirectory() as folder:
    settings, feeds = f"{folder}/civicwired.yaml", f"{folder}/feeds.d/a.yaml"
    os.mkdir(f"{folder}/feeds.d")
    check(folder, code=0, out="ok: 0 networks, 0 cities, 0 feeds\n")
    with open(feeds, "w") as f:
        f.write(FEED)
    check(folder, code=0, out="ok: 0 networks, 1 city, 1 feed\n")
    with open(settings, "w") as f:
        f.write("fetch: { gap: 1h }\n")
    check(folder, code=0, out="ok: 0 networks, 1 city, 1 feed\n", err=BUDGET)
    check(settings, code=0, out="ok: 0 networks, 1 city, 1 feed\n", err=BUDGET)
    with open(settings, "w") as f:
        f.write("fetch: { gap: 1 }\nreplai: {}\n")
    check(folder, code=78, err=(
        "civicwired.yaml:1:15: fetch: gap '1' has no unit; write 1min or another of ms, s, min, h, d\n"
        "civicwired.yaml:2:1: unknown key 'replai' (did you mean 'replay'?)\n"))
    check(folder + "/none", code=66,
          err=f"civicwire check: configuration {folder}/none: No such file or directory\n")
    check(folder, folder, code=64, err=(
        "civicwire check: one folder at a time\nTry 'civicwire check --help'.\n"))
    check("--nonsense", code=64, err=(
        "civicwire check: unknown option '--nonsense'\nTry 'civicwire check --help'.\n"))
sys.exit(failed > 0)
