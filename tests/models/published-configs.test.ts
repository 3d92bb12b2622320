import { beforeAll, describe, expect, it } from "vitest";
import { sizeOf } from "../../src/engine/host.ts";
import { formatJson } from "../../src/hub/json.ts";
import type { ModelFamily } from "../../src/models/contract/family.ts";
import { familyOf } from "../../src/models/registry.ts";
import { isParamSpec, mapTree } from "../../src/nn/init.ts";
import published from "../fixtures/models/published-configs.json" with { type: "json" };

/** Configs of published checkpoints, and what transformers reads in them (`published.py`). */
describe.each(Object.entries(published))("config.json of %s", (_, { config: json, facts }) => {
  const family: ModelFamily = familyOf(json);
  let config: never;

  beforeAll(() => {
    config = family.parseConfig(json) as never;
  });

  it("gives the same sizes as in transformers", () => {
    const { layers, heads, width, vocabSize, maxPositions, imageTokenId } = facts;
    const wanted = {
      modelType: json.model_type,
      layers,
      heads,
      width,
      vocabSize,
      maxPositions,
      imageTokenId,
    };
    expect(family.facts(config)).toMatchObject(wanted);
  });

  it("gives as many parameters as transformers' model", () => {
    let parameters = 0;
    mapTree(family.specs(config) as never, isParamSpec, ({ shape }) => {
      parameters += sizeOf(shape);
    });
    expect(parameters).toBe(facts.parameters);
  });

  it("survives being written in today's layout", () => {
    expect(family.parseConfig(JSON.parse(formatJson(family.configToJson(config))))).toEqual(config);
  });
});
