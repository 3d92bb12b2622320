#!/usr/bin/env bash
# Makes the tests' reference values anew with a Python that has the packages of tests/fixtures/versions.py, and no
# torchvision (whose resize rounds otherwise):
#
#     scripts/fixtures.sh PYTHON [PART ...]
#
# PARTs are folders of tests/fixtures. Without any all are made, and the packages' versions go into
# tests/fixtures/versions.json. Whatever then differs in `git diff` is what a new release changed.
set -euo pipefail
python=${1:?usage: scripts/fixtures.sh PYTHON [PART ...]}
shift
cd "$(dirname "$0")/../tests/fixtures"

# What a command prints, into a file.
into() {
  local file=$1
  shift
  "$@" >"$file.new" || { rm "$file.new"; return 1; }
  mv "$file.new" "$file"
}

hub() {
  node hub/make_words.ts
  for what in safetensors text images qwen_images tile_images limits; do "$python" hub/make_$what.py; done
}
models() { for what in make make_penalty names published places ropes built; do "$python" models/$what.py; done; }
llava() { for what in make make_text_only; do "$python" llava/$what.py; done; }
lora() { "$python" lora/make.py; }
losses() { "$python" losses/make_losses.py; }
adamw() { "$python" adamw/make.py; }
grounding() { into grounding/rle.json "$python" grounding/make_rle.py; }
map-metrics() { into map-metrics/values.json "$python" map-metrics/make.py; }
harness-score() { into harness-score/values.json "$python" harness-score/make.py; }
public() { for what in make make_hub; do "$python" public/$what.py; done; }
pictures() { "$python" pictures/make.py; }

# Adapters (lora) stand on the models.
parts=(hub models lora llava losses adamw grounding map-metrics harness-score public pictures)
for part in "${@:-${parts[@]}}"; do
  echo "== $part"
  "$part"
done
[ $# -gt 0 ] || "$python" versions.py
