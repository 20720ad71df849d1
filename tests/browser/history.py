"""Fills a data file that no server uses with weeks of believable tickets, up to now: for pictures of the statistics.
    history.py FILE DAYS
The newest event must have a number above a million, as after an import.
"""

import random
import sqlite3
import sys
import time

HOUR = 3_600_000
DAY = 24 * HOUR
# How many come in each hour from 8 to 17, on a usual day.
ARRIVALS = [14, 26, 31, 24, 18, 9, 8, 15, 17, 6]
WEEKDAYS = [1.25, 1.05, 0.95, 1.0, 0.8, 0.25, 0]
SERVICES = [("A", 0.55, 6, 7), ("B", 0.3, 11, 4), ("C", 0.15, 4, 12)]

chance = random.Random(7)
now = int(time.time() * 1000)
today = now // DAY
rows, hours = [], []
seq = 0
for day in range(today - int(sys.argv[2]) + 1, today + 1):
    # 1970-01-01 was a Thursday.
    busy = WEEKDAYS[(day + 3) % 7] * chance.uniform(0.85, 1.15)
    # The office has become busier.
    busy *= 1 - (today - day) / 400
    times = []
    for hour, arrivals in enumerate(ARRIVALS, start=8):
        count = round(arrivals * busy * chance.uniform(0.7, 1.3))
        times += [day * DAY + hour * HOUR + chance.randrange(HOUR) for _ in range(count)]
    for at in sorted(time for time in times if time < now):
        seq += 1
        service, _, wait, serve = chance.choices(SERVICES, [one[1] for one in SERVICES])[0]
        crowd = ARRIVALS[at % DAY // HOUR - 8] / 20
        waited = int(chance.gammavariate(2, wait * crowd / 2) * 60_000)
        served = int(chance.gammavariate(3, serve / 3) * 60_000)
        called = at + waited
        state = chance.choices(["done", "no-show", "cancelled"], [90, 6, 4])[0]
        ended = called + served
        if state == "cancelled":
            called = waited = served = None
            ended = min(at + 12 * 60_000, now)
        elif called > now:
            state, called, waited, served, ended = "waiting", None, None, None, None
        elif state == "done" and ended > now:
            state, served, ended = "serving", 0, None
        elif state == "no-show":
            served, ended = 0, called
        desk = None if called is None else str(chance.randint(1, 5))
        since = ended or called or at
        rows.append((seq, f"{service}{seq % 200 + 1}", service, "normal", state, at, since, called, ended, waited, served, desk,
                     0 if called is None else 1, 0))
        if not hours or hours[-1][1] != at // HOUR:
            hours.append((seq, at // HOUR))

file = sqlite3.connect(sys.argv[1])
assert file.execute("SELECT max(seq) FROM events").fetchone()[0] >= seq
file.executemany(
    "INSERT INTO tickets (seq, code, service, priority, state, created_at, since, first_called_at, ended_at, waited_ms, served_ms,"
    " desk, calls, transfers) VALUES (" + ", ".join("?" * 14) + ")", rows)
file.executemany("INSERT INTO ticket_hours VALUES (?, ?)", hours)
file.commit()
