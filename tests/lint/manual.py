#!/usr/bin/python3
"""The manual says what the program does: all of it, and nothing else. Verbs, options and exit statuses are
those of --help; keys, defaults and choices those of the schema; functions those of the public headers;
topics, types of events and errors those of the source. Examples are tried, and all pages render."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import tree

BUILD = pathlib.Path(os.environ.get("CIVICWIRE_BUILD", "build")).resolve()
MAN = tree.ROOT / "man"
TOOL = BUILD / "cli" / "civicwire"
DAEMON = BUILD / "daemon" / "civicwired"
# What `bold` entries and headings look like in scdoc.
OPTION = re.compile(r"(?<![\w-])(--?[a-z][\w-]*)")
ENTRY = re.compile(r"^\*([^*\n]+)\*[^\n]*\n(?=\t)", re.M)
KEY = re.compile(r"^\*([a-z_]+)\* — (.*)$", re.M)


class Page:
    def __init__(self, name):
        self.name = f"man/{name}.scd"
        self.text = (tree.ROOT / self.name).read_text()

    def section(self, *headings):
        """What stands under a heading, and under a smaller heading of it; None: there is none."""
        text = self.prose()
        for depth, heading in enumerate(headings, 1):
            mark = "#" * depth
            found = re.search(rf"^{mark} {re.escape(heading)}\n(.*?)(?=^#{{1,{depth}}} |\Z)", text, re.M | re.S)
            if not found:
                return None
            text = found.group(1)
        return text

    def headings(self, section):
        return re.findall(r"^## (.*)$", self.section(section) or "", re.M)

    def prose(self):
        return re.sub(r"^(\t*)```.*?^\1```$", "", self.text, flags=re.M | re.S)

    def examples(self):
        return [re.sub(r"\\(.)", r"\1", t) for t in re.findall(r"^```\n(.*?)^```$", self.text, re.M | re.S)]


class Problems(list):
    def compare(self, where, what, wanted, named):
        """The page must name what is wanted, all of it and no other."""
        self.extend(f"{where}: {what} '{x}' is not described" for x in sorted(set(wanted) - set(named)))
        self.extend(f"{where}: there is no {what} '{x}'" for x in sorted(set(named) - set(wanted)))


def help_of(*words):
    return subprocess.run([*words, "--help"], capture_output=True, text=True, check=True).stdout


def help_options(text):
    found = set()
    for line in re.findall(r"^ {2,}(-.*)$", text, re.M):
        found |= set(OPTION.findall(re.split(r" [A-Z'\"]|  ", line)[0]))
    return found


def help_statuses(text):
    said = re.search(r"^Exit status:(.*)", text, re.M | re.S)
    return set(re.findall(r"\b\d+\b", said.group(1))) if said else set()


def entries(text):
    """The bold beginnings of a page's definitions: "-t, --topic" gives both."""
    names = set()
    for entry in ENTRY.findall(text):
        names |= set(OPTION.findall(entry)) if entry.startswith("-") else {entry}
    return names


# ---- civicwire(1), civicwired(8) ----

def check_verb(problems, page, verb):
    where = f"{page.name}, {verb}"
    text, said = page.section("VERBS", verb), help_of(TOOL, verb)
    if text is None:
        return  # told already
    named = entries(text)
    problems.compare(where, "option", help_options(said), {n for n in named if n.startswith("-")})
    words = set(re.findall(r"^  ([a-z][a-z-]*)\s", said, re.M))
    problems.compare(where, "word", words, {n for n in named if re.fullmatch(r"[a-z][a-z-]*", n)})
    statuses = help_statuses(said)
    if not statuses:
        problems.append(f"civicwire {verb} --help says no exit status")
    shown = re.search(r"^Exit status:(.*?)\n\n", text + "\n\n", re.M | re.S)
    problems.compare(where, "exit status", statuses, re.findall(r"\*(\d+)\*", shown.group(1)) if shown else [])


