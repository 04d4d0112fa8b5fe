"""Conditional requests: validators are sent as they came, all that came with one answer and no others, and survive the daemon."""
from origin.moods import ETAG, answer, document

from .evidence import conditions
from .simulation import DAY
from .world import fresh

WEEK = 7 * DAY
DATES = [f"Tue, {day:02d} Nov 2026 10:00:00 GMT" for day in range(1, 9)]
GUARDED = ("plain", "dated", "weak")


def by_date(x):
    if DATES[2] in x.request.all("if-modified-since"):
        return answer("304 Not Modified")
    return answer("200 OK", document(x.request.path), "Last-Modified: " + DATES[2])


def stuck(x):
    """A cluster whose members each have their own ETag."""
    return answer("200 OK", document(x.request.path), 'ETag: "%d"' % len(x.origin.requests), "Last-Modified: " + DATES[2])


def weak(x):
    if x.request.all("if-none-match") == [ETAG]:
        return answer("304 Not Modified")
    return answer("200 OK", document(x.request.path), f"ETag:  {ETAG} ")


def restless(x):
    """The body it has always had, under a new ETag each time."""
    return answer("200 OK", document(x.request.path), 'ETag: "r%d"' % len(x.origin.requests_for(x.request.path)))


# What the answers to /set bring, and what each next request must send: (ETag, Last-Modified).
BRINGS = [("200", '"a"', DATES[0]), ("200", None, DATES[1]), ("200", '"c"', None), ("200", None, None), ("200", '"e"', DATES[4]),
          ("304", '"f"', DATES[5]), ("304", None, None)]
SENDS = [(None, None), ('"a"', DATES[0]), (None, DATES[1]), ('"c"', None), (None, None), ('"e"', DATES[4]), ('"f"', DATES[5]),
         ('"f"', DATES[5])]


def one_set(x):
    nth = len(x.origin.requests_for(x.request.path))
    status, etag, date = BRINGS[min(nth, len(BRINGS)) - 1]
    headers = (["ETag: " + etag] if etag else []) + (["Last-Modified: " + date] if date else [])
    if status == "304" and x.request.all("if-none-match"):
        return answer("304 Not Modified", b"", *headers)
    return answer("200 OK", document(x.request.path, min(nth, len(BRINGS))), *headers)


def backwards(x):
    """Each time something new, with an older date."""
    nth = len(x.origin.requests_for(x.request.path))
    return answer("200 OK", document(x.request.path, nth), "Last-Modified: " + DATES[max(0, len(DATES) - nth)])


def declare(feeds):
    add = feeds.add
    add("plain", fresh, watched=True)
    add("dated", by_date, "interval: 2h", late=True)
    add("bare", lambda x: answer("200 OK", document(x.request.path)), "interval: 6h", late=True)
    add("stuck", stuck, "interval: 3h", late=True)
    add("weak", weak, "interval: 6h", late=True)
    add("set", one_set, "interval: 12h", late=True)
    add("backwards", backwards, "interval: 1d", late=True)
    add("restless", restless, "interval: 12h", late=True)


def report(r, days):
    weeks = days // 7
    both, etag, date, none = conditions(r.at("/plain"))
    r.row("an ETag is sent back", f"{etag} requests with it, {none} without", both == date == 0 and etag > 20 * none)
    whole = [q.time for q in r.at("/plain") if not q.all("if-none-match")]
    r.row("the whole document: at first, then once a week at most", f"asked for {len(whole)} times in {days} days, "
          f"{(whole[-1] - whole[0]) / DAY:.1f} d apart", 2 <= len(whole) <= 1 + weeks
          and all(b - a >= WEEK for a, b in zip(whole, whole[1:])))
    both, etag, date, none = conditions(r.at("/dated"))
    r.row("a Last-Modified is sent back",
          f"{date} requests with it, {none} without", both == etag == 0 and none <= 1 + weeks and date > 20 * none)
    sent = {v for q in r.at("/weak") for v in q.all("if-none-match")}
    r.row("a weak ETag is sent back as it came", f"{' '.join(sent)}, {conditions(r.at('/weak'))[1]} times", sent == {ETAG})
    both, etag, date, none = conditions(r.at("/bare"))
    r.row("no validators are made up", f"{none} requests, all without", none and both == etag == date == 0)
    both, etag, date, none = conditions(r.at("/stuck"))
    r.row("a server whose ETags do not follow the body is asked by date alone", f"{both} by ETag and date, {date} by date, {none} without",
          1 <= both <= 1 + weeks and etag == 0 and date > 20 and none <= 1 + weeks)
    asked = [(q.header("if-none-match"), q.header("if-modified-since")) for q in r.at("/set")[:len(SENDS)]]
    r.row("validators are one set: what the last answer did not bring is not sent",
          f"{len(SENDS)} steps: ETag and date, date, ETag, none, both",
          asked[:6] == SENDS[:6] and len(asked) == len(SENDS))
    r.row("a 304 that brings new validators replaces them, one that brings none does not", " then ".join(str(a[0]) for a in asked[5:]),
          asked[5:] == SENDS[5:])
    early = [q.header("if-none-match") for q in r.at("/restless") if q.time - r.feeds.start < WEEK]
    r.row("200 with the same body: no event, and the new ETag is kept",
          f"{len(r.at('/restless'))} times, {len(items(r, 'restless'))} item told; "
          f"{early[1]} {early[2]} {early[3]} …",
          early[1:] == ['"r%d"' % n for n in range(1, len(early))] and len(items(r, "restless")) == 1)
    r.row("a 200 with a Last-Modified that is older is read all the same",
          f"{len(r.at('/backwards'))} answers with an item more, {len(items(r, 'backwards'))} items told",
          len(items(r, "backwards")) == len(r.at("/backwards")) > 10)
    for what, done in (("restart", "a restart"), ("kill", "kill -9")):
        moment = r.feeds.start + r.feeds.marks[what]
        first = [next(q for q in r.at("/" + name) if q.time > moment) for name in GUARDED]
        conditional = sum(bool(q.all("if-none-match") or q.all("if-modified-since")) for q in first)
        r.row(f"validators survive {done}", f"{conditional} of {len(first)} first requests after it are conditional",
              conditional == len(first))


def items(r, name):
    return [e for e in r.events if e["cwfeed"].endswith("." + name) and ".item." in e["type"]]
