#!/usr/bin/python3
"""WebSub from the hub's side: the real daemon subscribes to real hubs, over TLS and with a turned clock, and what they push
reaches a subscriber. One row for each rule, with what the logs of the hub and of the origin show for it."""
import itertools
import pathlib
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from origin import island  # noqa: E402

island.enter()

import wire  # noqa: E402
from hubs import DAY, FEEDS_PORT, HOUR, HUB_PORT, MINUTE, PRIVATE, Rows, TurnedDaemon, run  # noqa: E402
from origin.hub import ALGORITHMS  # noqa: E402
from origin.moods import redirect  # noqa: E402
from turned import seconds  # noqa: E402

LEASE = 10 * DAY
# Of a token and of a secret, in the 64 characters of base64url: 128 bits.
TOKEN_LENGTH_MIN = 22


# ---- discovery, and what is asked ----

def discovery_sources(world):
    """(source, the topic that is to be asked for; None: nobody is to be asked)"""
    found = []

    def add(name, *args, topic_is="", headers=None, **named):
        source = world.source(name, *args, **named)
        source.headers = headers(source) if headers else None
        found.append((source, source.url if topic_is == "" else topic_is))
        return source
    elsewhere = f"https://elsewhere.feeds.test:{HUB_PORT}/good/elsewhere"
    add("header", named="header")
    add("header-one", named="header", headers=lambda s: [
        f'Link: <https://a.example/>; title="a, <b>; rel=hub"; rel=alternate , <{s.hub}> ;rel="preload HUB",<{s.topic}>;REL=self'])
    add("rss", form="rss")
    add("atom", form="atom")
    add("json", form="json")
    add("both", headers=lambda s: [f'Link: <{s.hub}>; rel="hub"', f'Link: <{s.topic}>; rel="self"'], hubs=[elsewhere])
    add("anchored", headers=lambda s: [f'Link: <{elsewhere}>; rel="hub"; anchor="https://other.example/"'])
    add("relative", topic="relative?", topic_is=f"http://relative.feeds.test:{FEEDS_PORT}/relative?")
    add("other-topic", topic="https://www.feeds.test/other?a=1&b=%C3%A9+x", topic_is="https://www.feeds.test/other?a=1&b=%C3%A9+x")
    add("no-self", topic=None)
    moved = add("redirected", topic=None)
    world.origin.scripts["/to/redirected"] = lambda x, to=moved.url: redirect("302 Found", to)
    moved.url = f"http://{moved.host}:{FEEDS_PORT}/to/redirected"
    add("none", hubs=[], topic_is=None)
    add("opted-out", topic_is=None, lines=["websub: false"])
    return found


def check_discovery(r, daemon, world, expected):
    for source, topic in expected:
        topics = [a.get("topic") for a in source.asked()]
        if topic is None:
            r.row(f"discovery: {source.name}: nobody is asked", f"{topics}, {daemon.websub(source)}",
                  not topics and daemon.websub(source) is None)
        else:
            r.row(f"discovery: {source.name}", topics, topics == [topic])
    strangers = [a.request.path for a in world.hub.asked if a.request.path.endswith(("/elsewhere", "/cloud"))]
    r.row("discovery: Link header before document, its anchor; rssCloud is none", f"{len(strangers)} others asked", not strangers)


