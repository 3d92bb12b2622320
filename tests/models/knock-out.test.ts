/** Knocked-out attention of every family against transformers, whose masks were edited (`tests/fixtures/knock-out/make.py`). */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { float32, type HostArray } from "../../src/engine/host.ts";
import { type Checkpoint, openSafetensors } from "../../src/hub/weights/safetensors.ts";
import type { VlmParams } from "../../src/models/contract/parts.ts";
import type { ModelInputs } from "../../src/models/inputs/inputs.ts";
import type { KnockOutArrays } from "../../src/nn/knock-out.ts";
import { distance, promptRows } from "./fixture.ts";
import { loadParity, type Parity, rowsOf } from "./parity.ts";

const root = new URL("../fixtures/knock-out/", import.meta.url).pathname;

interface Case {
  /** Places in the row, or from the prompt's end on. */
  readonly queries: readonly number[];
  readonly keys: readonly number[];
  readonly heads: readonly (readonly number[])[];
  readonly promptLength: number;
  readonly generated: readonly (readonly number[])[];
}

const all: Record<string, Record<string, Case>> = JSON.parse(await readFile(`${root}cases.json`, "utf8"));

const headsOf = ({ heads }: Case) => float32([heads.length, heads[0].length], heads.flat());

/** B rows of S places, 1 at those given. */
function marked([B, S]: readonly number[], places: readonly number[]): HostArray<"float32"> {
  const rows = float32([B, S]);
  for (let b = 0; b < B; b++) for (const place of places) rows.data[b * S + place] = 1;
  return rows;
}

describe.each(Object.keys(all))("knocked-out attention of %s", (name) => {
  let parity: Parity;
  let expected: Checkpoint;
  let run: (knockOut: KnockOutArrays<HostArray>) => Promise<HostArray>;
  let dispose: () => Promise<void>;

  beforeAll(async () => {
    parity = await loadParity(name);
    expected = await openSafetensors(`${root}expected.safetensors`);
    const { family, layout, params, inputs } = parity;
    const fn = (tree: VlmParams, rows: ModelInputs, knockOut: KnockOutArrays) =>
      family.forward(tree, rows, { layout, knockOut });
    const some = arraysOf(Object.values(all[name])[0]);
    const program = await compile<{ logits: HostArray }>(fn, [params, inputs, some]);
    run = async (knockOut) => (await program.run(params, inputs, knockOut)).logits;
    dispose = () => program.dispose();
  });
  afterAll(() => dispose());

  const arraysOf = (one: Case) => {
    const { shape } = parity.inputs.inputIds;
    return { queries: marked(shape, one.queries), keys: marked(shape, one.keys), heads: headsOf(one) };
  };

  it.each(Object.keys(all[name]))("gives the logits: %s", async (of) => {
    const one = all[name][of];
    const { shape, data } = await run(arraysOf(one));
    const want = await expected.read(`${name}/${of}`);
    const [B, S, V] = shape;
    const first = one.promptLength - 1;
    const own = Array.from({ length: B }, (_, b) => [...data.slice((b * S + first) * V, (b + 1) * S * V)]);
    expect([B, S - first, V]).toEqual(want.shape);
    expect(distance(own.flat(), want.data)).toBeLessThan(parity.tolerance);
  });

  it.each(Object.keys(all[name]))("generates the same tokens greedily: %s", async (of) => {
    const { queries, keys, generated, ...one } = all[name][of];
    const { family, params, rows, inputs, prompts } = parity;
    const generator = family.createGenerator({ maxNewTokens: generated[0].length, eosTokenIds: [] });
    const asked = promptRows(rowsOf(prompts), rows, inputs.pixelValues as HostArray, family.pixels);
    const knockOut = {
      queries: queries.filter((place) => place < one.promptLength),
      keys,
      heads: headsOf({ queries, keys, generated, ...one }),
    };
    try {
      const answers = await generator.generate(params, asked, { knockOut });
      expect(answers.map(({ tokens }) => tokens)).toEqual(generated);
    } finally {
      await generator.dispose();
    }
  });
});
