#!/usr/bin/env bash
# Trains and scores everything that docs/results.md reports, two runs at a time (one thread each).
# About two hours on two cores. Runs that are complete are left alone; others go on where they stopped.
#
#   experiments/twins/run.sh train      the four shipped models, then the runs over seeds
#   experiments/twins/run.sh ship       the four trained models into checkpoints/, in place of those there
#   experiments/twins/run.sh score      evaluations of all of them, and of the shipped ones on drawings never trained on
#   experiments/twins/run.sh table      docs/results.md from the evaluations
set -euo pipefail
cd "$(dirname "$0")/../.."
fovea() { npx node src/cli/main.ts "$@"; }

twins=(full ntp ntp-lll ntp-klal)
seeds=(1 2 3)

# train PRESET FOLDER [OVERRIDES...]
train() {
  local preset=$1 out=$2
  shift 2
  if [ -f "$out/model/model.safetensors" ]; then return; fi
  local resume=()
  if [ -d "$out/checkpoints" ]; then resume=(--resume); else rm -rf "$out"; fi
  mkdir -p "$(dirname "$out")"
  fovea train --preset "$preset" --out "$out" "${resume[@]}" "$@" >"$out.log" 2>&1
}

in_pairs() { # runs the lines of standard input as commands, two at a time
  while read -r first; do
    $first &
    if read -r second; then $second & fi
    wait
  done
}

case "${1:-}" in
  train)
    {
      for twin in "${twins[@]}"; do echo "train $twin out/runs/$twin"; done
      for seed in "${seeds[@]}"; do
        for twin in "${twins[@]}"; do
          echo "train $twin out/runs/seeds/$twin-$seed --steps 600 --set train.seed=$seed --set data.seed=10$seed"
        done
      done
    } | in_pairs
    ;;
  ship)
    for twin in "${twins[@]}"; do
      [ -f "out/runs/$twin/model/model.safetensors" ] || { echo "no trained model in out/runs/$twin" >&2; exit 1; }
      rm -rf "checkpoints/$twin"
      cp -r "out/runs/$twin/model" "checkpoints/$twin"
    done
    ;;
  score)
    mkdir -p out/evals/seeds
    score() { # MODEL FILE [OPTIONS...]: answers into FILE.json, lens and attention into FILE-probe.json
      once "$2.json" fovea eval --out "$2-run" --model "$1" --seed 7 --json "${@:3}"
      once "$2-probe.json" fovea probe --model "$1" --seed 7 --json "${@:3}"
    }
    once() { # FILE COMMAND...
      [ -f "$1" ] || { "${@:2}" >"$1.part" 2>/dev/null && mv "$1.part" "$1"; }
    }
    {
      for twin in "${twins[@]}"; do
        echo "score checkpoints/$twin out/evals/$twin --count 2000"
        echo "score checkpoints/$twin out/evals/$twin-noto --count 1000 --sources noto"
      done
      for seed in "${seeds[@]}"; do
        for twin in "${twins[@]}"; do
          echo "score out/runs/seeds/$twin-$seed/model out/evals/seeds/$twin-$seed --count 1000"
        done
      done
    } | in_pairs
    ;;
  table) npx node experiments/twins/table.ts ;;
  *) sed -n '2,8p' "$0"; exit 2 ;;
esac
