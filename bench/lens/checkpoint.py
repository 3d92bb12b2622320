"""Makes a random checkpoint of SmolVLM-256M's shape (256.5 M parameters, bfloat16), from its published config."""

import sys

import torch
from transformers import Idefics3Config, Idefics3ForConditionalGeneration

TEXT = {
    "model_type": "llama",
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "head_dim": 64,
    "max_position_embeddings": 8192,
    "rms_norm_eps": 1e-5,
    "rope_theta": 100000,
    "vocab_size": 49280,
    "pad_token_id": 2,
}
VISION = {
    "model_type": "idefics3_vision",
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "image_size": 512,
    "patch_size": 16,
}

torch.manual_seed(0)
config = Idefics3Config(
    text_config=TEXT, vision_config=VISION, scale_factor=4, image_token_id=49190, tie_word_embeddings=False
)
model = Idefics3ForConditionalGeneration(config).to(torch.bfloat16)
model.generation_config.eos_token_id = None
model.save_pretrained(sys.argv[1])
