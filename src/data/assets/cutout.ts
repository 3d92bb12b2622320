/** Cut-outs as scenes take them: pure, so that pages compose scenes too. Files become them in decode.ts. */

/** One size of a picture: 8-bit RGBA, row major, colour already multiplied by alpha. */
export interface Level {
  readonly width: number;
  readonly height: number;
  /** [Y, X, 4]; empty where a page left this size on the server: the next smaller one is then painted with. */
  readonly data: Uint8Array;
}

/**
 * A picture with transparency, trimmed to what shows, ready to paste at any size: level i is 2^i times smaller
 * than level 0, each texel the area average of the four below it.
 */
export interface CutOut {
  readonly name: string;
  /** Which picture of that name it is, for splits and reports. */
  readonly picture: string;
  readonly levels: readonly Level[];
}

/** Named cut-outs; a name may have several pictures. */
export interface CutOutSet {
  /** Every name in a fixed order. */
  readonly names: readonly string[];
  readonly pictures: ReadonlyMap<string, readonly CutOut[]>;
}

/** Halves a picture by area averages until it is one texel; beyond its edges everything is transparent. */
export function mipLevels(full: Level): Level[] {
  const levels = [full];
  while (Math.max(levels.at(-1)!.width, levels.at(-1)!.height) > 1) levels.push(half(levels.at(-1)!));
  return levels;
}

function half(image: Level): Level {
  const [width, height] = [Math.ceil(image.width / 2), Math.ceil(image.height / 2)];
  const sums = new Uint16Array(width * height * 4);
  for (let y = 0; y < image.height; y++)
    for (let x = 0; x < image.width; x++) {
      const from = (y * image.width + x) * 4;
      const to = ((y >> 1) * width + (x >> 1)) * 4;
      for (let c = 0; c < 4; c++) sums[to + c] += image.data[from + c];
    }
  const data = new Uint8Array(sums.length);
  for (let i = 0; i < sums.length; i++) data[i] = (sums[i] + 2) >> 2;
  return { width, height, data };
}

/** Groups cut-outs by name; names in order of first appearance, pictures in the order given. */
export function cutOutSet(cutOuts: readonly CutOut[]): CutOutSet {
  const pictures = Map.groupBy(cutOuts, (cutOut) => cutOut.name);
  return { names: [...pictures.keys()], pictures };
}
