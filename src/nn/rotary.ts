/** Rotary position embedding, of one axis and of a grid. */
import { astype, type NdArray, np } from "../engine/array.ts";

/** cos [B, S, 1, 2, K/2] and the signed sin [-sin, sin] of the same shape, for head size K. */
export interface RotaryTables {
  readonly cos: NdArray;
  readonly sin: NdArray;
}

/** θ^(-2i/K) for i < K/2 (Su et al., arXiv 2104.09864, section 3.4.2). */
export function inverseFrequencies(headSize: number, theta: number): number[] {
  return Array.from({ length: headSize / 2 }, (_, i) => theta ** ((-2 * i) / headSize));
}

/** Tables for positions [B, S] (int32). */
export function rotaryTables(positionIds: NdArray, frequencies: readonly number[]): RotaryTables {
  const [B, S] = positionIds.shape;
  const angles = np.multiply(
    np.reshape(astype(positionIds, "float32"), [B, S, 1, 1, 1]),
    np.array([...frequencies]),
  );
  return {
    cos: np.cos(angles),
    sin: np.multiply(np.sin(angles), np.array([[-1], [1]])),
  };
}

/**
 * Rotary embedding in the Hugging Face layout: component i turns with component i + K/2.
 * x [B, S, H, K] -> [B, S, H, K].
 */
export function rotate(x: NdArray, { cos, sin }: RotaryTables): NdArray {
  const [B, S, H, K] = x.shape;
  const halves = np.reshape(x, [B, S, H, 2, K / 2]);
  const turned = np.add(np.multiply(halves, cos), np.multiply(np.flip(halves, 3), sin));
  return np.reshape(turned, [B, S, H, K]);
}

/** Row and column of a patch in its image's grid. */
export interface GridPlace {
  readonly row: number;
  readonly column: number;
}

/**
 * Angles [K/2] of a two-dimensional rotary embedding for the patch at a place: the first K/4 turn with the row, the
 * others with the column, both by the frequencies θ^(-4i/K) (as Qwen2-VL's vision tower does, arXiv 2409.12191,
 * section 2.1).
 */
export function gridAngles({ row, column }: GridPlace, headSize: number, theta: number): number[] {
  const frequencies = Float32Array.from(inverseFrequencies(headSize / 2, theta));
  return [row, column].flatMap((position) => [...frequencies.map((frequency) => position * frequency)]);
}

/** Tables of angles [B, S, K/2]. */
export function tablesOf(angles: NdArray): RotaryTables {
  const [B, S, half] = angles.shape;
  const shaped = np.reshape(angles, [B, S, 1, 1, half]);
  return { cos: np.cos(shaped), sin: np.multiply(np.sin(shaped), np.array([[-1], [1]])) };
}
