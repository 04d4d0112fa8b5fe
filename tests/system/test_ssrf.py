#!/usr/bin/python3
"""Where the daemon may not go: every way to lead it to an address inside somebody's network, on an island where each of those
addresses has a listener. "Refused" means that no connection was made, and that the feed's error names the address and why. The
same feeds with allow_net are the proof that the addresses could be reached."""
import http.client
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from origin import island  # noqa: E402

island.enter()

import wire  # noqa: E402
from origin.names import Names  # noqa: E402
from origin.server import Origin  # noqa: E402

PORT = 8000
PUBLIC, PUBLIC_6, DEAD = "93.184.215.14", "2606:2800:21f:cb07::1", "93.184.215.15"
LONG = os.environ.get("CIVICWIRE_ORIGIN_LONG")
# How long libcurl keeps an answer of the resolver.
RESOLVED_S = 60

# An address, as it stands in a URL, and what allow_net calls it. A third member: why it cannot be reached by TCP at all, here.
NEVER = "no TCP there"
ADDRESSES = [
    ("127.0.0.1", "127.0.0.0/8"), ("127.255.255.254", "127.0.0.0/8"), ("10.0.0.1", "10.0.0.0/8"), ("172.16.0.1", "172.16.0.0/12"),
    ("172.31.255.254", "172.31.0.0/16"), ("192.168.0.1", "192.168.0.1"), ("169.254.1.1", "169.254.0.0/16"),
    ("169.254.169.254", "169.254.169.254"), ("169.254.170.2", "169.254.170.2"), ("168.63.129.16", "168.63.129.16"),
    ("100.64.0.1", "100.64.0.0/10"), ("100.100.100.200", "100.64.0.0/10"), ("100.127.255.254", "100.64.0.0/10"),
    ("192.0.0.192", "192.0.0.0/24"), ("192.0.2.1", "192.0.2.0/24"), ("198.51.100.1", "198.51.100.0/24"),
    ("203.0.113.1", "203.0.113.0/24"), ("198.18.0.1", "198.18.0.0/15"), ("198.19.255.254", "198.18.0.0/15"),
    ("192.88.99.1", "192.88.99.0/24"), ("0.0.0.0", "0.0.0.0/8"), ("0.1.2.3", "0.0.0.0/8", NEVER), ("240.0.0.1", "240.0.0.0/4"),
    ("255.255.255.255", "255.255.255.255", NEVER), ("224.0.0.1", "224.0.0.0/4", NEVER),
    ("239.255.255.250", "239.0.0.0/8", NEVER),
    ("[::1]", "::1"), ("[::]", "::"), ("[fe80::1%25lo]", "fe80::/10"), ("[fc00::1]", "fc00::/7"), ("[fd00::1]", "fd00::/8"),
    ("[fd00:ec2::254]", "fd00:ec2::/64"), ("[fec0::1]", "fec0::/10"), ("[ff02::1]", "ff00::/8", NEVER),
    ("[2001:db8::1]", "2001:db8::/32"), ("[3fff::1]", "3fff::/20"), ("[100::1]", "100::/64"), ("[5f00::1]", "5f00::/16"),
    ("[::ffff:127.0.0.1]", "127.0.0.1"), ("[::ffff:10.0.0.1]", "10.0.0.0/8"), ("[::ffff:a9fe:a9fe]", "169.254.169.254"),
    ("[::127.0.0.1]", "::127.0.0.1"), ("[::a00:1]", "::/96"), ("[::ffff:0:10.0.0.1]", "::ffff:0:0:0/96"),
    ("[64:ff9b::127.0.0.1]", "127.0.0.1"), ("[64:ff9b::a9fe:a9fe]", "169.254.169.254"), ("[64:ff9b::10.0.0.1]", "64:ff9b::/96"),
    ("[64:ff9b:1::10.0.0.1]", "64:ff9b:1::/48"), ("[2002:7f00:1::1]", "2002::/16"), ("[2002:a00:1::1]", "2002:a00::/24"),
    ("[2001::1]", "2001::/32"), ("[2001:0:53aa:64c:0:fbff:80ff:fffe]", "2001::/32"),
]
# Other ways to write what is not allowed.
SPELLINGS = [
    "2130706433", "017700000001", "0x7f000001", "0x7F.0x0.0x0.0x1", "0177.0.0.1", "0x7f.1", "127.1", "127.0.1", "0", "0x0",
    "10.1", "0xa9fea9fe", "2852039166", "169.254.43518", "0251.0376.0251.0376", "3232235521", "localhost", "LOCALHOST",
    "localhost.", "sub.localhost", "%31%32%37.0.0.1", "①②⑦.⓪.⓪.①", "127。0。0。1", "１２７.0.0.1", "ⓛocalhost",
    "[0:0:0:0:0:0:0:1]", "[::FFFF:7F00:0001]", "[0000:0000:0000:0000:0000:ffff:127.0.0.1]", "[::1%25lo]", "inside.hosts",
]
STATUSES = (301, 302, 303, 307, 308)


