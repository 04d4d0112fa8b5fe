#!/usr/bin/python3
"""What is out of date moves nothing backwards: a push that comes late, or again by somebody who has seen it, and a poll that a cache
answers with a copy from before. One row for each rule."""
import email.utils
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from origin import island  # noqa: E402

island.enter()

import wire  # noqa: E402
from hubs import HOUR, KINDS, MINUTE, Rows, TurnedDaemon, run  # noqa: E402
from origin.moods import answer  # noqa: E402


def story(daemon, source, n):
    """What was told of an item: (what, title) each."""
    events, _ = wire.Replay(daemon.replay).all(topics=[f"feed/{source.id.replace('.', '/')}/"])
    return [(e["type"].split(".")[-2], e["data"].get("title")) for e in events if e["data"]["id"] == f"{source.name}-{n}"]


def wait_story(daemon, source, n, *last):
    return wire.wait_until(f"{last} of item {n}", lambda: story(daemon, source, n)[-1:] == [last] and story(daemon, source, n), 20)


def is_settled(daemon, source, polls):
    """Nothing of the feed is under way, and its server has been asked since."""
    return len(source.polls()) > polls and daemon.has_settled()


def pushed(daemon, source, body):
    """A push, and the poll that it may cause: one a minute at most."""
    daemon.turn(2 * MINUTE)
    polls = len(source.polls())
    said = daemon.world.hub.push(source.subscription, body)
    return said, polls


def check_correction(r, daemon, source):
    """The new title is told once the feed's server has it, too."""
    first = source.grow()
    daemon.world.hub.push(source.subscription, first)
    wait_story(daemon, source, 3, "published", source.title(3))
    r.row("a pushed item that is new: told at once, nobody is polled", len(source.polls()), len(source.polls()) == 1)
    source.said[3] = "Corrected"
    said, polls = pushed(daemon, source, source.document(first=3))
    found = wait_story(daemon, source, 3, "updated", "Corrected")
    r.row("a pushed correction: told, by a poll of its server", f"{said.status}, {len(source.polls()) - polls} poll, {found}",
          said.is_good and len(source.polls()) == polls + 1 and len(found) == 2)
    return first


def check_replay(r, daemon, source, first):
    before = story(daemon, source, 3)
    said, polls = pushed(daemon, source, first)
    wire.wait_until("its server to be asked", lambda: is_settled(daemon, source, polls))
    r.row("the push before it, again: its server is asked, nothing is told", f"{said.status}, {story(daemon, source, 3)}",
          said.is_good and story(daemon, source, 3) == before)
    daemon.turn(40 * MINUTE, 5 * MINUTE)
    n = len(source.polls()) - polls
    r.row("… and once more later, where a cache may have hidden the change", f"{n} polls", n == 2 and story(daemon, source, 3) == before)
    for _ in range(20):
        daemon.world.hub.push(source.subscription, first)
    daemon.look()
    n = len(source.polls()) - polls - n
    r.row("… twenty times: one poll", n, n <= 1)
    source.grow()
    corrected = source.said.pop(3)
    both = source.document(first=3)
    source.said[3] = corrected
    daemon.world.hub.push(source.subscription, both)
    wait_story(daemon, source, 4, "published", source.title(4))
    r.row("a new item beside the old one: the new one alone is told", story(daemon, source, 4),
          story(daemon, source, 3) == before and len(story(daemon, source, 4)) == 1)


def check_withdrawn(r, daemon, source, first):
    daemon.turn(2 * MINUTE)
    source.gone.add(3)
    daemon.poll_now(source.name)
    found = wait_story(daemon, source, 3, "withdrawn", None)
    said, polls = pushed(daemon, source, first)
    wire.wait_until("its server to be asked", lambda: is_settled(daemon, source, polls))
    r.row("a push of what was withdrawn since: it stays so", f"{said.status}, {story(daemon, source, 3)[-1]}",
          story(daemon, source, 3) == found)


