"""Many feeds at many addresses of the loopback, the daemon that polls them, and what can be told of it: how late its polls begin,
by its own histogram and by the origin's log."""
import collections
import re
import subprocess
import time

import rig
from rig import wire

FEEDS_A_FILE = 1000
JITTER = 0.1  # of the interval: up to so much later is not late
SETTLE_S = 600


def address(n, net=100):
    """The nth host of 127.<net>.0.0/16, and on."""
    return f"127.{net + n // 62500}.{n // 250 % 250}.{n % 250 + 1}"


class Many(wire.Daemon):
    """`feeds`: (URL, interval in seconds) of each, by number: f0, f1, …; `fetch`: what the configuration says of fetching."""

    def __init__(self, work, feeds, fetch):
        super().__init__(work, {}, settings=f"fetch: {{ {fetch} }}\nhosts: []\n")
        (self.config / "feeds.d" / "test.yaml").unlink()
        self.write(feeds)

    def write(self, feeds):
        self.feeds_s = [interval for _, interval in feeds]
        for first in range(0, len(feeds), FEEDS_A_FILE):
            lines = [f"bodies:\n  - id: x-b{first // FEEDS_A_FILE}\n    name: {{ en: Body }}\n    language: en\n    interval_agreed: true\n"
                     "    ignore_hints: true\n    allow_net: ['127.0.0.0/8']\n    agencies:\n      - id: a\n        name: { en: Agency }\n"
                     "        feeds:\n"]
            lines += [f"          - {{ id: f{first + n}, url: '{url}', interval: {round(interval * 1000)}ms }}\n"
                      for n, (url, interval) in enumerate(feeds[first:first + FEEDS_A_FILE])]
            (self.config / "feeds.d" / f"{first // FEEDS_A_FILE:04}.yaml").write_text("".join(lines))

    def reload(self, feeds):
        self.write(feeds)
        subprocess.run([wire.CLI, "reload", "--socket", self.state / "control.sock"], check=True, stdout=subprocess.DEVNULL,
                       env=wire.environment())

    def wait_all_polled(self):
        def done():
            status = self.status_or_none()
            return status and status["feeds"]["new"] == 0 and status["counters"]["civicwire_polls_total"] >= len(self.feeds_s)
        wire.wait_until("each feed to be polled", done, SETTLE_S, step=0.5)

    def histograms(self):
        """{(name, lane): [(upper bound in seconds, how many are not above), …]} since the start."""
        found = collections.defaultdict(list)
        text = self.get("/metrics")[1].decode()
        for name, lane, bound, n in re.findall(r'^civicwire_poll_(\w+)_seconds_bucket\{lane="(\w+)",le="([^"]+)"\} (\d+)$', text, re.M):
            found[name, lane].append((float(bound), int(n)))
        return found

    def cpu(self):
        return rig.Meter(daemon=self.process.pid, bus=rig.bus_pid(self))

    def early(self):
        return self.status()["counters"]["civicwire_polls_early_total"]


def between(before, after, key):
    return [(bound, n - m) for (bound, n), (_, m) in zip(after[key], before[key])]


def quantile(buckets, q):
    """In milliseconds, within its bucket in proportion, as Prometheus does it."""
    total = buckets[-1][1]
    low, below = 0.0, 0
    for bound, n in buckets:
        if n >= q * total and n > below:
            top = bound if bound != float("inf") else low
            return 1000 * (low + (top - low) * (q * total - below) / (n - below))
        low, below = bound, n
    return 0.0


def share_within(buckets, seconds):
    return next(n for bound, n in buckets if bound >= seconds) / max(1, buckets[-1][1])


def percentile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))] if values else 0.0


class Judge:
    """What somebody who sees only the requests can say. A feed is due its interval after its last answer, and up to a tenth more; its
    host is free a gap after the host's last answer, if that is later. `hosts`: of each feed, a name. A host is taken to have one
    connection."""

    def __init__(self, intervals, hosts, gap_s):
        self.intervals, self.hosts, self.gap_s = intervals, hosts, gap_s
        self.feed_end, self.host_end = {}, {}
        self.forget()

    def forget(self):
        """What was found so far, not when each feed was polled last."""
        self.late, self.early, self.crowded, self.statuses = [], [], [], collections.Counter()

    def take(self, requests):
        for feed, asked, sent, status in sorted(requests, key=lambda r: r[1]):
            host, interval = self.hosts[feed], self.intervals[feed]
            free = self.host_end.get(host, float("-inf")) + self.gap_s
            self.statuses[status] += 1
            if asked < free:
                self.crowded.append(free - asked)
            if feed in self.feed_end:
                due = self.feed_end[feed] + interval
                if asked < due:
                    self.early.append(due - asked)
                self.late.append(max(0.0, asked - max(due + JITTER * interval, free)))
            self.feed_end[feed] = sent
            self.host_end[host] = max(sent, self.host_end.get(host, 0.0))
        return self

    def waiting(self, patience_s):
        """How late those are that have not been asked yet, if it is more than that: a feed that is never polled must not look as if it
        were in time."""
        now, found = time.monotonic(), []
        for feed, end in self.feed_end.items():
            due = end + (1 + JITTER) * self.intervals[feed]
            late = now - max(due, self.host_end[self.hosts[feed]] + self.gap_s)
            if late > patience_s:
                found.append(late)
        return found
