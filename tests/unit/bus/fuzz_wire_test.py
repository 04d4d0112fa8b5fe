"""Fuzzed ZMTP for a real bus (fuzz_wire.c says what): live and replay, plain and CURVE, until so many cases have gone out. A bus
that dies is a finding, although its parent starts another: its pid tells. What was sent last is printed then.

    fuzz_wire_test.py FIXTURE FUZZ_WIRE

$CIVICWIRE_ZMTP_CASES: how many; $CIVICWIRE_ZMTP_SEED: 1 without it.
"""

import os
import subprocess
import sys
import tempfile
import time

from room import FEED, FIXTURE, HEARTBEAT, Wire, free_endpoint, receive, wait_for, zmq

CASES = int(os.environ.get("CIVICWIRE_ZMTP_CASES", 30000))
SEED = int(os.environ.get("CIVICWIRE_ZMTP_SEED", 1))
AT_ONCE = 200  # connections between two looks at the bus
PROCESSES = 2
ALL = "feed/,theme/,network/,kind/,sys/"


def keypair():
    return tuple(k.decode() for k in zmq.curve_keypair())


class Fuzz:
    """A process of the fuzzer, and where it is."""

    def __init__(self, seed, targets):
        self.seed, self.targets, self.number, self.cases = seed, targets, 0, 0
        self.process = subprocess.Popen([sys.argv[2], str(seed), "0"] + targets, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def begin(self):
        self.process.stdin.write(f"{AT_ONCE}\n")
        self.process.stdin.flush()

    def finish(self):
        word, number, cases = self.process.stdout.readline().split()
        assert word == "done"
        self.number, self.cases = int(number), self.cases + int(cases)

    def show(self):
        first = max(0, self.number - AT_ONCE)
        sys.stdout.flush()
        subprocess.run([sys.argv[2], str(self.seed), str(first), "show", str(AT_ONCE)] + self.targets, check=True)

    def close(self):
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


def main():
    server, secret = keypair()
    public, mine = keypair()
    with tempfile.NamedTemporaryFile("w", prefix="cw-server-", suffix=".key") as key, tempfile.TemporaryFile("w+") as log:
        key.write(f'metadata\ncurve\n    public-key = "{server}"\n    secret-key = "{secret}"\n')
        key.flush()
        # The good subscriber of the second has an endpoint without keys.
        env = {"SERVER_KEY": key.name, "LIMITS": "10000 10000"}
        plain = Wire(replay=free_endpoint(), live=[free_endpoint()], env=env, log=log)
        secure = Wire(replay=free_endpoint(), live=[free_endpoint(), free_endpoint()], audiences=(";curve", ""),
                      replay_options=";curve", env=env, log=log)
        secure.ask(f"clients fuzz|{public}|{ALL}|0|0|10000", "clients")

        def target(endpoint, kind, *keys):
            return ",".join([endpoint.rsplit(":", 1)[1], kind, *keys])
        targets = [target(plain.live[0], "live"), target(plain.replay, "replay"),
                   target(secure.live[0], "live", server, public, mine),
                   target(secure.replay, "replay", server, public, mine)]
        good = [plain.subscriber("feed/"), secure.subscriber("feed/", endpoint=1)]
        pids = [w.stats()["pid"] for w in (plain, secure)]
        fuzzers = [Fuzz(SEED + i, targets) for i in range(PROCESSES)]
        began = time.monotonic()
        found = False
        while not found and sum(f.cases for f in fuzzers) < CASES:
            for f in fuzzers:
                f.begin()
            for f in fuzzers:
                f.finish()
            if fuzzers[0].number % (100 * AT_ONCE) == 0:
                plain.request()  # not only alive: it answers
            found = [w.stats()["pid"] for w in (plain, secure)] != pids
        seconds = time.monotonic() - began
        cases, connections = sum(f.cases for f in fuzzers), sum(f.number for f in fuzzers)
        if found:
            for f in fuzzers:
                f.show()
            log.seek(0)
            print(log.read()[-5000:])
            print(f"the bus died: CIVICWIRE_ZMTP_SEED={SEED}, near connection {fuzzers[0].number}")
            return 1
        for wire, s in zip((plain, secure), good):  # and it works as before
            wire.append(FEED, heard=False)
            while receive(s).topic == HEARTBEAT:
                pass
        answers = plain.request()
        assert "error" not in answers[0], answers
        time.sleep(1.5)  # so old are statistics at most
        print(f"seed {SEED}: {cases} cases on {connections} connections in {seconds:.0f} s ({cases / seconds:.0f}/s), no bus died; "
              f"plain {plain.stats()}, CURVE {secure.stats()}")
        wait_for(lambda: plain.stats()["handshakes_failed"] > 0 and secure.stats()["handshakes_failed"] > 0)
        assert plain.stats()["replay_requests"] > 0
        assert secure.stats()["replay_requests"] > 0, "nobody has finished a CURVE handshake"
        for f in fuzzers:
            f.close()
        plain.close()
        secure.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
