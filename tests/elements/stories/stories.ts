/** The stories of the elements, one below the other: each element in the states that a page can have it in. */
import { FoveaMap } from "../../../src/elements/index.ts";
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

const chapters: Readonly<Record<string, readonly Story[]>> = { "fovea-map": maps };

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
