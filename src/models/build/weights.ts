/** The tensors of a new LLaVA: where each comes from, and its bytes when they are asked for. */
import { UserError } from "../../common/errors.ts";
import { sizeOf } from "../../engine/host.ts";
import { matchTensors } from "../../hub/weights/checkpoint.ts";
import type { TensorEntry } from "../../hub/weights/safetensors.ts";
import type { TensorHeader } from "../../hub/weights/safetensors-encode.ts";
import {
  encodeFloats,
  type FloatType,
  grownBytes,
  isFloatType,
  tensorBytes,
} from "../../hub/weights/tensor-stream.ts";
import { storedWidth } from "../../hub/weights/values.ts";
import { mapTree } from "../../nn/init.ts";
import { merged } from "../adapter/merge.ts";
import { isPartSpec, type Part, type PartSpec } from "../contract/roles.ts";
import type { LlavaConfig } from "../llava/config.ts";
import { llava } from "../llava/family.ts";
import { tensorName } from "../llava/names.ts";
import { drawParam } from "../llava/params.ts";
import type { OpenHalf } from "./half.ts";
import type { LanguageHalf } from "./language.ts";
import type { VisionHalf } from "./vision.ts";

/** A tensor that is still where it comes from. */
export interface Piece extends TensorHeader {
  readonly dtype: FloatType;
  readonly byteLength: number;
  readonly bytes: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

export interface Weights {
  /** Widest element type first, then by name, as the writer of safetensors files orders them. */
  readonly pieces: readonly Piece[];
  /** Of the language half, and of the projector. */
  readonly dtype: FloatType;
}

interface Wanted {
  readonly name: string;
  readonly path: string;
  readonly spec: PartSpec;
}

/** The table of token embeddings. */
const embeddings = tensorName("languageModel.embedTokens.weight");

/** Throws a UserError where a half lacks a tensor, or has one in another shape. */
export function planWeights(
  config: LlavaConfig,
  { vision, language }: { readonly vision: VisionHalf; readonly language: LanguageHalf },
  { dtype: told, seed = 0 }: { readonly dtype?: FloatType; readonly seed?: number | string },
): Weights {
  const wanted: Wanted[] = [];
  mapTree(llava.bind(config).specs, isPartSpec, (spec, path) => {
    wanted.push({ name: tensorName(path), path, spec });
  });
  const within = (...parts: Part[]) => wanted.filter(({ spec }) => parts.includes(spec.part));
  const tower = storedPieces(vision, within("vision"), told);
  const decoder = storedPieces(language, within("embeddings", "decoder"), told, {
    stored: tableRows(language),
    wanted: config.textConfig.vocabSize,
  });
  const dtype = decoder.find(({ name }) => name === embeddings)?.dtype ?? "F32";
  const projector = within("projector").map(({ name, path, spec }): Piece => {
    const draw = () => encodeFloats(name, dtype, drawParam(config, spec, path, seed).data);
    return pieceOf(name, dtype, spec.shape, function* () {
      yield draw();
    });
  });
  const pieces = [...tower, ...decoder, ...projector].sort(
    (a, b) => storedWidth(b.dtype) - storedWidth(a.dtype) || (a.name < b.name ? -1 : 1),
  );
  return { pieces, dtype };
}

/** Embeddings and head: they have a row for each token. */
const isWordTable = ({ spec }: Wanted) => spec.part === "embeddings";

/** Names and shapes; word tables have the `rows` that are stored. */
function shapesOf(wanted: readonly Wanted[], rows: number | undefined): Map<string, readonly number[]> {
  const shapeOf = (one: Wanted) => {
    const [count, ...rest] = one.spec.shape;
    return isWordTable(one) ? [rows ?? count, ...rest] : one.spec.shape;
  };
  return new Map(wanted.map((one) => [one.name, shapeOf(one)]));
}

function tableRows({ half, nameOf }: LanguageHalf): number | undefined {
  return [...half.checkpoint.tensors.values()].find(({ name }) => nameOf(name) === embeddings)?.shape[0];
}

/** Tables of words get the `rows` wanted: those for new tokens start as the mean of the others. */
function storedPieces(
  { half, nameOf }: { readonly half: OpenHalf; readonly nameOf: (stored: string) => string | null },
  wanted: readonly Wanted[],
  told: FloatType | undefined,
  rows: { readonly stored: number | undefined; readonly wanted: number } = { stored: undefined, wanted: 0 },
): Piece[] {
  const found = matchTensors(half.checkpoint, shapesOf(wanted, rows.stored), { aliases: nameOf });
  const wordTables = new Set(wanted.filter(isWordTable).map(({ name }) => name));
  return [...found].map(([name, entry]) => {
    const dtype = told ?? floatTypeOf(entry);
    const change = half.family && half.changes.get(half.family.currentTensorName(entry.name) ?? "");
    if (wordTables.has(name))
      return pieceOf(name, dtype, [rows.wanted, entry.shape[1]], () => grownBytes(entry, rows.wanted, dtype));
    if (change === undefined) return pieceOf(name, dtype, entry.shape, () => tensorBytes(entry, dtype));
    return pieceOf(name, dtype, entry.shape, async function* () {
      yield encodeFloats(name, dtype, merged(await half.checkpoint.read(entry.name), change).data);
    });
  });
}

function pieceOf(name: string, dtype: FloatType, shape: readonly number[], bytes: Piece["bytes"]): Piece {
  return { name, dtype, shape, byteLength: sizeOf(shape) * storedWidth(dtype), bytes };
}

function floatTypeOf({ file, name, dtype }: TensorEntry): FloatType {
  if (isFloatType(dtype)) return dtype;
  throw new UserError(`${file}: tensor ${name}: expected a floating type, found ${dtype}`);
}
