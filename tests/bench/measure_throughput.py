"""Events per second from the HTTP reply to the subscriber, journaled on the way.

Two hundred feeds, each polled every second and answered with 500 items that were never seen before:
more than can be taken, so the daemon is never idle. A round ends when each feed has been read some
times; its rate is all events received, over the time from the first byte of the first reply to the
last event received. The first reading of a feed is backfill, which begins with the daemon, before
anybody can have subscribed: its rate is that of the journal's head. What comes later is news, which
the flood rule looks at too.
"""
import statistics
import time

from rig import Meter, Origin, Row, Subscriber, bus_pid, daemon, folder, say, wire

GOAL = 20_000
FEEDS, ITEMS = 200, 500
QUIET_S = 10


def backfill(d, origin):
    """The daemon has just been started: the rate at which the head of its journal rises."""
    want = FEEDS * ITEMS

    def all_there():
        status = d.status_or_none()
        return status and status["journal"]["head"] >= want
    wire.wait_until("the backfill to be journaled", all_there, seconds=120, step=0.02)
    seconds = time.time() - origin.report()["first_us"] / 1e6
    say(f"throughput, backfill: {want:,} events in {seconds:.2f} s: {want / seconds:,.0f}/s")
    return want / seconds


def counters(d):
    values = d.status()["counters"]
    return values["civicwire_events_published_total"], values["civicwire_journal_commits_total"]


def one_round(d, origin, subscriber, meter, generations, name):
    want = FEEDS * ITEMS * generations
    published, commits = counters(d)
    meter.start()
    subscriber.take(want, QUIET_S)
    origin.serve(generations)
    got = subscriber.result()
    meter.stop()
    published, commits = (after - before for after, before in zip(counters(d), (published, commits)))
    seconds = (got["last_us"] - origin.report()["first_us"]) / 1e6
    rate = got["events"] / seconds
    say(f"throughput, {name}: {got['events']:,} of {want:,} events in {seconds:.2f} s: {rate:,.0f}/s; "
        f"{published:,} journaled in {commits} commits")
    assert published == want and got["backfill"] == 0, (published, want, got["backfill"])
    return {"rate": rate, "want": want, "lost": want - got["events"], "per_commit": want / commits,
            "bytes": got["bytes"] / max(got["events"], 1)}


def measure(options):
    rounds, generations = options.pick(5, 3), options.pick(2, 1)
    with folder() as work, Origin(ITEMS) as origin:
        origin.serve(1)
        d = daemon(work, origin, FEEDS)
        with Subscriber(d.live) as subscriber, d:
            first = backfill(d, origin)
            subscriber.wait_joined()
            subscriber.take(10**9, 1)  # what it got of the backfill
            subscriber.result()
            meter = Meter(daemon=d.process.pid, bus=bus_pid(d), origin=origin.pid, subscriber=subscriber.pid)
            news = [one_round(d, origin, subscriber, meter, generations, f"round {i + 1}") for i in range(rounds)]
            disk = (d.state / "journal.db").stat().st_size / d.status()["journal"]["head"]
    notes = [f"{ITEMS} items in a reply, {news[0]['bytes']:.0f} bytes in an event, "
             f"{statistics.median([n['per_commit'] for n in news]):.0f} events in a commit, "
             f"{disk:.0f} bytes of disk for an event; live lost {sum(n['lost'] for n in news):,} "
             f"of {sum(n['want'] for n in news):,}",
             f"{(meter.spent['daemon'] + meter.spent['bus']) * 1e6 / sum(n['want'] for n in news):.1f} µs of CPU "
             "for an event in daemon and bus, which a busy machine does not change"]
    return [Row("throughput, news", "events/s", [n["rate"] for n in news], GOAL, cost=meter.text(), notes=notes),
            Row("throughput, backfill, to the journal", "events/s", [first])]
