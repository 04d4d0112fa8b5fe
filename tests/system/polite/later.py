"""What a fortnight is too short for: two months of a few feeds, and a start after days."""
import itertools
import time

from origin.moods import answer

from .evidence import span
from .simulation import DAY
from .world import PORT, fresh, live, world

TWO_MONTHS = 65
OVERDUE, AWAY = 400, 4 * DAY
OVERDUE_PER_SECOND, STEP = 50, 0.25
# Six times what chance makes of so many in a second.
OVERDUE_BURST = OVERDUE_PER_SECOND + 6 * OVERDUE_PER_SECOND ** 0.5
CROWDED, CROWD = "127.5.15.1", 20


def test_two_months(r):
    with world() as feeds:
        feeds.add("closed", lambda x: answer("410 Gone"), watched=True)
        feeds.add("ill", lambda x: answer("500 Internal Server Error"), watched=True)
        feeds.add("mute", None, path="/nothing", watched=True)
        feeds.add("steady", fresh, "interval: 12h")
        with live(feeds) as simulation:
            began = time.monotonic()
            simulation.run(feeds.start + TWO_MONTHS * DAY)
            r.look_at(simulation, feeds)
            r.tell(f"{TWO_MONTHS} days", began)
    gaps = r.gaps("/closed")
    r.row("what is gone is asked once a month", f"{len(gaps) + 1} requests in {TWO_MONTHS} days, {span(gaps[1:])} apart after feed.gone",
          len(gaps) >= 2 and all(30 * DAY <= g <= 33 * DAY + 0.01 for g in gaps[1:]))
    for path, what in (("/ill", "answers 500"), ("/nothing", "hangs up")):
        gaps = r.gaps(path)
        r.row(f"a server that {what} is asked once a day, never off for ever", f"{len(gaps) + 1} requests in {TWO_MONTHS} days, in the end "
              f"{span(gaps[6:])} apart", len(gaps) > 55 and all(DAY <= g <= 1.1 * DAY + 0.01 for g in gaps[6:]))
    whole = [q.time for q in r.at("/steady") if not q.all("if-none-match")]
    r.row("the whole document in each week, and no more", f"{len(whole)} of {len(r.at('/steady'))} requests in {TWO_MONTHS} days",
          TWO_MONTHS // 7 <= len(whole) <= TWO_MONTHS // 7 + 1)


def test_start(r):
    with world() as feeds:
        for n in range(OVERDUE):
            feeds.add(f"one{n}", fresh, host=f"127.8.{n // 200}.{n % 200 + 1}")
        for n in range(CROWD):
            feeds.add(f"many{n}", fresh, host=CROWDED)
        with live(feeds) as simulation:
            began = time.monotonic()

            def run(seconds):
                until = simulation.clock.now() + seconds
                while simulation.clock.now() < until:
                    simulation.settle()
                    simulation.clock.turn_to(simulation.clock.now() + STEP)
                simulation.settle()
            run(CROWD + 1)
            first = {q.path: q.time - feeds.start for q in feeds.origin.requests}
            simulation.daemon.stop()
            feeds.clock.turn_to(feeds.clock.now() + AWAY)
            back, log = feeds.clock.now(), len(feeds.origin.requests)
            simulation.daemon.start().wait_ready()
            spread = (OVERDUE + CROWD) / OVERDUE_PER_SECOND
            run(spread + CROWD + 1)
            r.look_at(simulation, feeds)
            r.tell(f"a start after {AWAY // DAY} days", began)
    alone = [t for path, t in first.items() if path.startswith("/one")]
    crowd = [sorted(t for path, t in first.items() if path.startswith("/many")),
             [q.time - back for q in feeds.origin.requests[log:] if q.host == f"{CROWDED}:{PORT}"]]
    r.row("what was never polled is polled at once, each host at its pace",
          f"{len(alone)} feeds of as many hosts within {max(alone):.3f} s; {CROWD} of one host, {span(gaps(crowd[0]))} apart",
          len(alone) == OVERDUE and max(alone) == 0 and len(crowd[0]) == CROWD and min(gaps(crowd[0])) >= 1)
    again = [q.time - back for q in feeds.origin.requests[log:] if q.path.startswith("/one")]
    second = [sum(s <= t < s + 1 for t in again) for s in range(int(max(again)) + 1)]
    r.row("overdue feeds come back over n ÷ 50 s", f"{OVERDUE + CROWD} feeds after {AWAY // DAY} days: within {max(again):.2f} s, at most "
          f"{max(second)} hosts in a second", len(again) == OVERDUE and 0.8 * spread <= max(again) <= spread + STEP
          and max(second) <= OVERDUE_BURST)
    r.row("overdue feeds of one host come back at its pace", f"{len(crowd[1])} feeds, {span(gaps(crowd[1]))} apart",
          len(crowd[1]) == CROWD and min(gaps(crowd[1])) >= 1)


def gaps(times):
    return [b - a for a, b in itertools.pairwise(times)]