def settings(*hosts):
    # The public host that redirects is asked by all: without its second's pause.
    return "hosts:\n" + "".join(f"  - {{ host: '{h}', gap: 0ms, parallel: 16 }}\n" for h in
                                (PUBLIC, f"{PUBLIC}:{PORT}", "127.0.0.1", "localhost", *hosts))


class Table:
    def __init__(self):
        self.rows = []

    def add(self, way, n, refused, connections):
        self.rows.append((way, n, refused, connections))
        print(f"  {way:<46} {n:>4} feeds  {refused:>4} refused  {connections:>3} connections", flush=True)


def listen_everywhere(origin):
    origin.listen("0.0.0.0", PORT)
    origin.listen("::", PORT)


def url(host, path):
    return f"http://{host}:{PORT}/{path}"


def check_refused(table, way, feeds, before, origin, allowed=(PUBLIC, PUBLIC_6)):
    """Every one is refused for its address, in words that name it; nobody came but to public addresses."""
    strange = [c for c in origin.connections[before:] if c.address not in allowed]
    refused = 0
    for name, feed in feeds.items():
        assert feed.get("fault") == "address-refused" and feed["health"] == "failing", (name, feed)
        assert "allow_net does not name it" in feed["error"], feed
        refused += 1
    assert not strange, strange
    table.add(way, len(feeds), refused, len(strange))


def test_direct(origin, table):
    feeds = {f"a{n}": (url(a[0], f"healthy/a{n}"), []) for n, a in enumerate(ADDRESSES)}
    feeds |= {f"s{n}": (url(s, f"healthy/s{n}"), []) for n, s in enumerate(SPELLINGS)}
    before = len(origin.connections)
    with wire.folder() as work, wire.Daemon(work, feeds, "6h", settings()) as daemon:
        found = daemon.wait_polled()
        log = daemon.log_path.read_text()
    for n, address in enumerate(ADDRESSES):
        words = found[f"a{n}"]["error"]
        bare = address[0].strip("[]").replace("%25lo", "")
        assert bare in words or ":" in bare, (address, words)
        if LONG:
            print(f"    {address[0]:<40} {words}")
    for n, spelling in enumerate(SPELLINGS):
        if LONG:
            print(f"    {spelling:<40} {found[f's{n}']['error']}")
    assert log.count("(address-refused)") == len(feeds), "the log does not name the fault of each"
    check_refused(table, "the address itself", {k: v for k, v in found.items() if k[0] == "a"}, before, origin)
    check_refused(table, "the address, spelt in other ways", {k: v for k, v in found.items() if k[0] == "s"}, before, origin)


def as_range(net):
    return net if "/" in net else f"{net}/{128 if ':' in net else 32}"


def test_reachable(origin, table):
    """The other half of the proof: with allow_net each address is polled."""
    can = [(n, a) for n, a in enumerate(ADDRESSES) if len(a) == 2]
    feeds = {f"a{n}": (url(a[0], f"healthy/allowed{n}"), [f"allow_net: ['{as_range(a[1])}']"]) for n, a in can}
    before = len(origin.connections)
    with wire.folder() as work, wire.Daemon(work, feeds, "6h", settings()) as daemon:
        found = daemon.wait_polled()
    for n, address in can:
        assert found[f"a{n}"]["health"] == "fine", (address, found[f"a{n}"])
        assert origin.requests_for(f"/healthy/allowed{n}"), address
    table.add("the control: named by allow_net", len(feeds), 0, len(origin.connections) - before)


