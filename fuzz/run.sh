#!/bin/sh
# run.sh FUZZER CORPUS WORK SECONDS: the corpus in the tree once, then SECONDS (or WEIR_FUZZ_SECONDS) of fuzzing from it.
# What is found new is kept in WORK, with the inputs that crash; the tree is only read.
set -eu
fuzzer=$1 corpus=$2 work=$3 seconds=${WEIR_FUZZ_SECONDS:-$4}
mkdir -p "$work"
"$fuzzer" -runs=0 -rss_limit_mb=1024 "$corpus"
exec "$fuzzer" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
  -artifact_prefix="$work/crash-" "$work" "$corpus"