def check_request(r, daemon, world, source):
    asked = source.asked()[0]
    form = dict(asked.form)
    r.row("asked: hub.mode, hub.topic, hub.callback, hub.lease_seconds, hub.secret", asked.request.header("content-type"),
          set(form) == {f"hub.{k}" for k in ("mode", "topic", "callback", "lease_seconds", "secret")} and form["hub.mode"] == "subscribe"
          and len(asked.form) == len(form) and asked.request.header("content-type") == "application/x-www-form-urlencoded"
          and form["hub.lease_seconds"] == str(LEASE))
    every = [a for a in world.hub.asked if a.request.path != "/good/redirect-good"]  # asked twice in one
    tokens = {a.get("callback").removeprefix(daemon.callback + "/") for a in every}
    shortest = min(map(len, tokens))
    r.row("a token for each subscription, 128 random bits or more", f"{len(tokens)} tokens, {shortest} characters",
          all(urllib.parse.quote(t, safe="") == t for t in tokens) and shortest >= TOKEN_LENGTH_MIN
          and len({a.request.path for a in every}) == len({(a.request.path, a.get("callback")) for a in every}) == len(tokens))
    secrets = {a.get("callback"): a.get("secret") for a in every if a.get("secret")}
    r.row("a secret for each, 128 bits or more, below 200 bytes", f"{len(set(secrets.values()))} secrets, "
          f"{min(map(len, secrets.values()))} characters", len(set(secrets.values())) == len(secrets)
          and all(TOKEN_LENGTH_MIN <= len(s) < 200 for s in secrets.values()))
    agents = {a.request.header("user-agent") for a in every} | {q.header("user-agent") for q in world.origin.requests}
    names = {n for a in every for n, _ in a.request.headers}
    r.row("the feeds' User-Agent, no cookies though one was set, no referrer", f"{len(agents)} User-Agents, {', '.join(sorted(names))}",
          len(agents) == 1 and not names & {"cookie", "referer"})


def check_pace(r, sources):
    times = [(a.time, a.answered_at) for s in sources for a in s.asked()]
    times.sort()
    pauses = [b[0] - a[1] for a, b in itertools.pairwise(times)]
    r.row("a hub's host: one at a time, a second between", f"{len(times)} requests, pauses {', '.join(f'{p:.2f}' for p in pauses)} s",
          len(times) == len(sources) and min(pauses) >= 0.99)


# ---- verification ----

REFUSED = ("wrong-topic", "no-topic", "no-challenge", "wrong-mode", "unasked-end")
FAILING = ("404", "410", "500", "redirect-self", "redirect-private", "redirect-see-other", "redirect-plain")
LEASES = ("lease-0", "lease-negative", "lease-absurd", "lease-years", "lease-words", "lease-missing")
ODD = ("never", "twice", "first", "odd-challenge", "deny", "hang", "endless", "redirect-good", *FAILING)


def check_verification(r, daemon, world, by_mood, good):
    echo = good.verified()[0].answer
    r.row("verified: 200, the challenge and nothing else, text/plain", f"{echo.status}, {echo.header('content-type')}",
          good.verified()[0].echoed and echo.status == 200 and echo.header("content-type").startswith("text/plain"))
    for mood in REFUSED:
        said = [v.answer.status for v in by_mood[mood].verified()]
        state = daemon.websub(by_mood[mood])["state"]
        r.row(f"refused: {mood}", f"{said}, {state}", said == [404] and state != "active")
    odd = by_mood["odd-challenge"].verified()[0]
    r.row("any challenge comes back as it was", repr(odd.answer.body), odd.echoed and b"<b>&amp;" in odd.answer.body)
    token = good.asked()[0].get("callback")
    # The last character of 128 bits in base64url holds four bits only.
    for what, callback, query in (("unknown token", token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1], {}),
                                  ("longer token", token + "/a", {}), ("longer by a character", token + "A", {}),
                                  ("no token", daemon.callback, {}), ("end that nobody wants", token, {"mode": "unsubscribe"}),
                                  ("another's topic", token, {"topic": by_mood["never"].topic})):
        question = {"mode": "subscribe", "topic": good.topic, "challenge": "c", "lease_seconds": 60} | query
        said = world.hub.verify_uninvited(callback, **question)
        r.row(f"refused: {what}", said.status, said.status == 404 and b"c" != said.body)
    r.row("… and the subscription is what it was", daemon.websub(good), daemon.is_active(good))
    now = daemon.clock.now()
    for mood in LEASES:
        found = daemon.websub(by_mood[mood])
        if found["state"] == "active":
            lasts = seconds(found["lease_until"]) - now
            r.row(f"bounded: {mood}", f"{lasts:.0f} s", 5 * MINUTE - 60 <= lasts <= 90 * DAY)
        else:
            said = [v.answer.status for v in by_mood[mood].verified()]
            r.row(f"bounded: {mood}", f"refused, {said}", said == [404])


