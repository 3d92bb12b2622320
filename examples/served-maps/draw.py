"""Asks a served model, and draws where its patches say a word and where its answer looked, from the arrays that it sends.

    pip install openai numpy matplotlib
    python draw.py http://127.0.0.1:8000/v1 scene.png "where is the pig ?" pig
"""

import base64
import os
import sys

import matplotlib
import numpy as np
import openai

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

if len(sys.argv) != 5:
    sys.exit("usage: python draw.py http://127.0.0.1:8000/v1 PICTURE QUESTION WORD")
api, file, question, word = sys.argv[1:]
client = openai.OpenAI(base_url=api, api_key=os.environ.get("FOVEA_KEY", "none"))
with open(file, "rb") as opened:
    url = "data:image/png;base64," + base64.b64encode(opened.read()).decode()
reply = client.chat.completions.create(
    model=client.models.list().data[0].id,
    messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": question}]}],
    extra_body={"fovea": {"lens": [word], "attention": "image", "tokens": "first"}},
)
maps = reply.model_extra["fovea"]


def grid(layer, geometry):
    """[rows, columns], top left first."""
    return np.array(layer["values"]).reshape(geometry["grid"]["rows"], geometry["grid"]["columns"])


lens, attention = maps["lens"], maps["attention"]
says = grid(lens["concepts"][0]["layers"][0], lens["geometry"])
layer = attention["tokens"][0]["layers"][0]
looks = grid(layer, attention["geometry"])

# Where the grid lies on the picture: a processed pixel is (x * scaleX + offsetX, y * scaleY + offsetY) of the original.
g = lens["geometry"]
left, top = -g["offsetX"] / g["scaleX"], -g["offsetY"] / g["scaleY"]
right = left + g["grid"]["columns"] * g["patch"] / g["scaleX"]
bottom = top + g["grid"]["rows"] * g["patch"] / g["scaleY"]
picture = plt.imread(file)
figure, axes = plt.subplots(1, 2, figsize=(8, 4))
for axis, values, title, most in [
    (axes[0], says, f"says {word}", 1),
    (axes[1], looks, f"looks, {layer['share']:.0%} on the picture", looks.max()),
]:
    axis.imshow(picture.mean(axis=-1), cmap="gray", extent=(0, maps["image"]["width"], maps["image"]["height"], 0))
    axis.imshow(values, cmap="magma", alpha=0.6, vmin=0, vmax=most, extent=(left, right, bottom, top))
    axis.set_title(title)
    axis.axis("off")
os.makedirs("out", exist_ok=True)
figure.savefig("out/maps.png")
print(question, reply.choices[0].message.content)
