/**
 * `notebook.js`: the elements as the front end of notebook widgets, by anywidget's contract: `render({ model, el })`. The
 * widget's `element` names the element, `properties` holds what it is given; its events are noted in `event`.
 */
import "../fovea-attend.ts";
import "../fovea-compare.ts";
import "../fovea-heads.ts";
import "../fovea-lens.ts";
import "../fovea-map.ts";
import "../fovea-words.ts";
import type { Head } from "../heads/matrix.ts";
import type { PictureSource } from "../map/paper.ts";
import type { PlainMap } from "../map/shown.ts";

/** What anywidget gives of a widget's state. */
export interface WidgetModel {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  on(event: string, listener: () => void): void;
  off(event: string, listener: () => void): void;
}

/** Elements by the names that Python's classes have. */
const elements: Readonly<Record<string, string>> = {
  Map: "fovea-map",
  Words: "fovea-words",
  Heads: "fovea-heads",
  Compare: "fovea-compare",
  Lens: "fovea-lens",
  Attend: "fovea-attend",
};

/** Events that a widget tells Python of, by what they are called there. */
const events = ["hover", "pin", "brush", "word", "head", "head-choose", "head-strike"];

/** A picture as Python sends it: bytes of [Y, X, 3]. */
interface SentPicture {
  readonly width: number;
  readonly height: number;
  readonly data: DataView;
}

interface SentPart {
  readonly element: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly picture?: SentPicture | null;
}

/** What of a widget's state is drawn. */
const drawn = ["properties", "picture", "parts"] as const;

function render({ model, el }: { readonly model: WidgetModel; readonly el: HTMLElement }): () => void {
  el.style.colorScheme = isDark(el) ? "dark" : "light";
  const draw = () => fill(childOf(el, 0, model.get("element") as string), partOf(model), partsOf(model));
  const tell = (event: Event) => {
    model.set("event", { name: event.type.replace("fovea-", ""), ...(event as CustomEvent<object>).detail });
    model.save_changes();
  };
  for (const name of events) el.addEventListener(`fovea-${name}`, tell);
  for (const name of drawn) model.on(`change:${name}`, draw);
  draw();
  return () => {
    for (const name of drawn) model.off(`change:${name}`, draw);
    for (const name of events) el.removeEventListener(`fovea-${name}`, tell);
  };
}

function partOf(model: WidgetModel): SentPart {
  return {
    element: model.get("element") as string,
    properties: model.get("properties") as SentPart["properties"],
    picture: model.get("picture") as SentPicture | null,
  };
}

function partsOf(model: WidgetModel): readonly SentPart[] {
  return (model.get("parts") as readonly SentPart[] | undefined) ?? [];
}

/** The i-th child of an element, which is of the kind that a widget names: it stays where it is of it already. */
function childOf(parent: HTMLElement, i: number, element: string): HTMLElement {
  const name = elements[element] ?? "fovea-map";
  const own = parent.children[i] as HTMLElement | undefined;
  if (own?.localName === name) return own;
  const made = document.createElement(name);
  if (own === undefined) parent.append(made);
  else own.replaceWith(made);
  return made;
}

function fill(element: HTMLElement, { properties, picture }: SentPart, parts: readonly SentPart[]): void {
  const { width, maps, ...others } = arraysIn(properties) as { width?: number; maps?: HeadMaps };
  if (width !== undefined) element.style.maxWidth = `${Number(width)}px`;
  Object.assign(
    element,
    others,
    picture && { picture: pictureOf(picture) },
    maps && { mapOf: mapsOf(maps, (others as { layers?: readonly number[] }).layers) },
  );
  while (element.childElementCount > parts.length) element.lastElementChild!.remove();
  for (const [i, part] of parts.entries()) fill(childOf(element, i, part.element), part, []);
}

/** Maps of all heads: [L, H, rows, columns]. */
interface HeadMaps {
  readonly values: Float32Array;
  readonly shape: readonly [L: number, H: number, rows: number, columns: number];
}

function mapsOf({ values, shape: [L, H, rows, columns] }: HeadMaps, layers: readonly number[] | undefined) {
  const N = rows * columns;
  return ({ layer, head }: Head): PlainMap | undefined => {
    const l = layers === undefined ? layer - 1 : layers.indexOf(layer);
    if (l < 0 || l >= L || head > H) return undefined;
    const from = (l * H + head - 1) * N;
    return { values: values.subarray(from, from + N), rows, columns, scale: { kind: "share", N } };
  };
}

/** Bytes are numbers of 32 bits, wherever they stand in what was sent. */
function arraysIn(value: unknown): unknown {
  if (value instanceof DataView)
    return new Float32Array(value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength));
  if (Array.isArray(value)) return value.map(arraysIn);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, arraysIn(one)]));
}

function pictureOf({ width, height, data }: SentPicture): PictureSource {
  return { width, height, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

/** Notebooks are dark without telling `color-scheme`: the ground behind the widget says it. */
function isDark(el: HTMLElement): boolean {
  for (let at: Element | null = el; at !== null; at = at.parentElement) {
    const [red, green, blue, alpha = 1] = (getComputedStyle(at).backgroundColor.match(/[\d.]+/g) ?? []).map(
      Number,
    );
    if (red !== undefined && alpha > 0.5) return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 110;
  }
  return false;
}

// anywidget takes the default export alone.
// biome-ignore lint/style/noDefaultExport: its contract
export default { render };
