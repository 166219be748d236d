#!/usr/bin/env bash
# Runs every fuzz target (or those named) for some seconds each, one after another, from the seeds of the fixtures, and prints what each did.
#   fuzz/run.sh SECONDS [TARGET…]        needs a nightly toolchain and cargo-fuzz
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:?seconds per target}
shift
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cd fuzz_targets && ls *.rs | sed 's/\.rs$//')

(cd .. && FLINKLOG_FUZZ_SEEDS="$PWD/fuzz/seeds" FLINKLOG_FUZZ_EXECUTIONS=0 cargo test --quiet --test fuzz_smoke >/dev/null)
# The project has one unsafe module, which no target reaches: without the address sanitizer a target does several times as much.
cargo +nightly fuzz build --sanitizer none >/dev/null

failed=0
printf '%-14s %12s %8s %10s %8s %s\n' target executions edges features inputs result
for target in "${targets[@]}"; do
  mkdir -p "corpus/$target"
  result=ok
  cargo +nightly fuzz run --sanitizer none "$target" "corpus/$target" "seeds/$target" -- \
    -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=16384 -print_final_stats=1 >"corpus/$target.log" 2>&1 || result=FAILED
  line=$(grep -aE 'cov: ' "corpus/$target.log" | tail -1 || true)
  value() { sed -nE "s/.* $1: ([0-9]+).*/\1/p" <<<"$line"; }
  executions=$(sed -nE 's/^stat::number_of_executed_units: +([0-9]+)/\1/p' "corpus/$target.log")
  printf '%-14s %12s %8s %10s %8s %s\n' "$target" "$executions" "$(value cov)" "$(value ft)" "$(value corp)" "$result"
  [ "$result" = ok ] || failed=1
done
exit "$failed"
