"""Where WebSub is tested: an island with public addresses, a name server, an origin whose feeds name hubs, a hub over TLS that the
daemon trusts, and the daemon with a callback. Each feed and each hub has a host of its own, so that nobody waits for another's
pause, unless a test says otherwise."""
import json
import pathlib
import subprocess
import time

import wire
from origin import island
from origin.hub import Hub
from origin.moods import answer, document
from origin.names import Names
from origin.server import TLS, Origin, tls_context
from turned import Clock, Turned

FEEDS_PORT, HUB_PORT, PLAIN_PORT = 8000, 8443, 8080
FEEDS_AT, HUBS_AT, PRIVATE = "93.184.215.14", "93.184.215.15", "10.11.12.13"
MINUTE, HOUR, DAY = 60, 3600, 86400
DATE = "Tue, 03 Nov 2026 10:00:00 GMT"
KINDS = {"rss": "application/rss+xml", "atom": "application/atom+xml", "json": "application/feed+json"}


class Source:
    """A feed: what its origin serves, which grows as the test says, and how it names its hub.

    `named`: "header", "document" or "both"; `hubs`: URLs, the first is its own hub's; `topic`: what it says of itself (None:
    nothing)."""

    def __init__(self, world, name, mood="good", form="rss", named="document", hubs=None, topic="", host=None, plain=False, lines=()):
        self.world, self.name, self.form, self.named, self.lines = world, name, form, named, lines
        self.host = f"{name}.feeds.test"
        self.path = f"/{name}"
        self.url = f"http://{self.host}:{FEEDS_PORT}{self.path}"
        self.topic = self.url if topic == "" else topic
        self.hub_path = f"/{mood}/{name}"
        self.hub_host = host or f"hub-{name}.feeds.test"
        self.hub = f"http://{self.hub_host}:{PLAIN_PORT}{self.hub_path}" if plain else f"https://{self.hub_host}:{HUB_PORT}{self.hub_path}"
        self.hubs = [self.hub] if hubs is None else hubs
        self.items, self.headers, self.extra = 2, None, ""
        self.has_guids, self.news = True, "https://news.example"
        self.gone, self.said = set(), {}  # items that are listed no more; what some are titled now
        world.names.table[self.host] = [FEEDS_AT]
        world.names.table.setdefault(self.hub_host, [HUBS_AT])
        world.origin.scripts[self.path] = self.respond

    # ---- what it serves ----

    def links(self):
        return [("hub", h) for h in self.hubs] + ([("self", self.topic)] if self.topic else [])

    def document(self, first=1, last=None, links=True):
        """Items from the last back to the first, as feeds have them."""
        numbers = [n for n in range(last or self.items, first - 1, -1) if n not in self.gone]
        links = self.links() if links and self.named != "header" else []
        return {"rss": self.rss, "atom": self.atom, "json": self.json}[self.form](numbers, links).encode()

    def title(self, n):
        return self.said.get(n, f"Item {n} of {self.name}")

    def rss(self, numbers, links):
        atom = "".join(f"<atom:link rel='{rel}' href='{url}'/>" for rel, url in links)
        guid = f"<guid isPermaLink='false'>{self.name}-%d</guid>" if self.has_guids else "<!-- %d -->"
        items = "".join(f"<item>{guid % n}<title>{self.title(n)}</title>"
                        f"<link>{self.news}/{self.name}/{n}</link><pubDate>{DATE}</pubDate></item>" for n in numbers)
        return (f"<rss version='2.0' xmlns:atom='http://www.w3.org/2005/Atom'><channel><title>{self.name}</title>"
                f"{'<link>https://news.example/</link>' if self.has_guids else ''}{atom}{self.extra}{items}</channel></rss>")

    def atom(self, numbers, links):
        tags = "".join(f"<link rel='{rel}' href='{url}'/>" for rel, url in links)
        entries = "".join(f"<entry><id>tag:news.example,2026:{self.name}-{n}</id><title>{self.title(n)}</title>"
                          f"<link href='https://news.example/{self.name}/{n}'/><updated>2026-11-03T10:00:00Z</updated></entry>"
                          for n in numbers)
        return (f"<feed xmlns='http://www.w3.org/2005/Atom'><id>tag:news.example,2026:{self.name}</id><title>{self.name}</title>"
                f"<updated>2026-11-03T10:00:00Z</updated>{tags}{entries}</feed>")

    def json(self, numbers, links):
        document = {"version": "https://jsonfeed.org/version/1.1", "title": self.name, "items": [
            {"id": f"{self.name}-{n}", "title": self.title(n), "url": f"https://news.example/{self.name}/{n}",
             "content_text": "Text.", "date_published": "2026-11-03T10:00:00Z"} for n in numbers]}
        if links:
            document["hubs"] = [{"type": "rssCloud", "url": "https://cloud.feeds.test/good/cloud"}]
            document["hubs"] += [{"type": "WebSub", "url": url} for rel, url in links if rel == "hub"]
            if self.topic:
                document["feed_url"] = self.topic
        return json.dumps(document)

    def respond(self, x):
        body = self.document()
        headers = self.headers
        if headers is None:
            headers = [f'Link: <{url}>; rel="{rel}"' for rel, url in self.links()] if self.named != "document" else []
        etag = self.etag()
        if etag in x.request.all("if-none-match"):
            return answer("304 Not Modified", b"", "ETag: " + etag)
        return answer("200 OK", body, "Content-Type: " + KINDS[self.form], "ETag: " + etag, *headers)

    def etag(self):
        return '"%x"' % (hash(self.document()) & 0xffffffff)

    # ---- what was done with it ----

    @property
    def id(self):
        return wire.feed_id(self.name)

    def polls(self):
        return self.world.origin.requests_for(self.path)

    def asked(self):
        return self.world.hub.asked_at(self.hub_path)

    def verified(self):
        return [v for v in self.world.hub.verified if v.asked.request.path == self.hub_path]

    @property
    def subscription(self):
        return self.world.hub.to(self.topic or self.url)

    def grow(self):
        """One item more, which the origin serves from now on; the document with that item alone."""
        self.items += 1
        return self.document(first=self.items)

    def push(self, body=None, **how):
        """One push of a new item, by its hub."""
        return self.world.hub.push(self.subscription, self.grow() if body is None else body, KINDS[self.form], **how)


