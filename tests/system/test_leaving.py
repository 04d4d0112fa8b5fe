#!/usr/bin/python3
"""How subscriptions to hubs end, when the operator wants them to or because their time is over: in the running daemon, whose
listener confirms it, and over a restart, after which it may be gone. Whatever ends them, the feed is polled as often as without a
hub from that moment. One row for each rule."""
import pathlib
import re
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from origin import island  # noqa: E402

island.enter()

import wire  # noqa: E402
from hubs import HOUR, MINUTE, Rows, TurnedDaemon, run  # noqa: E402
from turned import seconds  # noqa: E402

FORGOTTEN = "websub.callback is configured no more"


def ends(source):
    """The requests for its end that the daemon has confirmed."""
    return [v.asked for v in source.verified() if v.query["mode"] == "unsubscribe" and v.echoed]


def wait_end(source):
    return wire.wait_until(f"the hub of {source.name} to be told of the end", lambda: ends(source), 20)[0]


def pace(daemon, name):
    """How long after its last poll the feed is due, in hours."""
    feed = daemon.feeds()[wire.feed_id(name)]
    return (seconds(feed["next_due"]) - seconds(feed["last_poll"])) / HOUR


def is_as_ever(hours):
    return 0.99 <= hours <= 1.11


def is_rare(hours):
    return hours >= 6


def begin(daemon, *sources):
    """All are pushed, and were polled since."""
    daemon.wait_active(*sources)
    daemon.poll_now(*(s.name for s in sources))
    assert all(is_rare(pace(daemon, s.name)) for s in sources)


def without_callback(daemon):
    return re.sub(r"(?m)^websub: .*\n", "", daemon.settings)


def told(daemon):
    return [line for line in daemon.log_path.read_text().splitlines() if FORGOTTEN in line]


def kept(daemon):
    """How many subscriptions the journal has."""
    with sqlite3.connect(f"file:{daemon.state / 'journal.db'}?mode=ro", uri=True) as db:
        return db.execute("SELECT count(*) FROM subscription").fetchone()[0]


# ---- the callback ----

def check_reload(r, daemon, sources):
    with_callback, was = daemon.settings, {s: s.subscription.callback for s in sources}
    daemon.settings = without_callback(daemon)
    daemon.reconfigure(sources)
    asked = [wait_end(s) for s in sources]
    r.row("reloaded without a callback: hubs are told, and ask back", [a.get("callback").count("/") for a in asked],
          [a.get("callback") for a in asked] == [was[s] for s in sources] and not any(s.subscription for s in sources))
    paces = [pace(daemon, s.name) for s in sources]
    r.row("… polled as ever at once", f"{paces[0]:.2f} h", all(map(is_as_ever, paces)))
    r.row("… nothing is shown of hubs, or kept", [daemon.websub(s) for s in sources],
          not any(daemon.websub(s) for s in sources) and wire.wait_until("the journal to forget", lambda: not kept(daemon)))
    daemon.poll_now(*(s.name for s in sources))
    n = [len(s.asked()) for s in sources]
    r.row("… and a poll that finds the hub does not ask it", n, n == [2] * len(sources))
    daemon.settings = with_callback
    daemon.reconfigure(sources)
    begin(daemon, *sources)
    r.row("reloaded with it: they are asked again", [pace(daemon, s.name) for s in sources],
          all(s.subscription.callback != was[s] for s in sources))


