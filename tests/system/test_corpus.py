#!/usr/bin/python3
"""Real feeds through nginx: what `civicwire parse` finds in the files is what subscribers receive,
live and by replay, the same events on both."""
import collections
import json

import wire


def count_items(root, urls):
    """{feed id: number of items, or None where the file is no feed}, by `civicwire parse`."""
    paths = {root / url.rsplit("/", 1)[1]: (name, url) for name, url in urls.items()}
    documents = wire.parse_items(*paths, url=lambda path: paths[path][1])
    return {wire.feed_id(name): len(documents[path]["items"]) if documents[path] else None
            for path, (name, _) in paths.items()}


def settled(daemon, expected):
    """Every feed has been polled: read, or refused with a reason."""
    feeds = daemon.feeds()
    return all("last_poll" in feeds[i] and not feeds[i]["polling"] for i in expected) and feeds


def test_all_feeds_arrive():
    files = sorted(p for p in wire.need_corpus("feeds").iterdir() if p.is_file())
    with wire.folder() as work:
        root = work / "root"
        root.mkdir()
        with wire.Nginx(work, root) as nginx:
            # The files appear once the live subscriber has joined: until then, 404.
            urls = {f"f{n}": nginx.url(path.name) for n, path in enumerate(files)}
            with wire.Daemon(work, urls, interval="1h") as daemon:
                live = wire.Live(daemon.live)
                live.wait_joined()
                wire.wait_until("all feeds to fail", lambda: settled(daemon, [wire.feed_id(n) for n in urls]))
                for n, path in enumerate(files):
                    wire.put_file(root / path.name, path.read_bytes(), 1_600_000_000 + n)
                expected = count_items(root, urls)
                for name in urls:
                    daemon.refresh(name)
                compare(daemon, live, expected)
                live.stop()
                assert daemon.stop() == 0


def compare(daemon, live, expected):
    total = sum(n for n in expected.values() if n)

    def all_read():
        feeds = daemon.feeds()
        return all(f["health"] == ("failing" if expected[i] is None else "fine") and not f["polling"]
                   for i, f in feeds.items())
    wire.wait_until("all feeds to be read", all_read, seconds=240, step=0.5)
    events, _ = wire.Replay(daemon.replay).all()
    wire.check_sequence(events, first=1)
    items = [e for e in events if e["type"].startswith("org.civicwire.item.")]
    found = collections.Counter(e["cwfeed"] for e in items)
    wrong = {i: (n, found[i]) for i, n in expected.items() if (n or 0) != found[i]}
    assert not wrong, f"items by parse, events by replay: {wrong}"
    assert all(e["cwbackfill"] for e in items)
    wire.wait_until("live to have everything", lambda: len(live.events()) >= total, seconds=60)
    assert [e["id"] for e in live.events()] == [e["id"] for e in items], "live and replay differ"
    assert {json.dumps(e, sort_keys=True) for e in live.events()} == {json.dumps(e, sort_keys=True) for e in items}
    check_chain(live)
    print(f"{len(expected)} files, {sum(n is None for n in expected.values())} of them no feed: {total} items by parse, "
          f"{len(items)} events by replay, {len(live.events())} on live, in {len(live.messages)} views")


def check_chain(live):
    """`prev` is the sequence of the message before in the same topic."""
    last = {}
    for topic, (version, _epoch, seq, prev, _time), _ in live.messages:
        assert version == "CW1" and int(prev) == last.get(topic, 0), (topic, seq, prev)
        last[topic] = int(seq)


if __name__ == "__main__":
    wire.main([test_all_feeds_arrive])
