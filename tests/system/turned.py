"""A daemon whose clocks a test turns: all but the monotonic one, by which connections time out (clock.c)."""
import datetime
import email.utils
import mmap
import os
import struct
import time

import wire


class Clock:
    """The daemon's time of day, and the origin's."""
    LIBRARY = wire.BUILD / "tests" / "system" / "clock.so"

    def __init__(self, work):
        self.path = work / "clock"
        self.path.write_bytes(struct.pack("q", 0))
        self.file = open(self.path, "r+b")
        self.map = mmap.mmap(self.file.fileno(), 8)
        self.offset = 0.0

    def environment(self):
        # Of a daemon with the sanitizer, whose library wants to be the first.
        return {"LD_PRELOAD": str(self.LIBRARY), "CIVICWIRE_CLOCK": str(self.path),
                "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}

    def now(self):
        return time.time() + self.offset

    def turn_to(self, moment):
        """Only ever forward."""
        by = max(0, moment - self.now())
        self.offset += by
        struct.pack_into("q", self.map, 0, int(self.offset * 1e6))


class StandingClock(Clock):
    """Goes only when it is turned, by whole milliseconds: what happens when does not depend on how fast the machine is."""

    def __init__(self, work, start):
        super().__init__(work)
        self.path.write_bytes(struct.pack("qq", 0, 1))
        self.us = 0
        self.turn_to(start)

    def now(self):
        return self.us / 1e6

    def turn_to(self, moment):
        self.us = max(self.us, -(-round(moment * 1e6) // 1000) * 1000)
        struct.pack_into("q", self.map, 0, self.us)


class Turned(wire.Daemon):
    def __init__(self, clock, *args, **named):
        super().__init__(*args, extra=clock.environment(), **named)

    def poke(self):
        """Has the schedule look at the clock: it does so at least once a minute, and whenever a feed is asked for."""
        self.refresh("poke")


def seconds(text):
    return email.utils.parsedate_to_datetime(text).timestamp() if "," in text else \
        datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
