/** Batches of several shapes, and the programs that read them. */
import { signature } from "../../engine/cached.ts";
import type { CompiledProgram } from "../../engine/compile.ts";
import { programPool } from "../../engine/pool.ts";
import type { Batch } from "../../losses/batch.ts";
import type { ImageLayout } from "../../models/inputs/inputs.ts";
import { layoutKey } from "../../models/inputs/layout.ts";

/** A batch, and the layout of its rows, which is part of the program that reads it. */
export interface ShapedBatch {
  readonly batch: Batch;
  readonly layout: ImageLayout;
}

/** Something that is traced with the layout of a batch: an objective, a probe. */
export type ByLayout<T> = (layout: ImageLayout) => T;

/** The same text for batches that one program reads: of one layout, and of one shape in every array. */
export function shapeKey({ batch, layout }: ShapedBatch): string {
  return `${layoutKey(layout)} ${signature([batch])}`;
}

/** How many programs were compiled so far, and how long that took. */
export interface CompileCount {
  readonly programs: number;
  readonly seconds: number;
}

/**
 * Shapes that are planned for the rows of a folder: so many that rows of natural photos, with several questions of
 * several lengths each, are padded by less than a tenth.
 */
export const SHAPES = 20;

/** Programs held: for the planned shapes, one for rows of several of them together, and some for rows beyond them. */
export const SHAPES_KEPT = SHAPES + 4;

/** A program for each shape of batches. */
export interface ShapedPrograms<Out> {
  /** Hands the program for the shapes of `made` to `use`. */
  use<R>(made: ShapedBatch, use: (program: CompiledProgram<Out>) => Promise<R>): Promise<R>;
  readonly count: CompileCount;
  dispose(): Promise<void>;
}

/**
 * Compiles for a shape when it first comes, and again where others came since: `limit` programs are held, those used
 * last. What a program computes depends on its batch and arguments alone, so what is held changes no result.
 */
export function shapedPrograms<Out = unknown>(
  compileFor: (made: ShapedBatch) => Promise<CompiledProgram<Out>>,
  limit: number = SHAPES_KEPT,
): ShapedPrograms<Out> {
  const pool = programPool<Out>(limit);
  const count = { programs: 0, seconds: 0 };
  const timed = async (made: ShapedBatch) => {
    const begin = performance.now();
    const program = await compileFor(made);
    count.programs++;
    count.seconds += (performance.now() - begin) / 1000;
    return program;
  };
  return {
    use: (made, use) => pool.use(shapeKey(made), () => timed(made), use),
    count,
    dispose: () => pool.clear(),
  };
}