def check_tool(problems):
    page = Page("civicwire.1")
    verbs = re.findall(r"^  ([a-z-]+) ", help_of(TOOL), re.M)
    problems.compare(page.name, "verb", verbs, page.headings("VERBS"))
    for verb in verbs:
        check_verb(problems, page, verb)
    return len(verbs)


def check_daemon(problems):
    page, said = Page("civicwired.8"), help_of(DAEMON)
    problems.compare(page.name, "option", help_options(said), entries(page.section("OPTIONS")))
    source = tree.read("daemon/main.c")
    statuses = help_statuses(said)
    problems.compare(page.name, "exit status", statuses, entries(page.section("EXIT STATUS")))
    faults = set(re.findall(r'FAULT\(\w+, "([a-z0-9-]+)"\)', tree.read("daemon/model/fault.h")))
    described = re.findall(r"^\*[^\n]*\n(?=\t)", page.section("FAULTS"), re.M)
    problems.compare(page.name, "fault", faults, {w for line in described for w in re.findall(r"\*([a-z0-9-]+)\*", line)})
    numbers = re.search(r"numbers\[\] = \{(.*?)\}", source).group(1)
    named = set(re.findall(r"SIG[A-Z]+", page.section("SIGNALS")))
    problems.compare(page.name, "signal", re.findall(r"SIG[A-Z]+", numbers), named)
    routes = set()
    for path in tree.c_files(".c"):
        if path.parts[:2] == ("daemon", "control"):
            routes |= {f"{m} {p}" for m, p in re.findall(r'\{"(GET|POST)", "(/[^"]*)"', tree.read(path))}
    named = {e.split("?")[0] for e in entries(page.section("THE CONTROL SOCKET"))}
    problems.compare(page.name, "request", routes, named)


def check_environment(problems):
    # systemd reads these for us.
    read = {"civicwired.8": {"NOTIFY_SOCKET"}, "civicwire.1": set()}
    for path in tree.c_files(".c"):
        names = re.findall(r'getenv\("(\w+)"\)', tree.read(path))
        if path.parts[0] == "daemon":
            read["civicwired.8"] |= set(names)
        # The tool reads configurations, too.
        if path.parts[0] in ("cli", "lib") or path.parts[:2] == ("daemon", "config"):
            read["civicwire.1"] |= {n for n in names if n.startswith("CIVICWIRE_")}
    for name, wanted in read.items():
        page = Page(name)
        problems.compare(page.name, "variable", wanted, entries(page.section("ENVIRONMENT")))


# ---- civicwired.yaml(5) ----

ROOTS = {"civicwired.json": "CIVICWIRED.YAML", "feeds.json": "FEEDS.D", "clients.json": "CLIENTS.D",
         "themes.json": "THEMES.D"}
INHERITED = "INHERITED KEYS"


def check_key(problems, where, name, schema, required, described):
    shape = schema.get("items", schema)
    default = schema.get("default")
    if ("required" in re.split(r", ", described)) != required:
        problems.append(f"{where}: key '{name}' is {'' if required else 'not '}required")
    said = re.search(r", default (.*)$", described)
    if default is not None and (not said or said.group(1) != default.strip('"')):
        problems.append(f"{where}: key '{name}' has the default {default}")
    if default is None and said:
        problems.append(f"{where}: key '{name}' has no default")
    numbers = [str(shape[k]) for k in ("minimum", "maximum") if shape.get("type") == "integer"]
    for word in shape.get("enum", []) + numbers:
        if word not in re.findall(r"[\w-]+", described):
            problems.append(f"{where}: key '{name}': '{word}' is not named")


