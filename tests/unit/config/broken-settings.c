#include "folder.h"

/* Nobody has its other half: the example of RFC 26. */
#define KEY "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"

/* Each problem the loader can find in these files, in its exact words. */
const struct broken broken_settings[] = {
	{"unknown key", "civicwired.yaml", "publishr: http://a.example\n",
		"civicwired.yaml:1:1: unknown key 'publishr' (did you mean 'publisher'?)\n"},
	{"unknown key far from all", "civicwired.yaml", "colour: blue\n",
		"civicwired.yaml:1:1: unknown key 'colour'; known here: publisher, contact, "
		"control, journal, live, replay, server_key, connections, status, fetch, hosts, "
		"websub\n"},
	{"key of another file", "civicwired.yaml", "cities: []\n",
		"civicwired.yaml:1:1: key 'cities' belongs into a file in feeds.d/\n"},
	{"key in a section", "civicwired.yaml", "journal: { pth: /x, keep: 90d }\n",
		"civicwired.yaml:1:12: journal: unknown key 'pth' (did you mean 'path'?)\n"},
	{"bare number for a duration", "civicwired.yaml", "journal: { keep: 90 }\n",
		"civicwired.yaml:1:18: journal: keep '90' has no unit; write 90min or "
		"another of ms, s, min, h, d\n"},
	{"wrong unit", "civicwired.yaml", "fetch: { interval: 60m }\n",
		"civicwired.yaml:1:20: fetch: interval '60m' is not a duration; write a "
		"whole number and ms, s, min, h or d, such as 15min\n"},
	{"bare number for a size", "civicwired.yaml", "journal: { max_size: 20 }\n",
		"civicwired.yaml:1:22: journal: max_size '20' has no unit; write 20MiB or "
		"another of B, KiB, MiB, GiB, TiB\n"},
	{"wrong unit of size", "civicwired.yaml", "journal: { max_size: 20GB }\n",
		"civicwired.yaml:1:22: journal: max_size '20GB' is not a size; write a whole "
		"number and B, KiB, MiB, GiB or TiB, such as 64KiB\n"},
	{"too short", "civicwired.yaml", "fetch: { interval: 5min }\n",
		"civicwired.yaml:1:20: fetch: interval '5min' is below 15min, the least "
		"allowed\n"},
	{"too long", "civicwired.yaml", "fetch: { gap: 2h }\n",
		"civicwired.yaml:1:15: fetch: gap '2h' is above 1h, the most allowed\n"},
	{"too large for 64 bits", "civicwired.yaml", "journal: { keep: 99999999999999999999d }\n",
		"civicwired.yaml:1:18: journal: keep '99999999999999999999d' is not a "
		"duration; write a whole number and ms, s, min, h or d, such as 15min\n"},
	{"count out of range", "civicwired.yaml", "fetch: { parallel: 0 }\n",
		"civicwired.yaml:1:20: fetch: parallel '0' is not a whole number from 1 to "
		"10000\n"},
	{"count no number", "civicwired.yaml", "fetch: { parallel: many }\n",
		"civicwired.yaml:1:20: fetch: parallel 'many' is not a whole number from 1 "
		"to 10000\n"},
	{"no boolean", "civicwired.yaml", "fetch: { allow_file: yes }\n",
		"civicwired.yaml:1:22: fetch: allow_file 'yes' is neither true nor false\n"},
	{"open bind", "civicwired.yaml",
		"live:\n"
		"  - { bind: \"tcp://0.0.0.0:5580\" }\n",
		"civicwired.yaml:2:13: live: bind 'tcp://0.0.0.0:5580' can be reached "
		"from other machines; add 'curve: required' and make keys with "
		"`civicwire key server` and `civicwire key new`, or bind to 127.0.0.1\n"},
	{"open bind by star", "civicwired.yaml", "live: [{ bind: \"tcp://*:5580\" }]\n",
		"civicwired.yaml:1:16: live: bind 'tcp://*:5580' can be reached from "
		"other machines; add 'curve: required' and make keys with `civicwire "
		"key server` and `civicwire key new`, or bind to 127.0.0.1\n"},
	{"open bind of IPv6", "civicwired.yaml",
		"live: [{ bind: \"tcp://[::]:5580\", curve: off }]\n",
		"civicwired.yaml:1:16: live: bind 'tcp://[::]:5580' can be reached "
		"from other machines; add 'curve: required' and make keys with "
		"`civicwire key server` and `civicwire key new`, or bind to 127.0.0.1\n"},
	{"open replay", "civicwired.yaml", "replay: { bind: \"tcp://192.0.2.1:5571\" }\n",
		"civicwired.yaml:1:17: replay: bind 'tcp://192.0.2.1:5571' can be "
		"reached from other machines; add 'curve: required' and make keys with "
		"`civicwire key server` and `civicwire key new`, or bind to 127.0.0.1\n"},
	{"a name to bind", "civicwired.yaml",
		"replay: { bind: \"tcp://wire.example:5571\", curve: required }\n",
		"civicwired.yaml:1:17: replay: bind 'tcp://wire.example:5571' must be an address, "
		"not a name; write an IP address\n"},
	{"open status", "civicwired.yaml", "status: { bind: \"0.0.0.0:8570\" }\n",
		"civicwired.yaml:1:17: status: bind '0.0.0.0:8570' can be reached from other "
		"machines, where whoever comes may read it; bind to 127.0.0.1 and put a web "
		"server with a login before it\n"},
	{"callback that is no URL", "civicwired.yaml", "websub: { callback: wire.example.org }\n",
		"civicwired.yaml:1:21: websub: callback 'wire.example.org' is not a URL; it must "
		"begin with https:// or http://\n"},
	{"callback with a query", "civicwired.yaml",
		"websub: { callback: \"https://wire.example.org/hub?x=1\" }\n",
		"civicwired.yaml:1:21: websub: callback 'https://wire.example.org/hub?x=1' must "
		"end "
		"with its path; take out what follows '?' or '#'\n"},
	{"callback with a password", "civicwired.yaml",
		"websub: { callback: \"https://u:p@wire.example.org/hub\" }\n",
		"civicwired.yaml:1:21: websub: callback 'https://…' holds a user name"
		" or password, which hubs do not send; take it out\n"},
	{"callback listener without a port", "civicwired.yaml", "websub: { bind: \"0.0.0.0\" }\n",
		"civicwired.yaml:1:17: websub: bind '0.0.0.0' is not an address and port, such as "
		"127.0.0.1:8580\n"},
	{"callback listener with a name", "civicwired.yaml",
		"websub: { bind: \"wire.example.org:8580\" }\n",
		"civicwired.yaml:1:17: websub: bind 'wire.example.org:8580' must be an address, "
		"not "
		"a name; write an IP address\n"},
	{"callback listener with a bare IPv6 address", "civicwired.yaml",
		"websub: { bind: \"::1:8580\" }\n",
		"civicwired.yaml:1:17: websub: bind '::1:8580' is not an address and port; write "
		"an "
		"IPv6 address in brackets\n"},
	{"lease that is too short", "civicwired.yaml", "websub: { lease: 1min }\n",
		"civicwired.yaml:1:18: websub: lease '1min' is below 5min, the least allowed\n"},
	{"lease that is too long", "civicwired.yaml", "websub: { lease: 91d }\n",
		"civicwired.yaml:1:18: websub: lease '91d' is above 90d, the most allowed\n"},
	{"interval of pushed feeds too short", "civicwired.yaml", "websub: { interval: 1min }\n",
		"civicwired.yaml:1:21: websub: interval '1min' is below 15min, the least "
		"allowed\n"},
	{"named bind", "civicwired.yaml", "replay: { bind: \"tcp://localhost:5571\" }\n",
		"civicwired.yaml:1:17: replay: bind 'tcp://localhost:5571' must be an "
		"address, not a name; write tcp://127.0.0.1:<port>\n"},
	{"no port", "civicwired.yaml", "replay: { bind: \"tcp://127.0.0.1\" }\n",
		"civicwired.yaml:1:17: replay: bind 'tcp://127.0.0.1' has no port between 1 "
		"and 65535; write tcp://127.0.0.1:<port>\n"},
	{"port too high", "civicwired.yaml", "replay: { bind: \"tcp://127.0.0.1:70000\" }\n",
		"civicwired.yaml:1:17: replay: bind 'tcp://127.0.0.1:70000' has no port "
		"between 1 and 65535; write tcp://127.0.0.1:<port>\n"},
	{"no endpoint", "civicwired.yaml", "replay: { bind: 5571 }\n",
		"civicwired.yaml:1:17: replay: bind '5571' is not an endpoint; write "
		"tcp://127.0.0.1:<port> or ipc:///<path>\n"},
	{"relative ipc", "civicwired.yaml", "replay: { bind: \"ipc://sock\" }\n",
		"civicwired.yaml:1:17: replay: bind 'ipc://sock' must name an absolute path: "
		"ipc:///<path>\n"},
	{"no choice of curve", "civicwired.yaml",
		"live: [{ bind: \"tcp://127.0.0.1:5580\", curve: require }]\n",
		"civicwired.yaml:1:47: live: curve 'require' is none of off, required (did you "
		"mean 'required'?)\n"},
	{"clients without curve", "civicwired.yaml",
		"replay: { bind: \"tcp://127.0.0.1:5571\", clients: [] }\n",
		"civicwired.yaml:1:41: replay: 'clients' means nothing without 'curve: "
		"required'\n"},
	{"unknown client", "civicwired.yaml", "replay: { curve: required, clients: [archive] }\n",
		"civicwired.yaml:1:38: replay: client 'archive' is not defined in any file; make "
		"it with `civicwire key new archive`\n"},
	{"client without key", "clients.d/archive.yaml", "topics: [feed/]\n",
		"clients.d/archive.yaml:1:1: 'key' is missing: its public CURVE key; the secret "
		"half is with the client alone\n"},
	{"empty client", "clients.d/archive.yaml", "",
		"clients.d/archive.yaml:1:1: 'key' is missing\n"},
	{"client without topics", "clients.d/archive.yaml", "key: \"" KEY "\"\n",
		"clients.d/archive.yaml:1:1: 'topics' is missing; write it, as in topics: [feed/, "
		"theme/climate/]\n"},
	{"client whose key is none", "clients.d/archive.yaml", "key: \"abc\"\ntopics: [feed/]\n",
		"clients.d/archive.yaml:1:6: key 'abc' is not a public CURVE key: 40 characters of "
		"Z85, in quotes, as `civicwire key new` writes it\n"},
	{"client with a misspelt key", "clients.d/archive.yaml",
		"key: \"" KEY "\"\ntopics: [feed/]\nexpire: 2027-01-31\n",
		"clients.d/archive.yaml:3:1: unknown key 'expire' (did you mean 'expires'?)\n"},
	{"client that expires never and nowhere", "clients.d/archive.yaml",
		"key: \"" KEY "\"\ntopics: [feed/]\nexpires: 31.1.2027\n",
		"clients.d/archive.yaml:3:10: expires '31.1.2027' is neither a date nor a time; "
		"write 2027-01-31 or 2027-01-31T12:00:00Z\n"},
	{"client with a name that is none", "clients.d/Archive.yaml",
		"key: \"" KEY "\"\ntopics: [feed/]\n",
		"clients.d/Archive.yaml:1:1: the name 'Archive' is not an id; use a-z, 0-9 and -, "
		"at "
		"most 40 bytes\n"},
	{"live without bind", "civicwired.yaml",
		"live: [{ audience: { topics: [theme/climate/] } }]\n",
		"civicwired.yaml:1:8: live: 'bind' is missing; write it, as in bind: "
		"\"tcp://127.0.0.1:5570\"\n"},
	{"live no list", "civicwired.yaml", "live: { bind: \"tcp://127.0.0.1:5570\" }\n",
		"civicwired.yaml:1:7: 'live' must be a list, not a mapping\n"},
	{"live of scalars", "civicwired.yaml", "live: [\"tcp://127.0.0.1:5570\"]\n",
		"civicwired.yaml:1:8: every one of 'live' must be a mapping (key: value), "
		"not a single value\n"},
	{"unknown network of an audience", "civicwired.yaml",
		"live: [{ bind: \"tcp://127.0.0.1:5570\", audience: { networks: [al-las] } "
		"}]\n",
		"civicwired.yaml:1:63: live: audience: network 'al-las' is not defined in any "
		"file; define it, or take it out\n"},
	{"no topic", "civicwired.yaml",
		"live: [{ bind: \"tcp://127.0.0.1:5570\", audience: { topics: [climate] } "
		"}]\n",
		"civicwired.yaml:1:61: live: audience: topics 'climate' is not a topic: "
		"feed/…/, theme/…/, network/…/, kind/…/ or sys/…/, with a slash at its end, "
		"at most 200 bytes\n"},
	{"host with scheme", "civicwired.yaml",
		"hosts: [{ host: \"https://a.example/\", gap: 1s }]\n",
		"civicwired.yaml:1:17: hosts: host 'https://a.example/' is not the name of a "
		"host; write it without scheme and path\n"},
	{"host twice", "civicwired.yaml",
		"hosts:\n"
		"  - { host: a.example }\n"
		"  - { host: A.example }\n",
		"civicwired.yaml:3:13: host 'a.example' is already named at "
		"civicwired.yaml:2:13\n"},
	{"section no mapping", "civicwired.yaml", "journal: /var/lib/x\n",
		"civicwired.yaml:1:10: 'journal' must be a mapping (key: value), not a "
		"single value\n"},
	{"root no mapping", "civicwired.yaml",
		"- a\n"
		"- b\n",
		"civicwired.yaml:1:1: the file must be a mapping (key: value), not a list\n"},
	{"value missing", "civicwired.yaml", "publisher:\n",
		"civicwired.yaml:1:11: 'publisher' has no value; write one, or take the key out\n"},
	{"list for a value", "civicwired.yaml", "publisher: [a]\n",
		"civicwired.yaml:1:12: 'publisher' must be a single value, not a list\n"},
	{"publisher no URL", "civicwired.yaml", "publisher: wire.example.org\n",
		"civicwired.yaml:1:12: publisher 'wire.example.org' is not a URL; it must "
		"begin with https:// or http://\n"},
	{"key twice", "civicwired.yaml",
		"publisher: http://a.example\n"
		"contact: none\n"
		"publisher: http://b.example\n",
		"civicwired.yaml:3:1: key 'publisher' stands here twice; the first is at "
		"line 1\n"},
	{"tab", "civicwired.yaml",
		"journal:\n"
		"\tkeep: 90d\n",
		"civicwired.yaml:2:1: a tab stands here; YAML is indented with spaces\n"},
	{"unclosed bracket", "civicwired.yaml",
		"hosts: [{ host: a.example }\n"
		"fetch: { gap: 1s }\n",
		"civicwired.yaml:2:1: expected ',' or ']' here (in the list in [ ] that "
		"begins at line 1)\n"},
	{"unclosed quote", "civicwired.yaml", "publisher: \"http://a.example\n",
		"civicwired.yaml:2:1: the file ends inside a quoted text (in the quoted text "
		"that begins at line 1)\n"},
	{"no UTF-8", "civicwired.yaml",
		"# ok\n"
		"publisher: \"http://a.example/\377\"\n",
		"civicwired.yaml:2:30: this is not UTF-8; save the file in that encoding\n"},
	{"control character", "civicwired.yaml", "publisher: \"a\001b\"\n",
		"civicwired.yaml:1:14: a control character stands here; take it out\n"},
	{"anchor and alias", "civicwired.yaml",
		"journal: &j { keep: 90d }\n"
		"control: *j\n",
		"civicwired.yaml:1:10: anchors (&j) are not supported; write the value out, "
		"or set it once on the city or agency, from where feeds inherit it\n"
		"civicwired.yaml:2:10: aliases (*j) are not supported; write the value out, "
		"or set it once on the city or agency, from where feeds inherit it\n"},
	{"merge key", "civicwired.yaml",
		"journal: &j { keep: 90d }\n"
		"fetch: { <<: *j }\n",
		"civicwired.yaml:1:10: anchors (&j) are not supported; write the value out, "
		"or set it once on the city or agency, from where feeds inherit it\n"
		"civicwired.yaml:2:10: merge keys (<<) are not supported; write the values "
		"out, or set them once on the city or agency, from where feeds inherit them\n"},
	{"tag", "civicwired.yaml", "publisher: !str http://a.example\n",
		"civicwired.yaml:1:12: tags (!str) are not supported; take it out\n"},
	{"two documents", "civicwired.yaml",
		"contact: none\n"
		"---\n"
		"contact: none\n",
		"civicwired.yaml:2:1: a second YAML document begins here; put it into a file "
		"of its own\n"},
	{"colon in a value", "civicwired.yaml", "publisher: see: there\n",
		"civicwired.yaml:1:15: ': ' is not allowed here; put the text into quotes, "
		"or begin a new line\n"},
	{"strange first character", "civicwired.yaml", "publisher: @home\n",
		"civicwired.yaml:1:12: this character cannot begin a value; put the text "
		"into quotes\n"},
	{"bad indentation", "civicwired.yaml",
		"journal:\n"
		"  keep: 90d\n"
		" path: /x\n",
		"civicwired.yaml:3:2: expected a key here; look at the indentation and the "
		"line above (in the mapping that begins at line 1)\n"},
	{"nesting", "civicwired.yaml",
		"live: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]"
		"]]]]]]]]]]]]]]]\n",
		"civicwired.yaml:1:38: nested more than 32 levels deep\n"},
};

const size_t n_broken_settings = sizeof broken_settings / sizeof *broken_settings;
