"""What the number of feeds costs: the daemon with a thousand, ten thousand, a hundred thousand feeds, and a
million where CIVICWIRE_SCALE_MAX says so.

All feeds are in files of a thousand, twenty to an agency, and never polled before, so all are due at the start.
They are at one host, which is asked once a second: but for that the daemon is idle. At the first request
every feed has been put into the schedule, for the poller does both in one step; the origin is asked for it, not
the daemon. The schedule alone is measured by a program that turns its clock, with a host for each agency."""
import contextlib
import json
import os
import subprocess
import time

from rig import Origin, Row, bus_pid, cpu_seconds, folder, memory_mib, run_json, say, wire

SIZES = (1_000, 10_000, 100_000, 1_000_000)
# Ten times as many take ten times as long: half a minute of both cores and a gigabyte.
USUAL_MAX, QUICK_MAX = 100_000, 10_000
FEEDS_A_FILE, FEEDS_AN_AGENCY = 1_000, 20
IDLE_S = 3
SETTLE_S = 600
POLLS = 1_000_000
STATUS_ROUNDS = 9

# The goals are those of a million, and hold for fewer.
START_S, RESIDENT_MIB, RELOAD_S, POLL_US, FEED_BYTES = 20, 1024, 2, 3, 1024


def agency_lines(number, agency, port):
    yield f"      - id: a{agency}\n        name: {{ en: Agency {agency} }}\n        feeds:\n"
    for feed in range(FEEDS_AN_AGENCY):
        yield f"          - {{ id: f{feed}, url: 'http://127.0.0.1:{port}/{number}-{agency}-{feed}.xml' }}\n"


def file_text(number, port, interval):
    head = (f"bodies:\n  - id: x-b{number}\n    name: {{ en: Body {number} }}\n    language: en\n"
            f"    interval: {interval}\n    allow_net: ['127.0.0.0/8']\n    agencies:\n")
    agencies = range(FEEDS_A_FILE // FEEDS_AN_AGENCY)
    return head + "".join(line for a in agencies for line in agency_lines(number, a, port))


class Scaled(wire.Daemon):
    """A daemon over n feeds."""

    def __init__(self, work, origin, n):
        super().__init__(work, {}, settings="hosts: []\n")
        (self.config / "feeds.d" / "test.yaml").unlink()
        self.origin, self.n, self.port = origin, n, origin.port
        for number in range(n // FEEDS_A_FILE):
            self.write_file(number, "6h")

    def write_file(self, number, interval):
        (self.config / "feeds.d" / f"{number:04}.yaml").write_text(file_text(number, self.port, interval))

    def start_seconds(self):
        """From the start of the process to its first request."""
        self.origin.serve(1)
        began = time.monotonic()
        self.start()
        wire.wait_until("the first poll", self.has_polled, SETTLE_S, step=0.005)
        return time.monotonic() - began

    def has_polled(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended:\n{self.log_path.read_text()[-3000:]}")
        return self.origin.report()["replies"] > 0

    def reload_seconds(self):
        """`civicwire reload` after one file has changed: each of its feeds."""
        self.write_file(0, "7h")
        began = time.monotonic()
        subprocess.run([wire.CLI, "reload", "--socket", self.state / "control.sock"], check=True,
                       stdout=subprocess.DEVNULL, env=wire.environment())
        took = time.monotonic() - began
        report = json.loads(self.get("/v1/reload")[1])
        assert report["changed"] == FEEDS_A_FILE, report
        return took, report

    def status_ms(self):
        times = []
        for _ in range(STATUS_ROUNDS):
            began = time.monotonic()
            assert self.get("/v1/status")[0] == 200
            times.append((time.monotonic() - began) * 1e3)
        return times


def measure_size(n):
    """Rows of one point of the curve, and its resident MiB."""
    what = f"{n:,} feeds"
    cost = run_json("bench-schedule", n, POLLS)
    with folder() as work, Origin(1) as origin, contextlib.ExitStack() as stack:
        d = Scaled(work, origin, n)
        stack.callback(lambda: d.process and d.process.poll() is None and d.stop())
        start = d.start_seconds()
        start_cpu = cpu_seconds(d.process.pid)
        d.wait_ready()
        time.sleep(IDLE_S)
        rss, pss, anonymous = memory_mib(d.process.pid)
        bus = memory_mib(bus_pid(d))[0]
        status = d.status_ms()
        took, report = d.reload_seconds()
        time.sleep(IDLE_S)
        after = memory_mib(d.process.pid)[0]
    say(f"scale, {what}: {start:.2f} s, {rss:.0f} MiB, reload {took:.2f} s")
    return rss, [
        Row(f"start to polling, {what}", "s", [start], START_S, False, 2, f"CPU s: {start_cpu:.2f}"),
        Row(f"resident, {what}", "MiB RSS", [rss], RESIDENT_MIB, False, 1,
            notes=[f"{anonymous:.1f} MiB anonymous; the bus {bus:.1f} MiB; {after:.1f} MiB after a reload"]),
        Row(f"reload of one changed file, {what}", "s", [took], RELOAD_S, False, 2,
            f"the loop stood still for {report['loop_us'] / 1e3:.0f} ms"),
        Row(f"schedule per poll, {what}", "µs", [cost["poll_ns"] / 1e3], POLL_US, False, 3,
            f"to put a feed in: {cost['add_ns'] / 1e3:.3f} µs"),
        Row(f"status answer, {what}", "ms", status, None, False, 2),
    ]


def measure(options):
    most = int(os.environ.get("CIVICWIRE_SCALE_MAX", options.pick(USUAL_MAX, QUICK_MAX)))
    rows, residents = [], []
    for n in (size for size in SIZES if size <= most):
        rss, of_size = measure_size(n)
        residents.append((n, rss))
        rows += of_size
    if len(residents) > 1:
        (few, least), (many, largest) = residents[0], residents[-1]
        rows.append(Row(f"memory of an idle feed, from {few:,} to {many:,}", "bytes",
                        [(largest - least) * 2**20 / (many - few)], FEED_BYTES, False))
    return rows
