#!/usr/bin/env python3
"""Make large Flink logs out of the small real ones in fixtures/perf.

    make-corpus.py OUT SIZE_MB [--seed N]

Writes to OUT: plain/ (one JobManager, three TaskManagers, SIZE_MB together), gz/ (the same compressed), gc.log
(a fifth of that), small/ (about 100 KB). Fixtures are played one after another on one clock: stamps only go
forward, and what names one episode (32-digit ids, epoch stamps) is replaced by something new each time. Between
two episodes lies a quiet stretch of checkpoint lines, most of what a production JobManager writes. The bytes
depend on the arguments and the fixtures alone.
"""
import argparse
import datetime
import gzip
import hashlib
import pathlib
import random
import re
import shutil

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "perf"
HEAD = re.compile(rb"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),(\d{3}) ")
VARIES = re.compile(rb"\b[0-9a-f]{32}\b|\b1[5-9]\d{11}\b")
UPTIME = re.compile(rb"\[(\d+)\.(\d{3})s\]")
START = datetime.datetime(2026, 1, 5, tzinfo=datetime.timezone.utc)


def records(name):
    """Pairs of milliseconds and the text behind the stamp, continuation lines included."""
    found = []
    for line in gzip.open(FIXTURES / name):
        head = HEAD.match(line)
        if head:
            at = datetime.datetime.strptime(head[1].decode(), "%Y-%m-%d %H:%M:%S").replace(tzinfo=datetime.timezone.utc)
            found.append([int(at.timestamp()) * 1000 + int(head[2]), line[24:]])
        elif found:
            found[-1][1] += line
    return found


class Log:
    def __init__(self, path):
        self.file, self.size, self.second, self.shown = path.open("wb"), 0, None, b""

    def write(self, ms, text):
        second, milli = divmod(ms, 1000)
        if second != self.second:
            self.second = second
            self.shown = datetime.datetime.fromtimestamp(second, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S").encode()
        self.size += self.file.write(b"%s,%03d %s" % (self.shown, milli, text))


def play(lane, log, shift, episode):
    def new(match):
        old = match[0]
        return b"%d" % (int(old) + shift) if len(old) == 13 else hashlib.md5(b"%d %s" % (episode, old)).hexdigest().encode()

    for ms, text in lane:
        log.write(ms + shift, VARIES.sub(new, text))


def quiet(log, now, chance, episode, lines):
    job = hashlib.md5(b"quiet %d" % episode).hexdigest().encode()
    every = chance.choice((10_000, 30_000, 60_000))
    for number in range(1, chance.randrange(2, 400)):
        for marker, delay in ((b"Triggering checkpoint", 0), (b"Completed checkpoint", chance.randrange(15, 900))):
            text = re.sub(marker + rb" \d+", marker + b" %d" % number, chance.choice(lines[marker]))
            text = VARIES.sub(lambda m: b"%d" % now if len(m[0]) == 13 else job, text)
            log.write(now + delay, re.sub(rb"checkpointDuration=\d+", b"checkpointDuration=%d" % delay, text))
        now += every
    return now


def gc_log(path, size):
    lines = gzip.open(FIXTURES / "gc.log.gz").read().splitlines(keepends=True)
    # Header and exit stand once: a JVM that starts again and again is another case.
    header = [line for line in lines if b"GC(" not in line and b"exit" not in line]
    body = [line for line in lines if b"GC(" in line]
    began = datetime.datetime.fromisoformat(lines[0][1:29].decode())
    uptimes = [int(seconds) * 1000 + int(millis) for seconds, millis in (UPTIME.search(line).groups() for line in body)]
    collections = 1 + max(int(number) for number in re.findall(rb"GC\((\d+)\)", b"".join(body)))
    written, shift, done = 0, 0, 0
    with path.open("wb") as file:
        written += file.write(b"".join(header))
        while written < size:
            for line, uptime in zip(body, uptimes):
                at = (began + datetime.timedelta(milliseconds=uptime + shift)).isoformat(timespec="milliseconds")
                rest = re.sub(rb"GC\((\d+)\)", lambda m: b"GC(%d)" % (int(m[1]) + done), line[line.index(b"s]") + 2 :])
                written += file.write(b"[%s%s][%d.%03ds]%s" % (at[:23].encode(), line[24:29], *divmod(uptime + shift, 1000), rest))
            shift += uptimes[-1] - uptimes[0] + 1000
            done += collections


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("size_mb", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="only the plain files")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    cases = []
    for name in sorted(p.name for p in FIXTURES.glob("*-jobmanager.log.gz")):
        cases.append((records(name), records(name.replace("jobmanager", "taskmanager"))))
    markers = (b"Triggering checkpoint", b"Completed checkpoint")
    lines = {marker: [text for jm, _ in cases for _, text in jm if b" - " + marker in text] for marker in markers}
    plain, packed, small = (options.out / name for name in ("plain", "gz", "small"))
    for folder in (plain, packed, small):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    manager = Log(plain / "flink-flink-standalonesession-0-node-1.log")
    workers = [Log(plain / f"flink-flink-taskexecutor-{i}-node-1.log") for i in range(3)]
    now, episode = int(START.timestamp()) * 1000, 0
    while manager.size + sum(w.size for w in workers) < options.size_mb << 20:
        jm, tm = chance.choice(cases)
        begin, end = min(jm[0][0], tm[0][0]), max(jm[-1][0], tm[-1][0])
        play(jm, manager, now - begin, episode)
        play(tm, workers[episode % 3], now - begin, episode)
        now = quiet(manager, now + end - begin + 1000, chance, episode, lines)
        episode += 1
    for log in [manager, *workers]:
        log.file.close()
    if options.plain:
        return print(f"{episode} episodes")
    for path in sorted(plain.iterdir()):
        with path.open("rb") as source, gzip.GzipFile(packed / (path.name + ".gz"), "wb", compresslevel=6, mtime=0) as target:
            shutil.copyfileobj(source, target, 1 << 20)
    gc_log(options.out / "gc.log", (options.size_mb << 20) // 5)
    for path in sorted(plain.iterdir()):
        head = path.open("rb").read(25 << 10)
        (small / path.name).write_bytes(head[: head.rfind(b"\n") + 1])
    print(f"{episode} episodes")


main()
