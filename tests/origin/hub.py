"""A WebSub hub (W3C Recommendation WebSub, 2018) that misbehaves on demand, for tests of a subscriber. It is an origin whose
POSTs are subscriptions; the first part of the hub URL's path names its mood, the rest is the caller's. What it was asked, what it
asked back and what it delivered is logged; single pushes, good ones and bad ones, are the caller's to make."""
import asyncio
import dataclasses
import hashlib
import hmac
import secrets
import urllib.parse

from . import moods
from .moods import answer, redirect
from .server import Origin

MOODS = {}
ALGORITHMS = ("sha1", "sha256", "sha384", "sha512")
DAY = 86400
mood = moods.entering(MOODS)


@dataclasses.dataclass
class Answer:
    """What a subscriber said; status 0: nothing that is HTTP, before the connection ended or the time was over."""
    status: int
    headers: list
    body: bytes

    def header(self, name):
        return next((v for k, v in self.headers if k == name), None)

    @property
    def is_good(self):
        return 200 <= self.status < 300


@dataclasses.dataclass
class Asked:
    """A request for a subscription or for its end, as it came; `answered` is what the hub said."""
    request: object
    body: bytes
    form: list
    answered: int = 0
    answered_at: float = 0

    def all(self, name):
        return [v for k, v in self.form if k == name]

    def get(self, name):
        return next(iter(self.all("hub." + name)), None)

    @property
    def time(self):
        return self.request.time


@dataclasses.dataclass
class Verified:
    """A verification of intent, or a denial, and what came of it."""
    time: float
    asked: Asked
    query: dict
    answer: Answer
    echoed: bool


@dataclasses.dataclass
class Subscription:
    hub: str  # its URL, as it was asked
    topic: str
    callback: str
    secret: str
    lease_s: float
    until: float


@dataclasses.dataclass
class Delivery:
    time: float
    subscription: Subscription
    nth: int  # try, from 1
    answer: Answer


def url_of(request):
    return f"{'https' if request.tls else 'http'}://{request.host}{request.path}"


