"""Child process of the overhead benchmark: the same steps with transformers; prints one line of JSON."""

import json
import re
import sys
import time

import torch
import torch.nn.functional as fn
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration


def make_model(size, eager):
    vision = CLIPVisionConfig(
        hidden_size=size["visionWidth"],
        intermediate_size=4 * size["visionWidth"],
        num_hidden_layers=size["visionLayers"],
        num_attention_heads=max(1, size["visionWidth"] // 64),
        image_size=14 * size["side"],
        patch_size=14,
    )
    text = LlamaConfig(
        vocab_size=size["vocabulary"],
        hidden_size=size["width"],
        intermediate_size=4 * size["width"],
        num_hidden_layers=size["layers"],
        num_attention_heads=size["heads"],
        num_key_value_heads=size["heads"],
        max_position_embeddings=4096,
        tie_word_embeddings=False,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_id=size["vocabulary"] - 1,
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
    )
    # Attention patterns come out of the eager implementation only.
    config._attn_implementation = "eager" if eager else "sdpa"
    model = LlavaForConditionalGeneration(config)
    for name, parameter in model.named_parameters():
        parameter.requires_grad = bool(re.search(r"language_model.*(layers|norm)", name))
    return model


def losses(model, size, names, data):
    ids, pixels, answers, concepts, target, shown = data
    taps = {"output_attentions": "klal" in names, "output_hidden_states": "lll" in names}
    n, count = size["side"] ** 2, size["answers"]
    out = model.model(input_ids=ids, pixel_values=pixels, use_cache=False, **taps)
    # As with `logits_to_keep`: the head at the answers only.
    logits = model.lm_head(out.last_hidden_state[:, -count - 1 : -1])
    loss = fn.cross_entropy(logits.flatten(0, 1), answers)
    if "lll" in names:
        hidden = out.last_hidden_state[:, 1 : 1 + n]
        log_p = model.lm_head(hidden).log_softmax(-1)[0][:, concepts].mean(-1)
        positive = -(log_p * shown[:, None]).sum(0) / shown.sum()
        absent = 1 - shown
        negative = -(torch.log1p(-log_p.exp()) * absent[:, None]).sum(0) / absent.sum()
        loss = loss + 0.5 * (positive + negative).mean()
    if "klal" in names:
        rows = [a[:, :, -1, 1 : 1 + n] for a in out.attentions]
        maps = [(row / row.sum(-1, keepdim=True)).mean(1) for row in rows]
        terms = [(target * (target.clamp_min(1e-30).log() - q.log())).sum() for q in maps]
        loss = loss + 0.5 * sum(terms) / len(terms)
    return loss


def resident(field):
    with open("/proc/self/status") as lines:
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith(field))


class Run:
    """Training steps with some of the losses."""

    def __init__(self, names, size):
        torch.manual_seed(0)
        self.names, self.size = names, size
        self.model = make_model(size, "klal" in names)
        self.trained = [p for p in self.model.parameters() if p.requires_grad]
        self.optimiser = torch.optim.AdamW(
            self.trained, 1e-4, betas=(0.9, 0.95), weight_decay=0.01, fused=True
        )
        n, image = size["side"] ** 2, size["vocabulary"] - 1
        ids = torch.randint(0, image, (1, 1 + n + size["text"]))
        ids[:, 1 : 1 + n] = image
        shown = (torch.arange(n) % 7 == 0).float()
        concepts = torch.randint(0, image, (size["concepts"], 2))
        pixels = torch.randn(1, 3, 14 * size["side"], 14 * size["side"])
        self.data = (ids, pixels, ids[0, -size["answers"] :], concepts, shown / shown.sum(), shown)
        self.report = {"times": [], "cpu": [], "losses": []}

    def step(self):
        start, cpu_start = time.perf_counter(), time.process_time()
        loss = losses(self.model, self.size, self.names, self.data)
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
        self.optimiser.step()
        self.report["losses"].append(loss.item())
        self.report["times"].append((time.perf_counter() - start) * 1e3)
        self.report["cpu"].append((time.process_time() - cpu_start) * 1e3)


def main(sets, size, steps, threads):
    torch.set_num_threads(threads)
    runs = [Run(names.split(","), size) for names in sets]
    for step in range(steps + 1):
        if step == 1:
            with open("/proc/self/clear_refs", "w") as file:
                file.write("5")
        for run in runs:
            run.step()
    print(json.dumps([{**run.report, "peak": resident("VmHWM")} for run in runs]))


main(sys.argv[1].split(" "), json.loads(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
