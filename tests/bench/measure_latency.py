"""How long an event takes from the reply to the subscriber, at 1,000 events a second.

The origin writes the time into each item just before it sends the first byte of the reply (so the
transfer counts); the subscriber compares it with its own clock, the same one. Twenty-one feeds,
each polled about every 1.05 s, bring 50 new items with each reply. The second line is the harder
case: 1,000 replies a second with one new item each.
"""
import time

from rig import Meter, Origin, Row, Subscriber, bus_pid, daemon, folder, say

GOAL_MS = 20
RATE = 1_000
FOREVER = 1_000_000
JITTERED_S = 1.05  # an interval of 1 s with its jitter


def one_round(origin, subscriber, meter, seconds, name):
    meter.start()
    subscriber.take(RATE * seconds, 5)
    got = subscriber.result()
    meter.stop()
    rate = got["events"] / ((got["last_us"] - got["first_us"]) / 1e6)
    say(f"latency, {name}: {got['events']:,} events at {rate:,.0f}/s: median {got['p50_us'] / 1000:.2f} ms, "
        f"99th {got['p99_us'] / 1000:.2f} ms, largest {got['max_us'] / 1000:.1f} ms")
    return {"rate": rate, **got}


def at_rate(options, items, what):
    rounds, seconds = options.pick(3, 2), options.pick(20, 5)
    feeds = round(RATE / items * JITTERED_S)
    with folder() as work, Origin(items) as origin:
        origin.serve(FOREVER)
        d = daemon(work, origin, feeds)
        with Subscriber(d.live) as subscriber, d:
            subscriber.wait_joined()
            time.sleep(3)  # the first polls come all at once; then they spread
            subscriber.take(10**9, 0)
            subscriber.result()
            meter = Meter(daemon=d.process.pid, bus=bus_pid(d), origin=origin.pid, subscriber=subscriber.pid)
            got = [one_round(origin, subscriber, meter, seconds, f"{what}, round {i + 1}") for i in range(rounds)]
    rate = sum(g["rate"] for g in got) / rounds
    return [Row(f"latency 99th, {what}", "ms", [g["p99_us"] / 1000 for g in got], GOAL_MS, False, 2, meter.text(),
                [f"{rate:,.0f} events/s in {rounds} rounds of {seconds} s; "
                 f"largest {max(g['max_us'] for g in got) / 1000:.1f} ms"]),
            Row(f"latency median, {what}", "ms", [g["p50_us"] / 1000 for g in got], None, False, 2)]


def measure(options):
    return at_rate(options, 50, "50 items a reply") + at_rate(options, 1, "1 item a reply")
