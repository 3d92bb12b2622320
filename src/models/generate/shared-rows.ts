/** Prompts about one image in one row behind a prefix that they share, so that the image is computed once. */
import { imagesSeeQuestion, type Visibility } from "../../nn/visibility.ts";
import type { PromptRow } from "../contract/generation.ts";
import { imageSpans } from "../inputs/layout.ts";
import type { Row } from "../inputs/rows.ts";

/** Where a prompt is: its row, and its place among the row's prompts. */
export interface PlacedPrompt {
  readonly row: number;
  readonly index: number;
}

export interface SharedRows {
  readonly rows: readonly Row[];
  /** One for each prompt. */
  readonly places: readonly PlacedPrompt[];
  /** For each prompt, the indices of its tokens in its row. */
  readonly columns: readonly (readonly number[])[];
}

/**
 * Rows `<shared prefix> <rest of prompt 1> <rest of prompt 2> ...`: a prompt sees the prefix and its own rest, at the
 * positions that it would have alone. Prompts share a row that have the same images (the same objects) and the same
 * tokens up to the last of them, and more. Where images see the question, nothing is shared.
 */
export function sharedRows(prompts: readonly PromptRow[], visibility: Visibility): SharedRows {
  const apart = imagesSeeQuestion(visibility);
  const groups: number[][] = [];
  for (const [p, prompt] of prompts.entries()) {
    const group = apart ? undefined : groups.find(([first]) => mayShare(prompts[first], prompt));
    if (group === undefined) groups.push([p]);
    else group.push(p);
  }
  const places = new Array<PlacedPrompt>(prompts.length);
  const columns = new Array<readonly number[]>(prompts.length);
  const rows = groups.map((group, row) => {
    const { tokens, ownColumns } = joined(group.map((p) => prompts[p]));
    for (const [index, p] of group.entries()) {
      places[p] = { row, index };
      columns[p] = ownColumns[index];
    }
    return tokens;
  });
  return { rows, places, columns };
}

function mayShare(a: PromptRow, b: PromptRow): boolean {
  if (a.images.length === 0 || a.images.length !== b.images.length) return false;
  if (!a.images.every((image, i) => image === b.images[i])) return false;
  const end = imagesEnd(a);
  if (Math.min(a.ids.length, b.ids.length) <= end) return false; // An image is not cut.
  return imagesEnd(b) === end && a.ids.slice(0, end).every((id, i) => id === b.ids[i]);
}

/** Tokens up to the last image token. */
function imagesEnd({ layout }: PromptRow): number {
  return imageSpans(layout).reduce((_, { start, length }) => start + length, 0);
}

function joined(prompts: readonly PromptRow[]): { tokens: Row; ownColumns: number[][] } {
  const [{ ids: first, layout, images }] = prompts;
  const P = prompts.length === 1 ? first.length : sharedLength(prompts);
  const row = {
    ids: first.slice(0, P),
    positions: [...Array(P).keys()],
    segments: new Array<number>(P).fill(0),
  };
  const shared = [...Array(P).keys()];
  const ownColumns = prompts.map(({ ids }, q) => {
    const start = row.ids.length;
    for (let i = P; i < ids.length; i++) {
      row.ids.push(ids[i]);
      row.positions.push(i);
      row.segments.push(q + 1);
    }
    return [...shared, ...Array.from({ length: ids.length - P }, (_, i) => start + i)];
  });
  return { tokens: { ...row, layout, images }, ownColumns };
}

/** Tokens that all begin with; every prompt keeps one of its own, whose prediction is asked for. */
function sharedLength(prompts: readonly PromptRow[]): number {
  const [{ ids: first }] = prompts;
  const most = Math.min(...prompts.map(({ ids }) => ids.length)) - 1;
  let length = 0;
  while (length < most && prompts.every(({ ids }) => ids[length] === first[length])) length++;
  return length;
}