def check_odd_hubs(r, daemon, world, by_mood):
    for mood, states in (("never", ("asked",)), ("twice", ("active",)), ("first", ("active",)), ("deny", ("denied",)),
                         ("404", ("failing",)), ("410", ("denied", "failing")), ("500", ("failing",)), ("redirect-self", ("failing",)),
                         ("redirect-private", ("failing",)), ("redirect-see-other", ("failing",)), ("redirect-plain", ("failing",)),
                         ("hang", ("asked",)), ("endless", ("asked", "failing"))):
        found = daemon.websub(by_mood[mood])
        n = len(by_mood[mood].asked())
        most = 6 if mood == "redirect-self" else 1
        r.row(f"hub: {mood}", f"asked {n} times, {found['state']}", found["state"] in states and 1 <= n <= most)
    redirected = [a for a in world.hub.asked if a.request.path == "/good/redirect-good"]
    r.row("hub: 308 is followed, with the form", [a.get("topic") for a in redirected],
          [a.body for a in redirected] == [a.body for a in by_mood["redirect-good"].asked()] and daemon.is_active(by_mood["redirect-good"]))
    followed = [q.line for q in world.hub.requests if q.path == "/good/redirect-see-other"]
    r.row("hub: 303 is not", followed, not followed)
    told = [a.request.path for a in world.hub.asked if a.get("secret") and not a.request.tls]
    r.row("hub: by redirect from https to http: the secret stays", told, not told)
    inside = [a.request.path for a in world.hub.asked if a.request.path == "/good/private"]
    r.row("hub: by redirect into a private network: no", inside, not inside)


def check_private(r, daemon, world, private, allowed):
    found = daemon.websub(private)
    came = len(world.hub.connections_to(PRIVATE))
    asked = [a.request.path for a in world.hub.asked if a.request.connection.address == PRIVATE]
    r.row("hub at a private address: refused, unless allow_net names it", f"{found['state']}; asked: {asked}; {came} connection",
          found["state"] == "failing" and asked == [allowed.hub_path] and came == 1)


def test_subscription(world):
    expected = discovery_sources(world)
    by_mood = {mood: world.source(mood, mood) for mood in REFUSED + LEASES + ODD}
    slow = [world.source(f"shared{n}", "slow", host="hub-shared.feeds.test") for n in range(3)]
    private = world.source("private-hub", host="private.feeds.test")
    # Of the feed's own hub, and of where the feed is.
    allowed = world.source("allowed-hub", host="private.feeds.test", lines=["allow_net: ['10.0.0.0/8']"])
    second = world.source("second-hub", "deny")
    second.hubs = [second.hub, f"https://hub-next.feeds.test:{HUB_PORT}/good/next"]
    world.names.table["hub-next.feeds.test"] = world.names.table[second.hub_host]
    good = expected[0][0]
    sources = [s for s, _ in expected] + list(by_mood.values()) + slow + [private, allowed, second]
    r = Rows()
    with wire.folder() as work, TurnedDaemon(world, work, sources) as daemon:
        daemon.wait_active(*(s for s, topic in expected if topic), *slow, allowed,
                           *(by_mood[m] for m in ("twice", "first", "odd-challenge", "redirect-good")))
        wire.wait_until("all hubs to be asked", lambda: all(s.asked() for s in [*by_mood.values(), second]), 30)
        wire.wait_until("the denials", lambda: world.hub.denials(second.hub_path) and world.hub.denials(by_mood["deny"].hub_path), 20)
        failing = [*(by_mood[m] for m in FAILING), private]
        wire.wait_until("the failures", lambda: all(daemon.websub(f)["state"] in ("failing", "denied") for f in failing), 20)
        wire.wait_until("the questions", lambda: all(by_mood[m].verified() for m in REFUSED + LEASES), 20)
        check_discovery(r, daemon, world, expected)
        check_request(r, daemon, world, good)
        check_pace(r, slow)
        check_verification(r, daemon, world, by_mood, good)
        check_odd_hubs(r, daemon, world, by_mood)
        check_private(r, daemon, world, private, allowed)
        check_asked_again(r, daemon, world, by_mood, second, good)
        check_secrets(r, daemon, world)
    r.judge()


