"""Answers the questions of a folder one by one, greedily: python peer.py MODEL FOLDER TOKENS"""

import json
import sys

import torch
from PIL import Image
from transformers import AutoProcessor, LlavaForConditionalGeneration

model_folder, data, tokens = sys.argv[1:]
model = LlavaForConditionalGeneration.from_pretrained(model_folder, dtype=torch.float32).eval()
processor = AutoProcessor.from_pretrained(model_folder)
answers = []
with torch.inference_mode(), open(f"{data}/metadata.jsonl") as lines:
    for line in lines:
        row = json.loads(line)
        image = Image.open(f"{data}/{row['file_name']}").convert("RGB")
        for question in row["questions"]:
            content = [{"type": "image"}, {"type": "text", "text": question["question"]}]
            prompt = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
            inputs = processor(text=prompt, images=image, return_tensors="pt", add_special_tokens=False)
            said = model.generate(**inputs, do_sample=False, max_new_tokens=int(tokens))
            answers.append(said[0, inputs["input_ids"].shape[1] :].tolist())
print(json.dumps(answers))
