"""generate.py MODEL ASKS: greedy answers of Python's transformers, with the model's own processor; a JSON line each.

ASKS holds lines {"id", "image", "prompt", "tokens"}: the path of a picture, the words of the question, the most new tokens.
"""

import importlib.util
import json
import sys

import torch
import transformers
from transformers import AutoModelForImageTextToText, AutoProcessor

folder, asks = sys.argv[1:3]


class NoVideo:
    """Stands for a video processor where torchvision, which that alone needs, is missing."""

    _auto_class = None
    model_input_names: list[str] = []
    num_frames = fps = None
    merge_size = temporal_patch_size = 2

    def to_dict(self):
        return {}


if importlib.util.find_spec("torchvision") is None:
    auto = transformers.models.auto.video_processing_auto.AutoVideoProcessor
    auto.from_pretrained = classmethod(lambda *_, **__: NoVideo())
    transformers.ProcessorMixin.check_argument_for_proper_class = lambda *_: None
    transformers.ProcessorMixin.__repr__ = object.__repr__
if importlib.util.find_spec("num2words") is None:  # Words for the numbers of video frames.
    transformers.models.smolvlm.processing_smolvlm.num2words = str
processor = AutoProcessor.from_pretrained(folder)
model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
if model.num_parameters() < 10_000_000:  # Threads cost such a model more than they give.
    torch.set_num_threads(1)


def inputs_of(ask):
    if processor.chat_template is None:  # PaliGemma: the processor puts the picture before the text.
        from transformers.image_utils import load_image

        return processor(images=load_image(ask["image"]), text=ask["prompt"], return_tensors="pt")
    content = [{"type": "image", "path": ask["image"]}, {"type": "text", "text": ask["prompt"]}]
    return processor.apply_chat_template(
        [{"role": "user", "content": content}],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    )


for line in open(asks):
    ask = json.loads(line)
    inputs = inputs_of(ask)
    with torch.no_grad():
        ids = model.generate(**inputs, max_new_tokens=ask["tokens"], do_sample=False)
    new = ids[0, inputs["input_ids"].shape[1] :]
    text = processor.decode(new, skip_special_tokens=True).strip()
    print(json.dumps({"id": ask["id"], "text": text, "inputTokens": int(inputs["input_ids"].shape[1])}), flush=True)
