"""Process of the step benchmark: the same training step in PyTorch, eager or compiled. Steps when a line asks for some.

The model is LLaVA (CLIP's tower, two linear layers, Llama's decoder) as transformers has it, without what this step does
not need: fused attention everywhere (KLAL computes the rows that it reads by themselves), the head at the positions that
predict an answer, the lens at image tokens. AdamW is fused, and gradients are set to None.
"""

import json
import math
import sys
import time

START = time.time()

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as fn


class Attention(nn.Module):
    def __init__(self, width, heads, key_heads, bias, out):
        super().__init__()
        self.heads, self.key_heads, self.size = heads, key_heads, width // heads
        keys = self.size * key_heads
        self.q_proj = nn.Linear(width, width, bias)
        self.k_proj = nn.Linear(width, keys, bias)
        self.v_proj = nn.Linear(width, keys, bias)
        setattr(self, out, nn.Linear(width, width, bias))

    def split(self, x):
        return x.view(*x.shape[:2], -1, self.size).transpose(1, 2)

    def qkv(self, x):
        return self.split(self.q_proj(x)), self.split(self.k_proj(x)), self.split(self.v_proj(x))


class VisionLayer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.self_attn = Attention(width, heads, heads, True, "out_proj")
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})

    def forward(self, x):
        q, k, v = self.self_attn.qkv(self.layer_norm1(x))
        mixed = fn.scaled_dot_product_attention(q, k, v)
        x = x + self.self_attn.out_proj(mixed.transpose(1, 2).flatten(2))
        h = self.mlp["fc1"](self.layer_norm2(x))
        return x + self.mlp["fc2"](h * torch.sigmoid(1.702 * h))