def check_keys(problems, page, root, path, schema, used):
    """Walks a schema: an object's keys stand under its own name, or under INHERITED KEYS."""
    heading = path[-1] if path else None
    own = page.section(root, heading) if heading else page.section(root)
    place = (root, heading)
    shared = False
    if heading == "auth":
        own, place = page.section(INHERITED, heading), (INHERITED, heading)
    if own is None:
        problems.append(f"{page.name}: no section '## {heading}' under {root}")
        return
    own = dict(KEY.findall(own.split("\n## ")[0]))
    inherited = dict(KEY.findall(page.section(INHERITED).split("\n## ")[0]))
    names = schema["properties"]
    if heading in ("cities", "bodies", "agencies", "feeds"):
        shared = True
    for name, value in names.items():
        described, where = own.get(name), f"{page.name}, {' '.join(str(p) for p in place if p)}"
        at = (*place, name)
        if described is None and shared:
            described, at = inherited.get(name), (INHERITED, None, name)
        if described is None:
            problems.append(f"{where}: key '{name}' is not described")
            continue
        used.add(at)
        check_key(problems, where, name, value, name in schema.get("required", []), described)
        inner = value.get("items", value)
        if "properties" in inner:
            check_keys(problems, page, root, path + [name], inner, used)


def check_config(problems):
    page, used = Page("civicwired.yaml.5"), set()
    for file, root in ROOTS.items():
        schema = json.loads(tree.read(f"config/schema/{file}"))
        check_keys(problems, page, root, [], schema, used)
    for root in [*ROOTS.values(), INHERITED]:
        for heading in [None, *page.headings(root)]:
            text = page.section(root, heading) if heading else page.section(root).split("\n## ")[0]
            for name, _ in KEY.findall(text):
                if (root, heading, name) not in used:
                    problems.append(f"{page.name}, {root} {heading or ''}: there is no key '{name}'")
    return len(used)


# ---- civicwire-wire(7) ----

def check_wire(problems):
    page = Page("civicwire-wire.7")
    source = {str(p): tree.read(p) for p in tree.c_files(".c") if p.parts[0] == "daemon"}
    types = set(re.findall(r'\] = "((?:item|feed)\.[a-z]+)"', source["daemon/model/event.c"]))
    types |= set(re.findall(r"org\.civicwire\.([a-z.]+)\.v1", source["daemon/model/event.c"]))
    problems.compare(page.name, "type", types, entries(page.section("EVENTS")))
    roots = re.findall(r'"([a-z]+)/"', re.search(r"topic_roots\[\] = \{(.*?)\}", source["daemon/model/rights.c"]).group(1))
    named = {e.split("/")[0] for e in entries(page.section("TOPICS"))}
    problems.compare(page.name, "topic", roots, named)
    bus = "".join(text for name, text in source.items() if name.startswith("daemon/bus/"))
    codes = set(re.findall(r'\{"([a-z-]+)", ?"', bus)) | set(re.findall(r'\.code = "([a-z-]+)"', bus))
    codes |= set(re.findall(r'send_transient\([^;]*?"([a-z-]+)"\)', bus))
    codes |= set(re.findall(r'refusal \w+ = \{\s*"([a-z-]+)"', bus))
    problems.compare(page.name, "error", codes, entries(page.section("REPLAY", "Errors")))
    question = source["daemon/bus/question.c"]
    members = set(re.findall(r'json_object_get\(root, "(\w+)"\)', question))
    answer = set(re.findall(r'(?:json_key|json_member\w*|write_cursor)\(&?j, "(\w+)"', source["daemon/bus/answer.c"]))
    answer -= {"v", "id", "error", "message", "oldest", "retry_after"}  # described with the errors, or above
    named = entries(page.section("REPLAY").split("\n## ")[0])
    problems.compare(page.name, "member", members | answer, named)


# ---- libcivicwire(3) ----

def check_library(problems):
    page = Page("libcivicwire.3")
    headers = "".join(tree.read(p) for p in tree.c_files(".h") if p.parts[0] == "include")
    bare = tree.bare(headers + tree.read("include/civicwire/version.h.in"))
    functions = set(re.findall(r"\b(cw_\w+)\s*\(", bare))
    problems.compare(page.name, "function", functions, re.findall(r"(cw_\w+)\*\(", page.text))
    problems.compare("man/meson.build", "link", functions, re.findall(r"'(cw_\w+)'", tree.read("man/meson.build")))
    known = set(re.findall(r"\b[cC][wW]_\w+", bare))
    for path in sorted(MAN.glob("*.scd")):
        words = {w.rstrip("_") for w in re.findall(r"\b(?:cw_[a-z]\w*|CW_\w+)", path.read_text())}
        for word in sorted(words - known):
            problems.append(f"man/{path.name}: there is no '{word}' in the headers")
    return len(functions)


