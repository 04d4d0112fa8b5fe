"""What a request looks like, and whom it goes to."""
import base64
import re
import subprocess

import wire
from origin.codings import pack
from origin.moods import answer, document, redirect
from origin.proxy import Proxy
from origin.server import TLS

from .world import CONTACT, PORT, fresh


SECURE_PORT = 8443
SECURE, SECURE_HOST = "127.7.1.1", "h2.feeds.test"  # a name of the certificate
PROXY, PROXY_PORT, BEHIND_PROXY, PROXIED = "127.9.0.1", 8080, "127.9.0.2", "127.9.0.3"
ELSEWHERE = "127.6.2.1"
PUBLIC, PRIVATE = "93.184.215.14", "10.9.9.9"
PASSWORD, TOKEN = "s3cret-of-basic", "s3cret-of-bearer"
HEADERS = {"accept", "accept-encoding", "host", "if-modified-since", "if-none-match", "user-agent"}
CODINGS = ("gzip", "br", "zstd")


class Secure(wire.Nginx):
    """An nginx that offers HTTP/2, and asks for a certificate where /certified is."""

    def __init__(self, work):
        root = work / "secure"
        root.mkdir()
        for name in ("h2", "certified", "tunnel"):
            (root / f"{name}.xml").write_bytes(document(f"/{name}"))
        super().__init__(work, root, f"""listen {SECURE}:{SECURE_PORT} ssl http2;
            ssl_certificate {TLS}/valid.pem; ssl_certificate_key {TLS}/key.pem; ssl_verify_client optional_no_ca;
            location /certified.xml {{ if ($ssl_client_s_dn = "") {{ return 403; }} }}""")

    def lines(self, name):
        return [line for line in self.requests() if f" /{name}.xml " in line]


def secret(feeds, name, text):
    path = feeds.work / name
    path.write_text(text + "\n")
    path.chmod(0o600)
    return path


def declare(feeds):
    add, elsewhere = feeds.add, f"http://{ELSEWHERE}:{PORT}"
    add("query", fresh, "interval: 12h", path="/query?a=1&b=%C3%A9&feed=rss2", late=True)
    add("six", fresh, "interval: 6h", host="[::1]", late=True)
    add("cookie", lambda x: fresh(x, None, "Set-Cookie: id=1; Path=/"), "interval: 6h", late=True)
    for coding in CODINGS:
        add("packed-" + coding, lambda x, coding=coding: answer("200 OK", pack(document(x.request.path), coding),
                                                                "Content-Encoding: " + coding), "interval: 12h", late=True)
    for name in ("h2", "certified"):
        url = f"https://{SECURE_HOST}:{SECURE_PORT}/{name}.xml"
        login = [f"auth: {{ certificate_file: {TLS}/valid.pem, key_file: {TLS}/key.pem }}"] if name == "certified" else []
        add(name, None, "interval: 6h", *login, url=url, late=True)

    feeds.proxy = Proxy(BEHIND_PROXY)
    feeds.origin.listen(PROXY, PROXY_PORT, accept=feeds.proxy)
    add("proxied", fresh, "interval: 12h", f"proxy: 'http://{PROXY}:{PROXY_PORT}'", host=PROXIED, late=True)
    add("tunnel", None, "interval: 12h", f"proxy: 'http://{PROXY}:{PROXY_PORT}'", url=f"https://{SECURE_HOST}:{SECURE_PORT}/tunnel.xml",
        late=True)

    basic = f"auth: {{ user: civic, password_file: {secret(feeds, 'password', PASSWORD)} }}"
    bearer = f"auth: {{ bearer_file: {secret(feeds, 'token', TOKEN)} }}"
    for name, login in (("basic", basic), ("bearer", bearer)):
        add(name, lambda x, name=name: redirect("302 Found", f"{elsewhere}/{name}-elsewhere"), "interval: 12h", login, late=True)
        feeds.serve(f"/{name}-elsewhere", fresh)
    add("refused-login", lambda x: answer("401 Unauthorized", b"", 'WWW-Authenticate: Basic realm="news"'), "interval: 1d", basic,
        late=True)

    for hops in (5, 6):
        add(f"hops{hops}", None, "interval: 1d", path=f"/hops/{hops}/h{hops}", late=True)
    for scheme in ("ftp", "file", "data", "gopher"):
        add("to-" + scheme, None, "interval: 1d", late=True)
    add("to-inside", lambda x: redirect("302 Found", f"http://{PRIVATE}:{PORT}/inside"), "interval: 1d", host=PUBLIC, allowed=None,
        late=True)
    add("inside", fresh, "interval: 1d", host=PRIVATE, allowed=None, late=True)


