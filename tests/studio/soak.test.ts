/** A thousand requests of four clients, most of which go wrong: every sound one is answered, and the server goes on. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { attackStudio } from "../../fuzz/attack/studio-clients.ts";
import { openRemote } from "../../src/studio/models/remote.ts";
import { openLocalModel } from "../../src/studio/server/local-model.ts";
import { createModelsApp } from "../../src/studio/server/models.ts";
import { pageModels } from "../../src/studio/server/setup.ts";
import { startStudio } from "../../src/studio/server/start.ts";
import { siteFolder } from "../../src/studio/site/site.ts";

it("answers a thousand mixed requests of four clients, and loses none", async () => {
  const folder = join(import.meta.dirname, "../../checkpoints/full");
  const deaths: Error[] = [];
  const local = openLocalModel({ folder, given: "twin", onDeath: (error) => deaths.push(error) });
  const running = await startStudio({
    ...{ host: "127.0.0.1", port: 0, site: await siteFolder(), models: pageModels() },
    setup: { server: true, models: [], assets: "ort/" },
    parts: { models: createModelsApp({ models: [local] }) },
    onClose: local.close,
  });
  const model = await openRemote({ address: new URL("api/models/0/", running.url) });
  const { counts, wrong } = await attackStudio(
    { url: running.url, model },
    { requests: 1000, clients: 4, seed: 7 },
  );
  expect(wrong).toEqual([]);
  expect(Object.values(counts).reduce((a, b) => a + b, 0)).toBe(1000);
  expect(Object.keys(counts).length).toBeGreaterThan(15);
  expect(Math.min(...Object.values(counts))).toBeGreaterThan(10);
  expect([local.busy, deaths]).toEqual([0, []]);
  expect((await fetch(new URL("healthz", running.url))).status).toBe(200);
  await running.close();
});
