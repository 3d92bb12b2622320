/** `--html` of `lens` and `attend`: what the command has computed anyway, as a page to click through. */
import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { mustBe } from "../common/errors.ts";
import { mustBeWritable, writeFileWhole } from "../common/files.ts";
import type { ImageGeometry } from "../common/image.ts";
import { attendPage, lensPage, type PagePicture, type PageTexts } from "../elements/pages/result-page.ts";
import type { AttendView } from "../elements/views/attend-view.ts";
import type { LensView } from "../elements/views/lens-view.ts";
import type { Region } from "../grounding/region.ts";
import { webpAddress } from "../harness/report/picture.ts";
import type { AttentionResult } from "../lens/attention.ts";
import { tokenText } from "../lens/attention-findings.ts";
import { layerName, lensSentence } from "../lens/findings.ts";
import { attentionJson, mapsJson, wordsJson } from "../lens/json.ts";
import type { LensResult } from "../lens/logit-lens.ts";
import { attentionScale, spaceScale } from "../lens/result-scale.ts";
import type { Scale } from "../lens/scale.ts";
import { heatPicture } from "../lens/sheets/pictures.ts";
import type { PictureOut } from "./picture-commands.ts";

export const htmlArg = {
  type: "string",
  description: "also write a page to click through: one file that needs nothing else",
} as const;

/** Throws a UserError unless the page can be written. */
export async function pageMustBeWritable(command: string, html: string | undefined): Promise<void> {
  if (html === undefined) return;
  const known = await stat(html).catch(() => undefined);
  if (known?.isDirectory())
    throw mustBe(command, "--html", "a file", html, `for example ${join(html, "page.html")}`);
  if (known === undefined) await mustBeWritable(html, { what: `${command}: --html ${html}` });
}

/** How a picture was looked at. */
interface Looked extends PictureOut {
  readonly model: string;
  readonly layer: number;
  readonly max?: number;
}

/** Sides of the painted maps that readers without a script see, in pixels. */
const paintedSide = 320;

async function painted(
  one: PictureOut,
  geometry: ImageGeometry,
  values: ArrayLike<number>,
  scale: Scale,
  text: string,
) {
  return { address: await webpAddress(heatPicture(one.image, geometry, values, scale, paintedSide)), text };
}

/** What a page shows of one picture by the lens. */
export async function lensPicture(
  result: LensResult,
  one: Looked & { readonly threshold?: number },
  topK: number,
): Promise<PagePicture<LensView>> {
  const { model, layer, max, threshold, path, image } = one;
  const origin = { model, image: basename(path) };
  const view: LensView = {
    title: model,
    ...mapsJson(result, origin),
    ...(topK > 0 && { words: wordsJson(result, origin, topK).layers }),
    ...(max !== undefined && { max }),
    ...(threshold !== undefined && { threshold }),
  };
  const scale = spaceScale(result, { max });
  const maps = result.concepts.map((_, k) =>
    painted(
      one,
      result.geometry,
      result.layers[layer].maps[k],
      scale,
      `${layerName(layer)} ${lensSentence(result, k, layer)}`,
    ),
  );
  return {
    name: basename(path),
    address: await webpAddress(image),
    result: view,
    painted: await Promise.all(maps),
  };
}

/** What a page shows of one answer. */
export async function attendPicture(
  result: AttentionResult,
  one: Looked & { readonly region?: Region },
): Promise<PagePicture<AttendView>> {
  const { model, layer, max, path, image, region } = one;
  const view: AttendView = {
    title: model,
    ...attentionJson(result, true),
    ...(region && { regions: [region] }),
    ...(max !== undefined && { max }),
  };
  const scale = attentionScale(result, { max });
  const maps = result.tokens.map((token) => {
    const text = `where “${tokenText(token)}” looks, layer ${layer}`;
    const at = token.layers.find((of) => of.layer === layer) ?? token.layers[token.layers.length - 1];
    return painted(one, result.geometry, at.map, scale, text);
  });
  return {
    name: basename(path),
    address: await webpAddress(image),
    result: view,
    painted: await Promise.all(maps),
  };
}

const howToRead =
  "The photo under a map is grey, so that its own brightness never reads as a value; the scale beside a map is the same " +
  "for every picture. Rows and columns count from 1 at the top left; layer 0 is the decoder's input.";

/** Writes the page of `fovea lens`. */
export async function writeLensPage(
  file: string,
  model: string,
  pictures: readonly PagePicture<LensView>[],
): Promise<void> {
  const words = [...new Set(pictures.flatMap(({ result }) => result.concepts.map(({ word }) => word)))];
  const title = `What the image tokens of ${model} say`;
  const lead = `Where they say ${words.join(", ")}, layer by layer, and which words each patch says most likely.`;
  await write(file, lensPage(pictures, { title, lead, footer: howToRead }));
}

/** Writes the page of `fovea attend`. */
export async function writeAttendPage(
  file: string,
  model: string,
  pictures: readonly PagePicture<AttendView>[],
): Promise<void> {
  const texts: PageTexts = {
    title: `Where the answers of ${model} look`,
    lead: "Each token of an answer is a button: its attention over the picture, by layer and by head.",
    footer: `Attention over the image sums to 1 in each head; the share of all attention that lies on the image stands beside it. ${howToRead}`,
  };
  await write(file, attendPage(pictures, texts));
}

async function write(file: string, page: Promise<string>): Promise<void> {
  await writeFileWhole(file, await page);
}