def check_asked_again(r, daemon, world, by_mood, second, good):
    """What has not come about is asked for again, less and less often; a 304 changes nothing."""
    # From now on this one is willing, and asks before it answers.
    world.hub.changed[by_mood["deny"].hub_path] = "first"
    daemon.turn(28 * HOUR, HOUR)
    gaps = [b.time - a.time for a, b in itertools.pairwise(by_mood["500"].asked())]
    r.row("500: again after an hour, then ever later", " ".join(f"{g / HOUR:.1f}" for g in gaps) + " h",
          2 <= len(gaps) <= 6 and all(b >= 1.4 * a for a, b in itertools.pairwise(gaps)) and gaps[0] >= 0.9 * HOUR)
    for mood in ("deny", "410"):
        gaps = [b.time - a.time for a, b in itertools.pairwise(by_mood[mood].asked())]
        r.row(f"{mood}: again after a day", " ".join(f"{g / HOUR:.1f}" for g in gaps) + " h",
              len(gaps) <= 1 and all(g >= 0.9 * DAY for g in gaps))
    r.row("… and then it may be willing", daemon.websub(by_mood["deny"])["state"], daemon.is_active(by_mood["deny"]))
    n = len(by_mood["never"].asked())
    r.row("never verified: asked again, not often", f"{n} times in 28 h", 2 <= n <= 8)
    daemon.turn(28 * HOUR, 2 * HOUR)
    asked = [a.get("topic") for a in world.hub.asked if a.request.path == "/good/next"]
    r.row("denied for a day: the next hub that the feed names", asked, asked == [second.topic])
    polls = good.polls()
    r.row("a 304 leaves what is known", f"{len(polls)} polls, asked {len(good.asked())} times",
          len(good.asked()) == 1 and len(polls) >= 3 and daemon.is_active(good))


# ---- pushes ----

def check_signatures(r, daemon, world, source, other):
    hub, subscription = world.hub, source.subscription
    for algorithm in ALGORITHMS:
        said, n = source.push(sign=algorithm), source.items
        daemon.wait_items(source, n)
        r.row(f"signed with {algorithm}", said.status, said.is_good)
    body, before = source.grow(), daemon.counter("pushes_refused_total")
    right = hub.sign(body, subscription.secret)
    bad = {"unsigned": False, "by another's secret": hub.sign(body, other.subscription.secret), "cut": right[:-2],
           "of another body": hub.sign(b"x", subscription.secret), "longer": right + "00", "no hex": "sha256=" + "zz" * 32,
           "empty": "sha256=", "md5": "md5=" + "0" * 32, "algorithm and digest that do not fit": "sha512=" + right[7:],
           "no algorithm": "=" + right[7:], "with no secret": hub.sign(body, "")}
    answers = {what: hub.push(subscription, body, sign=sign).status for what, sign in bad.items()}
    daemon.poll_now("poke")
    told = [e for e in daemon.replay_ids(source)[0]]
    refused = daemon.counter("pushes_refused_total") - before
    r.row("unsigned and ill-signed pushes: taken, counted, ignored",
          f"{len(bad)} pushes, answered {set(answers.values())}, counted {refused}",
          all(200 <= s < 300 for s in answers.values()) and refused == len(bad)
          and len(told) == source.items - 1)
    said = hub.push(subscription, body, sign=right)
    daemon.wait_items(source, source.items)
    r.row("… and the same, rightly signed", said.status, said.is_good)


def check_push(r, daemon, live, source):
    """The event comes by the push, once, and nothing else changes."""
    before, polls = daemon.feeds()[source.id], len(source.polls())
    etag, body = source.etag(), source.grow()
    delivery, = daemon.world.hub.publish(source.topic, body)
    title = f"Item {source.items} of {source.name}"
    event = wire.wait_until("the event on live", lambda: next((e for e in live.events() if e["data"].get("title") == title), None), 10)
    r.row("a push of the new item alone: its event, live", f"{delivery.answer.status}, {event['id']}",
          delivery.answer.is_good and delivery.nth == 1 and event["cwfeed"] == source.id)
    after = daemon.feeds()[source.id]
    r.row("nobody was polled; when the next poll is, is as before", f"{after['next_due']}",
          len(source.polls()) == polls and after["next_due"] == before["next_due"] and after["last_poll"] == before["last_poll"])
    r.row("last_push", after["websub"].get("last_push"), abs(seconds(after["websub"]["last_push"]) - daemon.clock.now()) < 30)
    daemon.poll_now(source.name)
    published, more = daemon.replay_ids(source)
    r.row("polled afterwards: no second event, none withdrawn", f"{len(published)} published, {more}",
          len(published) == len(set(published)) == source.items and not more)
    poll = source.polls()[-1]
    r.row("… by the validators of the poll before", poll.header("if-none-match"), poll.all("if-none-match") == [etag])
    daemon.world.hub.publish(source.topic, source.document())
    daemon.poll_now("poke")
    found = daemon.replay_ids(source)
    r.row("a push of what is known: nothing", f"{len(found[0])} published", found == (published, []))


