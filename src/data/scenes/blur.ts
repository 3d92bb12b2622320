/** Blur of a picture by a Gaussian. */

/** Deviations (in pixels) below this change nothing that 8 bits show. */
const LEAST = 0.15;

/**
 * Blurs a picture [Y, X, 3] in place with a Gaussian of deviation `sigma` pixels, cut off at three deviations and
 * normalised; beyond the borders the border goes on.
 */
export function blur(colour: Float32Array, width: number, height: number, sigma: number): void {
  if (sigma < LEAST) return;
  const kernel = gaussian(sigma);
  for (let y = 0; y < height; y++) blurLine(colour, y * width * 3, 3, width, kernel);
  for (let x = 0; x < width; x++) blurLine(colour, x * 3, width * 3, height, kernel);
}

/** Weights [2 r + 1], r = ceil(3 sigma), of sum 1. */
function gaussian(sigma: number): Float64Array {
  const radius = Math.ceil(3 * sigma);
  // exp(-i^2 / (2 sigma^2)) as w[i] = w[i - 1] * q^(2 i - 1), q = exp(-1 / (2 sigma^2)).
  const q = expOfMinus(1 / (2 * sigma * sigma));
  const weights = new Float64Array(2 * radius + 1);
  weights[radius] = 1;
  for (let i = 1, factor = q; i <= radius; i++, factor *= q * q) {
    weights[radius + i] = weights[radius + i - 1] * factor;
    weights[radius - i] = weights[radius + i];
  }
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** exp(-x) for x >= 0, by its series after halving: engines' own differ in the last bit. */
function expOfMinus(x: number): number {
  let [y, halvings] = [x, 0];
  for (; y > 0.125; halvings++) y /= 2;
  let [sum, term] = [1, 1];
  for (let i = 1; i < 12; i++) {
    term *= -y / i;
    sum += term;
  }
  for (; halvings > 0; halvings--) sum *= sum;
  return sum;
}

function blurLine(
  colour: Float32Array,
  start: number,
  stride: number,
  length: number,
  kernel: Float64Array,
): void {
  const radius = (kernel.length - 1) / 2;
  for (let c = 0; c < 3; c++) {
    const line = Float32Array.from({ length }, (_, i) => colour[start + i * stride + c]);
    for (let i = 0; i < length; i++) {
      let sum = 0;
      for (let k = -radius; k <= radius; k++)
        sum += kernel[k + radius] * line[Math.min(length - 1, Math.max(0, i + k))];
      colour[start + i * stride + c] = sum;
    }
  }
}
