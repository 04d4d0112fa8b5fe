"""As many subscribers as there may be: how soon all have joined, what the bus uses for them, and how soon it ends with them.

    joining_test.py FIXTURE CROWD

$CIVICWIRE_CROWD: how many; 1,000 without it.
"""

import os
import subprocess
import sys
import tempfile
import time

from room import FIXTURE, Wire, free_endpoint, wait_for

COUNT = int(os.environ.get("CIVICWIRE_CROWD", 1000))
PROCESSES = 4
# Beyond what it has without them (measured: 25 KiB each), and while it ends the parent waits so long before it kills (s).
MEMORY_EACH = 44 << 10
MEMORY_LEAST = 16 << 20
END = 2
os.environ["MALLOC_PERTURB_"] = "0"  # meson's; it writes to all memory, be it used or not
with open(FIXTURE, "rb") as fixture:
    SANITIZED = b"__asan_init" in fixture.read()


def memory(pid, what):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) << 10 for line in f if line.startswith(what))


def main():
    with tempfile.TemporaryFile("w+") as log:
        wire = Wire(replay=free_endpoint(), live=[free_endpoint()], env={"LIMITS": "12000 256"}, log=log)
        pid = wire.stats()["pid"]
        wire.ask("pulse 500 100 feed/crowd/a/", "head")
        idle = memory(pid, "VmRSS")
        crowd = subprocess.Popen([sys.argv[2], wire.live[0].rsplit(":", 1)[1], str(COUNT), str(PROCESSES), "feed/crowd/",
                                  "sys/heartbeat/"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        told = [crowd.stdout.readline().split() for _ in range(PROCESSES)]
        joined, longest = sum(int(t[1]) for t in told), max(int(t[2]) for t in told)
        wait_for(lambda: wire.stats()["connections"] >= COUNT)
        used = memory(pid, "VmHWM")
        began = time.monotonic()
        wire.process.stdin.close()
        left = wire.process.stdout.read().split()
        status = wire.process.wait(30)
        ended = time.monotonic() - began
        crowd.stdin.close()
        crowd.wait(60)
        log.seek(0)
        text = log.read()
        print(f"{joined} of {COUNT} joined in {longest / 1000:.1f} s; the bus grew from {idle >> 20} to {used >> 20} MiB, "
              f"{(used - idle) / COUNT / 1024:.1f} KiB each; it ended in {ended:.1f} s")
        print(text)
        wire.context.destroy()
        assert joined == COUNT, told
        assert status == 0 and left == ["ended"], (status, left)
        if not SANITIZED:
            assert used - idle < MEMORY_EACH * COUNT + MEMORY_LEAST
            assert "killing it" not in text, f"it did not end in {END} s"
    return 0


if __name__ == "__main__":
    sys.exit(main())
