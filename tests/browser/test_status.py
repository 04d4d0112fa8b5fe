#!/usr/bin/python3
"""The status page of a real daemon in a real browser: it says what is so, asks nobody else, runs nothing
that feeds or the configuration say, works without its script and is live with it, fits a telephone, and
can be read (WCAG 2.1 AA, as far as a program can tell).

    test_status.py [FOLDER]     with pictures, put into FOLDER
"""
import base64
import email.utils
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import wire  # noqa: E402
from chromium import Browser, find  # noqa: E402
from proxy import Site  # noqa: E402

PICTURES = sys.argv[1] if len(sys.argv) > 1 else None
TELEPHONE, DESK = (320, 640), (1200, 900)

FEEDS = """
networks:
  - {{ id: al-las, name: {{ en: AL-LAs, es: AL-LAs }}, cities: [mx-mex, co-mde] }}
cities:
  - id: co-mde
    name: {{ es: Medellín }}
    country: CO
    language: es-CO
    agencies:
      - id: aci
        name: {{ es: "ACI <script>document.title='run'</script> & Medellín" }}
        feeds:
          - {{ id: noticias, url: "{root}/noticias.xml", interval: 1h, allow_net: ["127.0.0.0/8"] }}
          - {{ id: gone, url: "{root}/gone.xml", interval: 1h, allow_net: ["127.0.0.0/8"] }}
  - id: mx-mex
    name: {{ es: Ciudad de México }}
    country: MX
    language: es-MX
    agencies:
      - id: cgai
        name: {{ es: Coordinación General de Asesores y Asuntos Internacionales de la Jefatura de Gobierno }}
        feeds:
          - {{ id: a-feed-with-a-rather-long-id-of-thirty-8, url: "{root}/long.xml", interval: 1h, allow_net: ["127.0.0.0/8"] }}
          - {{ id: page, url: "{root}/page.html", interval: 1h, allow_net: ["127.0.0.0/8"] }}
          - {{ id: shut, url: "{root}/shut/feed.xml", interval: 1h, allow_net: ["127.0.0.0/8"] }}
"""
WORKING, FAILING, BLOCKED = 2, 2, 1

# The ratio of each text's colour to what lies behind it (WCAG 2.1, 1.4.3), where it is too low.
FAINT = """(() => {
    const parts = c => c.match(/[\\d.]+/g).map(Number);
    const light = c => { const [r, g, b] = parts(c).map(v => v / 255).map(v =>
        v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
        if ((parts(c)[3] ?? 1) === 1) return c; } return 'rgb(255, 255, 255)'; };
    const faint = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let t; t = walk.nextNode();) {
        const e = t.parentElement, style = getComputedStyle(e);
        if (!t.data.trim() || e.closest('.hidden, script') || !e.getClientRects().length) continue;
        const [a, b] = [light(style.color), light(ground(e))].sort((x, y) => y - x);
        const ratio = (a + 0.05) / (b + 0.05);
        if (ratio < 4.5) faint.push(`${t.data.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
    }
    return faint;
})()"""

# What else makes a page hard to use for somebody.
WRONG = """(() => {
    const wrong = [], all = s => [...document.querySelectorAll(s)];
    if (!document.documentElement.lang) wrong.push('no language');
    if (!document.title) wrong.push('no title');
    if (all('h1').length !== 1 || all('main').length !== 1) wrong.push('not one h1 and one main');
    let level = 1;
    for (const h of all('h1, h2, h3')) { const n = Number(h.tagName[1]);
        if (n > level + 1) wrong.push(`h${n} after h${level}`); level = n; }
    for (const e of all('a')) if (!e.textContent.trim()) wrong.push('a link without words');
    for (const e of all('input:not([type=hidden])')) if (!e.labels.length) wrong.push('an input without label');
    for (const e of all('svg')) if (!e.getAttribute('aria-label')) wrong.push('a picture without words');
    const ids = all('[id]').map(e => e.id);
    if (new Set(ids).size !== ids.length) wrong.push('an id twice');
    for (const e of all('nav a, button, input:not([type=hidden])'))
        if (e.getBoundingClientRect().height < 24) wrong.push(`too small to touch: ${e.outerHTML.slice(0, 60)}`);
    return wrong;
})()"""


