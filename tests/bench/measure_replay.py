"""Events per second of a client that reads the whole journal through replay.

One request, one reply, the next request: so one connection waits for each reply's way. With two
connections the server always has a request at hand. A filter that fits one feed in two hundred shows
how fast what nobody wants is passed over: its rate is that of the events looked at.
"""
import measure_throughput as throughput
from rig import Meter, Origin, Row, bus_pid, daemon, folder, run_json, say, wire

GOAL = 100_000
FILLS = 3


def filled(work, origin, options):
    """A journal of some hundred thousand events, and a daemon that has nothing else to do."""
    generations = options.pick(FILLS, 1)
    origin.serve(generations)
    want = throughput.FEEDS * throughput.ITEMS * generations
    with daemon(work, origin, throughput.FEEDS) as d:
        wire.wait_until("the journal to be filled",
                        lambda: (s := d.status_or_none()) and s["journal"]["head"] >= want, seconds=300)
    return daemon(work, origin, throughput.FEEDS, interval="6h"), want


def rounds_of(d, options, connections, *topic, looked_at):
    meter, rates = Meter(bus=bus_pid(d)), []
    for i in range(options.pick(5, 2)):
        meter.start()
        got = run_json("bench-replayer", d.replay, connections, *topic)
        meter.stop()
        rates.append(connections * looked_at / got["seconds"])
        say(f"replay, {connections} connections {' '.join(topic)}: {got['events']:,} events of "
            f"{got['bytes'] / max(got['events'], 1):.0f} bytes, {got['requests']} requests, {got['seconds']:.2f} s: "
            f"{rates[-1]:,.0f}/s")
        assert topic or got["events"] == connections * looked_at, got
    return rates, meter.text()


def measure(options):
    with folder() as work, Origin(throughput.ITEMS) as origin:
        d, events = filled(work, origin, options)
        with d:
            wire.wait_until("all feeds to be quiet", lambda: not any(f["polling"] for f in d.feeds().values()))
            one, one_cost = rounds_of(d, options, 1, looked_at=events)
            two, two_cost = rounds_of(d, options, 2, looked_at=events)
            few, few_cost = rounds_of(d, options, 1, "feed/x-test/feeds/f7/", looked_at=events)
    return [Row("replay, 1 connection", "events/s", one, GOAL, cost=one_cost, notes=[f"{events:,} events in the journal"]),
            Row("replay, 2 connections", "events/s", two, GOAL, cost=two_cost),
            Row("replay, one feed of 200", "looked at/s", few, cost=few_cost)]
