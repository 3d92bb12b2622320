"""Child process of the step benchmark: the same step in PyTorch, eager or compiled; prints one line of JSON."""

import json
import math
import resource
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as fn

SIZES = {
    "full": (8, 256, 32, 192, (192, 3, 4), (256, 4, 6), 512),
    "small": (48, 64, 12, 192, (128, 4, 3), (128, 4, 4), 128),
}


class Layer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        linear = lambda i, o: nn.Linear(i, o, bias=False)
        self.query, self.key, self.value, self.out = (linear(width, width) for _ in range(4))
        self.norm1, self.norm2 = nn.RMSNorm(width, eps=1e-6), nn.RMSNorm(width, eps=1e-6)
        self.up, self.gate = linear(width, 4 * width), linear(width, 4 * width)
        self.down = linear(4 * width, width)

    def forward(self, x, mask=None):
        b, t, d = x.shape
        h = self.norm1(x)
        split = lambda y: y.view(b, t, self.heads, d // self.heads).transpose(1, 2)
        q, k, v = split(self.query(h)), split(self.key(h)), split(self.value(h))
        if mask is None:  # Nobody reads the pattern: PyTorch's fused attention.
            mixed, pattern = fn.scaled_dot_product_attention(q, k, v), None
        else:
            pattern = (q @ k.transpose(-1, -2) / math.sqrt(d // self.heads) + mask).softmax(-1)
            mixed = pattern @ v
        x = x + self.out(mixed.transpose(1, 2).reshape(b, t, d))
        h = self.norm2(x)
        return x + self.down(fn.silu(self.gate(h)) * self.up(h)), pattern


class Model(nn.Module):
    def __init__(self, size):
        super().__init__()
        _, self.image_tokens, _, inputs, vision, decoder, vocabulary = size
        self.patch = nn.Linear(inputs, vision[0], bias=False)
        self.position = nn.Parameter(torch.zeros(self.image_tokens, vision[0]))
        self.project = nn.Linear(vision[0], decoder[0], bias=False)
        self.embed = nn.Embedding(vocabulary, decoder[0])
        self.norm = nn.RMSNorm(decoder[0], eps=1e-6)
        self.vision = nn.ModuleList(Layer(*vision[:2]) for _ in range(vision[2]))
        self.decoder = nn.ModuleList(Layer(*decoder[:2]) for _ in range(decoder[2]))

    def forward(self, pixels, ids, following, attention, mask):
        n = self.image_tokens
        x = self.patch(pixels) + self.position
        for layer in self.vision:
            x, _ = layer(x)
        x, maps = torch.cat([self.project(x), self.embed(ids)], 1), 0
        for layer in self.decoder:
            x, pattern = layer(x, mask)
            q = pattern.mean(1)[:, -1, :n]
            q = q / (q.sum(-1, keepdim=True) + 1e-8)
            maps = maps - (attention * (q + 1e-8).log()).sum() / (len(pixels) * len(self.decoder))
        logits = self.norm(x)[:, n:] @ self.embed.weight.T
        return fn.cross_entropy(logits.flatten(0, 1), following.flatten()) + maps


def main(mode, size, steps):
    torch.manual_seed(0)
    batch, n, m, inputs, _, _, vocabulary = size
    torch.set_num_threads(int(sys.argv[4]))
    model = Model(size)
    step = torch.compile(model) if mode == "compile" else model
    optimiser = torch.optim.AdamW(model.parameters(), 1e-3, betas=(0.9, 0.95), weight_decay=0.01, fused=True)
    ids, following = torch.randint(0, vocabulary, (2, batch, m))
    mask = torch.full((n + m, n + m), float("-inf")).triu(1)
    data = (torch.randn(batch, n, inputs), ids, following, torch.full((batch, n), 1 / n), mask)
    times, cpu, losses = [], [], []
    for _ in range(steps):
        start, cpu_start = time.perf_counter(), time.process_time()
        loss = step(*data)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        times.append((time.perf_counter() - start) * 1e3)
        cpu.append((time.process_time() - cpu_start) * 1e3)
        losses.append(loss.item())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    report = {"times": times, "cpu": cpu, "losses": losses, "peakBytes": peak, "version": torch.__version__}
    print(json.dumps(report))


main(sys.argv[1], SIZES[sys.argv[2]], int(sys.argv[3]))
