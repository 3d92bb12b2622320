/**
 * Assignment of rows to columns with as many pairs as possible and, among those, the least total cost (the
 * Hungarian method with shortest augmenting paths and potentials: Kuhn 1955; Jonker and Volgenant, Computing
 * 38, 1987). `cost` [R][C] is at least 0; Infinity forbids a pair. Gives the column of each row, or -1.
 */
export function minimumCostMatching(cost: readonly (readonly number[])[]): number[] {
  const rows = cost.length;
  const columns = cost[0]?.length ?? 0;
  if (columns === 0) return cost.map(() => -1);
  if (rows > columns) return transposedMatching(cost, rows, columns);
  const forbidden = forbiddenCost(cost);
  const filled = cost.map((row) => row.map((value) => Math.min(value, forbidden)));
  const rowOf = assign(filled, rows, columns);
  const columnOf = new Array<number>(rows).fill(-1);
  for (const [column, row] of rowOf.entries())
    if (row >= 0 && Number.isFinite(cost[row][column])) columnOf[row] = column;
  return columnOf;
}

function transposedMatching(cost: readonly (readonly number[])[], rows: number, columns: number): number[] {
  const turned = Array.from({ length: columns }, (_, c) => cost.map((row) => row[c]));
  const columnOf = new Array<number>(rows).fill(-1);
  for (const [column, row] of minimumCostMatching(turned).entries()) if (row >= 0) columnOf[row] = column;
  return columnOf;
}

/**
 * More than all allowed pairs together, so that a forbidden pair is taken only where nothing else is left.
 */
function forbiddenCost(cost: readonly (readonly number[])[]): number {
  const finite = cost.flat().filter(Number.isFinite);
  return 1 + Math.max(0, ...finite) * (cost.length + 1);
}

/** The row of each column, or -1; rows <= columns and every cost finite. */
function assign(cost: readonly (readonly number[])[], rows: number, columns: number): number[] {
  const rowPotential = new Float64Array(rows);
  const columnPotential = new Float64Array(columns + 1);
  // The last column is a place outside the matrix where the row that is being placed starts.
  const rowOf = new Array<number>(columns + 1).fill(-1);
  for (let row = 0; row < rows; row++) {
    rowOf[columns] = row;
    const { end, before } = cheapestPath(cost, rowOf, rowPotential, columnPotential);
    for (let column = end; column !== columns; column = before[column]) rowOf[column] = rowOf[before[column]];
  }
  return rowOf.slice(0, columns);
}

/** Dijkstra over reduced costs from the waiting row to a free column; moves the potentials along. */
function cheapestPath(
  cost: readonly (readonly number[])[],
  rowOf: readonly number[],
  rowPotential: Float64Array,
  columnPotential: Float64Array,
): { readonly end: number; readonly before: Int32Array } {
  const columns = rowOf.length - 1;
  const least = new Float64Array(columns).fill(Number.POSITIVE_INFINITY);
  const before = new Int32Array(columns).fill(columns);
  const done = new Set<number>();
  let at = columns;
  while (rowOf[at] >= 0) {
    done.add(at);
    let next = -1;
    for (let column = 0; column < columns; column++) {
      if (done.has(column)) continue;
      const reduced = cost[rowOf[at]][column] - rowPotential[rowOf[at]] - columnPotential[column];
      if (reduced < least[column]) [least[column], before[column]] = [reduced, at];
      if (next < 0 || least[column] < least[next]) next = column;
    }
    const step = least[next];
    for (const column of done) {
      rowPotential[rowOf[column]] += step;
      columnPotential[column] -= step;
    }
    for (let column = 0; column < columns; column++) if (!done.has(column)) least[column] -= step;
    at = next;
  }
  return { end: at, before };
}
