"""Ports for servers that a test is about to start."""
import random
import socket

# Below the range that the system takes ports from for connections (32768 on): one of those is free now, and the next moment some
# client's own. Above the ports that services have.
FIRST, LAST = 12000, 32000


def free_port():
    """A port of 127.0.0.1 that nobody listens on; by chance, so that tests beside each other do not meet."""
    while True:
        port = random.SystemRandom().randrange(FIRST, LAST)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