def report_look(r, secure):
    every = r.origin.requests
    names = {n for q in every for n, _ in q.headers} - {"authorization", "proxy-connection"}
    version = re.search(r"version: '([0-9.]+)'", (wire.SOURCE / "meson.build").read_text())[1]
    said = {q.header("user-agent") for q in every}
    r.row("every request says who we are: civicwire/VERSION (+CONTACT)", f"{len(every)} requests by {', '.join(said)}",
          said == {f"civicwire/{version} (+{CONTACT})"})
    r.row("no cookies, no referrer, nothing to get past caches", f"headers sent: {', '.join(sorted(names))}",
          names <= HEADERS and r.at("/cookie"))
    wanted = {"/" + u.split("/", 3)[3] for u, _ in r.feeds.configured.values()} | set(r.origin.scripts)
    wanted |= {f"/hops/{left}/h{of}" for of in (5, 6) for left in range(of)}
    r.row("GET of the configured URL, nothing added to it",
          f"{len({q.path for q in every})} paths by {', '.join({q.line.split()[0] for q in every})}, "
          f"{r.at('/query?a=1&b=%C3%A9&feed=rss2')[0].path}",
          {q.path for q in every} <= wanted and all(q.line.startswith("GET ") for q in every))
    families = [sum(q.connection.family == f for q in every) for f in (4, 6)]
    r.row("IPv4 and IPv6", f"{families[0]} and {families[1]} requests", all(families))
    again = sum(q.nth > 1 for q in every)
    r.row("a connection is kept and used again", f"{again} of {len(every)} requests", again > len(every) / 4)
    lines = secure.lines("h2")
    r.row("HTTP/2 where TLS offers it",
          f"{lines[0].split(chr(34))[1]}, {len(lines)} times, {sum(' 304 ' in x for x in lines)} answered 304",
          len(lines) > 10 and all('/h2.xml HTTP/2.0"' in x for x in lines) and sum(" 304 " in x for x in lines) >= len(lines) - 3)
    asked = r.at("/packed-gzip")[0].header("accept-encoding")
    got = {c: len([e for e in r.events if e["cwfeed"] == wire.feed_id("packed-" + c)]) for c in CODINGS}
    r.row("gzip, br, zstd asked for, and understood", f"{asked}; {', '.join(f'{n} item by {c}' for c, n in got.items())}",
          set(CODINGS) <= set(re.split(r", ?", asked)) and set(got.values()) == {1})


