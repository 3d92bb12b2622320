import { random } from "../../common/random.ts";
import { float32, type HostArray } from "../../engine/host.ts";

/** Shortest and longest wave, in patches. */
const wavelengths = [4, 32] as const;

/**
 * Position embeddings [E + rows * columns, D] that start as sines and cosines of row and column, at wavelengths
 * spaced evenly in their logarithm, so that neighbouring patches begin alike and a place can be read off linearly.
 * The first E rows (a class token's, or none) are random. `std` is the standard deviation of the entries. D must be a multiple of 4.
 */
export function gridWaves(
  { rows, columns }: { rows: number; columns: number },
  [places, width]: readonly number[],
  std: number,
  seed: number | string,
): HostArray<"float32"> {
  const table = float32([places, width]);
  const extra = places - rows * columns;
  const source = random(seed, "class position");
  for (let d = 0; d < extra * width; d++) table.data[d] = std * source.normal();
  const count = width / 4;
  const ratio = wavelengths[1] / wavelengths[0];
  const frequencies = Array.from({ length: count }, (_, k) => {
    const wavelength = wavelengths[0] * ratio ** (count > 1 ? k / (count - 1) : 0);
    return (2 * Math.PI) / wavelength;
  });
  const waves = (place: number) => [
    ...frequencies.map((f) => Math.sin(f * (place + 0.5))),
    ...frequencies.map((f) => Math.cos(f * (place + 0.5))),
  ];
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const values = [...waves(row), ...waves(column)].map((value) => value * Math.SQRT2 * std);
      table.data.set(values, (extra + row * columns + column) * width);
    }
  return table;
}