# ---- examples and rendering ----

def try_configurations(problems, page):
    """Every example that begins with the name of its file, all in one folder."""
    with tempfile.TemporaryDirectory() as folder:
        for text in page.examples():
            named = re.match(r"# (\S+\.yaml)\n", text)
            if named:
                path = pathlib.Path(folder, named.group(1))
                path.parent.mkdir(exist_ok=True)
                path.write_text(text)
        found = subprocess.run([TOOL, "check", folder], capture_output=True, text=True,
                               env={**os.environ, "CIVICWIRE_DATADIR": str(tree.ROOT / "config")})
        if found.returncode or found.stderr:
            problems.append(f"{page.name}: the examples, as `civicwire check` sees them:\n{found.stderr}")


def try_examples(problems):
    try_configurations(problems, Page("civicwired.yaml.5"))
    for name in ("libcivicwire.3", "civicwire-wire.7"):
        page = Page(name)
        for text in page.examples():
            if "int main" in text:
                done = subprocess.run(["cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c",
                                       f"-I{tree.ROOT}/include", f"-I{BUILD}/include", "-"], input=text,
                                      capture_output=True, text=True)
                if done.returncode:
                    problems.append(f"{page.name}: the example does not compile:\n{done.stderr}")
            elif text.startswith("import "):
                compile(text, page.name, "exec")
            elif text.startswith("{"):
                json.loads(text)
                if '"specversion"' in text:
                    try_event(problems, page, json.loads(text))


def try_event(problems, page, event):
    import jsonschema
    item = json.loads(tree.read("config/schema/item-1.json"))
    checker = jsonschema.Draft202012Validator(item).evolve(schema=item["$defs"]["event"])
    for error in checker.iter_errors(event):
        problems.append(f"{page.name}: the example of an event: {error.message}")


def render(problems, path):
    made = subprocess.run(["scdoc"], stdin=path.open(), capture_output=True, text=True)
    if made.returncode or made.stderr:
        problems.append(f"man/{path.name}: scdoc: {made.stderr.strip()}")
        return
    if shutil.which("groff"):
        out = subprocess.run(["groff", "-Tutf8", "-man", "-t", "-ww", "-z", "-K", "utf8"], input=made.stdout,
                             capture_output=True, text=True).stderr
        if out:
            problems.append(f"man/{path.name}: groff: {out.strip()}")


def check_pages(problems):
    pages = sorted(MAN.glob("*.scd"))
    names = {p.name[:-len(".scd")] for p in pages}
    for path in pages:
        text = path.read_text()
        title = re.match(r"(\S+)\((\d)\)", text)
        if f"{title.group(1)}.{title.group(2)}" + ".scd" != path.name:
            problems.append(f"man/{path.name}: the title is that of another page")
        for name, number in re.findall(r"\*((?:lib)?civicwire[\w.-]*)\*\((\d)\)", text):
            if f"{name}.{number}" not in names:
                problems.append(f"man/{path.name}: there is no page {name}({number})")
        for line, words in enumerate(text.splitlines(), 1):
            if len(words) > 120:
                problems.append(f"man/{path.name}:{line}: the line is longer than 120")
        if shutil.which("scdoc"):
            render(problems, path)
    for tool in ("scdoc", "groff"):
        if not shutil.which(tool):
            print(f"skipped: rendering, as there is no {tool}")
    return len(pages)


def main():
    problems = Problems()
    verbs = check_tool(problems)
    check_daemon(problems)
    check_environment(problems)
    keys = check_config(problems)
    check_wire(problems)
    functions = check_library(problems)
    try_examples(problems)
    pages = check_pages(problems)
    tree.finish(problems, f"{pages} pages, {verbs} verbs, {keys} keys, {functions} functions")


main()
