import { describe, expect, it } from "vitest";
import { random } from "../../src/common/random.ts";
import type { HostArray } from "../../src/engine/host.ts";
import { scenesFor } from "../../src/eval/scenes.ts";
import type { VlmParams } from "../../src/models/contract/parts.ts";
import { evidenceMap, hiddenHalves, openEvidence } from "../../src/train/step/evidence.ts";
import { openRooms } from "../../src/train/trainer/rooms.ts";
import { openVlm } from "../../src/vlm/open.ts";
import { inTemporaryFolder, lossesOf, run, tinyConfig } from "./support.ts";

describe("hiddenHalves", () => {
  it("hides every token in one set of each pair, and half of them at a time", () => {
    const sets = hiddenHalves(9, 8, random("t"));
    expect(sets).toHaveLength(8);
    for (let k = 0; k < 4; k++) {
      expect(sets[2 * k].map((one, n) => one + sets[2 * k + 1][n])).toEqual(new Uint8Array(9).fill(1));
      expect(sets[2 * k].reduce((sum, one) => sum + one, 0)).toBe(4);
    }
    expect(hiddenHalves(9, 8, random("t"))).toEqual(sets);
  });
});

describe("evidenceMap", () => {
  const N = 16;
  const sets = hiddenHalves(N, 64, random("map"));
  const tokens = new Array<boolean>(N).fill(true);
  /** log p that falls by each hidden token's effect. */
  const logs = (effects: Readonly<Record<number, number>>, noise = 0) => {
    const source = random("noise");
    return sets.map((hidden) =>
      Object.entries(effects).reduce(
        (log, [n, effect]) => log - effect * hidden[Number(n)],
        noise * source.normal(),
      ),
    );
  };

  it("finds the tokens that an answer needs, in proportion to what it loses without them", () => {
    const map = evidenceMap(sets, logs({ 3: 4, 11: 2 }, 0.1), tokens);
    expect(map.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
    expect(map[3]).toBeGreaterThan(map[11]);
    expect(map[3] + map[11]).toBeGreaterThan(0.9);
  });

  it("leaves out tokens without which the answer is more probable, and those that are padding", () => {
    const harmful = evidenceMap(sets, logs({ 3: 4, 5: -4 }), tokens);
    expect(harmful[5]).toBe(0);
    const padded = evidenceMap(
      sets,
      logs({ 3: 4 }),
      tokens.map((_, n) => n !== 3),
    );
    expect(padded[3]).toBe(0);
  });

  it("is empty where nothing changes the answer", () => {
    expect(evidenceMap(sets, logs({}), tokens)).toEqual(new Float32Array(N));
  });
});

it("finds, in a model that answers rightly, what the answers are about", async () => {
  const model = await openVlm(new URL("../../checkpoints/full", import.meta.url).pathname);
  const { family } = model;
  const examples = [...(await scenesFor(model, { count: 16, seed: 7 }))];
  const made = openRooms(model, {}, examples)(examples);
  const params = family.toNamed(model.params as VlmParams<HostArray>);
  const finder = openEvidence({
    family,
    build: (named) => family.fromNamed(named),
    params,
    frozen: {},
    machine: { threads: 1 },
    needs: { passes: 64, refresh: 2 },
  });
  const at = (step: number) => finder.add(made, params, { step, micro: 0 });
  const { attentionTargets, learntTargets } = (await at(0)).batch;
  const [B, Q, N] = attentionTargets.shape;
  const rows = Array.from({ length: B * Q }, (_, i) => {
    const of = ({ data }: HostArray) => Array.from(data.subarray(i * N, (i + 1) * N));
    return { given: of(attentionTargets), found: of(learntTargets as HostArray) };
  });
  const found = rows.filter(({ given, found: map }) => [given, map].every((one) => one.some((p) => p > 0)));
  const onTarget = ({ given, found: map }: (typeof rows)[number]) =>
    map.reduce((sum, share, n) => sum + (given[n] > 0 ? share : 0), 0);
  expect(found.length).toBeGreaterThan(5);
  expect(found.reduce((sum, row) => sum + onTarget(row), 0) / found.length).toBeGreaterThan(0.6); // 0.15 by chance.
  expect((await at(1)).batch.learntTargets?.data.every((share) => share === 0)).toBe(true);
  expect((await at(0)).batch.learntTargets).toEqual(learntTargets);
  await finder.dispose();
}, 120_000);

describe("a run whose evidence is learnt", () => {
  const losses = (klal: object) => ({ ntp: {}, klal: { target: "learnt", ...klal } });

  it(
    "searches at the first step and each so many later ones, the same after it goes on",
    () =>
      inTemporaryFolder(async (folder) => {
        const klal = { evidence: "knock-out", refresh: 3, passes: 16, gate: "focal" };
        const config = tinyConfig({ losses: losses(klal), train: { accumulate: 2 } });
        await run(config, `${folder}/a`);
        const { steps } = await lossesOf(`${folder}/a`);
        const supervised = steps.map(({ parts }) => parts["klal.supervised"] > 0);
        expect(supervised.filter((_, i) => i % 3 !== 0)).toEqual([false, false, false, false]);
        expect(supervised.some(Boolean)).toBe(true);
        const stop = new AbortController();
        stop.abort();
        await expect(run(config, `${folder}/b`, { signal: stop.signal })).rejects.toThrow(
          "stopped after step 1",
        );
        await run(config, `${folder}/b`, { resume: true });
        expect((await lossesOf(`${folder}/b`)).steps).toEqual(steps);
      }),
    120_000,
  );

  it("takes questions without a region", () =>
    inTemporaryFolder(async (folder) => {
      await run(tinyConfig({ losses: losses({}), train: { steps: 2 } }), `${folder}/a`);
      const { steps } = await lossesOf(`${folder}/a`);
      for (const { parts } of steps) expect(parts.klal).toBeGreaterThan(0);
    }));
});
