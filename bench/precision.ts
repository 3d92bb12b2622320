/**
 * How far products with operands in fewer bits are from float32's: operands rounded as a GPU's units round them, sums in
 * float64, so that the difference is the operands' alone. TF32 and float16 keep 10 bits after the point, bfloat16 7. Root
 * mean square of the difference over that of the products, normal operands.
 *
 *     node bench/precision.ts [TERMS]
 */
import { random } from "../src/common/random.ts";

/** The nearest value with `bits` bits after the point, ties to even: the other bits of float32 are cleared. */
function rounded(values: Float32Array, bits: number): Float32Array {
  const words = new Uint32Array(values.slice().buffer);
  const drop = 23 - bits;
  for (const [i, word] of words.entries())
    words[i] = ((word + (1 << (drop - 1)) - 1 + ((word >>> drop) & 1)) >>> drop) << drop;
  return new Float32Array(words.buffer);
}

const terms = Number(process.argv[2] ?? 4096);
const products = 2000;
const source = random("precision");
const normal = () => Float32Array.from({ length: terms }, () => source.normal());

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, x, i) => sum + x * b[i], 0);
}

const squares: Record<string, number> = { TF32: 0, bfloat16: 0 };
let whole = 0;
for (let i = 0; i < products; i++) {
  const [a, b] = [normal(), normal()];
  const exact = dot(a, b);
  whole += exact ** 2;
  squares.TF32 += (dot(rounded(a, 10), rounded(b, 10)) - exact) ** 2;
  squares.bfloat16 += (dot(rounded(a, 7), rounded(b, 7)) - exact) ** 2;
}
for (const [name, sum] of Object.entries(squares))
  console.log(`${name}: ${Math.sqrt(sum / whole).toExponential(1)} of a product of ${terms} terms`);
