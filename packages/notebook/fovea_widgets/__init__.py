"""What a vision-language model sees, in a notebook, from numpy arrays.

    from fovea_widgets import Map, Compare
    Map(values, picture, label="cat")                       # values [rows, columns], picture [Y, X, 3]
    Compare({"NTP": Map(a, picture), "NTP + LLL": Map(b, picture)})

The widgets are the custom elements of Fovea, shown by anywidget: in Jupyter, VS Code, Colab and marimo.
"""

from __future__ import annotations

import pathlib
from typing import Any, Callable, Mapping, Sequence

import anywidget
import numpy as np
import traitlets

__all__ = ["Attend", "Compare", "Heads", "Lens", "Map", "Words"]
__version__ = "0.1.0"

_esm = pathlib.Path(__file__).parent / "static" / "notebook.js"


class _Widget(anywidget.AnyWidget):
    """An element, what it is given, and the last thing that somebody did with it."""

    _esm = _esm
    element = traitlets.Unicode().tag(sync=True)
    properties = traitlets.Dict().tag(sync=True)
    picture = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)
    parts = traitlets.List().tag(sync=True)
    #: ``{"name": "pin", "patch": 12}``; observe it, or use ``on_event``.
    event = traitlets.Dict().tag(sync=True)

    def __init__(self, properties: Mapping[str, Any], picture: Any = None, parts: Sequence[Any] = ()):
        super().__init__(
            element=type(self).__name__,
            properties=_without_none(properties),
            picture=None if picture is None else _picture(picture),
            parts=list(parts),
        )

    def update(self, **properties: Any) -> None:
        """Changes properties of the element in place, by the names that it has in a page."""
        self.properties = {**self.properties, **_without_none(properties)}

    def on_event(self, name: str, callback: Callable[[dict], None]) -> None:
        """Calls back on each ``hover``, ``pin``, ``brush``, ``word``, ``head``, ``head-choose`` or ``head-strike``."""

        def told(change: Mapping[str, Any]) -> None:
            if change["new"].get("name") == name:
                callback(change["new"])

        self.observe(told, names="event")

    def _part(self) -> dict:
        return {"element": self.element, "properties": self.properties, "picture": self.picture}


class Map(_Widget):
    """A map over a picture.

    values: [rows, columns], or [N] in row order with ``rows`` and ``columns``. picture: [Y, X, 3], bytes or 0 to 1.
    scale: ``{"kind": "probability"}`` (0 to 1, the default), ``{"kind": "share", "N": 576}``, ``{"kind": "rank", "V": ...}``,
    ``{"kind": "linear", "label": "logit", "low": -3, "high": 8}``. words: for each patch its ``(word, probability)`` pairs,
    likeliest first. geometry: as Fovea writes it, where the grid does not cover the picture evenly.
    """

    def __init__(
        self,
        values: Any,
        picture: Any = None,
        *,
        rows: int | None = None,
        columns: int | None = None,
        label: str = "map",
        scale: Mapping[str, Any] | None = None,
        geometry: Mapping[str, Any] | None = None,
        words: Sequence[Any] | None = None,
        threshold: float | None = None,
        pins: Sequence[int] | None = None,
        outlines: Sequence[Mapping[str, Any]] | None = None,
        ramp: str | None = None,
        opacity: float = 1.0,
        width: int = 360,
    ):
        shown = {
            "map": _map(values, rows, columns, scale, geometry),
            "words": None if words is None else [[_word(word) for word in patch] for patch in words],
            "label": label,
            "threshold": threshold,
            "pins": None if pins is None else [int(pin) for pin in pins],
            "outlines": outlines,
            "ramp": ramp,
            "opacity": float(opacity),
            "reading": True,
            "width": width,
        }
        super().__init__(shown, picture)


class Words(_Widget):
    """The likeliest words of a patch by layer: for each layer its ``(word, probability)`` pairs, likeliest first."""

    def __init__(
        self,
        rows: Sequence[Sequence[Any]],
        *,
        layers: Sequence[int] | None = None,
        word: str | None = None,
        ranks: Sequence[int] | None = None,
    ):
        numbers = list(range(len(rows))) if layers is None else [int(layer) for layer in layers]
        shown = [
            _without_none(
                {
                    "layer": layer,
                    "words": [_word(one) for one in row],
                    "rank": None if ranks is None else float(ranks[i]),
                }
            )
            for i, (layer, row) in enumerate(zip(numbers, rows))
        ]
        super().__init__({"rows": shown, "word": word})


