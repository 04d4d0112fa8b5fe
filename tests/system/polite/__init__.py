"""What test_polite.py is made of: the time that stands still (simulation), the feeds and what the log shows of them (evidence), and
the rules, by what they are about. Each module of rules declares its feeds for the fortnight, and then reports on them."""
