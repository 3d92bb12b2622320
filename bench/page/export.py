"""A twin's text decoder as transformers.js takes a text model: `export.py CHECKPOINT FOLDER`. Needs torch, safetensors, onnx."""

import json
import os
import sys

import torch
import torch.nn.functional as fn
from safetensors.torch import load_file

source, target = sys.argv[1:]
with open(f"{source}/config.json") as file:
    config = json.load(file)["text_config"]
weights = {name: value.float() for name, value in load_file(f"{source}/model.safetensors").items()}
prefix = "language_model.model."
layers, heads = config["num_hidden_layers"], config["num_attention_heads"]
shared, width = config["num_key_value_heads"], config["head_dim"]
frequencies = 10000.0 ** (-2 * torch.arange(width // 2) / width)


def norm(x, weight):
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-5) * weight


def rotate(x, cos, sin):
    left, right = x[..., : width // 2], x[..., width // 2 :]
    return torch.cat([left * cos - right * sin, right * cos + left * sin], -1)


class Decoder(torch.nn.Module):
    """Logits and the cache, as transformers.js names them."""

    def forward(self, input_ids, attention_mask, position_ids, *past):
        embeddings = weights[prefix + "embed_tokens.weight"]
        x = fn.embedding(input_ids, embeddings)
        rows, length, _ = x.shape
        angles = position_ids.unsqueeze(-1).float() * frequencies
        cos, sin = angles.cos().unsqueeze(1), angles.sin().unsqueeze(1)
        total = attention_mask.shape[1]
        reach = torch.arange(length).unsqueeze(1) + (total - length)
        seen = (torch.arange(total).unsqueeze(0) <= reach)[None, None] & (attention_mask[:, None, None, :] > 0)
        mask = torch.where(seen, 0.0, -1e9)
        present = []
        for i in range(layers):

            def of(name):
                return weights[f"{prefix}layers.{i}.{name}.weight"]

            def project(y, name, count):
                return (y @ of(f"self_attn.{name}_proj").T).view(rows, length, count, width).transpose(1, 2)

            y = norm(x, of("input_layernorm"))
            q = rotate(project(y, "q", heads), cos, sin)
            k = torch.cat([past[2 * i], rotate(project(y, "k", shared), cos, sin)], 2)
            v = torch.cat([past[2 * i + 1], project(y, "v", shared)], 2)
            present += [k, v]
            keys, values = (z.repeat_interleave(heads // shared, 1) for z in (k, v))
            mixed = (q @ keys.transpose(2, 3) * width**-0.5 + mask).softmax(-1) @ values
            x = x + mixed.transpose(1, 2).reshape(rows, length, heads * width) @ of("self_attn.o_proj").T
            y = norm(x, of("post_attention_layernorm"))
            x = x + (fn.silu(y @ of("mlp.gate_proj").T) * (y @ of("mlp.up_proj").T)) @ of("mlp.down_proj").T
        return (norm(x, weights[prefix + "norm.weight"]) @ embeddings.T, *present)


def main():
    os.makedirs(f"{target}/onnx", exist_ok=True)
    length, before = 5, 3
    caches = [torch.randn(1, shared, before, width) for _ in range(2 * layers)]
    example = (
        torch.ones(1, length, dtype=torch.long),
        torch.ones(1, length + before, dtype=torch.long),
        torch.arange(before, before + length)[None],
        *caches,
    )
    pairs = [(i, name) for i in range(layers) for name in ("key", "value")]
    past = [f"past_key_values.{i}.{name}" for i, name in pairs]
    present = [f"present.{i}.{name}" for i, name in pairs]
    axes = {
        "input_ids": {0: "batch", 1: "sequence"},
        "attention_mask": {0: "batch", 1: "total"},
        "position_ids": {0: "batch", 1: "sequence"},
        "logits": {0: "batch", 1: "sequence"},
        **{name: {0: "batch", 2: "past"} for name in past},
        **{name: {0: "batch", 2: "total"} for name in present},
    }
    torch.onnx.export(
        Decoder().eval(),
        example,
        f"{target}/onnx/model.onnx",
        input_names=["input_ids", "attention_mask", "position_ids", *past],
        output_names=["logits", *present],
        dynamic_axes=axes,
        opset_version=17,
        dynamo=False,
    )
    with open(f"{target}/config.json", "w") as file:
        json.dump({**config, "architectures": ["LlamaForCausalLM"]}, file)
    with open(f"{target}/generation_config.json", "w") as file:
        json.dump({"eos_token_id": -1, "bos_token_id": 1, "pad_token_id": 0}, file)


main()
