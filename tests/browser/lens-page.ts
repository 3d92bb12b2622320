/** The page of lens.test.ts: opens twins and reads them, by the names of `fovea/web` alone. */
import {
  attentionMaps,
  drawPicture,
  droppedSource,
  httpSource,
  imageData,
  lensMaps,
  type Machine,
  openVlm,
  type RgbImage,
  readPicture,
  type Source,
  type Vlm,
} from "../../src/web/index.ts";

/** What is asked of a model. */
export interface Asked {
  readonly concepts: readonly string[];
  readonly questions: readonly string[];
}

/** What a model shows of a picture: numbers of maps, and words. */
export interface Reading {
  readonly grid: { readonly rows: number; readonly columns: number };
  /** [L + 1][concepts][N], probabilities. */
  readonly maps: readonly (readonly number[][])[];
  /** [L + 1][concepts][N], log-probabilities in nats. */
  readonly logs: readonly (readonly number[][])[];
  /** [L + 1][concepts][N], from 1. */
  readonly ranks: readonly (readonly number[][])[];
  readonly answers: readonly string[];
  /** [questions][tokens of the answer][L][N] */
  readonly attention: readonly number[][][][];
  /** [questions][tokens of the answer][L]: the share of all attention that lies on the image. */
  readonly shares: readonly number[][][];
}

/** The same in Node and in a page. */
export async function readingOf(
  model: Vlm,
  picture: RgbImage,
  { concepts, questions }: Asked,
): Promise<Reading> {
  const { geometry, layers } = await lensMaps(model, picture, concepts, { ranks: true });
  const logs = await lensMaps(model, picture, concepts, { space: "log-probability", ranks: true });
  const looks = [];
  for (const question of questions) looks.push(await attentionMaps(model, picture, question));
  const tokens = looks.map((look) => look.tokens);
  return {
    grid: geometry.grid,
    maps: layers.map(({ maps }) => maps.map((map) => [...map])),
    logs: logs.layers.map(({ maps }) => maps.map((map) => [...map])),
    ranks: layers.map(({ ranks }) => ranks.map((map) => [...map])),
    answers: looks.map(({ answer }) => answer),
    attention: tokens.map((all) => all.map((token) => token.layers.map(({ map }) => [...map]))),
    shares: tokens.map((all) => all.map((token) => token.layers.map(({ share }) => share))),
  };
}

/** Where the page takes a model from: an address, or its files as a person drops them. */
export type Given =
  | { readonly address: string }
  | { readonly dropped: string; readonly files: readonly string[] };

async function sourceOf(given: Given): Promise<Source> {
  if ("address" in given) return httpSource(new URL(given.address, location.href));
  const transfer = new DataTransfer();
  for (const name of given.files) {
    const blob = await (await fetch(given.dropped + name)).blob();
    transfer.items.add(new File([blob], name));
  }
  return droppedSource(transfer);
}

/** Models of one device share its programs: the twins differ in weights alone. */
let last: { readonly device?: string; readonly model: Vlm } | undefined;

async function opened(given: Given, machine: Machine): Promise<Vlm> {
  const isShared = last !== undefined && last.device === machine.device;
  if (!isShared) await last?.model.programs.dispose();
  const model = await openVlm(
    await sourceOf(given),
    isShared ? { programs: last?.model.programs } : { machine },
  );
  last = { device: machine.device, model };
  return model;
}

async function read(given: Given, picture: string, asked: Asked, machine: Machine): Promise<Reading> {
  return readingOf(await opened(given, machine), await readPicture(await blobAt(picture)), asked);
}

async function blobAt(address: string): Promise<Blob> {
  return (await fetch(address)).blob();
}

/** One picture in every form that a page may have it in. */
async function picturesOf(address: string) {
  const blob = await blobAt(address);
  const img = new Image();
  img.src = address;
  const rgb = await readPicture(blob);
  const canvas = document.createElement("canvas");
  drawPicture(canvas, rgb);
  const forms = { file: new File([blob], "a.png"), img, canvas, pixels: imageData(rgb), rgb };
  const read = Object.entries(forms).map(async ([form, input]) => {
    const { width, height, data } = await readPicture(input);
    return [form, { width, height, data: [...data] }] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}

async function drawsTheSame(address: string): Promise<boolean> {
  const picture = await readPicture(await blobAt(address));
  const canvas = document.createElement("canvas");
  drawPicture(canvas, picture);
  const pen = canvas.getContext("2d") as CanvasRenderingContext2D;
  const { data } = pen.getImageData(0, 0, picture.width, picture.height);
  return data.every((value, i) => value === imageData(picture).data[i]);
}

function refusalOf(text: string): Promise<string> {
  return readPicture(new File([text], "a.png")).then(
    () => "none",
    (error: Error) => error.message,
  );
}

/** {@link read}, on a thread of its own that runs this very module. */
function inWorker(...task: Parameters<typeof read>): Promise<Reading> {
  const worker = new Worker(import.meta.url, { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(task);
  });
}

if (typeof document === "undefined")
  globalThis.onmessage = async ({ data }) => postMessage(await read(...(data as Parameters<typeof read>)));

const scope = { read, inWorker, picturesOf, drawsTheSame, refusalOf };
export type LensScope = typeof scope;
Object.assign(globalThis, scope);
