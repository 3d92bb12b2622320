"""Child process of the lens benchmark: the same work by transformers and PyTorch; prints one line of JSON."""

import json
import sys
import time

import torch
import transformers
from transformers.generation.streamers import BaseStreamer

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
job = json.loads(sys.argv[1])
TILE, TEXT = 64, 4


def inputs_of():
    n = job["tiles"] * TILE
    s = n + 2 * TEXT
    ids = [job["imageTokenId"] if TEXT <= i < TEXT + n else 100 + i for i in range(s)]
    shape = (1, job["tiles"], 3, job["side"], job["side"])
    count = torch.arange(torch.Size(shape).numel(), dtype=torch.int64)
    pixels = ((count * 7919) % 2000).to(torch.float32).div_(1000).sub_(1).view(shape)
    return {"input_ids": torch.tensor([ids]), "pixel_values": pixels}


def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def forward(model, inputs):
    return model(**inputs, logits_to_keep=1, use_cache=False).logits[0, -1, job["concepts"]].tolist()


def lens(model, inputs):
    """Layer after layer, so that one layer's logits are in memory at a time."""
    states = model(**inputs, logits_to_keep=1, use_cache=False, output_hidden_states=True).hidden_states
    image = inputs["input_ids"][0] == job["imageTokenId"]
    ids, maps = job["concepts"], []
    for layer, hidden in enumerate(states):
        x = hidden[0, image]
        x = x if layer == len(states) - 1 else model.model.text_model.norm(x)
        if job["mode"] == "logit":
            maps.append(x @ model.lm_head.weight[ids].T)
        else:
            maps.append(model.lm_head(x).softmax(-1)[:, ids])
    chosen = [0, len(maps) >> 1, len(maps) - 2]
    return [value for layer in chosen for value in maps[layer][-1].tolist()]


class Clock(BaseStreamer):
    """Notes when each token came; the first thing put is the prompt."""

    def __init__(self):
        self.ends = []

    def put(self, _):
        self.ends.append(time.perf_counter())

    def end(self):
        pass


def generate(model, inputs):
    """Milliseconds of a token after the first."""
    count, times = job["newTokens"], []
    for _ in range(job["repeats"] + 1):
        clock = Clock()
        model.generate(
            **inputs, max_new_tokens=count, min_new_tokens=count, do_sample=False, pad_token_id=2, streamer=clock
        )
        times.append((clock.ends[-1] - clock.ends[1]) * 1e3 / (len(clock.ends) - 2))
    return times[1:]


def main():
    torch.set_num_threads(job["threads"])
    load = time.perf_counter()
    model = transformers.Idefics3ForConditionalGeneration.from_pretrained(job["folder"], dtype=torch.float32).eval()
    inputs = inputs_of()
    times, cpu, values, first, first_peak = [], [], [], 0, 0
    with torch.inference_mode():
        if job["mode"] == "generate":
            times = generate(model, inputs)
        else:
            run = forward if job["mode"] == "forward" else lens
            values = run(model, inputs)
            first, first_peak = (time.perf_counter() - load) * 1e3, peak()
            for _ in range(job["repeats"]):
                start, before = time.perf_counter(), time.process_time()
                values = run(model, inputs)
                times.append((time.perf_counter() - start) * 1e3)
                cpu.append((time.process_time() - before) * 1e3)
    version = f"torch {torch.__version__}, transformers {transformers.__version__}"
    print(json.dumps({"times": times, "cpu": cpu, "values": values, "gigaflop": 0, "peakBytes": peak(),
                      "firstMs": first, "firstPeakBytes": first_peak, "version": version}))


main()
