"""What the number of feeds costs: the daemon with a thousand, ten thousand, a hundred thousand feeds, and a
million where CIVICWIRE_SCALE_MAX says so.

All feeds are in files of a thousand, five to an agency, with names and addresses as long as cities' are. They
are at one host, which is asked once a second: but for that the daemon is idle. It is started twice. At first no
feed has been polled, so all are due: at the first request every one has been put into the schedule, for the
poller does both in one step; the origin is asked for it, not the daemon. Then all but one have been polled, and
their validators and times are in the store. The schedule alone is measured by a program that turns its clock,
with a host for each agency."""
import contextlib
import json
import os
import pathlib
import subprocess
import threading
import time

from rig import Origin, PROGRAMS, Row, bus_pid, cpu_seconds, folder, memory_mib, run_json, say, wire

SIZES = (1_000, 10_000, 100_000, 1_000_000)
# Ten times as many take ten times as long: a minute of both cores and a gigabyte.
USUAL_MAX, QUICK_MAX = 100_000, 10_000
FEEDS_A_FILE, FEEDS_AN_AGENCY = 1_000, 5
IDLE_S = 3
SETTLE_S = 300
POLLS = 1_000_000
STATUS_ROUNDS = 9

# The goals are those of a million, and hold for fewer.
START_S, RESIDENT_MIB, RELOAD_S, POLL_US, FEED_BYTES = 20, 1024, 2, 3, 1024


def feed_url(number, agency, feed, port):
    """60 bytes."""
    return f"http://127.0.0.1:{port:05}/{number:04}/prensa/noticias/{agency:03}-{feed}/rss.xml"


def feed_id(number, agency, feed):
    return f"x-ciudad-{number:04}.secretaria-{agency:03}.noticias-{feed}"


def agency_lines(number, agency, port):
    yield (f"      - id: secretaria-{agency:03}\n"
           f"        name: {{ en: Department of Mobility {agency:03}, es: Secretaría de Movilidad {agency:03} }}\n"
           "        licence: https://creativecommons.org/licenses/by/4.0/\n        feeds:\n")
    for feed in range(FEEDS_AN_AGENCY):
        yield f"          - id: noticias-{feed}\n            url: {feed_url(number, agency, feed, port)}\n"


