#!/usr/bin/python3
"""Real feeds through nginx: what `civicwire parse` finds in the files is what subscribers receive,
live and by replay, the same events on both; and all of them are what the published schemas say."""
import collections
import copy
import datetime
import json
import re

import wire

try:
    import jsonschema
except ImportError:
    jsonschema = None

SCHEMAS = wire.SOURCE / "config" / "schema"
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")


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
                no_feed = next(name for name in urls if expected[wire.feed_id(name)] is None)
                check_schemas(daemon, no_feed, lambda: wire.put_file(
                    root / urls[no_feed].rsplit("/", 1)[1], ONE_ITEM, 1_700_000_000))
                live.stop()
                assert daemon.stop() == 0


def compare(daemon, live, expected):
    total = sum(n for n in expected.values() if n)

    def all_read():
        feeds = daemon.feeds()
        return all(f["health"] == ("failing" if expected[i] is None else "fine") and not f["polling"]
                   for i, f in feeds.items())
    wire.wait_until("all feeds to be read", all_read, seconds=240, step=0.5)
    daemon.wait_published()
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


ONE_ITEM = b"""<rss version="2.0"><channel><title>Well again</title><item><guid>1</guid></item></channel></rss>"""


def strict(schema):
    """The same schema, but without the freedom to add members: here they would be undocumented ones."""
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            schema.setdefault("additionalProperties", False)
        for name, part in schema.items():
            if name not in ("if", "then", "else"):  # these only look at some members
                strict(part)
    elif isinstance(schema, list):
        for part in schema:
            strict(part)
    return schema


def event_validator(name):
    """Checks whole events against `$defs/event` of a schema, dates included."""
    schema = strict(json.loads((SCHEMAS / name).read_text()))
    kind = jsonschema.Draft202012Validator
    kind.check_schema(schema)
    formats = jsonschema.FormatChecker(formats=())

    @formats.checks("date-time", raises=ValueError)
    def is_date(text):
        return DATE.fullmatch(text) and datetime.datetime.fromisoformat(text[:-1])

    return kind(schema, format_checker=formats).evolve(schema=schema["$defs"]["event"])


def broken(event):
    """Copies of an event, each with one thing wrong."""
    for member in ("specversion", "id", "type", "sequence", "cwfeed", "data"):
        yield {k: v for k, v in event.items() if k != member}
    for path, value in ((("id",), "x"), (("sequence",), "1"), (("recordedtime",), "2017-02-31T00:00:00Z"),
                        (("type",), "org.civicwire.other.v1"), (("data",), {}), (("data", "unheard-of"), 1), (("unheard-of",), 1)):
        copied = copy.deepcopy(event)
        inner = copied
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value
        yield copied


def check_schemas(daemon, no_feed, heal):
    """Every event replayed, a feed's failing and recovery among them, is what the schemas say."""
    if not jsonschema:
        print("the events were not held against their schemas: python3-jsonschema is not installed")
        return
    while daemon.feeds()[wire.feed_id(no_feed)]["failures"] < 3:
        daemon.poll_now(no_feed)
    heal()
    daemon.poll_now(no_feed)
    events, _ = wire.Replay(daemon.replay).all()
    checked, wrong = collections.Counter(), collections.Counter()
    validators = {kind: event_validator(f"{kind}-1.json") for kind in ("item", "feed")}
    for event in events:
        kind = event["type"].split(".")[2]
        assert event["dataschema"] == f"https://wire.example.org/schema/{kind}-1.json", event
        for error in validators[kind].iter_errors(event):
            wrong[f"{event['type']} {'/'.join(str(p) for p in error.absolute_path)}: {error.message[:200]}"] += 1
        checked[event["type"]] += 1
    assert not wrong, "\n".join(f"{n} × {what}" for what, n in wrong.most_common(20))
    for name in ("feed.failing", "feed.recovered", "item.published"):
        event = next(e for e in events if e["type"] == f"org.civicwire.{name}.v1")
        for other in broken(event):
            assert not validators[name.split(".")[0]].is_valid(other), f"the schema takes {other}"
    print("as their schemas say:", dict(checked))


if __name__ == "__main__":
    wire.main([test_all_feeds_arrive])
