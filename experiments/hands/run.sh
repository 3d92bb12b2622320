#!/usr/bin/env bash
# What several drawings a word and random changes are worth on hands that training never saw: short runs, one after the
# other, then the twins' new recipe. Complete runs are left alone; others go on where they stopped.
#
#   experiments/hands/run.sh short          600 steps with all three losses: one hand, two, five, each with and without changes
#   experiments/hands/run.sh twins [TWIN]   the new recipe, 3,000 steps, of each twin (full first) or of one
#   experiments/hands/run.sh score          all of them on their own hand, on Noto's and on Tux Paint's stamps
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${OUT:-out/hands}
fovea() { npx node src/cli/main.ts "$@"; }

few='data.cutouts=[fluent-3d,fluent-flat]'
many='data.cutouts=[fluent-3d,fluent-3d-more,fluent-flat,fluent-flat-more,twemoji,twemoji-more,emojione,emojione-more,fxemoji]'
all='data.heldOutPictures=false'
augment='data.augment={hue: 12, saturation: 0.4, brightness: 0.3, contrast: 0.3, blur: 0.6, occluders: 1, scale: [0.9, 1.3], rotation: 20, backgrounds: [plain, gradient, clouds, noise, stripes, shapes, texture, scenery]}'

# train NAME PRESET STEPS SET...
train() {
  local run=$out/$1 preset=$2 steps=$3 sets=()
  shift 3
  if [ -f "$run/model/model.safetensors" ]; then return; fi
  for set in "$all" "$@"; do sets+=(--set "$set"); done
  mkdir -p "$out"
  if [ -d "$run/checkpoints" ]; then fovea train --out "$run" --resume >>"$run.log" 2>&1
  else rm -rf "$run" && fovea train --preset "$preset" --out "$run" --steps "$steps" "${sets[@]}" >"$run.log" 2>&1
  fi
}

once() { # FILE COMMAND...
  [ -f "$1" ] || { "${@:2}" >"$1.part" && mv "$1.part" "$1"; }
}

# score NAME HAND OPTIONS...
score() {
  local file=experiments/hands/results/$1-$2 model=$out/$1/model
  shift 2
  mkdir -p experiments/hands/results
  once "$file.json" fovea eval --out "$out/evals/$(basename "$file")" --model "$model" --seed 7 --count 1000 --json "$@"
  once "$file-probe.json" fovea probe --model "$model" --seed 7 --count 1000 --json "$@"
}

case "${1:-}" in
  short)
    train one full 600
    train one-changed full 600 "$augment"
    train two full 600 "$few"
    train five full 600 "$many"
    train five-changed full 600 "$many" "$augment"
    ;;
  twins) for twin in ${2:-full ntp-lll ntp-klal ntp}; do train "$twin" "$twin" 3000 "$many" "$augment"; done ;;
  score)
    for model in "$out"/*/model/model.safetensors; do
      run=$(basename "$(dirname "$(dirname "$model")")")
      score "$run" own --sources fluent-3d
      score "$run" noto --sources noto
      score "$run" openmoji --sources openmoji
      score "$run" photos --sources tuxpaint-photos --backgrounds texture,scenery
    done
    ;;
  *) sed -n '2,8p' "$0"; exit 2 ;;
esac
