/** The tables of contents in `src`, by the sub-path of the package that each is. */
export const entries = {
  fovea: "index.ts",
  "fovea/engine": "engine/index.ts",
  "fovea/losses": "losses/index.ts",
  "fovea/lens": "lens/index.ts",
  "fovea/lens/paint": "lens/paint.ts",
  "fovea/lens/sheets": "lens/sheets/index.ts",
  "fovea/models": "models/index.ts",
  "fovea/data": "data/index.ts",
  "fovea/train": "train/index.ts",
  "fovea/eval": "eval/index.ts",
  "fovea/web": "web/index.ts",
} as const;