class Heads(_Widget):
    """All heads: shares [L, H], 0 to 1. maps [L, H, rows, columns] draw the head under the cursor large."""

    def __init__(
        self,
        shares: Any,
        *,
        layers: Sequence[int] | None = None,
        what: str = "on the image",
        maps: Any = None,
        picture: Any = None,
        sinks: Sequence[Mapping[str, int]] | None = None,
    ):
        shown = {
            "shares": np.asarray(shares, dtype=float).tolist(),
            "layers": None if layers is None else [int(layer) for layer in layers],
            "what": what,
            "maps": None if maps is None else _head_maps(maps),
            "sinks": sinks,
        }
        super().__init__(shown, picture)


class Compare(_Widget):
    """Widgets side by side, by title, with one cursor: ``Compare({"NTP": Map(...), "LLL": Map(...)})``."""

    def __init__(self, widgets: Mapping[str, _Widget]):
        models = [{"title": title} for title in widgets]
        super().__init__({"models": models}, parts=[widget._part() for widget in widgets.values()])


class Lens(_Widget):
    """What ``fovea lens`` wrote: ``maps.json`` as a dictionary (of several models, a list), and ``words.json`` beside it."""

    def __init__(self, maps: Any, picture: Any = None, *, words: Any = None):
        results = [dict(one) for one in _listed(maps)]
        for result, said in zip(results, _listed(words)):
            result["words"] = said["layers"]
        super().__init__({"results": [{"title": one.get("model", ""), **one} for one in results]}, picture)


class Attend(_Widget):
    """What ``fovea attend`` wrote: ``attention.json`` as a dictionary; of several models, ``{title: dictionary}``."""

    def __init__(self, attention: Any, picture: Any = None):
        many = attention if isinstance(attention, Mapping) and "tokens" not in attention else {"": attention}
        super().__init__({"results": [{"title": title, **one} for title, one in many.items()]}, picture)


def _without_none(values: Mapping[str, Any]) -> dict:
    return {name: value for name, value in values.items() if value is not None}


def _listed(value: Any) -> list:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _floats(values: Any) -> bytes:
    return np.ascontiguousarray(values, dtype="<f4").tobytes()


def _map(values: Any, rows: int | None, columns: int | None, scale: Any, geometry: Any) -> dict:
    array = np.asarray(values, dtype=float)
    if array.ndim == 2:
        rows, columns = array.shape
    elif array.ndim != 1:
        raise ValueError(f"Map: values must be [rows, columns] or [N], got {list(array.shape)}")
    elif geometry is None and (rows is None or columns is None or rows * columns != array.size):
        raise ValueError(f"Map: rows and columns must have the product {array.size}, got {rows} and {columns}")
    return _without_none(
        {
            "values": _floats(array),
            "rows": None if rows is None else int(rows),
            "columns": None if columns is None else int(columns),
            "scale": scale,
            "geometry": geometry,
        }
    )


def _head_maps(maps: Any) -> dict:
    array = np.asarray(maps, dtype=float)
    if array.ndim != 4:
        raise ValueError(f"Heads: maps must be [L, H, rows, columns], got {list(array.shape)}")
    return {"values": _floats(array), "shape": [int(length) for length in array.shape]}


def _word(word: Any) -> dict:
    if isinstance(word, Mapping):
        return dict(word)
    text, probability = word
    return {"token": str(text), "id": 0, "probability": float(probability)}


def _picture(picture: Any) -> dict:
    array = np.asarray(picture)
    if array.ndim == 2:
        array = np.repeat(array[:, :, None], 3, axis=2)
    if array.ndim != 3 or array.shape[2] not in (3, 4):
        raise ValueError(f"picture must be [Y, X, 3], got {list(array.shape)}")
    array = array[:, :, :3]
    if array.dtype.kind == "f":
        array = np.clip(np.rint(array * 255), 0, 255)
    data = np.ascontiguousarray(array, dtype=np.uint8)
    return {"width": int(data.shape[1]), "height": int(data.shape[0]), "data": data.tobytes()}
