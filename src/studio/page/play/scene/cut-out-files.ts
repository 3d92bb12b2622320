/** The files that the page composes scenes of: written by the build, read by the page. */

export interface CutOutFile {
  /** From the page. */
  readonly path: string;
  /** The first so many names; all without it. */
  readonly names?: number;
  /** The finest level: 2^first times smaller than the pictures. */
  readonly first: number;
}

/** How many names the shipped models know: the first of all. */
export const knownNames = 64;

/**
 * Cut-outs are some 200 pixels long: level 3 serves objects of up to 33 pixels, level 2 of up to 67, which is more than
 * the 64 pixels of a scene.
 */
export const cutOutFiles = {
  coarse: { path: "cutouts/coarse.bin", names: knownNames, first: 3 },
  fine: { path: "cutouts/fine.bin", first: 2 },
} as const satisfies Record<string, CutOutFile>;
