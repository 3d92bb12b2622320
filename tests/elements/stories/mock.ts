/** What the twins said of one scene (mock.json), as elements take it. */
import type { ImageGeometry, RgbImage } from "../../../src/common/image.ts";
import type { Region } from "../../../src/grounding/region.ts";
import type { PatchWord } from "../../../src/lens/logit-lens.ts";
import { linearScale, shareScale } from "../../../src/lens/scale.ts";
import mock from "./mock.json" with { type: "json" };

interface MockModel {
  readonly title: string;
  readonly geometry: ImageGeometry;
  readonly vocabulary: number;
  readonly layers: readonly {
    readonly layer: number;
    readonly maps: readonly (readonly number[])[];
    readonly ranks: readonly (readonly number[])[];
    readonly words: readonly (readonly PatchWord[])[];
  }[];
  readonly attention: {
    readonly question: string;
    readonly answer: string;
    readonly tokens: readonly {
      readonly token: string;
      readonly layers: readonly {
        readonly layer: number;
        readonly share: number;
        readonly map: readonly number[];
        readonly heads: readonly (readonly number[])[];
        readonly headShares: readonly number[];
      }[];
    }[];
  };
}

export const models = mock.models as unknown as readonly MockModel[];
export const words = mock.words as readonly string[];
export const truth = mock.truth as unknown as readonly {
  readonly word: string;
  readonly regions: readonly Region[];
}[];

export const picture: RgbImage = {
  width: mock.picture.width,
  height: mock.picture.height,
  data: Uint8Array.from(atob(mock.picture.base64), (letter) => letter.charCodeAt(0)),
};

const probability = linearScale("probability", 0, 1);

/** Map of word k at a layer. */
export function conceptMap(model: number, k: number, layer: number) {
  const { layers, geometry } = models[model];
  return { values: layers[layer].maps[k], geometry, scale: probability };
}

/** Where the answer's first token looks at a layer that attends. */
export function attentionMap(model: number, at: number) {
  const { attention, geometry } = models[model];
  return { values: attention.tokens[0].layers[at].map, geometry, scale: shareScale(64) };
}

/** The probability of each patch's likeliest word. */
export function surestMap(model: number, layer: number) {
  const { layers, geometry } = models[model];
  return { values: layers[layer].words.map(([first]) => first.probability), geometry, scale: probability };
}
