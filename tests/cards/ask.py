"""Runs the program of a model's card for every picture and question: python ask.py '{"card": ..., "pictures": ...}'"""

import contextlib
import io
import json
import re
import sys

from transformers.models.auto.video_processing_auto import AutoVideoProcessor
from transformers.models.smolvlm import processing_smolvlm
from transformers.processing_utils import ProcessorMixin

# Some families' processors read videos too, for which they want torchvision; it would resize pictures otherwise than
# Pillow, with which Fovea agrees. No video is shown here.
class NoVideos(dict):
    num_frames = fps = 1
    merge_size = temporal_patch_size = 2


NO_VIDEOS = NoVideos()
AutoVideoProcessor.from_pretrained = classmethod(lambda *_, **__: NO_VIDEOS)
processing_smolvlm.num2words = str
check = ProcessorMixin.check_argument_for_proper_class
ProcessorMixin.check_argument_for_proper_class = lambda self, name, value: (
    None if value is NO_VIDEOS else check(self, name, value)
)

asked = json.loads(sys.argv[1])
code = re.search(r"```python\n(.*?)```", open(asked["card"], encoding="utf8").read(), re.S).group(1)
opening, asking = re.split(r"^picture, question = .*\n", code, flags=re.M)
asking = asking.replace("max_new_tokens=64", f"max_new_tokens={asked['maxNewTokens']}")
names: dict = {}
answers = []
with contextlib.redirect_stdout(io.StringIO()):
    exec(opening, names)
for picture in asked["pictures"]:
    for question in asked["questions"]:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(asking, {**names, "picture": picture, "question": question})
        answers.append(said.getvalue().removesuffix("\n"))
print(json.dumps(answers))
