#!/usr/bin/python3
"""Good feeds beside bad ones: what servers that misbehave cost the others.

1,900 feeds answer at once, each at a host of its own, every tenth by a name that has to be looked up. They are polled alone; then
with a hundred bad ones that come by a reload, half of them drawn from those that keep a poll waiting (servers that accept and say
nothing, or drip, before or after the headers, TLS that never begins, names that are not answered), half from all other ways of
tests/origin (bombs, endless bodies and headers, resets, TLS trouble, redirects in circles …); then a hundred more that had been
well begin to hang, all at once. All of it with the default places, and with so few that the bad ones could take all.

How late the good ones are is judged by their origin's log; how long they take by the daemon's histogram of quick polls, which beside
the bad ones has those of them that fail quickly in it. It runs in a network of its own, where names are ours."""
import json
import multiprocessing
import os
import pathlib
import random
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from origin import codings, island, moods  # noqa: E402
from origin.names import SILENT, Names  # noqa: E402
from origin.server import TLS, Origin as BadOrigin, reset, tls_context  # noqa: E402

import many  # noqa: E402
import rig  # noqa: E402
from rig import Origin, Row, folder, say  # noqa: E402

GOOD, BAD, QUICK_PART = 1900, 100, 5
PARALLEL, FEW = 100, 20
INTERVAL_S = 10.0
ALONE_S, BESIDE_S, PIECE_S, QUICK_S = 30, 60, 10, 10
SEED = 1
LATE_GOAL_MS = 1000
PORT = 8000
HANGING = ["silent", "drip", "drip-headers", "dawdle", "tls-silent", "name-silent"]
# Those that are no trouble: what they do is a matter of the poller's rules, not of its patience.
HARMLESS = {"healthy", "once", "conditional", "echo", "connections", "gzip", "deflate", "br", "zstd", "gzip-gzip", "empty", "large",
            "script", "goto", "interim", "trailing"}
BELOW_HTTP = ["accept-reset", "refused", "expired", "wrong-name", "self-signed", "plain"]


async def accept_and_reset(origin, connection, reader, writer):
    reset(writer)


async def accept_and_wait(origin, connection, reader, writer):
    await reader.read()


def answer_names(table):
    Names(table).join()


class BadOnes:
    def __init__(self):
        self.origin = BadOrigin()
        self.origin.listen("0.0.0.0", PORT)
        self.origin.memory["port"] = PORT
        self.ports = {name: self.origin.listen("0.0.0.0", tls=tls_context(name + ".pem"))
                      for name in ("expired", "wrong-name", "self-signed")}
        self.ports |= {"accept-reset": self.origin.listen("0.0.0.0", accept=accept_and_reset),
                       "tls-silent": self.origin.listen("0.0.0.0", accept=accept_and_wait), "plain": PORT, "refused": 1}
        for name in ("gzip", "deflate", "br", "zstd", "gzip, gzip", "gzip, br"):
            codings.bomb(name, 40)

    def url(self, n, kind):
        """At a host of its own."""
        host = bad_name(n)
        if kind in moods.MOODS:
            return f"http://{host}:{PORT}/{kind}/{n}"
        scheme = "http" if kind in ("name-silent", "accept-reset", "refused") else "https"
        return f"{scheme}://{host}:{self.ports.get(kind, PORT)}/healthy/{n}"

    def feeds(self, kinds):
        return [(self.url(n, kind), INTERVAL_S) for n, kind in enumerate(kinds)]

    def turning(self, n, first):
        """Servers that answer, until turn()."""
        paths = [f"/silent/{first + i}" for i in range(n)]
        self.origin.healed |= set(paths)
        self.turned = paths
        return [(f"http://{many.address(first + i, 200)}:{PORT}{path}", INTERVAL_S) for i, path in enumerate(paths)]

    def turn(self):
        self.origin.healed -= set(self.turned)


def good_name(n):
    return f"good{n}.feeds.test"


def bad_name(n):
    return f"bad{n}.feeds.test"


