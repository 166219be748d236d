"""The timing part of compare.sh: compare.py PROGRAM BENCH_DIR ROUNDS."""
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time

WORDS = "exception|error|fail"
ENVIRONMENT = dict(os.environ, RAYON_NUM_THREADS="2", LC_ALL="C.UTF-8")


def run(command):
    """Seconds of wall time, seconds of CPU time and the peak of anonymous memory in MB, all children included in the first two. A command may be
    a file with the command that it is piped into."""
    before = os.times()
    start = time.perf_counter()
    piped = isinstance(command, tuple)
    source = subprocess.Popen(["cat", command[0]], stdout=subprocess.PIPE) if piped else None
    command = command[1] if piped else command
    # Into a pipe that is read: grep stops at the first match where its output is thrown away.
    child = subprocess.Popen(command, stdin=source and source.stdout, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
    if source:
        source.stdout.close()
    reader = threading.Thread(target=child.stdout.read)
    reader.start()
    anonymous = 0
    while child.poll() is None:
        try:
            status = pathlib.Path(f"/proc/{child.pid}/status").read_text()
            anonymous = max([anonymous] + [int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")])
        except OSError:
            pass
        time.sleep(0.002)
    reader.join()
    if source:
        source.wait()
    wall = time.perf_counter() - start
    after = os.times()
    return wall, after.children_user + after.children_system - before.children_user - before.children_system, anonymous / 1024


def main():
    program, bench, rounds = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
    plain = sorted(map(str, (bench / "plain").iterdir()))
    packed = sorted(map(str, (bench / "gz").iterdir()))
    small, gc, one, one_gz = bench / "small", str(bench / "gc.log"), plain[0], packed[0]
    # At a terminal both would page or colour; neither does here.
    scan = [program, "scan", "-f", "json", "--no-progress"]
    rows = [
        ("plain, four files", scan + plain, ["rg", "-j2", "-c", "-i", WORDS] + plain, "≤ 1.0"),
        ("plain, one file", scan + [one], ["rg", "-j2", "-c", "-i", WORDS, one], "≤ 1.0"),
        ("plain, one file", scan + [one], ["grep", "-ciE", WORDS, one], "≤ 0.33"),
        ("gzip, four files", scan + packed, ["rg", "-j2", "-z", "-c", "-i", WORDS] + packed, "≤ 0.4"),
        ("gzip, one file", scan + [one_gz], ["zgrep", "-ciE", WORDS, one_gz], "≤ 0.5"),
        ("pipe", (one, [program, "scan", "-f", "json", "--no-progress"]), (one, ["rg", "-c", "-i", WORDS]), "≤ 1.2"),
        ("GC log", scan + [gc], ["grep", "-c", "Pause", gc], "≤ 3"),
        ("start, 100 KB", scan + [str(small)], ["grep", "-r", "-ciE", WORDS, str(small)], "≤ 10 ms more"),
    ]
    print(f"{'work':<20}{'flinklog':>10}{'peer':>10}{'ratio':>8}  {'wanted':<13}{'CPU':>8}{'anon MB':>9}  peer")
    for name, ours, peer, wanted in rows:
        tool = peer[1][0] if isinstance(peer, tuple) else peer[0]
        if not shutil.which(tool):
            print(f"{name:<20}{tool} is not installed")
            continue
        run(ours), run(peer)
        results = [(run(ours), run(peer)) for _ in range(rounds)]
        best = [min(result[side] for result in results) for side in (0, 1)]
        memory = max(result[0][2] for result in results)
        ratio = f"{(best[0][0] - best[1][0]) * 1000:+.0f} ms" if "ms" in wanted else f"{best[0][0] / best[1][0]:.2f}"
        print(f"{name:<20}{best[0][0]:>9.3f}s{best[1][0]:>9.3f}s{ratio:>8}  {wanted:<13}{best[0][1]:>7.2f}s{memory:>9.1f}  {tool}")


main()