def check_start(r, daemon, sources, other):
    with_callback, asked, live = daemon.settings, len(daemon.world.hub.asked), sources[0].subscription
    daemon.stop()
    daemon.settings = without_callback(daemon)
    daemon.write([*sources, other])
    before = len(told(daemon))
    daemon.start().wait_ready()
    paces = [pace(daemon, s.name) for s in sources]
    r.row("started without a callback: polled as ever at once", f"{paces[0]:.2f} h", all(map(is_as_ever, paces)))
    lines = told(daemon)[before:]
    r.row("… told once, with the end of the last lease", lines, len(lines) == 1 and f" {len(sources)} " in lines[0]
          and re.search(r"\d{4}-\d\d-\d\dT", lines[0].split(FORGOTTEN)[1]))
    wire.wait_until("the journal to forget", lambda: not kept(daemon))
    daemon.look()
    said = daemon.world.hub.push(live, sources[0].document())
    r.row("… no hub is asked, for none could ask back; nobody listens",
          f"{len(daemon.world.hub.asked) - asked} asked, {said.status}", len(daemon.world.hub.asked) == asked and said.status == 0)
    daemon.stop()
    daemon.start().wait_ready()
    r.row("… and the next start has nothing to tell", len(told(daemon)) - before, len(told(daemon)) == before + 1)
    daemon.stop()
    daemon.settings = with_callback
    daemon.write([*sources, other])
    daemon.start().wait_ready()
    begin(daemon, *sources)
    r.row("started with it: they are asked again", len(daemon.world.hub.asked) - asked,
          live.callback not in [a.get("callback") for a in daemon.world.hub.asked[asked:]])
    said = daemon.world.hub.push(live, sources[0].document())
    r.row("… and the old callback is nobody's", said.status, said.status == 410)


def check_views(r, daemon, world, source, other):
    """What people and scripts are told of hubs."""
    world.hub.push(source.subscription, source.grow())
    daemon.wait_items(source, source.items)
    shown = daemon.websub(source)
    r.row("/v1/feeds: when it was asked and verified, failures", f"{shown['asked']} {shown['verified']}",
          abs(seconds(shown["verified"]) - daemon.clock.now()) < 5 * MINUTE and shown["failures"] == 0 and not shown["distrusted"])
    counts = daemon.status()["hubs"]
    r.row("/v1/status: how many are how", counts, counts == {"asked": 1, "active": 3, "denied": 0, "failing": 0, "leaving": 0})
    line = next((line for line in daemon.ask("status").splitlines() if line.startswith("hubs")), "")
    r.row("civicwire status: the same, and pushes", line, re.search(r"hubs +3 push, 1 asked, 0 denied, 0 failing, 0 .*; 1 pushes", line))
    head, *lines = daemon.ask("feeds", "--hubs").splitlines()
    mine = next(line for line in lines if line.startswith(source.id))
    r.row("civicwire feeds --hubs: those with a hub, which, since when", mine, head.split()[:3] == ["FEED", "STATE", "SINCE"]
          and len(lines) == 4 and re.search(r" active +\S+ \S+ ago +\S+ \S+ ago +in (9|10) d .* 0  " + re.escape(source.hub), mine))
    page = daemon.get("/status?lang=en")[1].decode()
    r.row("the page: likewise", f"{page.count('pushed by hub')} pushed", page.count(">pushed by hub ") == 3
          and page.count(">asked to push by hub ") == 1 and f"{source.hub_host}:8443" in page and "lease ends: <time" in page)


def test_callback(world):
    sources = [world.source(f"called{n}") for n in range(3)]
    # Whose hub has never verified: no lease is running that could be told of.
    other = world.source("uncalled", "never")
    r = Rows()
    with wire.folder() as work, TurnedDaemon(world, work, [*sources, other]) as daemon:
        begin(daemon, *sources)
        check_reload(r, daemon, sources)
        daemon.reconfigure([*sources, other])
        wire.wait_until("its hub to be asked", other.asked)
        check_views(r, daemon, world, sources[0], other)
        check_start(r, daemon, sources, other)
    r.judge()


# ---- feeds ----

def new_name(source):
    return f"new-{source.name}"


def renaming(source):
    return {new_name(source): (source.url, [f"formerly: [{source.id}]", "websub: false"])}


