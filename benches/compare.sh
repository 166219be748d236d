#!/usr/bin/env bash
# Runs flinklog beside grep, ripgrep and zgrep on the same input and prints the wall times with their ratios.
#
#   benches/compare.sh [SIZE_MB] [ROUNDS]
#
# The input is made by make-corpus.py from fixtures/ and kept in $BENCH_DIR (target/bench). FLINKLOG names the program, else a release build is made.
# Rounds are interleaved, the best of each counts: other work on the machine then hits all alike.
set -euo pipefail
cd "$(dirname "$0")/.."
size=${1:-1024}
rounds=${2:-5}
bench=${BENCH_DIR:-target/bench}
program=${FLINKLOG:-}
if [ -z "$program" ]; then
    cargo build --release
    program=$PWD/${CARGO_TARGET_DIR:-target}/release/flinklog
fi
if [ "$(cat "$bench/size" 2>/dev/null)" != "$size" ]; then
    python3 benches/make-corpus.py "$bench" "$size"
    # A file that was written to within the last minute is read, not mapped.
    find "$bench" -name '*.log*' -exec touch -d '1 hour ago' {} +
    echo "$size" >"$bench/size"
fi
exec python3 benches/compare.py "$program" "$bench" "$rounds"
