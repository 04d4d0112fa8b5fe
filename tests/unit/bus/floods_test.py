"""Floods, each against a bus that serves a good subscriber: how long was it without news, what did the bus use, how soon was who did
it cut. Every party is a process of its own, so that the one that measures measures the bus.

    floods_test.py FIXTURE FUZZ_WIRE plain|curve

$CIVICWIRE_FLOODS: the seconds that a flood lasts; 1 without it.
"""

import contextlib
import json
import os
import random
import resource
import socket
import subprocess
import sys
import tempfile
import time

from room import FEED, FIXTURE, Wire, free_endpoint, wait_for, zmq
from zmtp import GREETING, Peer, address_of, frame

SECONDS = float(os.environ.get("CIVICWIRE_FLOODS", 1))
PULSE_MS = 10
# What has to hold. Of silence and times the figures are printed, and these are where something hangs.
GROWTH = 128 << 20
HANGS = 120
ALL = "feed/,theme/,network/,kind/,sys/"
CURVE_GREETING = GREETING[:12] + b"CURVE" + GREETING[17:]
os.environ["MALLOC_PERTURB_"] = "0"  # meson's; it writes to all memory, be it used or not
with open(FIXTURE, "rb") as fixture:
    SANITIZED = b"__asan_init" in fixture.read()


# ---- the processes beside ----

def keys(socket_, options):
    if options["keys"]:
        socket_.curve_serverkey, socket_.curve_publickey, socket_.curve_secretkey = (k.encode() for k in options["keys"])


def watch(options):
    """The good one: its longest wait for an event since the last line on standard input."""
    s = zmq.Context().socket(zmq.SUB)
    keys(s, options)
    s.rcvhwm = 0
    s.connect(options["live"])
    s.subscribe("feed/")
    poller = zmq.Poller()
    poller.register(s, zmq.POLLIN)
    poller.register(0, zmq.POLLIN)
    last, silence, count = time.monotonic(), 0, 0
    while True:
        ready = dict(poller.poll())
        now = time.monotonic()
        if s in ready:
            while True:
                try:
                    s.recv_multipart(zmq.NOBLOCK)
                except zmq.Again:
                    break
                count += 1
            silence, last = max(silence, now - last), now
        if 0 in ready:
            if not os.read(0, 100):
                return
            print(json.dumps({"silence": max(silence, now - last), "count": count}), flush=True)
            silence, count = 0, 0


def until_cut(peer, data):
    """Sends the same again and again; seconds from its first byte to its end, or None."""
    began = time.monotonic()
    sent = peer.send_until_cut(data, options["seconds"] + 10)
    return None if sent is None else time.monotonic() - began


def secretly(kind, endpoint, act):
    """The same by libzmq, which knows CURVE: act(socket) does it, until the monitor tells of the end."""
    s = zmq.Context().socket(kind)
    keys(s, options)
    s.linger, s.sndhwm, s.reconnect_ivl = 0, 100000, -1
    monitor = s.get_monitor_socket(zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_SUCCEEDED)
    s.connect(endpoint)
    monitor.recv_multipart()
    began = time.monotonic()
    while time.monotonic() < began + options["seconds"] + 10:
        with contextlib.suppress(zmq.Again):
            act(s)
        if monitor.poll(0):
            return time.monotonic() - began
    return None


def million_subscriptions():
    def act(s):
        for _ in range(1000):
            s.subscribe(b"feed/" + random.randbytes(8).hex().encode())
    if options["keys"]:
        return [secretly(zmq.SUB, options["live"], act)]
    return [until_cut(Peer(options["live"], "SUB"), b"".join(
        frame(b"\x01feed/" + random.randbytes(8).hex().encode()) for _ in range(10000)))]


def chosen_subscriptions():
    """Of many connections, each within what it may say: what takes most in libzmq's tables."""
    def text(number):
        return "".join("-z"[number >> bit & 1] for bit in range(16)).encode()
    if options["keys"]:
        context, sockets = zmq.Context(), []
        for i in range(16):
            s = context.socket(zmq.SUB)
            keys(s, options)
            s.connect(options["live"])
            sockets.append(s)
            for k in range(900):
                s.subscribe(text(i * 4096 + k))
        time.sleep(options["seconds"] + 1)
        return []
    # When one leaves, libzmq walks through the subscriptions of all: what it costs goes with the square of how many come. With a
    # sanitiser, on a busy machine, thirty of them are more than the bus takes for a thread that hangs.
    peers = []
    for i in range(200 if options["seconds"] > 5 else 8 if SANITIZED else 30):
        with contextlib.suppress(OSError):
            peers.append(Peer(options["live"], "SUB", source="127.0.0.7"))
    began = time.monotonic()
    for i, peer in enumerate(peers):
        with contextlib.suppress(OSError):
            peer.socket.sendall(b"".join(frame(b"\x01" + text(i * 300 + k)) for k in range(3000)))
    cut = []
    for peer in peers:
        if peer.is_cut(0.01):
            cut.append(time.monotonic() - began)
    time.sleep(options["seconds"])
    return cut