def check_away(r, daemon, removed, off, paused, named):
    """What was changed while the daemon was away."""
    was = {s: s.subscription.callback for s in (removed, off, paused, named)}
    daemon.stop()
    off.lines, paused.lines = ["websub: false"], ["enabled: false"]
    daemon.write([off, paused], renaming(named))
    daemon.start().wait_ready()
    for source, why in ((removed, "removed"), (off, "websub: false"), (paused, "enabled: false"), (named, "another id")):
        asked = wait_end(source)
        r.row(f"{why}, over a restart: the hub is told", asked.get("callback").count("/"), asked.get("callback") == was[source])
    wire.wait_until("the journal to forget", lambda: not kept(daemon))
    paces = [pace(daemon, name) for name in (off.name, new_name(named))]
    r.row("… polled as ever at once", " and ".join(f"{p:.2f}" for p in paces) + " h", all(map(is_as_ever, paces)))
    paused.lines = []
    daemon.reconfigure([off, paused])
    hours = pace(daemon, paused.name)
    r.row("… enabled: false, and true again: likewise", f"{hours:.2f} h", is_as_ever(hours))


def check_renamed(r, daemon, source):
    """Its state goes on under another id; what a hub's deliveries have made of it does not."""
    was = source.subscription.callback
    daemon.reconfigure([], renaming(source))
    asked = wait_end(source)
    hours = pace(daemon, new_name(source))
    r.row("another id, and websub: false: the hub is told, polled as ever", f"{hours:.2f} h",
          asked.get("callback") == was and is_as_ever(hours))
    daemon.poll_now(new_name(source))
    r.row("… also after the next poll", f"{pace(daemon, new_name(source)):.2f} h", is_as_ever(pace(daemon, new_name(source))))


def test_feeds(world):
    removed, off, paused, named = [world.source(n) for n in ("removed", "off", "paused", "named")]
    running, r = world.source("named-running"), Rows()
    with wire.folder() as work, TurnedDaemon(world, work, [removed, off, paused, named]) as daemon:
        begin(daemon, removed, off, paused, named)
        check_away(r, daemon, removed, off, paused, named)
        daemon.reconfigure([running])
        begin(daemon, running)
        check_renamed(r, daemon, running)
    r.judge()


# ---- time ----

def test_time(world):
    source, r = world.source("lapsing"), Rows()
    with wire.folder() as work:
        daemon = TurnedDaemon(world, work, [source])
        daemon.settings = daemon.settings.replace("websub: { ", "websub: { lease: 6h, ")
        daemon.write([source])
        with daemon:
            began = daemon.clock.now()
            begin(daemon, source)
            daemon.settings = daemon.settings.replace("websub: { ", "websub: { interval: 12h, ")
            daemon.reconfigure([source])
            daemon.poll_now(source.name)
            r.row("another websub.interval, reloaded: it counts", f"{pace(daemon, source.name):.2f} h", pace(daemon, source.name) >= 12)
            daemon.settings = daemon.settings.replace("interval: 12h", "interval: 6h")
            daemon.reconfigure([source])
            hours = pace(daemon, source.name)
            r.row("… a shorter one from the last poll", f"{hours:.2f} h", 6 <= hours <= 6.7)
            world.hub.changed[source.hub_path] = "500"
            daemon.turn(5.5 * HOUR, 30 * MINUTE)
            daemon.poll_now(source.name)
            assert daemon.is_active(source) and is_rare(pace(daemon, source.name)), daemon.websub(source)
            daemon.stop()
            daemon.clock.turn_to(began + 6 * HOUR + 5 * MINUTE)
            daemon.start().wait_ready()
            hours = pace(daemon, source.name)
            r.row("a lease that ended while the daemon was away: polled as ever at once",
                  f"{daemon.websub(source)['state']}, {hours:.2f} h", not daemon.is_active(source) and is_as_ever(hours))
    r.judge()


if __name__ == "__main__":
    run(test_callback, test_feeds, test_time)
