#!/usr/bin/python3
"""Change over time: successive snapshots of real feeds, played in order through nginx. What is
published, updated and left alone agrees with counts made here, from the files, by other means. Each
snapshot served a second time brings no event, and a second playing of the whole series publishes no
item again: its only events are the updates of items whose text does go back to what it was and
forward again, as many as counted here."""
import collections
import html
import re
import xml.etree.ElementTree as ElementTree

import wire

FIELDS = ("title", "description", "encoded", "summary", "content", "category", "enclosure")
# A session's token in a link is not a part of what it names.
SESSION = re.compile(r"([?&])p_auth=[^&]*&?")


def local(element):
    return element.tag.rsplit("}", 1)[-1]


def fold(text):
    """What a reader sees: markup, references and white space do not count."""
    text = html.unescape(re.sub(r"<[^>]*>", " ", html.unescape(text or "")))
    return re.sub(r"\s+", " ", text).strip()


def read_snapshot(path):
    """{key: what makes a change} of the items of one file, the first of each key."""
    items = {}
    for item in ElementTree.parse(path).getroot().iter():
        if local(item) not in ("item", "entry"):
            continue
        fields = collections.defaultdict(list)
        for child in item:
            fields[local(child)].append(child)
        named = fields["guid"] or fields["id"] or fields["link"]
        key = SESSION.sub(r"\1", named[0].text.strip())
        signature = tuple((name, tuple((fold(e.text), tuple(sorted(e.attrib.items()))) for e in fields[name]))
                          for name in FIELDS)
        items.setdefault(key, signature)
    return items


def count_changes(snapshots, known):
    """Per snapshot: how many items are new, changed, the same. `known` goes on from call to call."""
    rows = []
    for path in snapshots:
        items = read_snapshot(path)
        new = sum(k not in known for k in items)
        changed = sum(k in known and known[k] != s for k, s in items.items())
        rows.append((new, changed, len(items) - new - changed))
        known.update(items)
    return rows


def count_events(events):
    kinds = collections.Counter(e["type"].split(".")[-2] for e in events)
    assert set(kinds) <= {"published", "updated"}, kinds
    return kinds["published"], kinds["updated"]


def play(daemon, target, snapshots, clock):
    """Serves each snapshot, polls it, and counts the events that came of it."""
    replay, rows = wire.Replay(daemon.replay), []
    for path in snapshots:
        cursor = replay.ask("now")[0]["next"]
        clock += 2
        wire.put_file(target, path.read_bytes(), clock)
        state, = daemon.poll_now(target.stem)
        assert state["health"] == "fine", state
        events, cursor = replay.all(cursor)
        new, changed = count_events(events)
        rows.append((new, changed, state["items"] - new - changed))
        # Once more, as a server does that was restarted (other validators), and one that adds a remark.
        for data in (path.read_bytes(), path.read_bytes() + b"<!-- served again -->"):
            clock += 2
            wire.put_file(target, data, clock)
            daemon.poll_now(target.stem)
            assert replay.all(cursor)[0] == [], f"{path.name} again published something"
    return rows, clock


def test_each_series():
    series = sorted(p for p in wire.need_corpus("series").iterdir() if p.is_dir())
    with wire.folder() as work:
        root = work / "root"
        root.mkdir()
        for folder in series:
            wire.put_file(root / f"{folder.name}.xml", b"<rss version='2.0'><channel><title/></channel></rss>", 1)
        with wire.Nginx(work, root) as nginx:
            urls = {folder.name: nginx.url(f"{folder.name}.xml") for folder in series}
            with wire.Daemon(work, urls, interval="6h") as daemon:
                wire.wait_until("the first polls", lambda: all(f["health"] == "fine" for f in daemon.feeds().values()))
                daemon.wait_published()
                for folder in series:
                    check_series(daemon, root / f"{folder.name}.xml", sorted(folder.glob("*.xml")))
                events, _ = wire.Replay(daemon.replay).all()
                wire.check_sequence(events, first=1)
                assert not any(e.get("cwbackfill") for e in events), "the first fetch found nothing: all is news"
                assert daemon.stop() == 0


def compare(snapshots, rows, wanted):
    assert rows == wanted, "(new, changed, same) per snapshot:\n" + "\n".join(
        f"{p.name} events {r}, files {w}" for p, r, w in zip(snapshots, rows, wanted) if r != w)


def check_series(daemon, target, snapshots):
    known = {}
    rows, clock = play(daemon, target, snapshots, 1_600_000_000)
    compare(snapshots, rows, count_changes(snapshots, known))
    again, _ = play(daemon, target, snapshots, clock)
    compare(snapshots, again, count_changes(snapshots, known))
    assert sum(new for new, _, _ in again) == 0, f"a second playing published items again: {again}"
    totals = [sum(column) for column in zip(*rows)]
    print(f"  {target.stem}: {len(snapshots)} snapshots, {totals[0]} published, {totals[1]} updated, {totals[2]} unchanged; "
          f"each served twice more: nothing; played again: 0 published, {sum(c for _, c, _ in again)} updated back and forth")


if __name__ == "__main__":
    wire.main([test_each_series])
