"""Writes states.json: what the Python widgets send to a page, as ipywidgets takes it apart, by the real anywidget.

    python -m pip install anywidget numpy && node release/notebook.ts
    PYTHONPATH=packages/notebook python tests/elements/notebook/make.py
"""

import base64
import json
import pathlib

import numpy as np
from fovea_widgets import Attend, Compare, Heads, Lens, Map, Words
from ipywidgets.widgets.widget import _remove_buffers

picture = (np.arange(8 * 12 * 3) % 256).astype(np.uint8).reshape(8, 12, 3)
values = np.array([[0.0, 0.25, 0.5], [0.75, 1.0, 0.125]])
geometry = {
    "original": {"width": 12, "height": 8},
    "processed": {"width": 12, "height": 8},
    "scaleX": 1,
    "scaleY": 1,
    "offsetX": 0,
    "offsetY": 0,
    "patch": 4,
    "grid": {"rows": 2, "columns": 3},
}
flat = values.ravel().tolist()
maps = {"model": "m", "geometry": geometry, "concepts": [{"word": "cat", "layers": [{"layer": 0, "values": flat}]}]}
layer = {"layer": 1, "share": 0.5, "map": [1 / 6] * 6, "headShares": [0.5], "heads": [[1 / 6] * 6]}
attention = {"question": "q", "answer": "cat", "geometry": geometry, "tokens": [{"token": "cat", "layers": [layer]}]}
words = [[("cat", 0.9)]] + [[]] * 5

widgets = {
    "map": Map(values, picture, label="cat", words=words, threshold=0.5, pins=[1]),
    "flat": Map(values.ravel(), picture / 255, rows=2, columns=3, scale={"kind": "share", "N": 6}),
    "words": Words([[("dog", 0.5), ("cat", 0.25)], [("cat", 0.75)]], word="cat", ranks=[2, 1]),
    "heads": Heads([[0.5, 0.25]], layers=[3], maps=np.stack([values, 1 - values])[None], picture=picture),
    "compare": Compare({"A <b>": Map(values, picture), "B": Map(1 - values, picture)}),
    "lens": Lens(maps, picture),
    "attend": Attend(attention, picture),
}


def sent(widget):
    state = {name: widget.get_state()[name] for name in ("element", "properties", "picture", "parts", "event")}
    state, paths, buffers = _remove_buffers(state)
    encoded = [base64.b64encode(bytes(one)).decode() for one in buffers]
    return {"state": state, "paths": paths, "buffers": encoded}


for bad in (lambda: Map(np.zeros((2, 2, 2))), lambda: Map(np.zeros(5), rows=2, columns=2), lambda: Heads([[1]], maps=[1])):
    try:
        bad()
    except ValueError as error:
        print("refused:", error)
    else:
        raise SystemExit("a wrong shape was taken")

seen = []
widgets["map"].on_event("pin", seen.append)
widgets["map"].event = {"name": "pin", "patch": 4}
widgets["map"].event = {"name": "hover", "patch": 5}
assert seen == [{"name": "pin", "patch": 4}], seen
widgets["map"].event = {}
path = pathlib.Path(__file__).with_name("states.json")
path.write_text(json.dumps({name: sent(widget) for name, widget in widgets.items()}, indent=1) + "\n")