def check_return(r, daemon, source):
    """What was an attack above may be an editor's will: the server tells."""
    source.gone.clear()
    del source.said[3]
    pushed(daemon, source, source.document(first=3, last=3))
    found = wait_story(daemon, source, 3, "updated", source.title(3))
    r.row("the same where its server says so, too: told", found[-1], len(found) == 4)


def test_replays(world):
    source, r = world.source("replayed"), Rows()
    source.lines = ["complete: true"]
    with wire.folder() as work, TurnedDaemon(world, work, [source]) as daemon:
        daemon.wait_active(source)
        daemon.wait_items(source, source.items)
        first = check_correction(r, daemon, source)
        check_replay(r, daemon, source, first)
        check_withdrawn(r, daemon, source, first)
        check_return(r, daemon, source)
    r.judge()


# ---- caches ----

class Cached:
    """A source behind caches: they answer with what they have, whatever the validators; `date`: when that was made."""

    def __init__(self, source):
        self.source, self.copy = source, None
        source.world.origin.scripts[source.path] = self.respond

    def make(self, date):
        self.copy = answer("200 OK", self.source.document(), "Content-Type: " + KINDS["rss"], "ETag: " + self.source.etag(),
                           *([f"Date: {email.utils.formatdate(date, usegmt=True)}"] if date else []))
        return self.copy

    def respond(self, x):
        return self.copy


def poll(daemon, source, hours=1.2):
    """The next poll, in its time; what was told of item 2 until then."""
    polls = len(source.polls())
    daemon.turn(hours * HOUR)
    wire.wait_until("the poll", lambda: is_settled(daemon, source, polls))
    daemon.wait_published()
    return story(daemon, source, 2)


def test_copies(world):
    source, r = world.source("copied"), Rows()
    source.hubs, source.lines = [], ["complete: true"]
    cache = Cached(source)
    with wire.folder() as work:
        daemon = TurnedDaemon(world, work, [source])
        old = cache.make(daemon.clock.now() - MINUTE)
        with daemon:
            daemon.wait_items(source, 2)
            source.said[2] = "Corrected"
            source.grow()
            cache.make(daemon.clock.now() + HOUR)
            found = poll(daemon, source)
            r.row("a correction: told", found[-1], len(found) == 2)
            etag, cache.copy = source.etag(), old
            again = poll(daemon, source)
            feed = daemon.feeds()[source.id]
            r.row("a copy from before: nothing told, nothing withdrawn, the feed is well",
                  f"{again}, {feed['health']}", again == found and len(story(daemon, source, 3)) == 1 and feed["health"] == "fine")
            poll(daemon, source)
            r.row("… the next poll asks by what is known", source.polls()[-1].all("if-none-match"),
                  source.polls()[-1].all("if-none-match") == [etag])
            source.said[2] = "Corrected again"
            cache.make(daemon.clock.now() + HOUR)
            found = poll(daemon, source)
            r.row("… and what is newer is told", found[-1], found[-1] == ("updated", "Corrected again") and len(found) == 3)
            del source.said[2]
            cache.make(daemon.clock.now() + HOUR)
            found = poll(daemon, source)
            r.row("back to what it was, made now: told", found[-1], found[-1] == ("updated", source.title(2)) and len(found) == 4)
            source.said[2] = "By a clock put back"
            cache.make(daemon.clock.now() - 7 * 24 * HOUR)
            again = poll(daemon, source)
            daemon.turn(26 * HOUR, 2 * HOUR)
            later = poll(daemon, source)
            r.row("a server whose clock was put back: believed after a day", later[-1],
                  again == found and later[-1] == ("updated", "By a clock put back"))
            source.said[2] = "By no clock"
            cache.make(None)
            found = poll(daemon, source)
            r.row("without a Date: believed", found[-1], found[-1] == ("updated", "By no clock"))
    r.judge()


if __name__ == "__main__":
    run(test_replays, test_copies)
