"""Dates as a feed's source has them, read a second time and by other means.

A table says for each file how its dates are to be read: a template whose words in braces are the
parts of a date, and the rest of which is a regular expression.
"""
import datetime
import re

MONTHS = {name: i % 12 + 1 for i, name in enumerate(
    "jan feb mar apr may jun jul aug sep oct nov dec".split())} | {"set": 9}
DAYS = "mon tue wed thu fri sat sun".split()
AFTERNOON = ("pm", "下午")
ZONES = {"PST": -8 * 60, "": 0}
PARTS = {
    "year": r"\d{4}", "month": r"\d\d?|[A-Za-z]{3}", "day": r"\d\d?", "weekday": r"[A-Za-z]{3}",
    "hour": r"\d\d?", "minute": r"\d\d", "second": r"\d\d", "half": "am|pm|上午|下午",
    "zone": r"[A-Z]+|[+-]\d\d:?\d\d", "epoch": r"\d+",
}
DATE_ELEMENT = re.compile(r"<(pubDate|published|issued|dc:date|date|sent)\b[^>]*>(.*?)</\1\s*>", re.S)
UPDATE_ELEMENT = re.compile(r"<(updated|modified|dc:date)\b[^>]*>(.*?)</\1\s*>", re.S)
ENTRY = re.compile(r"<((?:atom:)?(?:item|entry))\b.*?</\1\s*>", re.S)


def entries(path, encoding):
    """The source of each entry of an XML feed, in order."""
    with open(path, "rb") as file:
        source = file.read().decode(encoding, "replace")
    return [match.group() for match in ENTRY.finditer(source)]


def source(entry, what):
    """The text of an entry's first date of that kind."""
    match = (DATE_ELEMENT if what == "published" else UPDATE_ELEMENT).search(entry)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", match.group(2))).strip() if match else None


def read(template, text):
    """The date in EVENT's form; None if the text is not of the template, or the date impossible."""
    pattern = re.sub(r"\{(\w+)\}", lambda m: f"(?P<{m.group(1)}>{PARTS[m.group(1)]})", template)
    match = re.fullmatch(pattern, text or "")
    if not match:
        return None
    part = match.groupdict()
    if "epoch" in part:
        when = datetime.datetime.fromtimestamp(int(part["epoch"]), datetime.timezone.utc)
        return when.strftime("%Y-%m-%dT%H:%M:%SZ")
    month = part["month"]
    hour = int(part.get("hour") or 0)
    if "half" in part:
        hour = hour % 12 + (12 if part["half"] in AFTERNOON else 0)
    zone = (part.get("zone") or "").replace(":", "")
    minutes = ZONES[zone] if zone in ZONES else \
        int(zone[0] + "1") * (int(zone[1:3]) * 60 + int(zone[3:]))
    try:
        local = datetime.datetime(int(part["year"]),
                                  int(month) if month.isdigit() else MONTHS[month.lower()],
                                  int(part["day"]), hour, int(part.get("minute") or 0),
                                  int(part.get("second") or 0))
    except ValueError:
        return None
    weekday = part.get("weekday")
    if weekday and DAYS[local.weekday()] != weekday.lower():
        return None
    return (local - datetime.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