def test_redirected(origin, table):
    goto = origin.memory["goto"] = {}
    feeds = {}
    targets = [a[0] for a in ADDRESSES] + SPELLINGS
    for n, target in enumerate(targets):
        goto[f"t{n}"] = url(target, f"healthy/t{n}")
        goto[f"c{n}"] = url(PUBLIC, f"goto/302/t{n}")
        feeds[f"r{n}"] = (url(PUBLIC, f"goto/{STATUSES[n % 5]}/t{n}"), [])
    for n, status in enumerate(STATUSES * 2):
        goto[f"d{n}"] = url(PUBLIC, f"goto/{status}/c{n}")
        feeds[f"chain{n}"] = (url(PUBLIC, f"goto/{status}/d{n}"), [])
    # Without a scheme, and from the good half of a name to the bad one.
    goto["bare"] = f"//127.0.0.1:{PORT}/healthy/bare"
    feeds["bare"] = (url(PUBLIC, "goto/302/bare"), [])
    before = len(origin.connections)
    with wire.folder() as work, wire.Daemon(work, feeds, "6h", settings()) as daemon:
        found = daemon.wait_polled()
    assert len([r for r in origin.requests if r.path.startswith("/goto/")]) >= len(feeds)
    check_refused(table, "by redirect (301, 302, 303, 307, 308)", {k: v for k, v in found.items() if k[0] == "r"}, before, origin)
    check_refused(table, "by a chain of redirects, public first", {k: v for k, v in found.items() if k[0] in "cb"}, before, origin)


def bare_address(address):
    return address.strip("[]").replace("%25lo", "")


def test_names(origin, names, table):
    """The name is public; what DNS says of it is not."""
    feeds, resolvable = {}, [bare_address(a[0]) for a in ADDRESSES if "%" not in a[0]]
    for n, address in enumerate(resolvable):
        names.table[f"n{n}.test"] = [address]
        feeds[f"n{n}"] = (url(f"n{n}.test", f"healthy/n{n}"), [])
    names.table |= {"alias.test": ["localhost.test"], "localhost.test": ["127.0.0.1", "::1"],
                    "both.test": ["127.0.0.1", "::1", "10.0.0.1"], "half.test": [DEAD, "127.0.0.1", "::1"]}
    for name in ("alias", "both"):
        feeds[name] = (url(f"{name}.test", f"healthy/{name}"), [])
    # Nobody is at the public address: the private ones beside it are not the way out.
    feeds["half"] = (f"http://half.test:{PORT + 1}/healthy/half", [])
    origin.listen("127.0.0.1", PORT + 1)
    before = len(origin.connections)
    with wire.folder() as work, wire.Daemon(work, feeds, "6h", settings()) as daemon:
        found = daemon.wait_polled()
    half = found.pop("half")
    assert half["fault"] == "connection-refused" and DEAD in half["error"], half
    assert all(names.asked(f"n{n}.test") for n in range(len(resolvable)))
    check_refused(table, "by what DNS answers", found, before, origin)
    table.add("by a public address beside private ones", 1, 1, len(origin.connections) - before)


def test_rebinding(origin, names, table):
    """First public, then not: known from the first poll, in the state of a daemon that starts again, and (the long form) while
    it runs."""
    home = {"now": PUBLIC}
    names.table["rebind.test"] = lambda kind: [home["now"]]
    names.table["pair.test"] = lambda kind: [PUBLIC if names.asked("pair.test") <= 2 else "127.0.0.1"]
    feeds = {"rebind": (url("rebind.test", "once/rebind"), []),
             # The same name in another pool of connections: looked up again.
             "pair": (url("pair.test", "healthy/pair"), []), "twin": (url("pair.test", "healthy/twin"), ["allow_net: ['10.9.9.9/32']"])}
    before = len(origin.connections)
    with wire.folder() as work:
        with wire.Daemon(work, feeds, "6h", settings()) as daemon:
            found = daemon.wait_polled()
            assert found["rebind"]["health"] == "fine", found
            pair = sorted(found[n].get("fault", "") for n in ("pair", "twin"))
            assert pair == ["", "address-refused"], found
            home["now"] = "169.254.169.254"
            if LONG:
                time.sleep(RESOLVED_S + 5)
                feed, = daemon.poll_now("rebind")
                assert feed["fault"] == "address-refused" and "169.254.169.254" in feed["error"], feed
                home["now"] = "127.0.0.1"
        with wire.Daemon(work, feeds, "6h", settings()) as daemon:
            feed, = daemon.poll_now("rebind")
            assert feed["fault"] == "address-refused" and home["now"] in feed["error"], feed
    check_refused(table, "by DNS that changes its mind", {"rebind": feed}, before, origin)


