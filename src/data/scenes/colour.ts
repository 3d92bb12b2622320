/** Changes of colour: of a cut-out as it is painted, or of a whole picture. */
import { cos, sin } from "../../common/portable-math.ts";

/** What is done to a colour, in this order: hue, saturation, contrast. Brightness is a placement's own. */
export interface ColourChange {
  /** Turn of the hue, in degrees; luminance stays. */
  readonly hue: number;
  /** 0 is grey, 1 leaves colours as they are. */
  readonly saturation: number;
  /** Factor on the distance to mid-grey; 1 leaves it. */
  readonly contrast: number;
}

/** Luminance of red, green and blue, as filters of SVG have it. */
const LUMINANCE = [0.213, 0.715, 0.072] as const;

/**
 * Row-major [3, 4]: of red, green, blue and the alpha that they are premultiplied by, all of one range. The turn of the
 * hue and the saturation are the matrices of SVG's `hueRotate` and `saturate` (W3C Filter Effects, feColorMatrix).
 */
export function colourMatrix({ hue, saturation, contrast }: ColourChange): Float64Array {
  const angle = (hue * Math.PI) / 180;
  const turned = product(saturate(saturation), hueRotate(cos(angle), sin(angle)));
  const matrix = new Float64Array(12);
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) matrix[row * 4 + column] = contrast * turned[row * 3 + column];
    matrix[row * 4 + 3] = (1 - contrast) / 2;
  }
  return matrix;
}

function saturate(s: number): number[] {
  return [0, 1, 2].flatMap((row) => LUMINANCE.map((l, column) => l * (1 - s) + (row === column ? s : 0)));
}

function hueRotate(c: number, s: number): number[] {
  const [r, g, b] = LUMINANCE;
  return [
    ...[r + c * (1 - r) - s * r, g - c * g - s * g, b - c * b + s * (1 - b)],
    ...[r - c * r + s * 0.143, g + c * (1 - g) + s * 0.14, b - c * b - s * 0.283],
    ...[r - c * r - s * (1 - r), g - c * g + s * g, b + c * (1 - b) + s * b],
  ];
}

/** [3, 3] times [3, 3] */
function product(a: readonly number[], b: readonly number[]): number[] {
  return Array.from({ length: 9 }, (_, i) => {
    const [row, column] = [Math.floor(i / 3), i % 3];
    return a[row * 3] * b[column] + a[row * 3 + 1] * b[3 + column] + a[row * 3 + 2] * b[6 + column];
  });
}

/** Changes one premultiplied colour [R, G, B, A] in place; what leaves [0, alpha] is cut off. */
export function recolour(colour: Float32Array, matrix: Float64Array): void {
  const [red, green, blue, alpha] = colour;
  for (let c = 0; c < 3; c++) {
    const row = c * 4;
    const value =
      matrix[row] * red + matrix[row + 1] * green + matrix[row + 2] * blue + matrix[row + 3] * alpha;
    colour[c] = Math.min(alpha, Math.max(0, value));
  }
}
