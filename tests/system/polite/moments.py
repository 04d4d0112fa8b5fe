"""When a feed is asked: never before it is due, and then at once."""
import time

from origin.moods import answer, document

from .evidence import span
from .simulation import DAY, HOUR
from .world import fresh, http_date, in_turn, with_element

BUSY_S = 7321
# Asked to the second until the daemon is first started again: that is often enough.
EXACT = ("plain", "often", "max-age", "expires", "ttl")
TOO_MANY, UNAVAILABLE = "429 Too Many Requests", "503 Service Unavailable"
LIMITED, LIMITED_BY_DATE, UNWELL, SKEWED = "127.5.1.1", "127.5.2.1", "127.5.3.1", "127.5.4.1"
SY = ('<sy:updatePeriod xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">daily</sy:updatePeriod>'
      '<sy:updateFrequency xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">2</sy:updateFrequency>')


# At seven and nineteen o'clock.
SY_BASE = '<sy:updateBase xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">2026-01-01T07:00:00Z</sy:updateBase>'


def declare(feeds):
    clock, add = feeds.clock, feeds.add
    last = {}

    def once_a_day(status, by_date=False, skew=None):
        """Busy at each first request of a day, and then until it says."""
        def respond(x):
            if last.get(x.request.host, 0) > clock.now() - DAY:
                return fresh(x)
            last[x.request.host] = clock.now()
            if skew is None:
                retry = http_date(int(clock.now()) + BUSY_S) if by_date else str(BUSY_S)
                return feeds.busy(x, status, BUSY_S, retry, "Cache-Control: no-store")
            return feeds.busy(x, status, BUSY_S, http_date(int(clock.now()) + skew + BUSY_S), "Date: " + http_date(int(clock.now()) + skew))
        return respond

    def news(x):
        """Twice a day for five days, then nothing."""
        return fresh(x, document(x.request.path, 1 + int(min(feeds.age(), 5 * DAY) // (12 * HOUR))))

    add("often", fresh, "interval: 15min")
    add("max-age", lambda x: fresh(x, None, "Cache-Control: max-age=9000", "Age: 1800"), watched=True)
    add("expires", lambda x: fresh(x, None, "Date: " + http_date(clock.now()), "Expires: " + http_date(int(clock.now()) + 3 * HOUR)),
        watched=True)
    add("ttl", with_element("<ttl>240</ttl>"), watched=True)
    add("sy", with_element(SY), watched=True)
    add("based", with_element(SY + SY_BASE))
    add("month", with_element("<ttl>44640</ttl>"), watched=True)
    add("year", lambda x: fresh(x, None, "Cache-Control: max-age=31536000"), watched=True)
    add("ignored", with_element("<ttl>240</ttl>"), "interval: 2h", "ignore_hints: true", late=True)
    add("nights", with_element("<skipHours>" + "".join(f"<hour>{h}</hour>" for h in range(6)) + "</skipHours>"), "interval: 2h")
    add("sundays", with_element("<skipDays><day>Sunday</day></skipDays>"), "interval: 4h")
    add("adaptive", news, "adaptive: true", "interval_max: 12h")
    add("quiet", news, late=True)
    def may_be_busy(name, respond, host=None):
        # Less than they are held off for, with its tenth more: the wait is the server's.
        add(name, respond, "interval: 110min", host=host, watched=True, late=True)
    for n in range(2):
        may_be_busy(f"limited{n}", once_a_day(TOO_MANY), LIMITED)
        may_be_busy(f"dates{n}", once_a_day(TOO_MANY, by_date=True), LIMITED_BY_DATE)
    may_be_busy("unwell", once_a_day(UNAVAILABLE), UNWELL)
    may_be_busy("unwell-by-date", once_a_day(UNAVAILABLE, by_date=True))
    may_be_busy("skewed", once_a_day(UNAVAILABLE, skew=-5 * HOUR), SKEWED)
    add("neighbour", fresh, host=UNWELL, late=True)
    add("patient", in_turn(lambda x: feeds.busy(x, UNAVAILABLE, 30 * DAY, str(30 * DAY)), fresh), watched=True)
    add("broken", feeds.after(DAY, lambda x: answer("500 Internal Server Error")), watched=True)


def waits(r, requests, *paths):
    """After each refusal: what was asked for, and when the next of those requests came. Not of those whose end is not in the log."""
    found = []
    start, (cut, mended) = r.feeds.start, r.feeds.marks["outage"]
    for path in paths:
        for at, wait in r.feeds.refused.get(path, []):
            then = next((q.time for q in requests if q.time > at), None)
            # One of those by which the outage was noticed waits longer at its next failure.
            if then and not (at < start + mended + HOUR and then > start + cut):
                found.append((then - at, wait))
    return found


def report_retry(r, rule, requests, *paths, late=0.01):
    found = waits(r, requests, *paths)
    off = [got - wait for got, wait in found]
    r.row(rule, f"{len(found)} times, asked again {min(off):+.3f} to {max(off):+.3f} s from the second it names",
          len(found) >= 8 and min(off) >= 0 and max(off) <= late)


def report_hints(r):
    until = r.feeds.marks["restart"]
    r.due("an interval of an hour is kept to the second", "plain", HOUR, until=until)
    r.due("15 minutes likewise, the shortest interval without the partner's consent", "often", 15 * 60, until=until)
    r.due("Cache-Control: max-age, less Age, is waited for", "max-age", 7200, until=until)
    r.due("Expires is waited for", "expires", 3 * HOUR - 1, 1.1 * 3 * HOUR, until)
    r.due("ttl is waited for", "ttl", 4 * HOUR, until=until)
    r.due("sy:updatePeriod and sy:updateFrequency are waited for", "sy", 12 * HOUR)
    gaps, until_next = r.gaps("/based"), [12 * HOUR - (q.time - 7 * HOUR) % (12 * HOUR) for q in r.at("/based")[1:]]
    r.row("sy:updateBase: not just before what is to come, and never earlier for it",
          f"{span(gaps)} apart for 12 h; the next is published {span(until_next)} after a request",
          min(gaps) >= 12 * HOUR and max(gaps) <= 1.1 * (12 + 3) * HOUR and min(until_next) > (3 - 1.2) * HOUR)
    gaps = [r.gaps("/month"), r.gaps("/year")]
    r.row("a hint of more than a day counts as a day", f"ttl of a month: {span(gaps[0])}; max-age of a year: {span(gaps[1])}",
          all(min(g) >= DAY and max(g) <= 1.1 * DAY + 0.01 for g in gaps))
    r.row("hints are ignored only where the operator says so", f"{len(r.at('/ignored'))} requests, {len(r.at('/ttl'))} with the hint",
          len(r.at("/ignored")) > 1.4 * len(r.at("/ttl")))
    hours = sorted({time.gmtime(q.time).tm_hour for q in r.at("/nights")[1:]})
    r.row("skipHours are left out, in GMT",
          f"{len(r.at('/nights'))} requests, in the hours {hours[0]} to {hours[-1]}",
          hours[0] >= 6 and len(hours) >= 18 / 2.2)
    days = sorted({time.strftime("%a", time.gmtime(q.time)) for q in r.at("/sundays")[1:]})
    r.row("skipDays are left out, in GMT", f"{len(r.at('/sundays'))} requests, on {' '.join(days)}", len(days) == 6 and "Sun" not in days)
    gaps = r.gaps("/adaptive")
    r.row("adaptive: between the bounds, slower where there is no news", f"{span(gaps)} for 1 h to 12 h; {len(gaps) + 1} requests, "
          f"{len(r.at('/quiet'))} without", min(gaps) >= HOUR and 10 * HOUR < max(gaps) <= 13.2 * HOUR + 0.01
          and len(gaps) < len(r.at("/quiet")) / 2)


def report_busy(r):
    host, by_date = (r.at_host(h) for h in (LIMITED, LIMITED_BY_DATE))
    report_retry(r, "429 with Retry-After in seconds: nobody asks that host before", host, "/limited0", "/limited1")
    report_retry(r, "429 with Retry-After as a date: nobody asks that host before", by_date, "/dates0", "/dates1", late=1.01)
    report_retry(r, "503 with Retry-After in seconds: that feed is not asked before", r.at("/unwell"), "/unwell")
    report_retry(r, "503 with Retry-After as a date: that feed is not asked before", r.at("/unwell-by-date"), "/unwell-by-date", late=1.01)
    report_retry(r, "a Retry-After by a clock that is wrong is counted by that clock", r.at("/skewed"), "/skewed", late=1.01)
    looked = [r.watched(n, "/" + n) for n in ("limited0", "limited1", "dates0", "dates1", "unwell", "unwell-by-date", "skewed")]
    r.row("when a Retry-After is over: nobody a second before, a request at that second",
          f"{sum(good for _, good in looked)} times of {sum(n for n, _ in looked)} nobody, and then a request",
          all(n and n == good for n, good in looked))
    wait = r.gaps("/patient")[0]
    r.row("a Retry-After of more than a week counts as a week", f"a month asked for, {span([wait])} waited", 0 <= wait - 7 * DAY <= 0.01)
    meanwhile = [sum(at < q.time < at + wait for q in r.at("/neighbour")) for at, wait in r.feeds.refused["/unwell"]]
    r.row("503 holds that feed alone, not the others of its host",
          f"{sum(meanwhile)} requests of its neighbour during {len(meanwhile)} waits",
          sum(meanwhile) >= len(meanwhile))
    gaps = r.gaps("/broken", DAY)
    doubled = [min(2 ** n, 24) * HOUR for n in range(len(gaps))]
    r.row("errors double the wait, up to a day", " ".join(f"{g / HOUR:.1f}" for g in gaps[:8]) + " … h",
          all(d <= g <= 1.1 * d + 0.01 for d, g in zip(doubled, gaps)) and len(gaps) > 8)