class Hub(Origin):
    """`subscriptions` are those that were verified, by callback; `changed` are moods that hubs have taken up since, by their path
    (they are asked again and again, under the one URL that the feed names)."""

    TRIES, RETRY_S, TIMEOUT_S = 6, 0.2, 30
    LEASE_MAX_S = 30 * DAY

    def __init__(self):
        self.asked, self.verified, self.delivered = [], [], []
        self.subscriptions, self.changed = {}, {}
        self.pending = 0  # what it is about to ask back
        self.algorithm = "sha256"
        super().__init__()

    def responder(self, exchange):
        if exchange.request.line.startswith("POST "):
            return self.receive
        return super().responder(exchange)

    async def receive(self, x):
        body = await x.body()
        asked = Asked(x.request, body, urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
        self.asked.append(asked)
        said = MOODS.get(self.changed.get(x.request.path, x.mood), MOODS["404"])(self, x, asked)
        if asyncio.iscoroutine(said):
            said = await said
        if said:
            asked.answered, asked.answered_at = int(said.split(b" ", 2)[1]), self.clock()
        return said

    def asked_at(self, path):
        return [a for a in self.asked if a.request.path == path]

    # ---- verification ----

    def later(self, coroutine, seconds=0.02):
        async def run():
            try:
                await asyncio.sleep(seconds)
                return await coroutine
            finally:
                self.pending -= 1
        self.pending += 1
        return asyncio.ensure_future(run())

    async def verify(self, asked, **instead):
        """Asks the subscriber whether it meant it; `instead`: members of the question that are others, or none (None)."""
        challenge = secrets.token_urlsafe(24)
        lease = min(int(asked.get("lease_seconds") or self.LEASE_MAX_S), self.LEASE_MAX_S)
        query = {"mode": asked.get("mode"), "topic": asked.get("topic"), "challenge": challenge}
        if query["mode"] == "subscribe":
            query["lease_seconds"] = lease
        query = {k: v for k, v in (query | instead).items() if v is not None}
        said = await self.question(asked.get("callback"), query)
        verified = Verified(self.clock(), asked, query, said, said.is_good and said.body == query.get("challenge", "").encode())
        self.verified.append(verified)
        if verified.echoed and query["mode"] == "unsubscribe":
            self.subscriptions.pop(asked.get("callback"), None)
        elif verified.echoed:
            # A hub that has said nothing sensible of the lease goes by what it was asked for.
            told = query.get("lease_seconds")
            lease_s = told if isinstance(told, int) and 0 < told <= self.LEASE_MAX_S else lease
            self.subscriptions[asked.get("callback")] = Subscription(
                url_of(asked.request), asked.get("topic"), asked.get("callback"), asked.get("secret"), lease_s, self.clock() + lease_s)
        return verified

    async def question(self, callback, query):
        joint = "&" if "?" in callback else "?"
        return await self.speak("GET", callback + joint + urllib.parse.urlencode({"hub." + k: v for k, v in query.items()}))

    def verify_uninvited(self, callback, **query):
        """A question about what nobody asked for."""
        return self.run(self.question(callback, query))

    def denials(self, path):
        return [v for v in self.verified if v.query["mode"] == "denied" and v.asked.request.path == path]

    # ---- distribution ----

    def to(self, topic):
        """The subscription to a topic, if there is one and its lease lasts."""
        return next((s for s in self.subscriptions.values() if s.topic == topic and s.until > self.clock()), None)

    def publish(self, topic, body, kind="application/rss+xml"):
        """Delivers to all subscribers of the topic, again and again until they take it; the deliveries that ended it."""
        return self.run(self.distribute(topic, body, kind))

    async def distribute(self, topic, body, kind):
        subscribers = [s for s in self.subscriptions.values() if s.topic == topic and s.until > self.clock()]
        return await asyncio.gather(*(self.deliver(s, body, kind) for s in subscribers))

    async def deliver(self, subscription, body, kind):
        pause = self.RETRY_S
        for nth in range(1, self.TRIES + 1):
            said = await self.post(subscription, body, kind)
            delivery = Delivery(self.clock(), subscription, nth, said)
            self.delivered.append(delivery)
            if said.status == 410:
                self.subscriptions.pop(subscription.callback, None)
            if said.is_good or said.status == 410:
                break
            await asyncio.sleep(pause)
            pause *= 2
        return delivery

    def sign(self, body, secret, algorithm=None):
        algorithm = algorithm or self.algorithm
        return f"{algorithm}={hmac.new(secret.encode(), body, getattr(hashlib, algorithm)).hexdigest()}"

    async def post(self, subscription, body, kind="application/rss+xml", sign=True, headers=(), callback=None, **how):
        """One push. `sign`: False, an algorithm, or, with a "=" in it, the signature itself; `how`: see speak()."""
        lines = ["Content-Type: " + kind, f'Link: <{subscription.topic}>; rel="self", <{subscription.hub}>; rel="hub"', *headers]
        if isinstance(sign, str) and "=" in sign:
            lines.append("X-Hub-Signature: " + sign)
        elif sign and subscription.secret:
            lines.append("X-Hub-Signature: " + self.sign(body, subscription.secret, sign if isinstance(sign, str) else None))
        return await self.speak("POST", callback or subscription.callback, lines, body, **how)

    def push(self, *args, **named):
        return self.run(self.post(*args, **named))

    def push_all(self, pushes):
        """Many at once: (subscription, body, {how}) each."""
        async def together():
            return await asyncio.gather(*(self.post(s, body, **named) for s, body, named in pushes))
        return self.run(together())

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(120)

    def begin(self, coroutine):
        """Its future: the caller does something meanwhile."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    # ---- the hub as a client ----

    async def speak(self, method, url, lines=(), body=b"", **how):
        """One request on a connection of its own."""
        timeout = how.pop("timeout", self.TIMEOUT_S)
        try:
            return await asyncio.wait_for(self.connect_and_speak(method, url, lines, body, **how), timeout)
        except (OSError, ValueError, IndexError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            return Answer(0, [], b"")

    async def connect_and_speak(self, method, url, lines, body, pieces=None, length=None, pause=0.0, chunked=False,
                                on_answer=None):
        """`pieces`: what to send in the place of the body; `length`: what to say of it; `pause`: after each piece;
        `on_answer`: called as soon as there is one."""
        parts = urllib.parse.urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80, limit=1 << 20)
        target = parts.path + ("?" + parts.query if parts.query else "")
        head = [f"{method} {target} HTTP/1.1", "Host: " + parts.netloc, "Connection: close", "User-Agent: hub", *lines]
        if chunked:
            head.append("Transfer-Encoding: chunked")
        elif method == "POST":
            head.append(f"Content-Length: {len(body) if length is None else length}")
        try:
            writer.write(("\r\n".join(head) + "\r\n\r\n").encode())
            sending = asyncio.ensure_future(self.send(writer, pieces if pieces is not None else [body] if body else [], pause, chunked))
            try:
                said = await read_answer(reader)
            finally:
                sending.cancel()
            if on_answer:
                on_answer(said)
            return said
        finally:
            writer.close()

    async def send(self, writer, pieces, pause, chunked):
        try:
            for piece in pieces:
                writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
                await writer.drain()
                if pause:
                    await asyncio.sleep(pause)
            if chunked:
                writer.write(b"0\r\n\r\n")
        except ConnectionError:
            pass  # the subscriber has heard enough; what it said is being read


async def read_answer(reader):
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split()[1])
        if status >= 200:
            break
    headers = [(k.lower(), v.strip()) for k, _, v in (line.partition(":") for line in head[1:-2])]
    length = dict(headers).get("content-length")
    body = await (reader.readexactly(int(length)) if length is not None else reader.read())
    return Answer(status, headers, body)


# ---- the moods: what a hub says to a request, and what it does afterwards ----

ACCEPTED = answer("202 Accepted", b"", "Set-Cookie: hub=1; Path=/")


def verifying(**instead):
    def verify(hub, x, asked):
        hub.later(hub.verify(asked, **instead))
        return ACCEPTED
    return verify


mood("good")(verifying())
mood("never")(lambda hub, x, asked: ACCEPTED)
mood("wrong-topic")(verifying(topic="http://elsewhere.feeds.test/other"))
mood("no-topic")(verifying(topic=None))
mood("no-challenge")(verifying(challenge=None))
mood("wrong-mode")(verifying(mode="publish"))
mood("unasked-end")(verifying(mode="unsubscribe"))
mood("odd-challenge")(verifying(challenge="<b>&amp; é %00+ '\"\r\nX: y"))
mood("lease-0")(verifying(lease_seconds=0))
mood("lease-negative")(verifying(lease_seconds=-5))
mood("lease-absurd")(verifying(lease_seconds="9" * 25))
mood("lease-years")(verifying(lease_seconds=50 * 365 * DAY))
mood("lease-words")(verifying(lease_seconds="a week"))
mood("lease-missing")(verifying(lease_seconds=None))
mood("404")(lambda hub, x, asked: answer("404 Not Found"))
mood("410")(lambda hub, x, asked: answer("410 Gone"))
mood("busy")(lambda hub, x, asked: answer("429 Too Many Requests", b"", "Retry-After: 600"))
mood("500")(lambda hub, x, asked: answer("500 Internal Server Error", b"Traceback (most recent call last):"))
mood("redirect-self")(lambda hub, x, asked: redirect("307 Temporary Redirect", x.request.path))
mood("redirect-private")(lambda hub, x, asked: redirect("307 Temporary Redirect", hub.memory["private"]))
mood("redirect-plain")(lambda hub, x, asked: redirect("307 Temporary Redirect", hub.memory["plain"] + x.rest))
mood("redirect-good")(lambda hub, x, asked: redirect("308 Permanent Redirect", "/good/" + x.rest))
mood("redirect-see-other")(lambda hub, x, asked: redirect("303 See Other", "/good/" + x.rest))


@mood()
async def first(hub, x, asked):
    """Verifies before it answers."""
    await hub.verify(asked)
    return answer("204 No Content")


@mood()
async def slow(hub, x, asked):
    await asyncio.sleep(0.5)
    return MOODS["good"](hub, x, asked)


@mood()
def twice(hub, x, asked):
    hub.later(hub.verify(asked))
    hub.later(hub.verify(asked), 0.3)
    return ACCEPTED


@mood()
def deaf(hub, x, asked):
    """Takes every confirmation for a refusal: the subscriber believes what the hub does not."""
    async def verify():
        await hub.verify(asked)
        hub.subscriptions.pop(asked.get("callback"), None)
    hub.later(verify())
    return ACCEPTED


@mood()
def deny(hub, x, asked):
    async def refuse():
        query = {"mode": "denied", "topic": asked.get("topic"), "reason": "not you <b>"}
        said = await hub.question(asked.get("callback"), query)
        hub.verified.append(Verified(hub.clock(), asked, query, said, False))
        hub.subscriptions.pop(asked.get("callback"), None)
    hub.later(refuse())
    return ACCEPTED


@mood()
async def hang(hub, x, asked):
    await asyncio.sleep(600)


@mood()
async def endless(hub, x, asked):
    # With a pause: over TLS nobody is told that the peer has gone before the loop has looked.
    await moods.forever(x, b"HTTP/1.1 202 Accepted\r\n" + moods.CHUNKED, moods.CHUNK, 0.001)
