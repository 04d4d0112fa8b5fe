#!/usr/bin/python3
"""`civicwire explain` beside a running daemon: what became of an item, by which words it has its themes, which
endpoint carries it, who may read it and who may not, and why."""
import json
import subprocess
import time

import wire
from test_keys import Secure, key

ITEM = "<item><guid>{0}</guid><title>{1}</title><link>https://www.aci.example/{0}</link>{2}</item>"
FEED = '<rss version="2.0"><channel><title>ACI</title><language>es</language>{}</channel></rss>'


def explain(daemon, *args, code=0):
    done = subprocess.run([wire.CLI, "explain", "--config", daemon.config, "--journal", daemon.state / "journal.db", *args],
                          capture_output=True, text=True, timeout=60, env=wire.environment())
    assert done.returncode == code, (args, done)
    return done.stdout or done.stderr


def says(text, *words):
    for word in words:
        assert word in text, f"'{word}' is not in:\n{text}"


def write(work, *items):
    wire.put_file(work / "a.xml", FEED.format("".join(ITEM.format(*i) for i in items)).encode(), 1_700_000_000 + len(items))


def test_explain():
    with wire.folder() as work:
        write(work, ("1", "Entrega de premios", ""))
        settings = "fetch: { allow_file: true }"
        daemon = Secure(work, {"one": f"file://{work}/a.xml"}, interval="6h", settings=settings)
        main = daemon.config / "civicwired.yaml"
        audience = f'  - {{ bind: "tcp://127.0.0.1:{wire.free_port()}", audience: {{ topics: [theme/climate/] }} }}\n'
        main.write_text(main.read_text().replace("replay:", audience + "replay:"))
        (daemon.config / "feeds.d" / "rules.yaml").write_text(
            "rules: [ { theme: culture, feeds: ['x-test.*'], words: { es: [desfile] } } ]\n")
        daemon.make_keys("archive")
        key(daemon, "new", "awards", "--topics", "theme/awards/")
        key(daemon, "new", "climate", "--topics", "theme/climate/")
        key(daemon, "new", "late", "--expires", "2020-01-01")
        with daemon:
            wire.wait_until("the feed to be read", lambda: daemon.feeds()["x-test.feeds.one"]["health"] == "fine")
            write(work, ("1", "Entrega de premios y desfile", ""), ("2", "Nada", "<description>una palabra: desfile</description>"))
            daemon.poll_now("one")
            events, _ = wire.Replay(daemon.replay, key=daemon.key).all()
            one = explain_item(daemon, events)
            explain_reasons(daemon)
            explain_readers(daemon)
            explain_absence(daemon, one)
        assert explain(daemon, events[0]["id"]) == one, "the same without the daemon"
        explain_what_has_left(daemon, events[0]["id"])


def explain_item(daemon, events):
    first = events[0]["id"]
    text = explain(daemon, first)
    says(text, f"seen      {first[:-2]}: last in its feed on 20", "; version 2\n")
    says(text, "event 1  item.published", f"id        {first}", "Entrega de premios\n", "journaled 20", "backfill  it was there",
         "feed/x-test/feeds/one/", "theme/awards/x-test/feeds/one/", "kind/news/", "awards: by the word 'entrega de premios' in title",
         "the feed does not say")
    both = explain(daemon, first.rsplit("/", 1)[0])
    says(both, "event 1  item.published", "item.updated", "Entrega de premios y desfile")
    for other in (first.rsplit("/", 1)[0] + "/", "https://www.aci.example/1", "http://aci.example/1?utm_source=x", "1"):
        assert explain(daemon, other) == both, other
    found = json.loads(explain(daemon, "--json", first))
    assert found["events"][0]["sequence"] == 1 and found["events"][0]["event"]["id"] == first, found
    return text


def explain_reasons(daemon):
    says(explain(daemon, "https://www.aci.example/2"), "not culture: the word 'desfile' in content_text, which is not enough")
    says(explain(daemon, "https://www.aci.example/1"), "culture: by the word 'desfile' in title")
    rules = daemon.config / "feeds.d" / "rules.yaml"
    was = rules.read_text()
    rules.write_text(was.replace("desfile", "premios y desfile"))
    says(explain(daemon, "https://www.aci.example/1"), "culture: by the word 'premios y desfile' in title")
    rules.write_text("rules: []\n")
    says(explain(daemon, "https://www.aci.example/1"), "culture: by rules that are no longer in force")
    rules.write_text(was.replace("culture", "health").replace("desfile", "nada"))
    says(explain(daemon, "https://www.aci.example/2"), "not health: the word 'nada' in title would give it today")
    rules.write_text(was)


def explain_readers(daemon):
    text = explain(daemon, "https://www.aci.example/1")
    says(text, "live tcp://0.0.0.0:", "for clients with a key:", "archive: yes, by ", "late: no: its key has expired",
         "awards: yes, by theme/awards/x-test/feeds/one/", "climate: no: none of its topics is one of the event's",
         "awards: no: the endpoint carries topics that it may not read", "not carried: none of the topics")
    text = explain(daemon, "--client", "climate", "https://www.aci.example/1")
    assert "archive:" not in text and "climate: no" in text, text
    # What it says of replay is what replay does.
    for name, wanted in (("awards", 2), ("climate", 0), ("archive", 3)):
        client = wire.Replay(daemon.replay, key=str(daemon.work / f"{name}.key"))
        topics = [] if name == "archive" else [f"theme/{name}/"]
        assert len(client.all(topics=topics)[0]) == wanted, name
    says(explain(daemon, "--client", "nobody", "1", code=64), "there is no client 'nobody'")


def explain_what_has_left(daemon, event):
    """The first item's events are removed; that it was there is remembered."""
    time.sleep(1.1)
    subprocess.run([wire.CLI, "journal", "--journal", daemon.state / "journal.db", "prune", "1s"], check=True,
                   capture_output=True)
    item = event.rsplit("/", 1)[0]
    for name in (event, item, "https://www.aci.example/1", "http://aci.example/1/", "1"):
        text = explain(daemon, name, code=1)
        says(text, f"seen      {item}: last in its feed on 20", "; version 2; its events have left the journal")
        assert text.count("\n") == 1, text


def explain_absence(daemon, _):
    text = explain(daemon, "https://aci.example/3", code=1)
    says(text, "no event of the journal is or tells of https://aci.example/3", "holds events 1 to 3", "civicwire probe")
    says(explain(daemon, "x-test.feeds.two/abc/1", code=1), "No feed of the configuration has the id x-test.feeds.two")
    says(explain(daemon, "--journal", "/nowhere", "1", code=66), "/nowhere")
    says(explain(daemon, code=64), "say one event's id")


if __name__ == "__main__":
    wire.main([test_explain])