class World:
    """The island's inhabitants: they stay, daemons come and go."""

    def __init__(self):
        island.use_names()
        island.trust(TLS / "authority.pem")
        self.names = Names({"wire.feeds.test": ["127.0.0.1"], "private.feeds.test": [PRIVATE]})
        self.origin, self.hub = Origin(), Hub()
        self.origin.listen("0.0.0.0", FEEDS_PORT)
        self.hub.listen("0.0.0.0", HUB_PORT, tls=tls_context())
        self.hub.listen("0.0.0.0", PLAIN_PORT)
        self.hub.memory["plain"] = f"http://hub-plain.feeds.test:{PLAIN_PORT}/good/"
        self.names.table["hub-plain.feeds.test"] = [HUBS_AT]
        self.hub.memory["private"] = f"https://private.feeds.test:{HUB_PORT}/good/private"

    def close(self):
        self.hub.close()
        self.origin.close()

    def source(self, name, *args, **named):
        return Source(self, name, *args, **named)


class Subscriber:
    """What a daemon with a callback is, whether its clock is turned or not."""

    options = ("--verbose",)

    def prepare(self, world, sources, settings=""):
        self.world, self.sources = world, {s.name: s for s in sources}
        self.callback_port = wire.free_port()
        self.callback = f"http://wire.feeds.test:{self.callback_port}/websub"
        return (f"contact: https://wire.example.org/about\nfetch: {{ allow_file: true }}\n"
                f"websub: {{ callback: \"{self.callback}\", bind: \"127.0.0.1:{self.callback_port}\" }}\nhosts:\n"
                + "".join(f"  - {{ host: '{s.host}:{FEEDS_PORT}', gap: 0ms, parallel: 4 }}\n" for s in sources) + settings)

    def start(self, *options):
        return super().start(*(options or self.options))

    def __exit__(self, kind, *rest):
        super().__exit__(kind, *rest)
        assert kind or self.status_code == 0, f"it ended with {self.status_code}: {self.log_path.read_text()[-3000:]}"

    def poke_feed(self, work):
        path = pathlib.Path(work) / "poke.xml"
        path.write_bytes(document("/poke"))
        return {"poke": (f"file://{path}", ["interval: 31d"])}

    def configured(self, sources):
        return {s.name: (s.url, list(s.lines)) for s in sources}

    def write(self, sources, more=None):
        """Other feeds, or the same ones with other lines, and other settings; `more`: feeds that are no source's."""
        self.configure(self.configured(sources) | self.poke_feed(self.work) | (more or {}), "1h", self.settings, "")

    def reconfigure(self, sources, more=None):
        """The same, as a reload takes it."""
        self.write(sources, more)
        done = subprocess.run([wire.CLI, "reload", "--socket", self.state / "control.sock"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def ask(self, *verb):
        """What `civicwire` says of it."""
        return subprocess.run([wire.CLI, *verb, "--socket", self.state / "control.sock"], capture_output=True, text=True,
                              env=wire.environment(), check=False).stdout

    def websub(self, source):
        return self.feeds()[source.id].get("websub")

    def is_active(self, source):
        found = self.websub(source)
        return found and found["state"] == "active" and found

    def wait_active(self, *sources):
        for s in sources:
            wire.wait_until(f"{s.name} to be active: {self.websub(s)}, {s.asked()}", lambda s=s: self.is_active(s), 30)

    def counter(self, name):
        return self.status()["counters"][f"civicwire_websub_{name}"]

    def replay_ids(self, source):
        """The ids of its published items, and what else was told of its items."""
        events, _ = wire.Replay(self.replay).all(topics=[f"feed/{source.id.replace('.', '/')}/"])
        published = [e["id"] for e in events if e["type"] == "org.civicwire.item.published.v1"]
        return published, [e["type"] for e in events if e["type"] != "org.civicwire.item.published.v1"]

    def wait_items(self, source, n):
        wire.wait_until(f"{n} items of {source.name}", lambda: len(self.replay_ids(source)[0]) >= n, 20)

    def has_settled(self):
        return not any(f["polling"] for f in self.feeds().values())


class Daemon(Subscriber, wire.Daemon):
    def __init__(self, world, work, sources, settings="", **named):
        self.settings = self.prepare(world, sources, settings)
        wire.Daemon.__init__(self, work, self.configured(sources) | self.poke_feed(work), "1h", self.settings, **named)


class TurnedDaemon(Subscriber, Turned):
    def __init__(self, world, work, sources, settings="", **named):
        self.clock = Clock(pathlib.Path(work))
        world.origin.clock = world.hub.clock = self.clock.now
        self.settings = self.prepare(world, sources, settings)
        Turned.__init__(self, self.clock, work, self.configured(sources) | self.poke_feed(work), "1h", self.settings, **named)

    def look(self, pause=0.15):
        """Has the daemon look at its clock, and do what is due."""
        before = self.feeds()[wire.feed_id("poke")].get("last_poll")
        self.poke()
        wire.wait_until("what is due to be done", lambda: self.has_settled()
                        and self.feeds()[wire.feed_id("poke")].get("last_poll") != before and self.has_asked(), step=0.02)
        time.sleep(pause)  # for it to act upon what hubs have said

    def has_asked(self):
        """Have hubs answered, but for those that never do, and asked back?"""
        unanswered = sum(not a.answered for a in self.world.hub.asked)
        return self.status()["counters"]["civicwire_transfers"] <= unanswered and not self.world.hub.pending

    def turn(self, seconds, step=None):
        """Turns the clock, in steps, and has it look after each."""
        end = self.clock.now() + seconds
        while self.clock.now() < end - 1:
            self.clock.turn_to(min(end, self.clock.now() + (step or seconds)))
            self.look()


class Rows:
    """What must hold, with what shows that it does."""

    def __init__(self):
        self.bad = []

    def row(self, rule, evidence, holds):
        print(f"  {'yes' if holds else 'NO ':<4} {rule:<68} {evidence}", flush=True)
        if not holds:
            self.bad.append(rule)

    def judge(self):
        assert not self.bad, self.bad


def run(*tests):
    """Runs tests that take the world, in one world."""
    world = World()
    bound = [lambda test=test: test(world) for test in tests]
    for test, function in zip(bound, tests):
        test.__name__ = function.__name__
    try:
        wire.main(bound)
    finally:
        world.close()