def rss(items, links=""):
    """Items of the last days: half of them today's, half of what is left yesterday's, and so on."""
    def date(i):
        return email.utils.formatdate(time.time() - 60 - 86400 * (items // (i + 1)).bit_length())
    return (f"<rss version='2.0'><channel><title>T</title>{links}" + "".join(
        f"<item><guid>g{i}</guid><title>Item {i}</title><pubDate>{date(i)}</pubDate></item>"
        for i in range(items)) + "</channel></rss>").encode()


def look(page, width, height, scheme="light", script=True):
    page.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
    page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    page.ask("Emulation.setScriptExecutionDisabled", value=not script)


def take_picture(page, name):
    if PICTURES:
        data = page.ask("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        pathlib.Path(PICTURES, name + ".png").write_bytes(base64.b64decode(data))


def texts(page, selector):
    return page.run(f"[...document.querySelectorAll('{selector}')].map(e => e.textContent)", "test:texts")


def check_page(page, url, name):
    """One state of the page in all sizes and colours."""
    for width, height in (TELEPHONE, DESK):
        for scheme in ("light", "dark"):
            look(page, width, height, scheme)
            page.load(url)
            assert page.run(FAINT, "test:faint") == [], (name, scheme, page.run(FAINT, "test:faint"))
            assert page.run(WRONG, "test:wrong") == [], (name, width, page.run(WRONG, "test:wrong"))
            wide = page.run("document.documentElement.scrollWidth", "test:wide")
            assert wide <= width, f"{name}: {wide} px on a screen of {width}"
            take_picture(page, f"{name}-{width}-{scheme}")


def check_words(page, url):
    """What it says, and that what others say is text."""
    page.load(url + "?lang=en")
    assert texts(page, "#say p")[-1] == f"{FAILING + BLOCKED} of {WORKING + FAILING + BLOCKED} feeds need attention."
    # Those that want attention stand in front, and again in their places.
    states = sorted(texts(page, "#list .state"))
    assert states == sorted(["fine"] * WORKING + 2 * (["failing"] * FAILING + ["blocked"] * BLOCKED)), states
    assert ["no success with hub 127.0.0.1:" in t for t in texts(page, "#list .hub")] == [True], texts(page, "#list .hub")
    assert any("<script>" in t for t in texts(page, "h3")), texts(page, "h3")
    assert page.run("document.title", "test:title").endswith("civicwire")
    # Forty items with dates of the last days, twenty of them of one day.
    labels = page.run("[...document.querySelectorAll('svg')].map(e => e.ariaLabel)", "test:labels")
    assert "40 items in 14 days, most on one day: 20" in labels, labels
    assert page.run("document.querySelectorAll('svg rect').length", "test:bars") >= 8
    page.load(url + "?lang=es&state=blocked")
    assert texts(page, "#list .state") == ["bloqueada"], texts(page, "#list .state")
    assert page.run("document.documentElement.lang", "test:lang") == "es"
    page.load(url + "?lang=en&q=MEDELL")
    assert len(texts(page, "#list .feed")) == 2, texts(page, "#list .feed")
    page.load(url + "?lang=en&q=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E%22")
    assert texts(page, "#list .feed") == [] and page.run("document.images.length", "test:images") == 0


def check_live(page, url, daemon, root):
    """Without its script the page is whole; with it, it follows."""
    look(page, *DESK, script=False)
    page.load(url + "?lang=en")
    assert len(texts(page, "#list .feed")) == WORKING + 2 * (FAILING + BLOCKED)
    assert texts(page, "#age") == [""]
    look(page, *DESK)
    page.load(url + "?lang=en")
    assert "Live" in texts(page, "#age")[0]
    before = texts(page, "#facts dd")
    requests = len(page.requests)
    wire.put_file(root / "noticias.xml", rss(9), 1_700_000_000)
    daemon.get("/v1/refresh?feed=co-mde.aci.noticias", "POST")
    wire.wait_until("the page to follow", lambda: texts(page, "#facts dd")[3] != before[3], seconds=40, step=0.5)
    assert int(texts(page, "#facts dd")[3]) > int(before[3])
    assert len(page.requests) > requests


def test_page():
    program = find()
    if not program:
        print("skipped: no chromium (Debian: chromium)")
        sys.exit(wire.SKIP)
    with wire.folder() as work:
        root = work / "root"
        (root / "shut").mkdir(parents=True)
        wire.put_file(root / "noticias.xml", rss(5), 1_600_000_000)
        # Its hub is nobody's port.
        hub = f"http://127.0.0.1:{wire.free_port()}/a-hub-with-a-rather-long-address"
        wire.put_file(root / "long.xml", rss(40, f"<link xmlns='http://www.w3.org/2005/Atom' rel='hub' href='{hub}'/>"), 1_600_000_000)
        wire.put_file(root / "page.html", b"<html><body>Sign in</body></html>", 1_600_000_000)
        with wire.Nginx(work, root, locations="location /shut/ { return 403; }") as nginx, Site() as site:
            port = wire.free_port()
            origin = f"http://127.0.0.1:{port}"
            callback = f"127.0.0.1:{wire.free_port()}"
            daemon = wire.Daemon(work, {}, settings=f"status: {{ bind: '127.0.0.1:{port}' }}\n"
                                 f"websub: {{ callback: 'http://{callback}/websub', bind: '{callback}' }}\n"
                                 f"hosts:\n  - {{ host: '127.0.0.1:{nginx.port}', gap: 0ms, parallel: 16 }}\n")
            (daemon.config / "feeds.d" / "test.yaml").write_text(FEEDS.format(root=nginx.url("").rstrip("/")))
            site.servers.append(origin + "/")
            with daemon, Browser(program, site.address) as browser, browser.page() as page:
                wire.wait_until("all feeds to be polled", lambda: all(
                    f.get("last_poll") and not f["polling"] for f in daemon.feeds().values()))
                wire.wait_until("its hub to fail", lambda: daemon.status()["hubs"]["failing"] == 1)
                url = origin + "/status"
                check_page(page, url + "?lang=en", "all-en")
                check_page(page, url + "?lang=es", "all-es")
                check_words(page, url)
                check_live(page, url, daemon, root)
                assert page.troubles == [], page.troubles
                assert {u for u in page.scripts if not u.startswith("test:")} <= {origin + "/status.js"}, page.scripts
                strangers = [u for u, _ in page.requests.values() if not u.startswith((origin + "/", "data:"))]
                assert strangers == [], strangers


os.environ.setdefault("CIVICWIRE_TEST_SECONDS", "300")
wire.main([test_page])