def check_ping(r, daemon, world, source):
    """A hub without TLS: whoever reads the way could write it, so that it only says when to poll."""
    asked = source.asked()[0]
    r.row("http hub: no secret is given to it", sorted(k for k, _ in asked.form), asked.get("secret") is None)
    known, polls = source.items, len(source.polls())
    forged = source.document(first=70, last=75)
    source.grow()
    said = world.hub.push(source.subscription, forged)
    daemon.wait_items(source, known + 1)
    r.row("http hub: its push is a poll, its body nobody reads", f"{said.status}, {len(source.polls()) - polls} poll",
          said.is_good and len(source.polls()) == polls + 1 and len(daemon.replay_ids(source)[0]) == known + 1)
    source.grow()
    for _ in range(5):
        world.hub.push(source.subscription, forged)
    time.sleep(0.3)
    held = len(source.polls()) - polls - 1
    daemon.turn(61)
    daemon.wait_items(source, known + 2)
    r.row("http hub: at most once a minute, and nothing is forgotten",
          f"{held} polls within it, {len(source.polls()) - polls - 1} after it",
          held == 0 and len(source.polls()) == polls + 2 and len(daemon.replay_ids(source)[0]) == known + 2)


def check_secrets(r, daemon, world):
    text = daemon.log_path.read_text()
    shown = {"log": text} | {path: daemon.get(path)[1].decode() for path in ("/v1/feeds", "/v1/status", "/metrics")}
    for verb in ("export", "stat"):
        shown[verb] = subprocess.run([wire.CLI, "journal", "-j", daemon.state / "journal.db", verb], capture_output=True, text=True,
                                     check=True, env=wire.environment()).stdout
    hidden = {a.get("secret") for a in world.hub.asked if a.get("secret")} | {
        a.get("callback").rpartition("/")[2] for a in world.hub.asked}
    told = [where for where, what in shown.items() if any(h in what for h in hidden)]
    r.row("no secret and no token in the log or in what is shown",
          f"{len(hidden)} of them; {len(text.splitlines())} lines of log; told in {told}", not told and hidden)


def check_ids(r, world, work, sources, daemon_ids):
    """Another daemon that polls the same documents and knows no hub: the ids are the same. It asks nobody and listens nowhere."""
    asked = len(world.hub.asked)
    with wire.Daemon(work, {s.name: (s.url, []) for s in sources}, "1h") as other:
        other.wait_polled()
        other.wait_published()
        events, _ = wire.Replay(other.replay).all(topics=["feed/"])
    ids = {s.name: {e["id"] for e in events if e["cwfeed"] == s.id} for s in sources}
    r.row("pushed and polled events have the same ids", f"{sum(map(len, ids.values()))} events", ids == daemon_ids and all(ids.values()))
    r.row("without a callback no hub is asked", f"{len(world.hub.asked) - asked} asked", len(world.hub.asked) == asked)


