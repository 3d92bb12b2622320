import { colourAt } from "../colour.ts";
import type { Paint } from "../heat.ts";
import { type Item, ink, quiet, widthOf, write } from "./figure.ts";

export interface Matrix {
  /** [rows][columns] */
  readonly values: readonly (readonly number[])[];
  readonly rowName: (row: number) => string;
  readonly columnName: (column: number) => string;
  readonly rowsTitle: string;
  readonly columnsTitle: string;
  readonly paint: Paint;
  /** Cells that get a frame and a number, in this order. */
  readonly marked: readonly { readonly row: number; readonly column: number }[];
  readonly width: number;
}

const left = 70;
const top = 34;

/** Cells are smaller from here on. */
const manyRows = 14;

/** A value a cell, with names of rows and columns. */
export function matrixItem(matrix: Matrix): Item {
  const { values, width } = matrix;
  const columns = values[0].length;
  const largest = values.length > manyRows ? 24 : 34;
  const cell = Math.max(6, Math.min(largest, Math.floor((width - left) / columns)));
  return {
    width: left + columns * cell,
    height: top + values.length * cell + 2,
    draw: (pen, x, y) => {
      write(pen, matrix.columnsTitle, x + left, y + 11, { size: 11, colour: quiet });
      const named = (i: number) => cell >= 16 || i % 4 === 3 || i === 0;
      for (let c = 0; c < columns; c++) {
        const text = matrix.columnName(c);
        const at = x + left + (c + 0.5) * cell - widthOf(pen, text, { size: 10.5 }) / 2;
        if (named(c)) write(pen, text, at, y + top - 6, { size: 10.5 });
      }
      for (const [r, row] of values.entries()) {
        const text =
          r === 0 || values.length <= manyRows
            ? `${matrix.rowsTitle} ${matrix.rowName(r)}`
            : matrix.rowName(r);
        const at = x + left - 8 - widthOf(pen, text, { size: 10.5 });
        if (named(r)) write(pen, text, at, y + top + (r + 0.5) * cell + 4, { size: 10.5 });
        for (const [c, value] of row.entries()) {
          const [red, green, blue] = colourAt(matrix.paint.colours, matrix.paint.at(value));
          pen.fillStyle = `rgb(${red}, ${green}, ${blue})`;
          pen.fillRect(x + left + c * cell, y + top + r * cell, cell - 1, cell - 1);
        }
      }
      pen.strokeStyle = "#e4e3de";
      pen.lineWidth = 1;
      pen.strokeRect(x + left - 1.5, y + top - 1.5, columns * cell + 2, values.length * cell + 2);
      for (const [i, { row, column }] of matrix.marked.entries()) {
        const [cx, cy] = [x + left + column * cell, y + top + row * cell];
        pen.strokeStyle = ink;
        pen.lineWidth = 1.5;
        pen.strokeRect(cx - 0.75, cy - 0.75, cell + 0.5, cell + 0.5);
        const dark = matrix.paint.at(values[row][column]) > 0.5;
        const text = `${i + 1}`;
        const size = Math.min(11, cell - 4);
        if (size < 7) continue;
        const at = cx + (cell - 1 - widthOf(pen, text, { size })) / 2;
        write(pen, text, at, cy + cell / 2 + size * 0.36, { size, colour: dark ? "#ffffff" : ink });
      }
    },
  };
}
