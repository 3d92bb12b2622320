/** The stories of the elements, one below the other: each element in the states that a page can have it in. */
import {
  FoveaAttend,
  FoveaCompare,
  FoveaCurves,
  FoveaHeads,
  FoveaLens,
  FoveaMap,
  FoveaScale,
  FoveaWords,
  type Head,
  type WordRow,
} from "../../../src/elements/index.ts";
import { linearScale, rankScale, shareScale } from "../../../src/lens/scale.ts";
import { attentionMap, conceptMap, models, picture, surestMap, truth, words } from "./mock.ts";

/** A story: the name under it, and the element that it shows. */
interface Story {
  readonly name: string;
  readonly make: () => HTMLElement;
  /** Of its box, in CSS pixels. */
  readonly width?: number;
}

function map(values: Partial<FoveaMap>): FoveaMap {
  return Object.assign(new FoveaMap(), { picture, ...values });
}

const last = models[1].layers.length - 1;
const [word, absent] = words;
const outlines = truth.find((one) => one.word === word)!.regions;
const wide = { width: 96, height: 64, data: new Uint8Array(3 * 96 * 64).map((_, i) => (i * 7) % 255) };
const cropped = { ...models[1].geometry, original: { width: 96, height: 64 }, offsetX: -16 };
const tiled = {
  ...models[1].geometry,
  patch: 4,
  grid: { rows: 16, columns: 16 },
};

const maps: Story[] = [
  {
    name: "words of the patches",
    make: () => map({ label: "words", map: surestMap(1, last), words: models[1].layers[last].words }),
  },
  {
    name: "words that say little",
    make: () => map({ label: "words", map: surestMap(0, last), words: models[0].layers[last].words }),
  },
  {
    name: "a concept, its truth, a threshold",
    make: () => map({ label: word, map: conceptMap(1, 0, last), outlines, threshold: 0.5 }),
  },
  { name: "an absent concept", make: () => map({ label: absent, map: conceptMap(1, 1, last) }) },
  {
    name: "attention, pins, a marked patch",
    make: () =>
      map({
        label: "attention",
        map: attentionMap(1, 3),
        pins: [10, 44],
        marked: 20,
        reading: true,
        words: models[1].layers[last].words,
        least: 2,
      }),
  },
  { name: "cividis", make: () => map({ label: word, map: conceptMap(1, 0, last), ramp: "cividis" }) },
  {
    name: "cropped by the processor",
    make: () =>
      map({ label: "cropped", picture: wide, map: { ...conceptMap(1, 0, last), geometry: cropped } }),
  },
  {
    name: "tiled",
    make: () =>
      map({
        label: "tiled",
        map: {
          ...conceptMap(1, 0, last),
          values: Array.from({ length: 256 }, (_, i) => (i % 17) / 40),
          geometry: tiled,
        },
        tiles: { rows: 2, columns: 2 },
      }),
  },
  {
    name: "struck patches",
    make: () => map({ label: "struck", map: conceptMap(1, 0, last), struck: [27, 28, 35, 36], brush: true }),
  },
  { name: "still waiting", make: () => map({ label: word, map: conceptMap(1, 0, last), busy: true }) },
  { name: "no map: the picture itself", make: () => map({ label: "picture", outlines }) },
  {
    name: "no picture",
    make: () =>
      map({
        label: "map alone",
        picture: undefined,
        map: {
          values: [
            [0, 0.2, 0.4],
            [0.6, 0.8, 1],
          ],
        },
      }),
  },
  ...models[1].layers.map(({ layer }) => ({
    name: `layer ${layer}`,
    width: 84,
    make: () => map({ label: `layer ${layer}`, map: conceptMap(1, 0, layer), still: true }),
  })),
];

const scales: Story[] = [
  { name: "probabilities", make: () => new FoveaScale() },
  { name: "probabilities in cividis", make: () => Object.assign(new FoveaScale(), { ramp: "cividis" }) },
  {
    name: "all numbers",
    make: () => Object.assign(new FoveaScale(), { scale: linearScale("logit", -3.2, 8.1), full: true }),
  },
  { name: "shares", make: () => Object.assign(new FoveaScale(), { scale: shareScale(64), full: true }) },
  {
    name: "places in a vocabulary",
    make: () => Object.assign(new FoveaScale(), { scale: rankScale(49_280), full: true }),
  },
];

/** What a patch says at every layer; patch 20 is under the owl. */
function rowsOf(model: number, patch: number): WordRow[] {
  return models[model].layers.map(({ layer, words, ranks }) => ({
    layer,
    words: words[patch],
    rank: ranks[0][patch],
  }));
}

const strange = [
  { token: "<img src=x onerror=alert(1)>", id: 1, probability: 0.9 },
  { token: "Ġa_very_long_token_of_a_strange_tokenizer", id: 2, probability: 0.05 },
  { token: "", id: 3, probability: 0.01 },
  { token: "Ċ", id: 4, probability: 0.0004 },
];

const tables: Story[] = [
  {
    name: "a pinned patch",
    width: 620,
    make: () => Object.assign(new FoveaWords(), { rows: rowsOf(1, 4), word, layer: 3 }),
  },
  {
    name: "two pinned patches",
    width: 760,
    make: () =>
      Object.assign(new FoveaWords(), {
        pins: [
          { name: "1", rows: rowsOf(1, 4) },
          { name: "2", rows: rowsOf(1, 58) },
        ],
        word,
      }),
  },
  {
    name: "strange tokens",
    width: 620,
    make: () => Object.assign(new FoveaWords(), { rows: [{ layer: 0, words: strange }] }),
  },
  { name: "nothing pinned", make: () => new FoveaWords() },
];