def test_pushes(world):
    forms = [world.source(f"pushed-{form}", form=form) for form in ("rss", "atom", "json")]
    # Whose items have neither ids nor whole addresses: what they are is told by where the document comes from.
    bare = world.source("bare", topic="https://www.feeds.test/elsewhere/bare")
    bare.has_guids, bare.news, bare.headers = False, "items", ["Content-Location: /placed/here/bare"]
    # What is absent from a document is withdrawn; what is absent from a push is not.
    forms[0].lines = ["complete: true"]
    signed, plain = world.source("signed"), world.source("plain-hub", plain=True)
    sources = [*forms, bare, signed, plain]
    r = Rows()
    with wire.folder() as work:
        with TurnedDaemon(world, work, sources) as daemon:
            live = wire.Live(daemon.live, ["feed/", "sys/heartbeat/"])
            live.wait_joined()
            daemon.wait_active(*sources)
            # A second poll, so that there are validators.
            daemon.poll_now(*(s.name for s in [*forms, bare]))
            for source in [*forms, bare]:
                check_push(r, daemon, live, source)
            r.row("civicwire_websub_active", daemon.counter("active"), daemon.counter("active") == len(sources))
            check_signatures(r, daemon, world, signed, forms[0])
            check_ping(r, daemon, world, plain)
            check_secrets(r, daemon, world)
            ids = {s.name: set(daemon.replay_ids(s)[0]) for s in sources}
            live.stop()
        with wire.folder() as other:
            check_ids(r, world, other, sources, ids)
    r.judge()


# ---- the life of a subscription ----

def wait_s(daemon, source):
    """How long after its last poll the feed is due."""
    feed = daemon.feeds()[source.id]
    return seconds(feed["next_due"]) - seconds(feed["last_poll"])


def polls_in(daemon, sources, seconds_, step=20 * MINUTE):
    """How often each is polled while the clock is turned so far. What is due after an hour and up to 6 minutes is polled at the
    fourth step at the latest."""
    before = [len(s.polls()) for s in sources]
    daemon.turn(seconds_, step)
    return [len(s.polls()) - b for s, b in zip(sources, before)]


def check_rarer(r, daemon, kept, polled):
    daemon.poll_now(kept.name, polled.name)
    waits = [wait_s(daemon, s) / HOUR for s in (kept, polled)]
    r.row("while a hub delivers: polled after 6 h, not after 1 h", " and ".join(f"{w:.1f}" for w in waits) + " h",
          6 <= waits[0] <= 6.7 and 1 <= waits[1] <= 1.2)
    n = polls_in(daemon, (kept, polled), 13 * HOUR)
    r.row("… and so it is polled in 13 hours", f"{n[0]} and {n[1]} times", 1 <= n[0] <= 2 and 9 <= n[1] <= 13)


def check_trust(r, daemon, missed, late):
    """News that a poll brings and no push: the hub is not trusted, until it pushes again."""
    for source in (missed, late):
        source.grow()
    daemon.poll_now(missed.name, late.name)
    log = len(daemon.log_path.read_text())
    daemon.turn(5 * MINUTE)
    daemon.world.hub.publish(late.topic, late.document())
    daemon.turn(20 * MINUTE, 5 * MINUTE)
    n = polls_in(daemon, (missed, late), 5 * HOUR)
    r.row("a push that never came: polled as ever; one within 15 min: rarely", f"{n[0]} and {n[1]} polls in 5 h", n[0] >= 3 and n[1] <= 1)
    told = [line for line in daemon.log_path.read_text()[log:].splitlines() if missed.id in line and "polled: " not in line]
    r.row("… told once", told, len(told) == 1)
    said = missed.push()
    daemon.wait_items(missed, missed.items)
    daemon.poll_now(missed.name)
    r.row("… until it pushes again", f"{said.status}, {wait_s(daemon, missed) / HOUR:.1f} h", wait_s(daemon, missed) >= 6 * HOUR)


def check_renewal(r, daemon, world, began, kept, lapsing, silent, denied):
    """`kept`: many whose hubs renew; the others' hubs fail, never verify, or deny when they are asked again."""
    for source, mood in ((lapsing, "500"), (silent, "never"), (denied, "deny")):
        world.hub.changed[source.hub_path] = mood
    daemon.clock.turn_to(began + 0.69 * LEASE)
    daemon.look()
    early = [s.name for s in (*kept, lapsing, silent, denied) if len(s.asked()) > 1]
    r.row("no renewal before 70 % of the lease", early, not early)
    old = silent.subscription
    while daemon.clock.now() < began + 0.97 * LEASE:
        daemon.turn(4 * HOUR)
    when = [s.asked()[1].time - began if len(s.asked()) > 1 else 0 for s in kept]
    r.row("renewed before the end, by the same callback", f"at {min(when) / LEASE:.2f} to {max(when) / LEASE:.2f} of it",
          0.69 * LEASE <= min(when) and max(when) < LEASE and all(len({a.get("callback") for a in s.asked()}) == 1 for s in kept)
          and all(len(s.asked()) == 2 for s in kept))
    hours = {round(w / HOUR) for w in when}
    r.row("… not all at once", f"in {len(hours)} different hours for {len(kept)}", len(hours) >= 3)
    ends = [seconds(daemon.websub(s)["lease_until"]) for s in kept]
    r.row("… and it lasts from then on", f"{min(ends) - began:.0f} s at least", all(daemon.is_active(s) for s in kept)
          and all(abs(e - s.verified()[-1].time - LEASE) < 10 * MINUTE for e, s in zip(ends, kept)))
    said = world.hub.push(old, silent.grow())
    daemon.wait_items(silent, silent.items)
    r.row("a renewal that is not verified: the old secret is good yet", said.status, said.is_good)