def draw(n):
    """Half of them hang; of the others each way comes before any comes twice."""
    others = sorted(set(moods.MOODS) - HARMLESS - set(HANGING)) + BELOW_HTTP
    random.Random(SEED).shuffle(others)
    return [HANGING[i // 2 % len(HANGING)] if i % 2 else others[i // 2 % len(others)] for i in range(n)]


def table_of(n_good, kinds):
    table = {bad_name(n): SILENT if kind == "name-silent" else [many.address(n, 200)] for n, kind in enumerate(kinds)}
    return table | {good_name(n): [many.address(n)] for n in range(n_good)}


class Phase:
    """What was found of the good ones in a stretch of time, by pieces."""

    def __init__(self, d, origin, judge, seconds, piece_s):
        self.late, self.took_half, self.took = [], [], []
        judge.take(origin.requests())
        judge.forget()
        before = d.histograms()
        self.hung = self.worst = 0
        for _ in range(max(1, round(seconds / piece_s))):
            known = len(judge.late)
            time.sleep(piece_s)
            self.hung = max(self.hung, d.status().get("lanes", {}).get("slow", {}).get("busy", 0))
            after = d.histograms()
            judge.take(origin.requests())
            buckets = many.between(before, after, ("duration", "quick")) if before else [(float("inf"), 0)]
            waiting = judge.waiting(0.5)
            self.late.append(1000 * many.percentile(judge.late[known:] + waiting, 0.99))
            self.worst = max([self.worst, *judge.late[known:], *waiting])
            self.took.append(many.quantile(buckets, 0.99))
            self.took_half.append(many.quantile(buckets, 0.5))
            before = after
        self.polls, self.rate = len(judge.late), len(judge.late) / (round(seconds / piece_s) * piece_s)
        self.early = len(judge.early)
        self.half = 1000 * many.percentile(judge.late + waiting, 0.5)


def rows_of(name, goal, phase, expected, beside=""):
    text = f"half {phase.half:.1f} ms, worst {1000 * phase.worst:.0f} ms; {phase.rate:.0f} polls/s of {expected:.0f}{beside}"
    took = f"half within {rig.statistics.median(phase.took_half):.1f} ms"
    return [Row(f"good ones late at p99, {name}", "ms", phase.late, goal, False, 1, text),
            Row(f"quick polls take at p99, {name}", "ms", phase.took, None, False, 1, took)]


def run(options, work, bad, n_good, kinds, parallel):
    n_bad = len(kinds)
    alone_s, beside_s, piece_s = options.pick((ALONE_S, BESIDE_S, PIECE_S), (QUICK_S, QUICK_S, QUICK_S))
    where = work / f"parallel-{parallel}"
    where.mkdir()
    with Origin(1, where / "requests") as origin:
        origin.serve(1)
        good = [(f"http://{good_name(n) if n % 10 == 0 else many.address(n)}:{origin.port}/{n}.xml", INTERVAL_S)
                for n in range(n_good)]
        turning = bad.turning(n_bad, n_bad)
        judge = many.Judge([INTERVAL_S] * n_good, range(n_good), 1.0)
        expected = n_good / (INTERVAL_S * (1 + many.JITTER / 2))
        with many.Many(where, good, f"parallel: {parallel}") as d:
            d.wait_all_polled()
            time.sleep(INTERVAL_S)
            alone = Phase(d, origin, judge, alone_s, piece_s)
            d.reload(good + bad.feeds(kinds) + turning)
            beside = Phase(d, origin, judge, beside_s, piece_s)
            bad.turn()
            turned = Phase(d, origin, judge, beside_s, piece_s)
            early = d.status()["counters"].get("civicwire_polls_early_total", 0)
    hang = sum(kind in HANGING for kind in kinds)
    say(f"bad, {parallel} places: p99 late alone {max(alone.late):.1f} ms, beside bad ones {max(beside.late):.1f} ms, beside those that "
        f"begin to hang {max(turned.late):.1f} ms (load {os.getloadavg()[0]:.1f})")
    rows = rows_of(f"alone, {parallel} places", LATE_GOAL_MS, alone, expected)
    rows += rows_of(f"beside {n_bad} bad, {parallel} places", LATE_GOAL_MS, beside, expected,
                    f"; at most {beside.hung} polls in the slow lane")
    rows += rows_of(f"and {n_bad} begin to hang, {parallel} places", LATE_GOAL_MS, turned, expected,
                    f"; at most {turned.hung} polls in the slow lane")
    rows.append(Row(f"begun early, {parallel} places", "polls", [early + alone.early + beside.early + turned.early], 0, False))
    rows[0].notes.append(f"{n_good:,} good feeds, each {INTERVAL_S:.0f} s and up to a tenth; of {n_bad} bad ones {hang} hang "
                         f"({', '.join(HANGING)}), {n_bad - hang} do otherwise ({len(set(kinds) - set(HANGING))} ways)")
    return rows


def inside(quick):
    """On the island: prints the rows."""
    island.enter()
    island.use_names(timeout_s=20)
    island.trust(TLS / "authority.pem")
    options, rows = rig.Options(quick), []
    n_good, kinds = options.pick(GOOD, GOOD // QUICK_PART), draw(options.pick(BAD, BAD // QUICK_PART))
    # A process of its own: the server of the bad ones is busy, and must not hold names up.
    names = multiprocessing.get_context("fork").Process(target=answer_names, args=(table_of(n_good, kinds),), daemon=True)
    names.start()
    bad = BadOnes()
    with folder() as work:
        for parallel in (PARALLEL, FEW):
            rows += run(options, work, bad, n_good, kinds, parallel)
    bad.origin.close()
    names.terminate()
    print(json.dumps([vars(row) for row in rows]))


def measure(options):
    ended = subprocess.run([sys.executable, __file__, *(["--quick"] if options.quick else [])], stdout=subprocess.PIPE, text=True)
    if ended.returncode == island.SKIP:
        say("bad: skipped, for there is no network namespace to be had")
        return []
    assert ended.returncode == 0, "the measurement failed"
    return [Row(**row) for row in json.loads(ended.stdout)]


if __name__ == "__main__":
    inside("--quick" in sys.argv)