def strange_subscriptions():
    if options["keys"]:
        return [secretly(zmq.SUB, options["live"], lambda s: (s.subscribe(b"feed/\xff"), time.sleep(0.01)))]
    peer, began = Peer(options["live"], "SUB"), time.monotonic()
    peer.socket.sendall(frame(b"\x01feed/\xff"))
    return [time.monotonic() - began if peer.is_cut(10) else None]


def parts_in_secret(kind, endpoint, size):
    """libzmq would send nothing before the message's end; fuzz_wire.c does."""
    target = ",".join([endpoint.rsplit(":", 1)[1], kind, *options["keys"]])
    told = subprocess.run([sys.argv[2], "1", str(int(options["seconds"] + 10)), "flood", str(size), target],
                          stdout=subprocess.PIPE, text=True, check=True).stdout
    return [int(told) / 1000 if int(told) >= 0 else None]


def large_subscription():
    if options["keys"]:
        return parts_in_secret("live", options["live"], 20 << 20)
    return [until_cut(Peer(options["live"], "SUB"), frame(b"\x01" + bytes(20 << 20)))]


def multipart(kind, endpoint, size):
    if options["keys"]:
        return parts_in_secret("live" if kind == "XSUB" else "replay", endpoint, size)
    return [until_cut(Peer(endpoint, kind), frame(bytes(size), more=True) * (100000 // size))]


def churn(endpoint):
    greeting = CURVE_GREETING if options["keys"] else GREETING
    end = time.monotonic() + options["seconds"]
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(address_of(endpoint), 5) as s:
            s.sendall(random.choice([b"", greeting[:20], greeting]))
    return []


def slow_handshake():
    """A byte now and then; counted from when the time for it is over."""
    greeting, sockets, cut = CURVE_GREETING if options["keys"] else GREETING, [], []
    began = time.monotonic()
    for i in range(100):
        with contextlib.suppress(OSError):
            s = socket.create_connection(address_of((options["live"], options["replay"])[i % 2]), 5)
            s.settimeout(0.01)
            sockets.append(s)
    for i in range(40):
        for s in list(sockets):
            try:
                s.sendall(greeting[i:i + 1])
                while s.recv(100):
                    pass
                raise ConnectionError
            except TimeoutError:
                pass
            except OSError:
                sockets.remove(s)
                cut.append(time.monotonic() - began)
        if not sockets:
            break
        time.sleep(0.05)
    return [max(0, c - 2) for c in cut] + [None] * len(sockets)


def handshakes():
    """CURVE handshakes with a HELLO that cannot be opened, in one piece: the server's work is done before it knows."""
    hello = CURVE_GREETING + frame(b"\x05HELLO\x01\x00" + bytes(72) + random.randbytes(120), command=True)
    end, n = time.monotonic() + options["seconds"], 0
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(address_of(options["live"]), 5) as s:
            s.sendall(hello)
            s.recv(64)
            n += 1
    return []


def descriptors():
    """More connections than the bus has descriptors, and they stay."""
    sockets, end = [], time.monotonic() + options["seconds"]
    for i in range(3000):
        if time.monotonic() > end + 2:
            break
        with contextlib.suppress(OSError):
            s = socket.socket()
            s.settimeout(0.5)
            s.bind((f"127.0.3.{i // 200 + 1}", 0))
            s.connect(address_of((options["live"], options["replay"])[i % 2]))
            sockets.append(s)
    time.sleep(max(0, end - time.monotonic()))
    return []


ATTACKS = {
    "1,000,000 subscriptions": (million_subscriptions, 1),
    "subscriptions chosen for their memory": (chosen_subscriptions, 1),
    "a subscription to no topic": (strange_subscriptions, 1),
    "a subscription of 20 MB": (large_subscription, 1),
    "endless multipart on live": (lambda: multipart("XSUB", options["live"], 900), 2),
    "endless multipart on live, small": (lambda: multipart("XSUB", options["live"], 10), 2),
    "endless multipart on replay": (lambda: multipart("DEALER", options["replay"], 60000), 2),
    "endless multipart on replay, small": (lambda: multipart("DEALER", options["replay"], 10), 2),
    "churn on live": (lambda: churn(options["live"]), 3),
    "churn on replay": (lambda: churn(options["replay"]), 3),
    "slow handshakes": (slow_handshake, 1),
    "handshakes": (handshakes, 3),
    "more connections than descriptors": (descriptors, 1),
    "no descriptor is left": (descriptors, 1),
}


# ---- the test ----

class Room:
    def __init__(self, curve, log):
        self.keys, env, spec = None, {"LIMITS": "1000 256"}, ""
        if curve:
            server, secret = (k.decode() for k in zmq.curve_keypair())
            public, mine = (k.decode() for k in zmq.curve_keypair())
            bad = [k.decode() for k in zmq.curve_keypair()]
            self.file = tempfile.NamedTemporaryFile("w", prefix="cw-server-", suffix=".key")
            self.file.write(f'metadata\ncurve\n    public-key = "{server}"\n    secret-key = "{secret}"\n')
            self.file.flush()
            env["SERVER_KEY"], spec = self.file.name, ";curve"
            self.keys, self.bad_keys = [server, public, mine], [server] + bad
        self.wire = Wire(replay=free_endpoint(), live=[free_endpoint()], audiences=(spec,), replay_options=spec, env=env, log=log)
        if curve:
            self.wire.ask(f"clients good|{public}|{ALL}|0|0|16 bad|{bad[0]}|{ALL}|0|0|16", "clients")
        else:
            self.bad_keys = None
        self.wire.ask(f"pulse {PULSE_MS} 100 {FEED}", "head")
        self.pid = self.wire.stats()["pid"]
        self.watcher = self.start("watch", self.keys)
        time.sleep(1.5)
        self.heard()
        self.idle = self.memory("VmRSS")

    def start(self, what, keys_):
        told = json.dumps({"live": self.wire.live[0], "replay": self.wire.replay, "keys": keys_, "seconds": SECONDS})
        return subprocess.Popen([sys.executable, __file__, FIXTURE, sys.argv[2], what, told], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                text=True)

    def heard(self):
        self.watcher.stdin.write("\n")
        self.watcher.stdin.flush()
        return json.loads(self.watcher.stdout.readline())

    def memory(self, what):
        with open(f"/proc/{self.pid}/status") as f:
            return next(int(line.split()[1]) << 10 for line in f if line.startswith(what))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def attack(self, name):
        _, n = ATTACKS[name]
        limits = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)
        if name.startswith("no descriptor"):  # accept() fails from now on
            resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (self.descriptors() + 3, limits[1]))
        with open(f"/proc/{self.pid}/clear_refs", "w") as f:
            f.write("5")  # the highest use so far begins anew
        self.heard()
        began = time.monotonic()
        attackers = [self.start(name, self.bad_keys) for _ in range(n)]
        cut = [c for a in attackers for c in json.loads(a.communicate(timeout=120)[0])]
        lasted = time.monotonic() - began
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, limits)
        result = self.settle()
        growth = self.memory("VmHWM") - self.idle
        times = f"{max(cut):.2f} s" if cut and None not in cut else "-" if not cut else "never"
        print(f"{name:40} silent {result['silence'] * 1000:4.0f} ms, {growth / (1 << 20):6.1f} MiB more, cut in {times:8} "
              f"({len(cut)}); {lasted:.1f} s", flush=True)
        assert self.wire.stats()["pid"] == self.pid, "the bus died"
        assert None not in cut, "it was not cut"
        assert result["count"] > 0 and result["silence"] < HANGS, result
        if not SANITIZED:
            assert growth < GROWTH, growth

    def settle(self):
        """What the good one heard until all is as before: what ends with the attackers is part of the attack."""
        result, end = self.heard(), time.monotonic() + HANGS
        while time.monotonic() < end:
            time.sleep(0.3)
            more = self.heard()
            result = {"silence": max(result["silence"], more["silence"]), "count": result["count"] + more["count"]}
            if more["silence"] < 0.15 and more["count"] > 5:
                break
        return result

    def close(self):
        print(self.wire.stats())
        self.watcher.stdin.close()
        self.watcher.wait(20)
        self.wire.close()


def main():
    curve = sys.argv[3] == "curve"
    with tempfile.TemporaryFile("w+") as log:
        room = Room(curve, log)
        time.sleep(SECONDS)
        print(f"{'nothing':40} silent {room.heard()['silence'] * 1000:4.0f} ms; "
              f"idle {room.idle / (1 << 20):.1f} MiB, an event every {PULSE_MS} ms, {'CURVE' if curve else 'plain'}")
        try:
            for name in ATTACKS:
                if name == "handshakes" and not curve:
                    continue
                room.attack(name)
        finally:
            log.seek(0)
            print(log.read()[-4000:])
        room.close()
    return 0


if __name__ == "__main__":
    if sys.argv[3] in ("plain", "curve"):
        sys.exit(main())
    options = json.loads(sys.argv[4])
    if sys.argv[3] == "watch":
        watch(options)
    else:
        print(json.dumps(ATTACKS[sys.argv[3]][0]()))