def check_lapse(r, daemon, world, began, kept, lapsing, silent, denied):
    daemon.turn(began + LEASE + HOUR - daemon.clock.now(), 4 * HOUR)
    n = polls_in(daemon, (lapsing, silent, denied, kept[0]), 6 * HOUR)
    states = [daemon.websub(s)["state"] for s in (lapsing, silent, denied)]
    r.row("lease over, renewal failed, unverified or denied: polled as ever",
          f"{n[:3]} polls in 6 h ({n[3]} where it was renewed), {states}",
          all(4 <= k <= 6 for k in n[:3]) and n[3] <= 1 and "active" not in states)
    for source in (lapsing, silent):
        del world.hub.changed[source.hub_path]
    daemon.turn(28 * HOUR, 2 * HOUR)
    r.row("… until the hub comes to its senses", [daemon.websub(s)["state"] for s in (lapsing, silent)],
          daemon.is_active(lapsing) and daemon.is_active(silent))


def check_restart(r, daemon, world, kept):
    before, asked = daemon.websub(kept[0]), len(world.hub.asked)
    token = kept[0].subscription.callback.rpartition("/")[2]
    modes = {p.name: oct(p.stat().st_mode & 0o777) for p in daemon.state.iterdir() if p.is_file() and token.encode() in p.read_bytes()}
    daemon.poll_now(kept[1].name)
    daemon.stop()
    daemon.start().wait_ready()
    daemon.look()
    after = daemon.websub(kept[0])
    r.row("a restart: the subscription is as it was, nobody is asked", f"{after}, {len(world.hub.asked) - asked} asked",
          after == before and len(world.hub.asked) == asked)
    said = kept[0].push()
    daemon.wait_items(kept[0], kept[0].items)
    r.row("… and pushes are taken", said.status, said.is_good)
    n, = polls_in(daemon, (kept[1],), 5 * HOUR)
    r.row("… what was pushed while nobody listened is polled for, once, after its interval", f"{n} poll in 5 h", n == 1)
    r.row("what the secret is kept in is the owner's alone", modes, bool(modes) and all(m[-2:] == "00" for m in modes.values()))


def check_end(r, daemon, world, sources, opting, leaving, unnamed, changing):
    """Out of it by its own line, out of the configuration, and by the document."""
    other = f"https://hub-changed.feeds.test:{HUB_PORT}/good/changed"
    world.names.table["hub-changed.feeds.test"] = world.names.table[changing.hub_host]
    ended = {s: s.subscription for s in (opting, leaving, unnamed, changing)}
    opting.lines = ["websub: false"]
    daemon.reconfigure([s for s in sources if s is not leaving])
    unnamed.hubs, changing.hubs = [], [other]
    daemon.poll_now(unnamed.name, changing.name)
    for source, why in ((opting, "websub: false"), (leaving, "configured no more"), (unnamed, "the document names no hub"),
                        (changing, "the document names another")):
        gone = wire.wait_until(f"{source.name}'s hub to be told: {why}", lambda s=source: [
            v for v in s.verified() if v.query["mode"] == "unsubscribe"], 20)
        asked = gone[0].asked
        r.row(f"{why}: the hub is told", f"{asked.get('mode')} {asked.get('topic')}, {gone[0].answer.status}", gone[0].echoed
              and asked.get("callback") == ended[source].callback and asked.get("topic") == ended[source].topic)
    known = {s.name: daemon.replay_ids(s) for s in ended}
    said = wire.wait_until("their callbacks to be gone", lambda: [answers for answers in [
        [world.hub.push(old, s.document(first=90, last=91)).status for s, old in ended.items()]] if set(answers) == {410}], 10)
    r.row("… and what it pushes all the same is refused", said, {s.name: daemon.replay_ids(s) for s in ended} == known)
    wire.wait_until("the other hub", lambda: world.hub.asked_at("/good/changed"), 10)
    daemon.wait_active(changing)
    r.row("another hub is asked instead", daemon.websub(changing), daemon.websub(changing)["hub"] == other)
    found = [daemon.feeds()[s.id].get("websub") for s in (opting, unnamed)]
    r.row("nothing is shown of hubs that are none", found, found == [None, None])


