/**
 * One map of one picture, ready to be painted or computed with:
 *
 *     conceptMap(model, picture, "duck")                   where the image tokens say a word
 *     attentionMap(model, picture, "where is the duck ?")  where the answer looks
 *     paintOver(picture, map)                              either of them over a line drawing of the picture
 */
import { mustBe } from "../common/errors.ts";
import type { ImageGeometry, RgbImage } from "../common/image.ts";
import type { Vlm } from "../vlm/open.ts";
import { attentionMaps, meanMap } from "./attention.ts";
import { type Peak, peakOf } from "./findings.ts";
import { type LensOptions, lensMaps } from "./logit-lens.ts";
import { attentionScale, type ScaleOptions, spaceScale } from "./result-scale.ts";
import type { Scale } from "./scale.ts";
import { paintView, viewWithin } from "./view.ts";

/** A number for each image token of a picture. */
export interface TokenMap {
  /** [N] in row order, N = rows x columns of `geometry.grid`. */
  readonly values: Float32Array;
  /** Which pixels of the picture each token stands for. */
  readonly geometry: ImageGeometry;
  /** Which colour a value gets, the same for every picture. */
  readonly scale: Scale;
  /** The decoder layer it was read at; 0 is the decoder's input. */
  readonly layer: number;
  /** The largest value (of ranks the smallest), and its row and column, from 1. */
  readonly peak: Peak;
}

/** Where the image tokens say a word. */
export interface ConceptMap extends TokenMap {
  readonly word: string;
}

/** Which map of a concept is drawn, and on which scale. */
export interface ConceptMapOptions extends ScaleOptions, Pick<LensOptions, "space" | "tokens" | "norm"> {
  /** From 0, the decoder's input, to the number of its layers; default the last. */
  readonly layer?: number;
}

/**
 * Where a picture's image tokens say a word, by the logit lens of one layer: probabilities from 0 to 1, unless `space`
 * says otherwise. Of a picture that a model cuts into tiles, the tokens of the tiles. Throws a UserError for a word
 * that the model's vocabulary cannot write.
 */
export async function conceptMap(
  model: Vlm,
  picture: RgbImage,
  word: string,
  options: ConceptMapOptions = {},
): Promise<ConceptMap> {
  const layer = chosenLayer("conceptMap", [...Array(model.facts.layers + 1).keys()], options.layer);
  const result = await lensMaps(model, picture, [word], options);
  const [values] = result.layers[layer].maps;
  const { geometry, space } = result;
  const peak = peakOf(values, geometry, space === "rank");
  return { word: result.concepts[0].word, layer, values, geometry, scale: spaceScale(result, options), peak };
}

/** Where an answer looks. */
export interface AttentionMap extends TokenMap {
  readonly question: string;
  readonly answer: string;
  /** Share of the whole attention that lies on the image, from 0 to 1; the rest is on text. */
  readonly share: number;
}

/** Which layer's attention is drawn, and on which scale. */
export interface AttentionMapOptions extends ScaleOptions {
  /** From 1 to the number of decoder layers; default the last that attends. */
  readonly layer?: number;
  /** Most tokens of the answer, its end among them; default 16. */
  readonly maxNewTokens?: number;
}

/**
 * Asks a question and tells where the answer looks in one layer: the attention on the image of the positions that
 * predict the answer's tokens, their mean and that of the heads. The values have sum 1 over the picture's tokens (of one
 * that a model cuts into tiles, less what lies on the view of the whole). An answer without a token has its end's.
 */
export async function attentionMap(
  model: Vlm,
  picture: RgbImage,
  question: string,
  options: AttentionMapOptions = {},
): Promise<AttentionMap> {
  const attending = model.facts.attentionLayers.map((index) => index + 1);
  const layer = chosenLayer("attentionMap", attending, options.layer);
  const result = await attentionMaps(model, picture, question, options);
  const { answer, ended, geometry, tokens } = result;
  const said = ended && tokens.length > 1 ? tokens.slice(0, -1) : tokens;
  const own = said.map(({ layers }) => layers[attending.indexOf(layer)]);
  const values = meanMap(own.map(({ map }) => map));
  const share = own.reduce((sum, token) => sum + token.share, 0) / own.length;
  const scale = attentionScale(result, options);
  return { question, answer, share, layer, values, geometry, scale, peak: peakOf(values, geometry, false) };
}

function chosenLayer(caller: string, layers: readonly number[], wanted?: number): number {
  const last = layers[layers.length - 1];
  if (wanted === undefined) return last;
  if (layers.includes(wanted)) return wanted;
  const isWhole = layers.length === last - layers[0] + 1;
  const rule = isWhole ? `a whole number from ${layers[0]} to ${last}` : `one of ${layers.join(", ")}`;
  throw mustBe(caller, "layer", rule, wanted);
}

/** How large the picture of a map is. */
export interface PaintOverOptions {
  /** About how many pixels the longer side has; default 512, or the picture's own where that is more. */
  readonly side?: number;
}

/** A map over a line drawing of its picture: each token's colour exactly on its own pixels. */
export function paintOver(
  picture: RgbImage,
  { values, geometry, scale }: Pick<TokenMap, "values" | "geometry" | "scale">,
  { side = Math.max(512, picture.width, picture.height) }: PaintOverOptions = {},
): RgbImage {
  const { width, height } = geometry.original;
  if (picture.width !== width || picture.height !== height)
    throw mustBe(
      "paintOver",
      "picture",
      `the one of the map, ${width} x ${height} pixels`,
      `${picture.width} x ${picture.height}`,
    );
  return paintView(viewWithin(picture, side), geometry, values, scale);
}
