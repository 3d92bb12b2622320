/** Batches of examples that nobody has seen before: their rows stand in rooms that grow with what comes. */
import { openCollator, planFor, rowMeasure } from "../../data/collate.ts";
import type { CollateTools } from "../../data/encode.ts";
import { type Example, questionsApart } from "../../data/example.ts";
import type { TargetOptions } from "../../grounding/target.ts";
import { stretchedRoom } from "../../models/inputs/padding.ts";
import { imagesSeeQuestion } from "../../nn/visibility.ts";
import { fitsNeeds, type RowNeeds, unionNeeds } from "../../vlm/plan.ts";
import { SHAPES, type ShapedBatch } from "../batches/shapes.ts";

export type MakeBatch = (examples: readonly Example[]) => ShapedBatch;

/**
 * Makes batches in the rooms that are planned for `examples`. What fits none of them gets a room that holds all that
 * came so far with an eighth to spare, so that few programs are compiled. With a model whose image tokens see the
 * question, each question has a row of its own.
 */
export function openRooms(
  tools: CollateTools,
  targets: Partial<TargetOptions>,
  examples: readonly Example[],
): MakeBatch {
  const apart = imagesSeeQuestion(tools.family.visibility);
  const rowsOf = (given: readonly Example[]) => (apart ? given.flatMap(questionsApart) : given);
  const measure = rowMeasure(tools);
  const needsOf = ({ image, ...texts }: Example): RowNeeds => measure({ ...texts, size: image });
  const rule = tools.family.pixels;
  const planned = rowsOf(examples).map(needsOf);
  const rooms = planned.length === 0 ? [] : [...planFor(tools, planned, SHAPES).rooms];
  const collator = openCollator(tools, { rooms }, targets);
  return (given) => {
    const rows = rowsOf(given);
    const needs = rows.map(needsOf);
    const together = unionNeeds(needs);
    if (!rooms.some((room) => fitsNeeds(together, room))) {
      const all = unionNeeds([...rooms, ...needs]);
      rooms.push({ ...all, room: stretchedRoom(all.room, rule) });
    }
    return collator.collate(rows);
  };
}