def test_proxied(origin, table):
    """Behind a proxy no socket of ours shows the address. The proxy itself is the operator's word, wherever it is."""
    proxy = f"proxy: 'http://127.0.0.1:{PORT}'"
    goto = origin.memory["goto"] = {}
    targets = [a[0] for a in ADDRESSES] + [s for s in SPELLINGS if s != "inside.hosts"]
    targets += ["127.1.", "2130706433.", "0x7f.1."]
    feeds = {}
    for n, target in enumerate(targets):
        goto[f"p{n}"] = url(target, f"healthy/p{n}")
        feeds[f"p{n}"] = (url(target, f"healthy/p{n}"), [proxy])
        feeds[f"q{n}"] = (url("news.example", f"goto/302/p{n}"), [proxy])
    feeds["good"] = (url("news.example", "healthy/proxied"), [proxy])
    before, seen = len(origin.connections), len(origin.requests)
    with wire.folder() as work, wire.Daemon(work, feeds, "6h", settings(f"news.example:{PORT}")) as daemon:
        found = daemon.wait_polled()
    assert found.pop("good")["health"] == "fine"
    asked = {r.line.split()[1].split("/")[2] for r in origin.requests[seen:]}
    assert asked == {f"news.example:{PORT}"}, asked
    allowed = ("127.0.0.1",)
    check_refused(table, "through a proxy", {k: v for k, v in found.items() if k[0] == "p"}, before, origin, allowed)
    check_refused(table, "through a proxy, by redirect", {k: v for k, v in found.items() if k[0] == "q"}, before, origin, allowed)


def test_not_lent(origin, table):
    """A connection that one feed may use is open to where another may not go."""
    feeds = {"may": (url("127.0.0.1", "healthy/may"), ["allow_net: ['127.0.0.0/8']"]),
             "may-not": (url("127.0.0.1", "healthy/may-not"), []),
             "may-else": (url("127.0.0.1", "healthy/may-else"), ["allow_net: ['10.0.0.0/8']"])}
    with wire.folder() as work, wire.Daemon(work, feeds, "6h", settings()) as daemon:
        daemon.wait_polled()
        before = len(origin.connections)
        for _ in range(3):
            daemon.poll_now("may")
            found = dict(zip(("may-not", "may-else"), daemon.poll_now("may-not", "may-else")))
    reused = [r.nth for r in origin.requests_for("/healthy/may")]
    assert reused == [1, 2, 3, 4], f"the connection was not kept open, so nothing was proved: {reused}"
    assert not origin.requests_for("/healthy/may-not") and not origin.requests_for("/healthy/may-else")
    check_refused(table, "on a connection of a feed that may", found, before, origin)


def main():
    island.use_names("127.0.0.1 localhost inside.hosts\n::1 localhost ip6-localhost\n")
    names, table = Names({"news.example": [PUBLIC], "localhost": ["127.0.0.1", "::1"]}), Table()
    with Origin() as origin:
        listen_everywhere(origin)
        # The island is one: a listener answers at the oddest addresses.
        for address in ("10.0.0.1", "169.254.169.254", PUBLIC, PUBLIC_6, "fd00:ec2::254"):
            http.client.HTTPConnection(address, PORT, timeout=5).connect()
        wire.wait_until("all connections", lambda: len(origin.connections) >= 5)
        tests = [lambda f=f, a=a: f(*a) for f, a in (
            (test_direct, (origin, table)), (test_reachable, (origin, table)), (test_redirected, (origin, table)),
            (test_names, (origin, names, table)), (test_rebinding, (origin, names, table)), (test_proxied, (origin, table)),
            (test_not_lent, (origin, table)))]
        for t in tests:
            t.__name__ = t.__defaults__[0].__name__
        wire.main(tests)
        print(f"{sum(r[1] for r in table.rows)} feeds, {sum(r[2] for r in table.rows)} refused")


if __name__ == "__main__":
    main()
