"""What becomes of a feed: failing, gone, moved, silent, restless; and of all of them while there is no network."""
from origin import island
from origin.moods import answer, document, redirect

from .evidence import span
from .simulation import DAY, HOUR
from .world import PORT, fresh

TARGET = f"http://127.6.1.1:{PORT}"
PERMANENT = {"moved": "301 Moved Permanently", "moved-too": "308 Permanent Redirect"}
PASSING = {"detour": "302 Found", "detour-too": "307 Temporary Redirect"}
FAR = 6
NOTICED_BY = 4  # of the eight hosts heard of last; when a fifth fails it is our own network
TRIED_AGAIN_S = 331  # five minutes, a tenth more
LOST_NETS = ("10.7.0.0/16", "127.4.0.0/16", "127.5.0.0/16", "127.6.0.0/16")


def declare(feeds):
    add, after = feeds.add, feeds.after
    add("mends", lambda x: answer("502 Bad Gateway") if DAY < feeds.age() < 2 * DAY else fresh(x), late=True)
    add("gone", after(DAY, lambda x: answer("410 Gone")), late=True)
    for name, status in (PERMANENT | PASSING).items():
        add(name, after(DAY, lambda x, name=name, status=status: redirect(status, f"{TARGET}/{name}-here")), "interval: 3h", late=True)
        feeds.serve(f"/{name}-here", lambda x, name=name: fresh(x, document("/" + name)))
    add("chained", after(DAY, lambda x: redirect("301 Moved Permanently", f"{TARGET}/chained-on")), "interval: 3h", late=True)
    feeds.serve("/chained-on", lambda x: redirect("302 Found", f"{TARGET}/chained-here"))
    feeds.serve("/chained-here", lambda x: fresh(x, document("/chained")))
    add("parked", after(DAY, lambda x: redirect("301 Moved Permanently", f"{TARGET}/parked-page")), "interval: 3h", late=True)
    feeds.serve("/parked-page", lambda x: answer("200 OK", document(f"/stranger/{int(feeds.age() // HOUR)}")))
    add("noisy", lambda x: answer("200 OK", document("/noisy").replace(b"Item 1", b"Item 1, seen %d times" % len(x.origin.requests))),
        "interval: 30min", late=True)
    # The islands of an outage.
    for n in range(FAR):
        add(f"far{n}", lambda x: fresh(x, None, "Connection: close"), "interval: 2h", host=f"10.7.{n}.1", late=True)


class Outage:
    """There is no way to any host but those at ::1 and of HTTPS."""

    def __init__(self, origin):
        self.origin = origin

    def routes(self, verb):
        # Over connections that are there requests would wait for answers as long as the daemon is patient.
        self.origin.drop_connections()
        for net in LOST_NETS:
            island.run("ip", "route", verb, "unreachable", net, "table", "local")

    def begin(self, simulation):
        """So many hosts are asked at its beginning, one after the other, that it is noticed there."""
        self.routes("add")
        for n in range(FAR):
            simulation.clock.turn_to(simulation.clock.now() + 1)
            simulation.daemon.refresh(f"far{n}")
            simulation.settle()

    def end(self):
        self.routes("del")


def report_fate(r):
    told = [len(r.told("broken", k)) for k in ("feed.failing", "feed.recovered")]
    r.row("feed.failing is told once", f"{len(r.at('/broken', DAY))} failures, {told[0]} told, {told[1]} recoveries", told == [1, 0])
    told = [len(r.told("mends", k)) for k in ("feed.failing", "feed.recovered")]
    r.row("feed.recovered is told once it works again", f"{told[0]} and {told[1]} told", told == [1, 1])
    late = r.at("/gone", DAY)
    r.row("410 twice, an hour apart: feed.gone is told, and polling ends",
          f"{len(late)} requests, {late[1].time - late[0].time:.0f} s apart; "
          f"{len(r.told('gone', 'feed.gone'))} told", len(late) == 2 and late[1].time - late[0].time >= HOUR
          and len(r.told("gone", "feed.gone")) == 1)
    old = {n: r.at("/" + n, DAY) for n in PERMANENT}
    lasted = {n: q[-1].time - q[0].time for n, q in old.items()}
    r.row("301 and 308 are believed after three polls over a day; feed.moved is told once", "; ".join(
          f"{PERMANENT[n][:3]}: {len(old[n])} polls in {lasted[n] / HOUR:.1f} h, then {len(r.at(f'/{n}-here')) - len(old[n])} there, "
          f"{len(r.told(n, 'feed.moved'))} told" for n in PERMANENT),
          all(len(old[n]) >= 3 and DAY <= lasted[n] < 1.4 * DAY and len(r.told(n, "feed.moved")) == 1 for n in PERMANENT))
    r.row("a move to where no item is known is never believed", f"{len(r.at('/parked', DAY))} polls by the old address",
          not r.told("parked", "feed.moved") and len(r.at("/parked", DAY)) > 60)
    names = [*PASSING, "chained"]
    r.row("302 and 307 are never kept, nor a chain with one of them",
          ", ".join(f"{len(r.at('/' + n, DAY))}" for n in names) + " polls by the old addresses",
          all(len(r.at("/" + n, DAY)) > 60 and not r.told(n, "feed.moved") for n in names))
    quiet = r.told("quiet", "feed.quiet")
    r.row("feed.quiet is told once when news stop", f"{len(quiet)} told; of one that never had any: {len(r.told('plain', 'feed.quiet'))}",
          len(quiet) == 1 and not r.told("plain", "feed.quiet"))
    noisy, items = r.told("noisy", "feed.noisy"), [e for e in r.events if e["cwfeed"].endswith(".noisy") and ".item." in e["type"]]
    r.row("feed.noisy is told once a week when an item changes all the time",
          f"{len(r.at('/noisy'))} changes, {len(items)} told; {len(noisy)} warnings",
          1 <= len(noisy) <= 2 and len(items) < len(r.at("/noisy")))


def report_outage(r, failures_before, failures_after):
    end = r.feeds.start + r.feeds.marks["outage"][1]
    well = {n for n, failures in failures_before.items() if not failures and "/" + n not in r.feeds.refused} - {"mends"}
    told = [n for n in well if r.told(n, "feed.failing")]
    noticed = r.log.count("most hosts cannot be reached, so")
    r.row("no network for six hours is not told as everybody's failure",
          f"noticed {noticed} time, {', '.join(told) or 'none'} of {len(well)} feeds told",
          noticed == 1 and not told)
    worse = {"where they moved" if n in PERMANENT else r.feeds.configured[n][0].split("/")[2] for n in well if failures_after[n]}
    r.row("it is counted as a failure only of the hosts by which it is noticed",
          f"{len(worse)} hosts, of {len(well)} feeds",
          len(worse) <= NOTICED_BY)
    back = {n: next((q.time for q in r.at("/" + n) if q.time > end), None) for n in (f"far{n}" for n in range(FAR))}
    after = [t - end for t in back.values()]
    r.row("once there is a network again all are asked within minutes", f"six hosts {span(after)} after it ended",
          max(after) <= TRIED_AGAIN_S)


def report_revival(r, simulation):
    r.origin.scripts["/gone"] = fresh
    simulation.late.discard("gone")
    before = len(r.at("/gone"))
    simulation.daemon.refresh("gone")
    feed = simulation.settle()["x-test.feeds.gone"]
    simulation.run(simulation.clock.now() + 3 * HOUR)
    r.row("refresh revives what was gone", f"{feed['health']}, and {len(r.at('/gone')) - before} requests in three hours",
          feed["health"] == "fine" and len(r.at("/gone")) - before in (3, 4))