class Tower(nn.Module):
    def __init__(self, size):
        super().__init__()
        width, patches = size["visionWidth"], size["side"] ** 2
        self.embeddings = nn.Module()
        self.embeddings.class_embedding = nn.Parameter(torch.empty(width))
        self.embeddings.patch_embedding = nn.Conv2d(3, width, 14, 14, bias=False)
        self.embeddings.position_embedding = nn.Embedding(patches + 1, width)
        self.pre_layrnorm = nn.LayerNorm(width)
        self.encoder = nn.Module()
        heads = max(1, width // 64)
        self.encoder.layers = nn.ModuleList(VisionLayer(width, heads) for _ in range(size["visionLayers"]))

    def forward(self, pixels):
        e = self.embeddings
        patches = e.patch_embedding(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([e.class_embedding.expand(len(pixels), 1, -1), patches], 1)
        x = self.pre_layrnorm(x + e.position_embedding.weight)
        for layer in self.encoder.layers:
            x = layer(x)
        return x[:, 1:]


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


class DecoderLayer(nn.Module):
    def __init__(self, size):
        super().__init__()
        width, heads = size["width"], size["heads"]
        inner = round(size.get("mlpRatio", 4) * width)
        self.self_attn = Attention(width, heads, size.get("keyValueHeads", heads), False, "o_proj")
        self.input_layernorm = nn.RMSNorm(width, eps=1e-5)
        self.post_attention_layernorm = nn.RMSNorm(width, eps=1e-5)
        linear = lambda i, o: nn.Linear(i, o, bias=False)
        self.mlp = nn.ModuleDict(
            {"gate_proj": linear(width, inner), "up_proj": linear(width, inner), "down_proj": linear(inner, width)}
        )

    def forward(self, x, cos, sin):
        q, k, v = self.self_attn.qkv(self.input_layernorm(x))
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        groups = self.self_attn.heads // self.self_attn.key_heads
        if groups > 1:
            k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
        mixed = fn.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.self_attn.o_proj(mixed.transpose(1, 2).flatten(2))
        h = self.post_attention_layernorm(x)
        mlp = self.mlp
        return x + mlp["down_proj"](fn.silu(mlp["gate_proj"](h)) * mlp["up_proj"](h)), q, k


class Model(nn.Module):
    def __init__(self, size, losses):
        super().__init__()
        self.size, self.losses = size, losses
        width, K = size["width"], size["width"] // size["heads"]
        self.vision_tower = Tower(size)
        self.multi_modal_projector = nn.Module()
        self.multi_modal_projector.linear_1 = nn.Linear(size["visionWidth"], width)
        self.multi_modal_projector.linear_2 = nn.Linear(width, width)
        self.language_model = nn.Module()
        self.language_model.embed_tokens = nn.Embedding(size["vocabulary"], width)
        self.language_model.layers = nn.ModuleList(DecoderLayer(size) for _ in range(size["layers"]))
        self.language_model.norm = nn.RMSNorm(width, eps=1e-5)
        length = 1 + size["side"] ** 2 + size["text"]
        angles = torch.outer(torch.arange(length), 10000 ** (-2 * torch.arange(K // 2) / K))
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def forward(self, batch):
        n, answers = self.size["side"] ** 2, self.size["answers"]
        decoder, head = self.language_model, self.language_model.embed_tokens.weight
        image = self.multi_modal_projector.linear_1(self.vision_tower(batch["pixels"]))
        image = self.multi_modal_projector.linear_2(fn.gelu(image))
        ids = batch["inputIds"]
        x = torch.cat([decoder.embed_tokens(ids[:, :1]), image, decoder.embed_tokens(ids[:, 1 + n :])], 1)
        lens, attention = 0, 0
        for layer in decoder.layers:
            x, q, k = layer(x, self.cos, self.sin)
            if "lll" in self.losses:
                lens = lens + lens_loss(decoder.norm(x[:, 1 : 1 + n]), head, batch)
            if "klal" in self.losses:
                rows = q[:, :, -answers - 1 : -1] @ k[:, :, 1 : 1 + n].transpose(-1, -2)
                attention = attention + attention_loss(rows / math.sqrt(q.shape[-1]), batch["attentionTargets"])
        logits = decoder.norm(x[:, -answers - 1 : -1]) @ head.T
        loss = fn.cross_entropy(logits.flatten(0, 1), batch["answerIds"].flatten())
        return loss + (lens + attention) / len(decoder.layers)


def lens_loss(x, head, batch):
    """LLL of one layer (docs/losses.md): normed image tokens [B, N, D] and the head [V, D]."""
    ids, coverage = batch["conceptIds"], batch["conceptCoverage"]
    chosen = torch.einsum("bnd,bkcd->bkcn", x, head[ids])
    log_p = chosen - (x @ head.T).logsumexp(-1)[:, None, None]
    shown, absent = (coverage >= 0.5).float(), (coverage <= 0).float()
    positive = (-log_p.mean(2) * shown).sum(-1) / shown.sum(-1)
    negative = (-torch.log1p(-log_p.exp()).mean(2) * absent).sum(-1) / absent.sum(-1)
    return (positive + negative).mean()


def attention_loss(rows, target):
    """KLAL of one layer: scores [B, H, A, N] of the predicting positions, targets [B, 1, N]."""
    log_q = rows.log_softmax(-1).logsumexp(1) - math.log(rows.shape[1])
    return (target * (target.clamp_min(1e-30).log() - log_q)).sum(-1).mean()


def read_weights(folder):
    """A safetensors file of float32, by its own names."""
    data = np.memmap(f"{folder}/model.safetensors", np.uint8, "c")
    length = int.from_bytes(data[:8].tobytes(), "little")
    header = json.loads(data[8 : 8 + length].tobytes())
    header.pop("__metadata__", None)
    for name, entry in header.items():
        start, end = (8 + length + at for at in entry["data_offsets"])
        values = torch.from_numpy(data[start:end].view(np.float32).reshape(entry["shape"]))
        yield name.replace("language_model.model.", "language_model."), values


def read_batch(folder, size):
    side = 14 * size["side"]
    with open(f"{folder}/batch.json") as file:
        arrays = json.load(file)
    batch = {name: torch.tensor(array["data"]).reshape(array["shape"]) for name, array in arrays.items()}
    for name in ("conceptCoverage", "attentionTargets"):
        batch[name] = batch[name].float()
    pixels = np.fromfile(f"{folder}/pixels.bin", np.float32).reshape(-1, 3, side, side)
    return {**batch, "pixels": torch.from_numpy(pixels)}


def resident(field):
    with open("/proc/self/status") as lines:
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith(field))


def main(mode, job):
    torch.set_num_threads(job["threads"])
    size, settings = job["size"], job["optimiser"]
    model = Model(size, job["losses"])
    missing, unexpected = model.load_state_dict(dict(read_weights(job["folder"])), strict=False)
    assert not missing and all("post_layernorm" in name for name in unexpected), (missing, unexpected)
    device = torch.device(job.get("torchDevice", "cpu"))
    if device.type == "cuda":  # As ONNX Runtime's provider does unless it is told otherwise.
        torch.set_float32_matmul_precision("high")
    model.to(device)
    model.language_model.embed_tokens.weight.requires_grad = not size["frozen"]
    trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    decayed = lambda name, p: p.ndim > 1 and "embed_tokens" not in name and "position_embedding" not in name
    groups = [
        {"params": [p for name, p in trained if decayed(name, p)], "weight_decay": settings["weightDecay"]},
        {"params": [p for name, p in trained if not decayed(name, p)], "weight_decay": 0.0},
    ]
    betas = (settings["beta1"], settings["beta2"])
    optimiser = torch.optim.AdamW(groups, settings["learningRate"], betas, settings["epsilon"], fused=True)
    batch = {name: tensor.to(device) for name, tensor in read_batch(job["folder"], size).items()}
    forward = torch.compile(model) if mode == "compile" else model
    parameters = [p for _, p in trained]

    def step():
        start, cpu = time.perf_counter(), time.process_time()
        loss = forward(batch)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(parameters, settings["clipNorm"])
        optimiser.step()
        optimiser.zero_grad()
        values = (loss.item(), norm.item())
        return (*values, 1e3 * (time.perf_counter() - start), 1e3 * (time.process_time() - cpu))

    loss, norm, *_ = step()
    start = 1e3 * (time.time() - START)
    start_peak = resident("VmHWM")
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    ready = {"loss": loss, "gradientNorm": norm, "startMs": start, "version": torch.__version__}
    print(json.dumps(ready), flush=True)
    for line in sys.stdin:
        done = [step() for _ in range(json.loads(line)["steps"])]
        peak = resident("VmHWM")
        answer = {"times": [d[2] for d in done], "cpu": [d[3] for d in done], "loss": done[-1][0]}
        answer |= {"peakBytes": max(start_peak, peak), "stepPeakBytes": peak}
        print(json.dumps(answer), flush=True)


def limit(job):
    """Seconds of each product at its fastest, of a matrix and one that is stored as a linear layer's is."""
    torch.set_num_threads(job["threads"])
    seconds = []
    for p in job["products"]:
        a, b = torch.randn(p["m"], p["i"]), torch.randn(p["o"], p["i"])
        out = torch.empty(p["m"], p["o"])
        best, end = math.inf, time.perf_counter() + 0.15
        while time.perf_counter() < end or best == math.inf:
            start = time.perf_counter()
            torch.mm(a, b.T, out=out)
            best = min(best, time.perf_counter() - start)
        seconds.append(best)
    print(json.dumps({"seconds": seconds}))


if sys.argv[1] == "limit":
    limit(json.loads(sys.argv[2]))
else:
    main(sys.argv[1], json.loads(sys.argv[2]))
