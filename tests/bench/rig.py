"""What the measurements stand on: our C programs, the daemon's own processes and what they cost, a
folder on the disk that the build is on, and the rows of the table."""
import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import wire  # noqa: E402

PROGRAMS = wire.BUILD / "tests" / "bench"
TEXT_BYTES = 325  # of an item's description: makes an event of 1.5 KB
TICK = os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass
class Options:
    quick: bool = False

    def pick(self, full, quick):
        return quick if self.quick else full


@dataclasses.dataclass
class Row:
    """A line of the table: what was measured in each round, and what it should be."""
    what: str
    unit: str
    rounds: list
    goal: float = None
    more_is_better: bool = True
    digits: int = 0
    cost: str = ""  # what stands beside it: CPU of each process over all rounds, or speed and memory
    notes: list = dataclasses.field(default_factory=list)

    def median(self):
        return statistics.median(self.rounds)

    def reached(self):
        if self.goal is None:
            return ""
        return "yes" if (self.median() >= self.goal if self.more_is_better else self.median() <= self.goal) else "NO"

    def cells(self):
        worst, best = (min, max) if self.more_is_better else (max, min)
        return [self.what, self.goal_text(), self.number(self.median()), self.number(worst(self.rounds)),
                self.number(best(self.rounds)), self.unit, self.reached(), self.cost]

    def number(self, value):
        return f"{value:,.{self.digits}f}"

    def goal_text(self):
        return "" if self.goal is None else ("≥ " if self.more_is_better else "≤ ") + self.number(self.goal)


HEAD = ["measured", "goal", "median", "worst", "best", "unit", "reached", "beside it"]
LEFT = {0, 5, 6, 7}


def print_table(rows):
    lines = [HEAD] + [row.cells() for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    for n, line in enumerate(lines):
        print("  ".join(cell.ljust(w) if i in LEFT else cell.rjust(w)
                        for i, (cell, w) in enumerate(zip(line, widths))).rstrip())
        if n == 0:
            print("  ".join("-" * w for w in widths))
    for row in rows:
        for note in row.notes:
            print(f"  {row.what}: {note}")


def say(text):
    print(f"  … {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def folder():
    """On the disk of the build, not in a /tmp that may be memory: what is durable must cost what it costs."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=wire.BUILD))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def cpu_seconds(pid):
    """User and system time of a process so far, all threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory_mib(pid):
    """(resident, proportional share of it, anonymous) in MiB."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    values = {line.split(":")[0]: int(line.split()[1]) for line in text.splitlines() if line.endswith("kB")}
    return tuple(values[name] / 1024 for name in ("Rss", "Pss", "Anonymous"))


class Meter:
    """CPU seconds of some processes between start() and stop(), added up over rounds."""

    def __init__(self, **pids):
        self.pids, self.spent = pids, dict.fromkeys(pids, 0.0)

    def start(self):
        self.before = {name: cpu_seconds(pid) for name, pid in self.pids.items()}

    def stop(self):
        for name, pid in self.pids.items():
            self.spent[name] += cpu_seconds(pid) - self.before[name]

    def text(self):
        return "CPU s: " + ", ".join(f"{name} {spent:.1f}" for name, spent in self.spent.items())


class Program:
    """One of our C programs that obeys lines on its standard input."""

    def __init__(self, name, *arguments):
        self.process = subprocess.Popen([PROGRAMS / name, *map(str, arguments)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1)
        self.pid = self.process.pid

    def order(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def line(self):
        line = self.process.stdout.readline()
        assert line, f"{self.process.args[0]} has ended"
        return line.strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class Origin(Program):
    """`log`: a path; then it is all addresses of the loopback, and requests() tells what was asked when."""

    def __init__(self, items, log=None, text_bytes=TEXT_BYTES):
        self.log_path, self.log_read = log, 0
        super().__init__("bench-origin", items, text_bytes, *([log] if log else []))
        self.port = int(self.line().split()[1])

    def feeds(self, n):
        return {f"f{i}": f"http://127.0.0.1:{self.port}/{i}.xml" for i in range(n)}

    def serve(self, generations):
        self.order(f"serve {generations}")

    def report(self):
        self.order("report")
        return json.loads(self.line())

    def requests(self):
        """(feed, when the request was there, when its answer was sent, status) of each since this was last asked, in seconds of the
        monotonic clock, as they were sent."""
        self.report()
        with open(self.log_path, "rb") as log:
            log.seek(self.log_read)
            lines, end, _ = log.read().rpartition(b"\n")  # the last one may not be whole yet
        self.log_read += len(lines + end)
        rows = [line.split() for line in lines.splitlines()]
        return [(int(feed), int(asked) / 1e6, int(sent) / 1e6, int(status)) for feed, asked, sent, status in rows]

    def wait_served(self, replies, seconds):
        return wire.wait_until(f"{replies} replies to be served",
                               lambda: (r := self.report()) and r["replies"] >= replies and r, seconds)


class Subscriber(Program):
    def __init__(self, endpoint, topic="feed/"):
        super().__init__("bench-subscriber", endpoint, topic)

    def wait_joined(self):
        assert self.line() == "joined"
        return self

    def take(self, n, quiet_s):
        """Begins to take; result() waits for the end."""
        self.order(f"take {n} {quiet_s}")

    def result(self):
        return json.loads(self.line())


def daemon(work, origin, n_feeds, interval="1s", parallel=64):
    hosts = f"hosts:\n  - {{ host: '127.0.0.1:{origin.port}', gap: 0ms, parallel: {parallel} }}\n"
    return wire.Daemon(work, origin.feeds(n_feeds), interval=interval, settings=hosts)


def bus_pid(d):
    return d.status()["bus"]["pid"]


def run_json(name, *arguments, **more):
    out = subprocess.run([PROGRAMS / name, *map(str, arguments)], stdout=subprocess.PIPE, check=True,
                         text=True, **more)
    return json.loads(out.stdout)


def sync_median_ms(path, n=50):
    """What the disk takes to make 4 KiB durable."""
    times = []
    with open(path / "sync-probe", "wb", buffering=0) as f:
        for _ in range(n):
            f.write(b"x" * 4096)
            start = time.perf_counter()
            os.fdatasync(f.fileno())
            times.append((time.perf_counter() - start) * 1000)
    (path / "sync-probe").unlink()
    return statistics.median(times)
