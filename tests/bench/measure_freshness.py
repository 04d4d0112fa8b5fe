"""How late polls begin, and that none begins early: feeds with intervals of half a minute to ten minutes, on hosts of their own
and on shared ones, where the gap of a second between two requests matters; some of them slow, some with news at every poll.

It is measured twice. The daemon has a histogram of the time from when a feed was due and its host free to the request. And the
origin's log has the times of all requests: a feed's next one must not come before its interval is over, counted from the end of the
last answer, nor before a gap after its host's last answer; what comes later than that and the jitter of a tenth is late."""
import os
import time

import many
from rig import Origin, Row, Subscriber, folder, say

LATE_GOAL_MS = 1000
PARALLEL = 100  # the default
GAP_S = 1.0
INTERVALS_S, QUICK_INTERVALS_S = (30, 60, 120, 300, 600), (5, 8, 12, 20)
# Feeds on hosts of their own, on hosts with four, and on hosts with twenty, which are asked two thirds of the time where the
# interval is half a minute.
ALONE, IN_FOURS, IN_TWENTIES = 4000, 5000, 1000
QUICK_PART = 10  # a tenth of all with --quick
SLOW = {50: 700, 51: 1500, 52: 3000}  # of a hundred feeds alone on their hosts, these answer after so many milliseconds
NEWS_EVERY = {3: 1, 13: 1, 23: 5, 33: 5, 43: 5}  # of fifty times five feeds, these have news at every, or at every fifth poll
WINDOW_S, QUICK_WINDOW_S = 660, 30  # longer than the longest interval with its jitter
PIECE_S, QUICK_PIECE_S = 60, 10
PATIENCE_S = 1 + max(SLOW.values()) / 1000  # the log has a request when it is answered


def plan(port, part, intervals):
    """[(URL, interval)] and the host of each feed."""
    hosts = [f"alone{n}" for n in range(ALONE // part)]
    hosts += [f"four{n // 4}" for n in range(IN_FOURS // part)]
    hosts += [f"twenty{n // 20}" for n in range(IN_TWENTIES // part)]
    numbers = {host: n for n, host in enumerate(dict.fromkeys(hosts))}
    feeds = []
    for n, host in enumerate(hosts):
        query = f"news={NEWS_EVERY.get(n // 5 % 50, 1_000_000_000)}"
        if host.startswith("alone") and n % 100 in SLOW:
            query += f"&slow={SLOW[n % 100]}"
        interval = intervals[(n // 20 if host.startswith("twenty") else n) % len(intervals)]
        feeds.append((f"http://{many.address(numbers[host])}:{port}/{n}.xml?{query}", interval))
    return feeds, hosts


def piece_rows(d, origin, judge, seconds, piece_s):
    """Late milliseconds at p99 of each piece of the window, by the daemon's histogram and from outside."""
    inside, outside = [], []
    before = d.histograms()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(min(piece_s, max(0, end - time.monotonic())))
        after, known = d.histograms(), len(judge.late)
        judge.take(origin.requests())
        inside.append(many.quantile(many.between(before, after, ("lateness", "quick")), 0.99))
        outside.append(1000 * many.percentile(judge.late[known:] + judge.waiting(PATIENCE_S), 0.99))
        say(f"freshness: p99 {inside[-1]:.1f} ms late by the histogram, {outside[-1]:.1f} ms by the origin's log "
            f"({len(judge.late) - known:,} polls, load {os.getloadavg()[0]:.1f})")
        before = after
    return inside, outside


def measure(options):
    part, intervals = options.pick(1, QUICK_PART), options.pick(INTERVALS_S, QUICK_INTERVALS_S)
    window_s = float(os.environ.get("CIVICWIRE_FRESHNESS_S", options.pick(WINDOW_S, QUICK_WINDOW_S)))
    with folder() as work, Origin(10, work / "requests") as origin:
        feeds, hosts = plan(origin.port, part, intervals)
        with many.Many(work, feeds, f"parallel: {PARALLEL}, gap: {round(GAP_S * 1000)}ms") as d, \
                Subscriber(d.live) as subscriber:
            subscriber.wait_joined()
            d.wait_all_polled()
            judge = many.Judge([i for _, i in feeds], hosts, GAP_S).take(origin.requests())
            judge.forget()
            start, cpu = d.histograms(), d.cpu()
            events = d.status()["journal"]["head"]
            cpu.start()
            inside, outside = piece_rows(d, origin, judge, window_s, options.pick(PIECE_S, QUICK_PIECE_S))
            cpu.stop()
            end, status = d.histograms(), d.status()
    quick, slow = (many.between(start, end, ("lateness", lane)) for lane in ("quick", "slow"))
    polls = len(judge.late)
    notes = [f"{len(feeds):,} feeds at {len(set(hosts)):,} hosts, intervals {', '.join(map(str, intervals))} s, gap {GAP_S:.0f} s, "
             f"fetch.parallel {PARALLEL}; {window_s:.0f} s after the first sweep: {polls:,} polls, {polls / window_s:.0f}/s, "
             f"{judge.statuses[200]:,} with news, {status['journal']['head'] - events:,} events; {cpu.text()}",
             f"{100 * many.share_within(quick, 1.0):.3f} % within a second, half within {many.quantile(quick, 0.5):.2f} ms "
             f"({quick[-1][1]:,} polls); {slow[-1][1]:,} of slow servers: p99 {many.quantile(slow, 0.99):.1f} ms"]
    row = Row("late at p99, by the daemon's histogram", "ms", inside, LATE_GOAL_MS, False, 1, notes=notes)
    out = Row("late at p99, by the origin's log", "ms", outside, LATE_GOAL_MS, False, 1,
              f"all: p99 {1000 * many.percentile(judge.late, 0.99):.1f} ms, worst {1000 * max(judge.late):.0f} ms")
    early = len(judge.early) + len(judge.crowded)
    return [row, out,
            Row("polls begun early, by the origin's log", "polls", [early], 0, False, 0,
                f"before the interval {len(judge.early)}, before the host's gap {len(judge.crowded)}"),
            Row("polls begun early, by the daemon's counter", "polls", [status["counters"]["civicwire_polls_early_total"]], 0, False)]
