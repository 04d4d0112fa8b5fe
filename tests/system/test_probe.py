#!/usr/bin/python3
"""`civicwire probe` of real servers on loopback: a feed behind redirects, a page that names feeds, addresses
that are refused, servers that fail; and that the block it proposes is a configuration."""
import contextlib
import http.server
import json
import re
import subprocess
import threading

import wire

ITEM = ("<item><guid>{0}</guid><title>Entrega de premios {0}</title><link>https://aci.example/{0}</link>"
        "<pubDate>Thu, 0{0} Oct 2026 09:00:00 GMT</pubDate></item>")
FEED = ('<?xml version="1.0"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>ACI Noticias</title>'
        "<link>https://aci.example/</link><language>es-CO</language><ttl>120</ttl>"
        '<atom:link rel="hub" href="https://hub.example/"/>{}</channel></rss>')
WHOLE = FEED.format("".join(ITEM.format(n) for n in range(1, 9)) + "<item><title>x</title></item>").encode()
PAGE = b"""<html><head><title>ACI</title><link rel="alternate" type="application/rss+xml" title="Noticias &amp; m\xc3\xa1s"
 href="/feed.xml"></head><body><a href="news/rss">RSS</a> <a href="/contact">Us</a>
 <!-- <a href="/old/feed"> --> <a href="/feed.xml">again</a></body></html>"""
ANSWERS = {
    "/feed.xml": (200, {"Content-Type": "application/rss+xml", "ETag": '"a1"', "Cache-Control": "max-age=900"}, WHOLE),
    "/moved": (301, {"Location": "/moved-again"}, b""),
    "/moved-again": (308, {"Location": "/feed.xml"}, b""),
    "/evil": (302, {"Location": "ftp://aci.example/x"}, b""),
    "/loop": (302, {"Location": "/loop"}, b""),
    "/page": (200, {"Content-Type": "text/html; charset=utf-8"}, PAGE),
    "/plain": (200, {"Content-Type": "text/html"}, b"<html><body>nothing</body></html>"),
    "/busy": (503, {"Retry-After": "120"}, b""),
    "/gone": (410, {}, b""),
    "/stubborn.xml": (200, {"Content-Type": "application/rss+xml", "ETag": '"b1"'}, WHOLE),
    "/news/rss": (200, {"Content-Type": "application/rss+xml"}, WHOLE),
}


class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = []

    def do_GET(self):
        Origin.seen.append((self.path, dict(self.headers)))
        status, headers, body = ANSWERS.get(self.path, (404, {}, b""))
        if headers.get("ETag") == self.headers.get("If-None-Match", "none") and self.path != "/stubborn.xml":
            status, body = 304, b""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def origin():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    Origin.seen.clear()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def probe(*args, code=0, inside=True):
    where = ("--allow-net", "127.0.0.0/8") if inside else ()
    done = subprocess.run([wire.CLI, "probe", *where, *args], capture_output=True, text=True, timeout=60,
                          env=wire.environment())
    assert done.returncode == code, (args, done)
    assert "\x1b" not in done.stdout + done.stderr, done
    return done.stdout or done.stderr


def says(text, *words):
    for word in words:
        assert word in text, f"'{word}' is not in:\n{text}"


def test_a_feed():
    with origin() as at:
        text = probe(at + "/moved")
        says(text, f"{at}/moved\n", "→ 301 Moved Permanently", "leads to /moved-again", "→ 308", "from 127.0.0.1",
             f"for good; configure {at}/feed.xml", "format     rss20", "title      ACI", "language   es-CO", 'ETag "a1"',
             "polled every 2 h", "fresh for 15 min", "ask again after 2 h", "https://hub.example/ (WebSub)",
             "date-missing, 1 of 9 items: no date", "would publish 9 events", "2026-10-01T09:00:00Z  Entrega de premios 1",
             "themes: awards", "… and 4 more")
        assert [path for path, _ in Origin.seen] == ["/moved", "/moved-again", "/feed.xml"], Origin.seen
        headers = Origin.seen[0][1]
        assert headers["User-Agent"].startswith("civicwire/") and "Cookie" not in headers, headers
        found = json.loads(probe("--json", "--items", "100", at + "/feed.xml"))
        assert len(found["items"]) == found["events"] == 9 and found["outcome"] == "body", found
        assert found["requests"][0]["status"] == 200 and found["themes"] == {"awards": 8}, found


