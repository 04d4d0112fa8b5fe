"""Many replay clients while events come in: each begins somewhere, asks for something of its own, and must have
all of it in the end, in order, once.

    crowd_test.py FIXTURE [CLASS[.test]...]     $CIVICWIRE_CROWD_EVENTS: how many events come meanwhile
"""

import os
import random
import sys
import threading
import time
import unittest

from room import Case

from askers import Asker, Askers

CLIENTS, BEFORE, PER_COMMIT, RATE = 200, 1000, 10, 2000
EVENTS = int(os.environ.get("CIVICWIRE_CROWD_EVENTS", "2000"))
SEED = int(os.environ.get("CIVICWIRE_SEED", "20261125"))
FEEDS = 20  # of the fixture: the event with sequence s is of feed (s - 1) % 20


def feed_topics(kind, feeds):
    return [f"{kind}co-{i:03}/" for i in feeds]


class Crowd(Case):
    def choose(self, chance):
        """Topics, and the feeds that they mean."""
        if chance.random() < 0.1:
            return [[], ["feed/"], ["kind/news/", "theme/"]][chance.randrange(3)], range(FEEDS)
        feeds = chance.sample(range(FEEDS), chance.choice((1, 1, 1, 2, 5)))
        kinds = chance.sample(["feed/", "theme/climate/", "network/al-las/", "kind/news/"], chance.randint(1, 2))
        return [t for kind in kinds for t in feed_topics(kind, feeds)], feeds

    def test_nothing_is_missing(self):
        chance, wanted, askers = random.Random(SEED), [], []
        self.assertEqual(int(self.wire.ask(f"spread {BEFORE} {FEEDS} 200", "head")), BEFORE)
        last = BEFORE + EVENTS
        for _ in range(CLIENTS):
            topics, feeds = self.choose(chance)
            start = chance.randint(0, BEFORE)
            wanted.append([s for s in range(start + 1, last + 1) if (s - 1) % FEEDS in feeds])
            askers.append(Asker(self.wire.context, self.wire.replay, self.wire.cursor(start), topics, most=chance.choice((3, 50, 1000))))
        crowd = Askers(askers)
        began = time.monotonic()
        crowd.start()
        flow = threading.Thread(target=self.wire.ask, args=(f"flow {EVENTS} {PER_COMMIT} 200 {RATE}", "head"))
        flow.start()
        flow.join()
        flowed = time.monotonic()
        end = flowed + 120
        while not all(a.error or a.cursor == self.wire.cursor(last) for a in askers):
            self.assertLess(time.monotonic(), end, "somebody does not get to the end")
            time.sleep(0.05)
        ended = time.monotonic()
        crowd.stop()
        for asker, want in zip(askers, wanted, strict=True):
            self.assertIsNone(asker.error)
            self.assertEqual(asker.sequences, want, asker.question["topics"])
        print(f"{CLIENTS} clients, {EVENTS} events in {flowed - began:.1f} s; all were at the end {ended - flowed:.2f} s "
              f"later, with {sum(map(len, wanted))} events in {sum(len(a.heard) for a in askers)} replies", file=sys.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
