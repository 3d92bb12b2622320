"""Child process of the generation benchmark: times transformers' greedy answers and prints one line of JSON."""

import json
import resource
import sys
import time

import torch
from transformers import LlavaForConditionalGeneration

folder, dtype = sys.argv[1:3]
image_tokens, prompt_tokens, new_tokens, answers, rows, threads = map(int, sys.argv[3:])
torch.set_num_threads(threads)
model = LlavaForConditionalGeneration.from_pretrained(folder, dtype=getattr(torch, dtype)).eval()
model.generation_config.eos_token_id = None
model.generation_config.pad_token_id = 0
side = model.config.vision_config.image_size
image_token = model.config.image_token_id


def prompt(n):
    text = [3 + (i * 7919 + n * 104729) % 40000 for i in range(prompt_tokens - image_tokens - 1)]
    pixels = ((torch.arange(3 * side * side) * 31 + n) % 97) / 48.5 - 1
    return [1] + [image_token] * image_tokens + text, pixels.view(3, side, side)


@torch.inference_mode()
def timed(n, count):
    ids, pixels = zip(*(prompt(n * rows + r) for r in range(rows)))
    inputs = {"input_ids": torch.tensor(ids), "pixel_values": torch.stack(pixels).to(model.dtype)}
    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
    start = time.perf_counter()
    out = model.generate(**inputs, do_sample=False, max_new_tokens=count, min_new_tokens=count)
    return 1e3 * (time.perf_counter() - start), out[0, prompt_tokens:].tolist()


first_answer, tokens = timed(0, new_tokens)
first, whole = [], []
for n in range(1, answers + 1):
    first.append(timed(n, 1)[0])
    whole.append(timed(n, new_tokens)[0])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"first": first, "whole": whole, "firstAnswer": first_answer, "peakBytes": peak, "tokens": tokens}))