def test_validators():
    with origin() as at:
        says(probe("--again", at + "/feed.xml"), "honoured: 304 when asked again", "(conditional)")
        assert Origin.seen[1][1]["If-None-Match"] == '"a1"', Origin.seen
        says(probe("--again", at + "/stubborn.xml"), "ignored: the same came again, whole")
        says(probe(at + "/news/rss"), "validators none: the whole will be sent")


def test_nginx():
    with wire.folder() as work:
        (work / "www").mkdir()
        (work / "www" / "a.xml").write_bytes(WHOLE)
        with wire.Nginx(work, work / "www") as nginx:
            text = probe("--again", nginx.url("a.xml"))
            says(text, "→ 200 OK, HTTP/1.1", "Last-Modified", "honoured: 304")


def test_pages():
    with origin() as at:
        text = probe(at + "/page")
        says(text, "no feed    this is an HTML page", "feeds      the page names 2:", f"  {at}/feed.xml  Noticias & más\n",
             f"  {at}/news/rss  (by a link in its text)", "going on with the first:", "would publish 9 events")
        assert [path for path, _ in Origin.seen] == ["/page", "/feed.xml"], "asked what the page does not name"
        says(probe(at + "/plain", code=65), "this is an HTML page", "it names no feed")


def test_refusals():
    with origin() as at:
        says(probe(at + "/feed.xml", code=77, inside=False), "refused", "loopback address", "--allow-net")
        assert not Origin.seen, "a refused address was asked"
        says(probe(at + "/evil", code=77), "neither http nor https")
        says(probe(at + "/loop", code=77), "redirects more than 5 times")
        assert [p for p, _ in Origin.seen].count("/loop") == 6
        says(probe(at + "/busy", code=75), "answered 503", "to be asked again after 120 s")
        says(probe(at + "/gone", code=69), "answered 410 Gone", "once a month")
        says(probe(at + "/nowhere", code=69), "answered 404 Not Found")
        says(probe(f"http://127.0.0.1:{wire.free_port()}/", code=69), "connection refused", "no answer")
        says(probe("http://me:secret@127.0.0.1/", code=77), "user name")
        assert "secret" not in probe("http://me:secret@127.0.0.1/", code=77)
    says(probe("--allow-net", "127.0.0.0/99", "http://127.0.0.1/", code=64), "--allow-net")
    says(probe("--items", "many", "http://127.0.0.1/", code=64), "not 'many'")
    says(probe(code=64), "say one URL")


def test_configured():
    with wire.folder() as work, origin() as at:
        daemon = wire.Daemon(work, {"one": at + "/feed.xml"}, feed_lines="themes: [culture]")
        found = json.loads(probe("--json", "--config", str(daemon.config), "x-test.feeds.one", inside=False))
        assert found["events"] == 9 and found["themes"] == {"awards": 8, "culture": 9}, found
        says(probe("--config", str(daemon.config), "x-test.feeds.two", code=66), "has the id 'x-test.feeds.two'")


def test_the_block_is_a_configuration():
    with wire.folder() as work, origin() as at:
        found = json.loads(probe("--json", at + "/moved"))
        (work / "feeds.d").mkdir()
        (work / "feeds.d" / "a.yaml").write_text(found["yaml"])
        done = subprocess.run([wire.CLI, "check", work], capture_output=True, text=True, env=wire.environment())
        assert done.returncode == 0 and "1 feed" in done.stdout, (done, found["yaml"])
        assert re.search(r'url: "http://127.0.0.1:\d+/feed.xml"', found["yaml"]), "the address that is good for ever"
        says(found["yaml"], "- id: noticias", "language: \"es-CO\"", "name: { es: \"ACI")


if __name__ == "__main__":
    wire.main([test_a_feed, test_validators, test_nginx, test_pages, test_refusals, test_configured,
               test_the_block_is_a_configuration])