def test_life(world):
    kept = [world.source(f"kept{n}") for n in range(6)]
    lapsing, silent, denied, missed, late, polled = (world.source(n) for n in ("lapsing", "silent", "denied", "missed", "late", "polled"))
    polled.hubs = []
    ending = [world.source(n) for n in ("opting", "leaving", "unnamed", "changing")]
    sources = [*kept, lapsing, silent, denied, missed, late, polled, *ending]
    r = Rows()
    with wire.folder() as work, TurnedDaemon(world, work, sources) as daemon:
        daemon.wait_active(*(s for s in sources if s is not polled))
        began = daemon.clock.now()
        check_rarer(r, daemon, kept[0], polled)
        check_trust(r, daemon, missed, late)
        check_renewal(r, daemon, world, began, kept, lapsing, silent, denied)
        check_lapse(r, daemon, world, began, kept, lapsing, silent, denied)
        check_restart(r, daemon, world, kept)
        check_end(r, daemon, world, sources, *ending)
    r.judge()


def test_callback(world):
    """The operator moves the callback: hubs are told, though their leases go on."""
    source, r = world.source("told"), Rows()
    with wire.folder() as work, TurnedDaemon(world, work, [source]) as daemon:
        daemon.wait_active(source)
        was = source.subscription.callback
        daemon.stop()
        file = daemon.config / "civicwired.yaml"
        file.write_text(file.read_text().replace(daemon.callback, daemon.callback + "-moved"))
        daemon.start().wait_ready()
        daemon.turn(70 * MINUTE, 10 * MINUTE)  # no hub is asked twice in an hour
        daemon.wait_active(source)
        wire.wait_until("the old one to be given up", lambda: any(a.get("mode") == "unsubscribe" for a in source.asked()))
        ended = [a.get("callback") for a in source.asked() if a.get("mode") == "unsubscribe"]
        now = source.asked()[-1] if source.asked()[-1].get("mode") == "subscribe" else source.asked()[-2]
        r.row("another callback: asked for there, and given up at the old one", f"{ended}, {now.get('callback')}",
              ended == [was] and now.get("callback").startswith(daemon.callback + "-moved/"))
        said = source.push()
        daemon.wait_items(source, source.items)
        r.row("… and pushes are taken there", said.status, said.is_good and source.subscription.callback == now.get("callback"))
    r.judge()


def test_busy(world):
    """A hub that says it is asked too much speaks for its host: other feeds' requests wait, too."""
    sources, r = [world.source(f"busy{n}", "busy", host="hub-busy.feeds.test") for n in range(3)], Rows()

    def asked():
        return sum(len(s.asked()) for s in sources)
    with wire.folder() as work, TurnedDaemon(world, work, sources) as daemon:
        wire.wait_until("a refusal", lambda: any((daemon.websub(s) or {}).get("state") == "failing" for s in sources))
        daemon.turn(5 * MINUTE, MINUTE)
        early = asked()
        daemon.turn(6 * MINUTE, MINUTE)
        wire.wait_until("the next one to be asked", lambda: asked() > 1)
        r.row("429 with Retry-After: 600: none of its feeds is asked before", f"{early} within 5 min, {asked()} within 11", early == 1)
    r.judge()


if __name__ == "__main__":
    run(test_subscription, test_pushes, test_life, test_callback, test_busy)
