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
import type { PictureSource } from "../map/paper.ts";

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
  readonly picture: SentPicture | null;
  readonly children?: readonly SentPart[];
}

function render({ model, el }: { readonly model: WidgetModel; readonly el: HTMLElement }): () => void {
  el.style.colorScheme = isDark(el) ? "dark" : "light";
  let shown: HTMLElement | undefined;
  const draw = () => {
    const part = partOf(model);
    if (shown?.localName !== elements[part.element]) {
      shown = document.createElement(elements[part.element] ?? "fovea-map");
      el.replaceChildren(shown);
    }
    fill(shown, part);
  };
  const tell = (event: Event) => {
    model.set("event", { name: event.type.replace("fovea-", ""), ...(event as CustomEvent<object>).detail });
    model.save_changes();
  };
  for (const name of events) el.addEventListener(`fovea-${name}`, tell);
  model.on("change", draw);
  draw();
  return () => {
    model.off("change", draw);
    for (const name of events) el.removeEventListener(`fovea-${name}`, tell);
  };
}

function partOf(model: WidgetModel): SentPart {
  const get = <K extends keyof SentPart>(name: K) => model.get(name) as SentPart[K];
  return {
    element: get("element"),
    properties: get("properties"),
    picture: get("picture"),
    children: get("children"),
  };
}

function fill(element: HTMLElement, { properties, picture, children = [] }: SentPart): void {
  Object.assign(element, properties, picture && { picture: pictureOf(picture) });
  if (children.length === 0) return;
  while (element.childElementCount > children.length) element.lastElementChild!.remove();
  for (const [i, child] of children.entries()) {
    const name = elements[child.element] ?? "fovea-map";
    let own = element.children[i] as HTMLElement | undefined;
    if (own?.localName !== name) {
      const made = document.createElement(name);
      if (own === undefined) element.append(made);
      else own.replaceWith(made);
      own = made;
    }
    fill(own, child);
  }
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