def report_ways(r, secure, feeds_now):
    def fault(name):
        return feeds_now[wire.feed_id(name)].get("fault", "none")
    asked = {h: len(r.at(f"/hops/{h}/h{h}")) for h in (5, 6)}
    ends = {h: len(r.at(f"/hops/0/h{h}")) for h in (5, 6)}
    r.row("five redirects are followed, a sixth is not",
          f"5: {asked[5]} arrived, and it has moved there; 6: {ends[6]} of {asked[6]}, {fault('hops6')}",
          ends[5] >= asked[5] > 0 and not ends[6] and asked[6] and fault("hops6") == "too-many-redirects")
    bad = {s: fault("to-" + s) for s in ("ftp", "file", "data", "gopher")}
    r.row("redirects to http and https only",
          ", ".join(f"{s}: {f}" for s, f in bad.items()), set(bad.values()) <= {"scheme-refused", "url-refused"})
    inside = len(r.origin.connections_to(PRIVATE))
    r.row("private addresses refused, by URL and by redirect", f"{len(r.at('/to-inside'))} redirects to {PRIVATE}: {fault('to-inside')}; "
          f"itself: {fault('inside')}; {inside} connections there",
          r.at("/to-inside") and not inside and fault("to-inside") == fault("inside") == "address-refused")
    own = [q for name in ("basic", "bearer") for q in r.at("/" + name)]
    away = [q for name in ("basic", "bearer") for q in r.at(f"/{name}-elsewhere")]
    words = {"Basic " + base64.b64encode(f"civic:{PASSWORD}".encode()).decode(), "Bearer " + TOKEN}
    others = sum(bool(q.all("authorization")) for q in r.origin.requests if q.path not in ("/basic", "/bearer", "/refused-login"))
    r.row("a feed's login goes to its own server, never to where that redirects",
          f"{len(own)} requests with it, {len(away)} behind a redirect "
          f"without; {others} of the others have one", {q.header("authorization") for q in own} == words and away
          and not others and len(own) == len(away))
    lines = secure.lines("certified")
    r.row("a client certificate is shown where one is configured", f"{len(lines)} requests, {sum(' 403 ' in x for x in lines)} without it",
          lines and not any(" 403 " in x for x in lines))
    texts = r.log.encode() + b"".join(p.read_bytes() for p in r.simulation.daemon.state.rglob("*") if p.is_file())
    found = sum(s.encode() in texts for s in (PASSWORD, TOKEN, *(w.split()[1] for w in words)))
    r.row("logins stay out of log and journal", f"{found} found in {len(texts)} bytes; "
          f"{len(r.at('/refused-login'))} refused logins: {fault('refused-login')}", not found and r.at("/refused-login"))
    through, tunnel = r.at("/proxied"), secure.lines("tunnel")
    connects = [h.splitlines()[0] for h in r.feeds.proxy.heads if h.startswith("CONNECT")]
    r.row("through a proxy where one is configured, and only then",
          f"{len(through)} requests passed on; {len(tunnel)} through {connects[0]}",
          through and all(q.connection.peer == BEHIND_PROXY for q in through)
          and tunnel and all(x.startswith(BEHIND_PROXY + " ") for x in tunnel)
          and not any(q.connection.peer == BEHIND_PROXY for q in r.origin.requests if q.path != "/proxied"))


def check_other(daemon, file, *changes):
    """What `civicwire check` says where the configuration is another one: its status, and the first line."""
    path = daemon.config / file
    text = changed = path.read_text()
    for was, becomes in changes:
        assert was in changed
        changed = changed.replace(was, becomes)
    path.write_text(changed)
    done = subprocess.run([wire.CLI, "check", daemon.config], capture_output=True, text=True, env=wire.environment())
    path.write_text(text)
    return done.returncode, (done.stdout + done.stderr).splitlines()[0]


def report_refused(r, daemon):
    """What the daemon does not start with."""
    poke = daemon.feeds()[wire.feed_id("poke")]  # one of a file: here it is allowed
    status, said = check_other(daemon, "civicwired.yaml", ("allow_file: true", "allow_file: false"))
    r.row("file: URLs only where the configuration allows it", f"allowed: {poke['health']}; else status {status}: …{said[-60:]}",
          poke["health"] == "fine" and status and "is a file" in said)
    status, said = check_other(daemon, "feeds.d/test.yaml", ("interval: 15min", "interval: 14min"), ("agreed: true", "agreed: false"))
    r.row("less than 15 minutes only where the partner has agreed", f"else status {status}: …{said[-80:]}",
          status and "below 15min" in said)
