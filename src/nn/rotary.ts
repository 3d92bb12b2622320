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
