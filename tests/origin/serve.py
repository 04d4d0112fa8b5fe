#!/usr/bin/env python3
"""The origin as a program: `serve.py [CERTIFICATE KEY]`. Listens on a free port of 127.0.0.1, says which on standard output, and
ends when standard input does."""
import pathlib
import ssl
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from origin.server import Origin  # noqa: E402


def main():
    context = None
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
    with Origin() as origin:
        port = origin.listen(tls=context)
        origin.memory["port"] = port
        print(port, flush=True)
        sys.stdin.read()


main()
