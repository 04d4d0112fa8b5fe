"""The parsers that ours is measured beside. Each reads the files named on its stdin (sfeed: one process
per file), and is left out, saying why, where it is not installed (./dev bench installs all)."""
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import typing

import rig
from rig import wire

HERE = pathlib.Path(__file__).resolve().parent
GO_SOURCES = pathlib.Path("/usr/share/gocode")  # where Debian puts libraries for Go


@dataclasses.dataclass
class Cost:
    cpu_s: float
    peak_mib: float
    printed: bytes = b""


def cost(command, stdin, out="/dev/null", each=False):
    """Runs a command on a file as stdin, or for each file listed in it."""
    command = [rig.PROGRAMS / "bench-cost", *(["--each"] if each else []), out, *map(str, command)]
    with open(stdin, "rb") as lines:
        run = subprocess.run(command, stdin=lines, stdout=subprocess.PIPE, check=True, env=wire.environment())
    report = json.loads(run.stdout)
    return Cost(report["cpu_s"], report["peak_kib"] / 1024)


@dataclasses.dataclass
class Parser:
    """One who reads all files of a list, and what becomes of its output: the number of items."""
    name: str
    command: list
    count: typing.Callable
    each: bool = False  # one process per file, which is its stdin
    requests: bool = False  # wants requests of `parse --worker` instead of names

    def run(self, stdin, out="/dev/null"):
        return cost(self.command, stdin, out, self.each)

    def items(self, stdin, folder):
        out = folder / "counted"
        out.unlink(missing_ok=True)
        self.run(stdin, out)
        with open(out, "rb") as lines:
            return self.count(lines)


def count_documents(lines):
    return sum(len(json.loads(line)["items"]) for line in lines)


def count_report(lines):
    return json.load(lines)["items"]


def count_lines(lines):
    return sum(1 for _ in lines)


OURS = Parser("civicwire", [wire.CLI, "parse", "--worker"], count_documents, requests=True)
BARE = Parser("libxml2 SAX, nothing kept (F)", [rig.PROGRAMS / "bench-sax"], count_report)


def sfeed():
    if not shutil.which("sfeed"):
        return None, "sfeed is not installed"
    return Parser("sfeed, run per file", ["sfeed"], count_lines, each=True), None


def feedparser():
    if subprocess.run(["/usr/bin/python3", "-c", "import feedparser"], stderr=subprocess.DEVNULL).returncode != 0:
        return None, "python3-feedparser is not installed"
    return Parser("feedparser", ["/usr/bin/python3", HERE / "peer_feedparser.py"], count_report), None


def gofeed():
    if not shutil.which("go") or not (GO_SOURCES / "src/github.com/mmcdole/gofeed").is_dir():
        return None, "Go or golang-github-mmcdole-gofeed-dev is not installed"
    program = rig.PROGRAMS / "bench-gofeed"
    build = subprocess.run(["go", "build", "-o", program, HERE / "peer_gofeed.go"], stderr=subprocess.PIPE, text=True,
                           env=dict(os.environ, GO111MODULE="off", GOPATH=str(GO_SOURCES), GOFLAGS="", CGO_ENABLED="0",
                                    GOCACHE=str(wire.BUILD / "go-cache")))
    if build.returncode != 0:
        return None, f"it does not build: {build.stderr[-300:]}"
    return Parser("gofeed", [program], count_report), None