def file_text(number, port, interval):
    head = (f"bodies:\n  - id: x-ciudad-{number:04}\n    name: {{ en: Metropolitan City {number:04}, es: Ciudad "
            f"Metropolitana {number:04} }}\n    language: es\n    timezone: America/Mexico_City\n"
            f"    interval: {interval}\n    allow_net: ['127.0.0.0/8']\n    agencies:\n")
    agencies = range(FEEDS_A_FILE // FEEDS_AN_AGENCY)
    return head + "".join(line for a in agencies for line in agency_lines(number, a, port))


class Peak:
    """The most that a process is seen to have in memory, MiB."""

    def __init__(self, pid):
        self.path, self.most, self.over = pathlib.Path(f"/proc/{pid}/statm"), 0, threading.Event()

    def __enter__(self):
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def watch(self):
        while not self.over.wait(0.005):
            pages = int(self.path.read_text().split()[1])
            self.most = max(self.most, pages * os.sysconf("SC_PAGE_SIZE") / 2**20)

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


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
        """From the start of the process to its first request; the CPU seconds until then."""
        self.origin.serve(1)
        before, began = self.origin.report()["replies"], time.monotonic()
        self.start()
        wire.wait_until("the first poll", lambda: self.has_polled(before), SETTLE_S, step=0.005)
        return time.monotonic() - began, cpu_seconds(self.process.pid)

    def has_polled(self, before):
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended:\n{self.log_path.read_text()[-3000:]}")
        return self.origin.report()["replies"] > before

    def remember_polls(self):
        """The store as it is when all feeds but the last one have been polled."""
        for path in self.state.glob("journal.db*"):
            path.unlink()
        ids = [(number, agency, feed) for number in range(self.n // FEEDS_A_FILE)
               for agency in range(FEEDS_A_FILE // FEEDS_AN_AGENCY) for feed in range(FEEDS_AN_AGENCY)]
        lines = "".join(f"{feed_id(*i)} {feed_url(*i, self.port)}\n" for i in ids[:-1])
        subprocess.run([PROGRAMS / "bench-states", self.state / "journal.db"], input=lines, text=True, check=True)

    def reload_seconds(self, interval):
        """`civicwire reload` after one file has changed: each of its feeds."""
        self.write_file(0, interval)
        began = time.monotonic()
        with Peak(self.process.pid) as peak:
            subprocess.run([wire.CLI, "reload", "--socket", self.state / "control.sock"], check=True,
                           stdout=subprocess.DEVNULL, env=wire.environment())
            took = time.monotonic() - began
        report = json.loads(self.get("/v1/reload")[1])
        assert report["changed"] == FEEDS_A_FILE, report
        return took, report, peak.most

    def status_ms(self):
        times = []
        for _ in range(STATUS_ROUNDS):
            began = time.monotonic()
            assert self.get("/v1/status")[0] == 200
            times.append((time.monotonic() - began) * 1e3)
        return times


def measure_restart(d, what):
    """Rows of the second start, and its resident MiB."""
    d.remember_polls()
    start, start_cpu = d.start_seconds()
    d.wait_ready()
    time.sleep(IDLE_S)
    rss, _, anonymous = memory_mib(d.process.pid)
    states = d.status()["feeds"]
    assert states["fine"] >= d.n - 1, states
    took, report, peak = d.reload_seconds("8h")
    d.stop()
    say(f"scale, {what}, polled: {start:.2f} s, {rss:.0f} MiB, reload {took:.2f} s")
    return rss, [
        Row(f"start to polling, {what}, polled before", "s", [start], START_S, False, 2, f"CPU s: {start_cpu:.2f}"),
        Row(f"resident, {what}, polled before", "MiB RSS", [rss], RESIDENT_MIB, False, 1,
            notes=[f"{anonymous:.1f} MiB anonymous; at most {peak:.1f} MiB during a reload"]),
        Row(f"reload of one changed file, {what}, polled before", "s", [took], RELOAD_S, False, 2,
            f"the loop stood still for {report['loop_us'] / 1e3:.0f} ms"),
    ]


def measure_size(n):
    """Rows of one point of the curve, and its resident MiB: feeds that were never polled, and those that were."""
    what = f"{n:,} feeds"
    cost = run_json("bench-schedule", n, POLLS)
    with folder() as work, Origin(1) as origin, contextlib.ExitStack() as stack:
        d = Scaled(work, origin, n)
        stack.callback(lambda: d.process and d.process.poll() is None and d.stop())
        start, start_cpu = d.start_seconds()
        d.wait_ready()
        time.sleep(IDLE_S)
        rss, _, anonymous = memory_mib(d.process.pid)
        bus = memory_mib(bus_pid(d))[0]
        status = d.status_ms()
        took, report, peak = d.reload_seconds("7h")
        time.sleep(IDLE_S)
        after = memory_mib(d.process.pid)[0]
        d.stop()
        say(f"scale, {what}: {start:.2f} s, {rss:.0f} MiB, reload {took:.2f} s")
        polled_rss, polled = measure_restart(d, what)
    return (rss, polled_rss), [
        Row(f"start to polling, {what}", "s", [start], START_S, False, 2, f"CPU s: {start_cpu:.2f}"),
        Row(f"resident, {what}", "MiB RSS", [rss], RESIDENT_MIB, False, 1,
            notes=[f"{anonymous:.1f} MiB anonymous; the bus {bus:.1f} MiB; at most {peak:.1f} MiB during a reload, "
                   f"{after:.1f} MiB after it"]),
        Row(f"reload of one changed file, {what}", "s", [took], RELOAD_S, False, 2,
            f"the loop stood still for {report['loop_us'] / 1e3:.0f} ms"),
        *polled,
        Row(f"schedule per poll, {what}", "µs", [cost["poll_ns"] / 1e3], POLL_US, False, 3,
            f"to put a feed in: {cost['add_ns'] / 1e3:.3f} µs"),
        Row(f"status answer, {what}", "ms", status, None, False, 2),
    ]


def feed_bytes(residents):
    """What a feed more costs, from the first point of the curve to the last."""
    (few, least), (many, largest) = residents[0], residents[-1]
    for i, which in enumerate(("never polled", "polled before")):
        yield Row(f"memory of a feed, {which}, from {few:,} to {many:,}", "bytes",
                  [(largest[i] - least[i]) * 2**20 / (many - few)], FEED_BYTES, False)


def measure(options):
    most = int(os.environ.get("CIVICWIRE_SCALE_MAX", options.pick(USUAL_MAX, QUICK_MAX)))
    rows, residents = [], []
    for n in (size for size in SIZES if size <= most):
        resident, of_size = measure_size(n)
        residents.append((n, resident))
        rows += of_size
    if len(residents) > 1:
        rows += feed_bytes(residents)
    return rows
