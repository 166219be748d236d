"""Scans what is larger than anybody's logs and prints time, peak memory and what was read.

    python3 benches/load.py [CASE ...]

Cases: ten-gigabytes, small-files, one-line, yarn-pipe, follow, disaster, attempts; all of them unless named. FLINKLOG names the program (target/release/flinklog),
BENCH_DIR where the input is made (target/load; up to 11 GB). Needs Linux: the memory is that of /proc.
"""

import gzip
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("FLINKLOG", str(ROOT / "target/release/flinklog"))
PLACE = pathlib.Path(os.environ.get("BENCH_DIR", ROOT / "target/load"))
PERF = ROOT / "fixtures/perf"
ENVIRONMENT = dict(os.environ, RAYON_NUM_THREADS="2")


def anonymous(pid):
    """Anonymous memory of a process in MB: what it took, without mapped file pages."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        return max(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")) / 1024
    except (OSError, ValueError):
        return 0.0


def measure(name, arguments, feed=None, report=True):
    """Runs the program, feeding its standard input with what `feed` yields, and prints a line."""
    out = PLACE / f"{name}.json"
    started = time.perf_counter()
    with open(out, "wb") as target:
        child = subprocess.Popen([PROGRAM, *arguments], stdin=subprocess.PIPE if feed else subprocess.DEVNULL, stdout=target, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
        peak, fed = 0.0, 0
        if feed:
            for piece in feed:
                child.stdin.write(piece)
                fed += 1
                if fed % 16 == 0:
                    peak = max(peak, anonymous(child.pid))
            child.stdin.close()
        while child.poll() is None:
            peak = max(peak, anonymous(child.pid))
            time.sleep(0.01)
    took = time.perf_counter() - started
    size = out.stat().st_size
    told = ""
    if report:
        found = json.loads(out.read_text())
        read = sum(source["bytes"] for source in found["sources"])
        capped = sum(source["capped_lines"] for source in found["sources"])
        told = f"{len(found['sources'])} sources, {read / 1e6:.0f} MB, {capped} capped lines, {found['summary']['verdict']}"
    print(f"{name:<16}{took:>8.1f} s{peak:>9.0f} MB anonymous{size / 1e6:>8.1f} MB out   exit {child.returncode}   {told}", flush=True)


def scan(name, paths, feed=None):
    measure(name, ["scan", "-f", "json", "--no-progress", *map(str, paths)], feed)


def logs(which):
    return gzip.decompress((PERF / f"{which}.log.gz").read_bytes())


def ten_gigabytes():
    folder = PLACE / "ten"
    if not (folder / "plain").exists():
        subprocess.run([sys.executable, str(ROOT / "benches/make-corpus.py"), "--plain", str(folder), "10240"], check=True)
        for file in (folder / "plain").iterdir():
            os.utime(file, (time.time() - 3600,) * 2)
    scan("ten-gigabytes", [folder / "plain"])
    shutil.rmtree(folder)


def small_files():
    folder = PLACE / "small"
    folder.mkdir(parents=True, exist_ok=True)
    text = logs("1.20.5-healthy-taskmanager")[:4096]
    for number in range(20_000):
        (folder / f"flink-u-taskexecutor-{number}-h.log").write_bytes(text)
    scan("small-files", [folder])
    shutil.rmtree(folder)


def one_line():
    def feed():
        yield b"2026-11-21 17:32:01,200 INFO  org.apache.flink.runtime.taskexecutor.TaskExecutor [] - "
        for _ in range(1024):
            yield b"x" * (1 << 20)
        yield b"\n2026-11-21 17:32:02,200 INFO  org.apache.flink.runtime.taskexecutor.TaskExecutor [] - next\n"

    scan("one-line", ["-"], feed())


def yarn_pipe():
    """2 GB of `yarn logs`: one JobManager and 199 TaskManagers."""

    def feed():
        for number in range(1, 201):
            kind = "jobmanager" if number == 1 else "taskmanager"
            text = logs(f"1.20.5-npe-{kind}")
            start = text.index(b"RUNNING")
            head, body = text[:start], text[start:]
            times = (10_000_000 - len(head)) // len(body)
            title = f"Container: container_1700000000000_0001_01_{number:06} on node-{number % 20}_45454"
            yield f"{title}\nLogAggregationType: AGGREGATED\n{'=' * len(title)}\nLogType:{kind}.log\n".encode()
            yield f"LogLastModifiedTime:Sat Nov 21 17:32:25 +0800 2026\nLogLength:{len(head) + times * len(body)}\nLogContents:\n".encode()
            yield head
            for _ in range(times):
                yield body
            end = f"End of LogType:{kind}.log"
            yield f"\n{end}\n{'*' * (50 + len(end))}\n\n".encode()

    scan("yarn-pipe", ["-"], feed())


def disaster():
    """Only exceptions, all different, a million checkpoints, ten thousand jobs."""
    head = "2026-11-21 {:02}:{:02}:{:02},{:03} {:<5} org.apache.flink.{} [] - {}\n"

    def line(i, level, logger, text):
        seconds = i // 50
        return head.format(seconds // 3600 % 24, seconds // 60 % 60, seconds % 60, i % 50 * 20, level, logger, text)

    def feed():
        pieces, i = [], 0
        for job in range(10_000):
            name = f"{job:032x}"
            pieces.append(line(i, "INFO", "runtime.executiongraph.ExecutionGraph", f"Job j{job} ({name}) switched from state CREATED to RUNNING."))
            for checkpoint in range(1, 101):
                i += 1
                pieces.append(line(i, "INFO", "runtime.checkpoint.CheckpointCoordinator", f"Triggering checkpoint {checkpoint} (type=CHECKPOINT) @ {1795267795049 + i * 20} for job {name}."))
                pieces.append(line(i, "INFO", "runtime.checkpoint.CheckpointCoordinator", f"Completed checkpoint {checkpoint} for job {name} ({5000 + checkpoint} bytes, checkpointDuration=43 ms, finalizationTime=1 ms)."))
            for fault in range(20):
                i += 1
                word = f"{job:x}q{fault:x}"
                text = f"Failure {word}\ncom.acme.p{word}.Fault{word}: about {word}\n\tat com.acme.p{word}.C{word}.run(C{word}.java:{fault})"
                pieces.append(line(i, "WARN", "runtime.taskmanager.Task", text))
            if job % 20 == 19:
                yield "".join(pieces).encode()
                pieces.clear()

    scan("disaster", ["-"], feed())


def attempts():
    """Fifty jobs of a session, each with 2,000 attempts and 100,000 checkpoints."""
    graph, coordinator, task = "runtime.executiongraph.ExecutionGraph", "runtime.checkpoint.CheckpointCoordinator", "runtime.executiongraph.ExecutionGraph"

    def feed():
        clock = 0

        def line(logger, text):
            seconds = clock // 1000
            day, rest = divmod(seconds, 86_400)
            return f"2026-{1 + day // 28:02}-{1 + day % 28:02} {rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02},{clock % 1000:03} INFO  org.apache.flink.{logger} [] - {text}\n"

        names = [(f"job-{job}", f"{job + 1:032x}") for job in range(50)]
        for attempt in range(2_000):
            pieces = []
            for name, job in names:
                before = "RESTARTING" if attempt else "CREATED"
                pieces.append(line(graph, f"Job {name} ({job}) switched from state {before} to RUNNING."))
            for checkpoint in range(attempt * 50 + 1, attempt * 50 + 51):
                clock += 100
                for _, job in names:
                    pieces.append(line(coordinator, f"Triggering checkpoint {checkpoint} (type=CHECKPOINT) @ {1767225600000 + clock} for job {job}."))
                    pieces.append(line(coordinator, f"Completed checkpoint {checkpoint} for job {job} (5426 bytes, checkpointDuration=43 ms, finalizationTime=1 ms)."))
            for name, job in names:
                execution = f"{attempt:08x}{job[8:]}_{job}_0_{attempt}"
                pieces.append(line(task, f"Map -> Sink (1/1) ({execution}) switched from RUNNING to FAILED on tm-1:6122-abcdef @ tm-1 (dataPort=6121).\njava.lang.IllegalStateException: no seat for passenger {attempt}\n\tat com.acme.Seats.take(Seats.java:42)\n\tat org.apache.flink.streaming.api.operators.StreamMap.processElement(StreamMap.java:38)"))
                pieces.append(line(graph, f"Job {name} ({job}) switched from state RUNNING to RESTARTING."))
            clock += 10_000
            yield "".join(pieces).encode()

    scan("attempts", ["-"], feed())


def follow():
    """A log of 500 MB, an hour at 140 KB a second, within some minutes: what is followed must not pile up."""
    folder = PLACE / "follow"
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "flink-u-taskexecutor-0-h.log"
    log.write_bytes(b"")
    child = subprocess.Popen([PROGRAM, "events", "--follow", str(log)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
    text = logs("1.20.5-npe-taskmanager")
    written, seen, quarters = 0, [], [125, 250, 375, 500]
    while quarters:
        with open(log, "ab") as target:
            target.write(text)
        written += len(text)
        time.sleep(0.025)
        if written >= quarters[0] * 1_000_000:
            seen.append(f"{anonymous(child.pid):.0f} MB after {quarters.pop(0)} MB")
    child.terminate()
    child.wait()
    print(f"{'follow':<16}{', '.join(seen)}", flush=True)
    shutil.rmtree(folder)


CASES = {"small-files": small_files, "one-line": one_line, "yarn-pipe": yarn_pipe, "disaster": disaster, "attempts": attempts, "follow": follow, "ten-gigabytes": ten_gigabytes}


def main():
    PLACE.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or CASES:
        if name not in CASES:
            sys.exit(f"no case {name}; there are: {', '.join(CASES)}")
        CASES[name]()


main()
