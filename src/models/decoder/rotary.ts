/** A decoder's rotary tables, from its config and the positions of a row. */
import { astype, type NdArray, np } from "../../engine/array.ts";
import { type RotaryTables, rotaryTables, tablesOf } from "../../nn/rotary.ts";
import type { RotaryConfig } from "./config.ts";

/** All tables of a decoder, each made once, by their names. */
export function rotaryByName(
  configs: Readonly<Record<string, RotaryConfig>>,
  positions: NdArray,
): (name: string) => RotaryTables {
  const tables = new Map(
    Object.entries(configs).map(([name, config]) => [name, decoderRotary(config, positions)]),
  );
  return (name) => {
    const table = tables.get(name);
    if (table === undefined) throw new TypeError(`decoder: a layer asks for the rotary table ${name}`);
    return table;
  };
}

/** Tables for positions [B, S], or [3, B, S] (time, row, column) where the config has axes. */
function decoderRotary({ frequencies, scale = 1, axes }: RotaryConfig, positions: NdArray): RotaryTables {
  const tables =
    axes === undefined || positions.ndim === 2
      ? rotaryTables(positions, frequencies)
      : tablesOf(multimodalAngles(frequencies, axes, positions));
  if (scale === 1) return tables;
  return { cos: np.multiply(tables.cos, scale), sin: np.multiply(tables.sin, scale) };
}

/** Each frequency turns with the position on its own axis: positions [3, B, S] -> [B, S, K/2]. */
function multimodalAngles(
  frequencies: readonly number[],
  axes: readonly number[],
  positions: NdArray,
): NdArray {
  const chosen = [0, 1, 2].map((axis) => frequencies.map((f, i) => (axes[i] === axis ? f : 0)));
  return np.einsum("abs,ak->bsk", astype(positions, "float32"), np.array(chosen));
}