const attended = models[1].attention.tokens[0].layers;
const mapOf = ({ layer, head }: Head) => {
  const at = attended.find((one) => one.layer === layer)!;
  return { values: at.heads[head - 1], geometry: models[1].geometry, scale: shareScale(64) };
};
const many = Array.from({ length: 28 }, (_, l) =>
  Array.from({ length: 28 }, (_, h) => ((l * 31 + h * 17) % 29) / 28),
);

const heads: Story[] = [
  {
    name: "heads, one large",
    width: 480,
    make: () =>
      Object.assign(new FoveaHeads(), {
        shares: attended.map(({ headShares }) => headShares),
        layers: attended.map(({ layer }) => layer),
        mapOf,
        picture,
      }),
  },
  {
    name: "many heads, sinks, struck ones",
    width: 480,
    make: () =>
      Object.assign(new FoveaHeads(), {
        shares: many,
        strikable: true,
        sinks: [
          { layer: 2, head: 3 },
          { layer: 5, head: 9 },
        ],
        struck: [{ layer: 4, head: 4 }],
      }),
  },
];

function column(model: number): HTMLElement {
  const box = document.createElement("div");
  box.append(map({ label: word, map: conceptMap(model, 0, last), reading: true }));
  return box;
}

function twoGrids(): HTMLElement {
  const compare = Object.assign(new FoveaCompare(), { models: [{ title: "8 × 8" }, { title: "16 × 16" }] });
  const fine = { values: Array.from({ length: 256 }, (_, i) => (i % 16) / 30), geometry: tiled };
  compare.append(map({ label: "8 × 8", map: conceptMap(1, 0, last) }), map({ label: "16 × 16", map: fine }));
  return compare;
}

const compared: Story[] = [
  {
    name: "two models",
    width: 620,
    make: () => {
      const compare = new FoveaCompare();
      compare.models = models.map(({ title }) => ({ title, note: "1.4 M parameters" }));
      compare.append(column(0), column(1));
      return compare;
    },
  },
  { name: "two grids", width: 620, make: twoGrids },
];

const line = (name: string, colour: string, end: number) => ({
  name,
  colour,
  points: Array.from({ length: 40 }, (_, i) => [i * 50, end + (4 - end) * Math.exp(-i / 8)] as const),
});

const curves: Story[] = [
  {
    name: "losses",
    width: 480,
    make: () =>
      Object.assign(new FoveaCurves(), {
        label: "loss by step",
        y: "loss",
        series: [
          line("NTP", "var(--model-a)", 1),
          line("NTP + LLL + KLAL", "var(--model-b)", 0.9),
          line("custom", "var(--model-c)", 0.2),
        ],
        cursor: 800,
      }),
  },
  {
    name: "no points yet",
    width: 480,
    make: () => Object.assign(new FoveaCurves(), { label: "loss by step", y: "loss", series: [] }),
  },
];

const lensViews = models.map(({ title, geometry, vocabulary, layers }) => ({
  title,
  geometry,
  vocabulary,
  concepts: words.map((one, k) => ({
    word: one,
    ids: [1],
    regions: truth.find((known) => known.word === one)?.regions,
    layers: layers.map(({ layer, maps: values, ranks }) => ({ layer, values: values[k], ranks: ranks[k] })),
  })),
  words: layers.map(({ layer, words: patches }) => ({ layer, patches })),
}));
const attendViews = models.map(({ title, geometry, attention }) => ({ title, geometry, ...attention }));

const results: Story[] = [
  {
    name: "a lens result",
    width: 960,
    make: () => Object.assign(new FoveaLens(), { picture, results: lensViews.slice(1) }),
  },
  {
    name: "lens results of two models",
    width: 960,
    make: () => Object.assign(new FoveaLens(), { picture, results: lensViews }),
  },
  {
    name: "an attention result",
    width: 960,
    make: () => Object.assign(new FoveaAttend(), { picture, results: attendViews.slice(1) }),
  },
  { name: "no result", make: () => new FoveaLens() },
];

const chapters: Readonly<Record<string, readonly Story[]>> = {
  "fovea-map": maps,
  "fovea-scale": scales,
  "fovea-words": tables,
  "fovea-heads": heads,
  "fovea-compare": compared,
  "fovea-curves": curves,
  "fovea-lens": results,
};

for (const [title, stories] of Object.entries(chapters)) {
  const chapter = document.createElement("section");
  chapter.id = title;
  const head = document.createElement("h2");
  head.textContent = title;
  const wall = document.createElement("div");
  wall.className = "wall";
  chapter.append(head, wall);
  for (const { name, make, width = 248 } of stories) wall.append(figure(name, make(), width));
  document.body.append(chapter);
}

function figure(name: string, element: HTMLElement, width: number): HTMLElement {
  const frame = document.createElement("figure");
  frame.style.width = `min(100%, ${width}px)`;
  const caption = document.createElement("figcaption");
  caption.textContent = name;
  frame.append(element, caption);
  return frame;
}
document.body.dataset.ready = "";
