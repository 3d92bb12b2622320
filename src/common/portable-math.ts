/**
 * Sines, arcs and logarithms that have the same bits on every machine. `Math.sin` and its kin may differ between
 * engines, versions and processors (ECMAScript leaves them "implementation-approximated"); here is nothing but
 * additions, products, quotients and square roots of doubles, which IEEE 754 rounds in one way. Each result is within
 * two units in the last place for the arguments that drawings have (angles up to a million).
 */

/** π / 2 in three parts of which the first two have 33 bits, so that products with small whole numbers are exact. */
const quarterTurn = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21] as const;

/** Coefficients of x^3, x^5, ... of the sine and of x^2, x^4, ... of the cosine, the last first. */
const sineTerms = reciprocalFactorials([19, 17, 15, 13, 11, 9, 7, 5, 3]);
const cosineTerms = reciprocalFactorials([20, 18, 16, 14, 12, 10, 8, 6, 4, 2]);

/** ±1/n!, the sign that of the n-th derivative's turn: - + - + from the smallest n on. */
function reciprocalFactorials(orders: readonly number[]): readonly number[] {
  return orders.map((order) => {
    let factorial = 1;
    for (let i = 2; i <= order; i++) factorial *= i;
    return (order % 4 < 2 ? 1 : -1) / factorial;
  });
}

/** `angle` in radians. */
export function sin(angle: number): number {
  const turns = Math.round(angle / (Math.PI / 2));
  return sineAfter(turns, reduced(angle, turns));
}

/** `angle` in radians. */
export function cos(angle: number): number {
  const turns = Math.round(angle / (Math.PI / 2));
  return sineAfter(turns + 1, reduced(angle, turns));
}

/** `angle` in radians. */
export function tan(angle: number): number {
  return sin(angle) / cos(angle);
}

function reduced(angle: number, turns: number): number {
  return angle - turns * quarterTurn[0] - turns * quarterTurn[1] - turns * quarterTurn[2];
}

/** sin(rest + turns · π/2), |rest| at most π/4. */
function sineAfter(turns: number, rest: number): number {
  const quarter = ((turns % 4) + 4) % 4;
  const square = rest * rest;
  const size =
    quarter % 2 === 0
      ? rest + rest * (square * series(sineTerms, square))
      : 1 + square * series(cosineTerms, square);
  return quarter < 2 ? size : -size;
}

/** `c[0] x^(n-1) + ... + c[n-1]` */
function series(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (const coefficient of coefficients) sum = sum * x + coefficient;
  return sum;
}

/** Coefficients 1/25, 1/23, ..., 1/3 of the series of artanh; those of arctan alternate. */
const oddReciprocals = Array.from({ length: 12 }, (_, i) => 1 / (25 - 2 * i));
const arcTerms = oddReciprocals.map((term, i) => (i % 2 === 0 ? term : -term));

/** From -π/2 to π/2. */
export function atan(x: number): number {
  const size = Math.abs(x);
  const angle = size > 1 ? Math.PI / 2 - smallArc(1 / size) : smallArc(size);
  return x < 0 ? -angle : angle;
}

/** arctan of x in [0, 1], by halving the angle twice. */
function smallArc(x: number): number {
  const half = x / (1 + Math.sqrt(1 + x * x));
  const quarter = half / (1 + Math.sqrt(1 + half * half));
  const square = quarter * quarter;
  return 4 * (quarter + quarter * (square * series(arcTerms, square)));
}

/** The angle of the point (x, y) from the x axis, -π to π; 0 for the origin. */
export function atan2(y: number, x: number): number {
  if (x === 0 && y === 0) return 0;
  if (Math.abs(x) >= Math.abs(y)) {
    const angle = atan(y / x);
    return x > 0 ? angle : y < 0 ? angle - Math.PI : angle + Math.PI;
  }
  const angle = Math.PI / 2 - atan(x / y);
  return y > 0 ? angle : angle - Math.PI;
}

/** x in [-1, 1]; from -π/2 to π/2. */
export function asin(x: number): number {
  return atan2(x, Math.sqrt((1 - x) * (1 + x)));
}

/** x in [-1, 1]; from 0 to π. */
export function acos(x: number): number {
  return 2 * atan2(Math.sqrt(1 - x), Math.sqrt(1 + x));
}

/** Natural logarithm of a positive, finite number that is not denormal. */
export function log(x: number): number {
  let mantissa = x;
  let exponent = 0;
  for (; mantissa < Math.SQRT1_2; mantissa *= 2) exponent--;
  for (; mantissa > Math.SQRT2; mantissa /= 2) exponent++;
  const ratio = (mantissa - 1) / (mantissa + 1);
  const square = ratio * ratio;
  return exponent * Math.LN2 + 2 * (ratio + ratio * (square * series(oddReciprocals, square)));
}
