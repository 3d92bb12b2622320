import { beforeAll, describe, expect, it } from "vitest";
import { sizeOf } from "../../src/engine/host.ts";
import { formatJson } from "../../src/hub/json.ts";
import type { BoundFamily } from "../../src/models/contract/family.ts";
import { familyOf } from "../../src/models/registry.ts";
import { isParamSpec, mapTree } from "../../src/nn/init.ts";
import published from "../fixtures/models/published-configs.json" with { type: "json" };

/** Configs of published checkpoints, and what transformers reads in them (`published.py`). */
describe.each(Object.entries(published))("config.json of %s", (_, { config: json, facts }) => {
  const known = familyOf(json);
  let family: BoundFamily;

  beforeAll(() => {
    family = known.read(json);
  });

  it("gives the same sizes as in transformers", () => {
    const { layers, heads, width, vocabSize, maxPositions, imageTokenId } = facts;
    const wanted = {
      layers,
      heads,
      width,
      vocabSize,
      maxPositions,
      imageTokenId,
    };
    expect(family.modelType).toBe(json.model_type);
    expect(family.facts).toMatchObject(wanted);
  });

  it("gives as many parameters as transformers' model", () => {
    let parameters = 0;
    mapTree(family.specs, isParamSpec, ({ shape }) => {
      parameters += sizeOf(shape);
    });
    expect(parameters).toBe(facts.parameters);
  });

  it("survives being written in today's layout", () => {
    expect(known.read(JSON.parse(formatJson(family.configToJson()))).config).toEqual(family.config);
  });
});
