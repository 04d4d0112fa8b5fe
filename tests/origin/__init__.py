"""An origin server that misbehaves on demand, for every test that polls one.

  server.py   listens on loopback, counts connections, logs what each request looked like
  moods.py    the ways to answer, one function each, chosen by the first part of the path
  hub.py      a WebSub hub, and the ways in which one misbehaves
  codings.py  bodies packed by gzip, brotli and zstd, bombs among them
  names.py    a name server whose answers change
  island.py   a network of our own around a test: every address reachable, own /etc/hosts and authorities
  serve.py    the server as a program, for tests that are not written in Python
  tls/        certificates, good ones and bad ones, all for one key
"""
