/**
 * Maps that come with an answer: what the picture's tokens say (logit lens), and where the answer looked. N image tokens in
 * row order of `geometry.grid`, as in the files that `fovea lens` and `fovea attend` write (docs/formats.md).
 */
import type { ImageGeometry, RgbImage } from "../common/image.ts";
import { encodePng } from "../hub/image/image-file.ts";
import { type AttentionLayer, attentionOfAnswer } from "../lens/attention.ts";
import { peakOf } from "../lens/findings.ts";
import { lensMaps } from "../lens/logit-lens.ts";
import { attentionScale, spaceScale } from "../lens/result-scale.ts";
import type { Scale } from "../lens/scale.ts";
import { paintOver } from "../lens/token-map.ts";
import { imageSpans } from "../models/inputs/layout.ts";
import type { Answer } from "../vlm/answer.ts";
import { knownConceptTokens } from "../vlm/concept.ts";
import type { Vlm } from "../vlm/open.ts";
import { asBadRequest, badRequest } from "./api-error.ts";
import type { Prompt } from "./prompt.ts";
import type { MapsReply, PaintedMap } from "./replies/maps.ts";
import type { MapsRequest } from "./requests/request.ts";

/** Numbers of one reply: 32 MB of JSON, about. */
const mostNumbers = 4e6;

/** Before any token is generated. Throws an `ApiError` of status 400 that names the field. */
export function checkMaps(model: Vlm, maps: MapsRequest, { pictures, images, maxNewTokens }: Prompt): void {
  if (pictures.length !== 1)
    throw badRequest(`fovea: needs a conversation with one picture, got ${pictures.length}`, "fovea");
  for (const word of maps.lens)
    asBadRequest("fovea.lens", () => knownConceptTokens("lens", model.name, model.chat, word));
  const { layers } = model.facts;
  if (Array.isArray(maps.layers) && maps.layers.some((layer) => layer > layers))
    throw badRequest(
      `fovea.layers: must be from 0 to ${layers}, got ${maps.layers.join(", ")}`,
      "fovea.layers",
    );
  const [{ ids }] = images;
  const deep = maps.layers === "last" ? 1 : maps.layers === "all" ? layers + 1 : maps.layers.length;
  const tokens = maps.tokens === "first" ? 1 : Math.min(maxNewTokens, 64);
  const heads = maps.attention === "heads" ? 64 : maps.attention === undefined ? 0 : 1;
  if (maps.format === "png" || ids.length * deep * (maps.lens.length + tokens * heads) <= mostNumbers) return;
  const less = "ask for fewer layers, the first token alone, or the mean of the heads";
  throw badRequest(`fovea: asks for more than ${mostNumbers} numbers; ${less}`, "fovea");
}

/** The maps of an answer; its prompt has one picture. */
export async function mapsOf(
  model: Vlm,
  request: MapsRequest,
  prompt: Prompt,
  answer: Answer,
): Promise<MapsReply> {
  const [picture] = prompt.pictures;
  const lens = request.lens.length === 0 ? undefined : await lensOf(model, request, picture);
  const attention = request.attention && (await attentionOf(model, request, prompt, answer));
  const { width, height } = picture;
  return { image: { width, height }, ...(lens && { lens }), ...(attention && { attention }) };
}

async function lensOf(model: Vlm, request: MapsRequest, picture: RgbImage): Promise<MapsReply["lens"]> {
  const result = await lensMaps(model, picture, request.lens);
  const { geometry, tiles, space, vocabulary, concepts } = result;
  const wanted = result.layers.filter(({ layer }) => isWanted(request, layer, model.facts.layers));
  const paint = painter(request, picture, geometry, spaceScale(result));
  return {
    geometry,
    tiles,
    space,
    vocabulary,
    concepts: await inOrder(concepts, async ({ word, ids }, k) => ({
      word,
      ids: [...ids],
      layers: await inOrder(wanted, async ({ layer, maps }) => {
        const { value, row, column } = peakOf(maps[k], geometry, false);
        return { layer, peak: { value, row, column }, ...(await paint(maps[k])) };
      }),
    })),
  };
}

async function attentionOf(
  model: Vlm,
  request: MapsRequest,
  { row, images, pictures }: Prompt,
  answer: Answer,
): Promise<MapsReply["attention"]> {
  const ends = imageSpans(row.layout).map(({ start, length }) => start + length);
  const split = Math.max(...ends);
  const parts = { prefix: row.ids.slice(0, split), question: row.ids.slice(split), answer: [] };
  const prompt = { ...parts, image: images[0], layout: row.layout };
  const result = await attentionOfAnswer(model, prompt, answer, answer.ids.length + 1);
  const { geometry, tiles } = result;
  const tokens = request.tokens === "first" ? result.tokens.slice(0, 1) : result.tokens;
  const last = model.facts.attentionLayers.at(-1)! + 1;
  const paint = painter(request, pictures[0], geometry, attentionScale(result));
  return {
    geometry,
    tiles,
    tokens: await inOrder(tokens, async ({ id, token, layers }) => ({
      id,
      token,
      layers: await inOrder(
        layers.filter(({ layer }) => isWanted(request, layer, last)),
        (layer) => attentionLayer(layer, request, paint),
      ),
    })),
  };
}

async function attentionLayer(
  { layer, share, map, heads, headShares }: AttentionLayer,
  { attention }: MapsRequest,
  paint: Painter,
) {
  const own = { layer, share, ...(await paint(map)) };
  if (attention !== "heads") return own;
  const each = await inOrder(heads, async (head, h) => ({ share: headShares[h], ...(await paint(head)) }));
  return { ...own, heads: each };
}

function isWanted({ layers }: MapsRequest, layer: number, last: number): boolean {
  if (layers === "all") return true;
  return layers === "last" ? layer === last : layers.includes(layer);
}

type Painter = (values: Float32Array) => Promise<PaintedMap>;

function painter({ format }: MapsRequest, picture: RgbImage, geometry: ImageGeometry, scale: Scale): Painter {
  if (format === "arrays") return async (values) => ({ values: [...values] });
  return async (values) => {
    const png = await encodePng(paintOver(picture, { values, geometry, scale }));
    return { picture: `data:image/png;base64,${Buffer.from(png).toString("base64")}` };
  };
}

/** One after the other: pictures of many layers are not all in memory at once. */
async function inOrder<A, B>(
  items: readonly A[],
  work: (item: A, index: number) => Promise<B>,
): Promise<B[]> {
  const done: B[] = [];
  for (const [i, item] of items.entries()) done.push(await work(item, i));
  return done;
}
