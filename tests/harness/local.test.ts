import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { scenesFor } from "../../src/eval/scenes.ts";
import { openProvider } from "../../src/harness/providers/open.ts";
import type { Ask } from "../../src/harness/providers/provider.ts";
import { encodePng } from "../../src/hub/image/image-file.ts";
import { attentionMaps } from "../../src/lens/attention.ts";
import { openVlm } from "../../src/vlm/open.ts";
import { temporaryFolder } from "./data.ts";

const folder = fileURLToPath(new URL("../../checkpoints/full", import.meta.url));
const never = new AbortController().signal;
const vlm = await openVlm(folder);
const asks = await Promise.all(
  (await scenesFor(vlm, { count: 4, seed: 9 })).flatMap(({ image, questions }) =>
    questions.map(
      async ({ question }): Promise<Ask & { rgb: typeof image }> => ({
        image: {
          bytes: await encodePng(image),
          mediaType: "image/png",
          width: image.width,
          height: image.height,
        },
        prompt: question,
        maxOutputTokens: 8,
        rgb: image,
      }),
    ),
  ),
);

describe("a local model", () => {
  it("answers in turns what it answers to each question alone", async () => {
    const provider = await openProvider(folder, { batch: 3 });
    expect(provider).toMatchObject({ name: folder, family: { name: "fovea", bare: true }, isLocal: true });
    const replies = await Promise.all(asks.map((ask) => provider.ask(ask, never)));
    await provider.close();
    expect(new Set(replies.map(({ text }) => text)).size).toBeGreaterThan(2);
    for (const [i, { text, stopped }] of replies.entries()) {
      const { answer, ended } = await attentionMaps(vlm, asks[i].rgb, asks[i].prompt, { maxNewTokens: 8 });
      expect([asks[i].prompt, text, stopped]).toEqual([asks[i].prompt, answer, ended ? undefined : "length"]);
    }
  });

  it("says when an answer did not end, and does not take up what was broken off", async () => {
    const provider = await openProvider(folder, { batch: 2 });
    expect(await provider.ask({ ...asks[0], maxOutputTokens: 1 }, never)).toMatchObject({
      stopped: "length",
    });
    const stop = new AbortController();
    const asked = provider.ask(asks[0], stop.signal);
    stop.abort(new Error("told to"));
    await expect(asked).rejects.toThrow("told to");
    await provider.close();
  });

  it("turns down a question that leaves no room for an answer, and answers those beside it", async () => {
    const provider = await openProvider(folder, { batch: 3 });
    const long = { ...asks[1], prompt: "is there a cat ? ".repeat(200) };
    const replies = await Promise.allSettled([asks[0], long, asks[2]].map((ask) => provider.ask(ask, never)));
    await provider.close();
    expect(replies.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(replies[1]).toMatchObject({
      reason: { kind: "refused", message: expect.stringMatching(/question must be of at most \d+ tokens/) },
    });
  });

  it("that is trained anew under the same name has another identity", async () => {
    const [full, other] = await Promise.all(
      [folder, folder.replace(/full$/, "ntp")].map((path) => openProvider(path)),
    );
    expect(full.identity).toMatch(/^[0-9a-f]{64}$/);
    expect(full.identity).not.toBe(other.identity);
  });

  it("in few bits is another one where what meets its weights is not rounded", async () => {
    const cacheFolder = await temporaryFolder();
    const of = async (weights: "mapped" | "int8", precision: "fast" | "float32") => {
      const provider = await openProvider(folder, { weights, machine: { precision, cacheFolder } });
      await provider.close();
      return provider.identity.split(" ").slice(1);
    };
    expect(await of("mapped", "float32")).toEqual([]);
    expect(await of("int8", "fast")).toEqual(["int8"]);
    expect(await of("int8", "float32")).toEqual(["int8", "float32"]);
  });
});
