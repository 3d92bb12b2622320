/** Models in the server's threads: the same results as elsewhere, a line with an end, and whoever leaves leaves it. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../src/common/errors.ts";
import type { RgbImage } from "../../src/common/image.ts";
import { createApp } from "../../src/serve/app.ts";
import { oneByOne } from "../../src/serve/turns.ts";
import type { Given, ModelCard } from "../../src/studio/jobs/job.ts";
import { perform } from "../../src/studio/jobs/perform.ts";
import type { Loading, StudioModel } from "../../src/studio/models/model.ts";
import { openRemote } from "../../src/studio/models/remote.ts";
import { frame } from "../../src/studio/models/wire.ts";
import { limits } from "../../src/studio/server/limits.ts";
import { type LocalModel, openLocalModel } from "../../src/studio/server/local-model.ts";
import { createModelsApp } from "../../src/studio/server/models.ts";
import { startStudio } from "../../src/studio/server/start.ts";
import { openVlm } from "../../src/vlm/open.ts";
import { openStudioPage } from "./harness.ts";

const twin = join(import.meta.dirname, "../../checkpoints/full");

function picture(side = 64): RgbImage {
  return { width: side, height: side, data: new Uint8Array(side * side * 3).map((_, i) => (i * 7) % 256) };
}

const asked: Given<"glance"> = {
  picture: picture(),
  words: ["cat"],
  questions: ["where is the cat ?"],
  top: 2,
};

const here = import.meta.dirname;
/** A server with these models; gives where the first is. */
async function serve(models: readonly LocalModel[], heard: unknown[] = []): Promise<URL> {
  const onFailure = (error: unknown) => void heard.push(error);
  const setup = { server: true, models: [], assets: "ort/" };
  const parts = { models: createModelsApp({ models, onFailure }) };
  const options = { site: here, setup, models: new Map(), parts, onFailure };
  const running = await startStudio({ ...options, host: "127.0.0.1", port: 0 });
  closers.push(running.close);
  return new URL("api/models/0/", running.url);
}

const closers: (() => Promise<void>)[] = [];
afterAll(async () => void (await Promise.all(closers.map((close) => close()))));

describe("a model in a thread", () => {
  let local: LocalModel;
  let model: StudioModel;
  const said: Loading[] = [];

  beforeAll(async () => {
    local = openLocalModel({ folder: twin, given: "my/twin" });
    const onLoading = (loading: Loading) => said.push(loading);
    model = await openRemote({ address: await serve([local]), onLoading });
  });
  afterAll(() => local.close());

  it("says that it is being opened, then its card, without the place where it lies", () => {
    expect(said[0]).toEqual({ what: "opening", done: 0 });
    expect(model.card).toMatchObject({ name: "full", folder: "my/twin", runsOn: "server", layers: 4 });
    expect(JSON.stringify(model.card)).not.toContain(twin);
  });

  it("gives what the job gives in any other thread", async () => {
    const signal = new AbortController().signal;
    const direct = await perform(await openVlm(twin), "glance", asked, { signal });
    expect(await model.run("glance", asked)).toEqual(direct);
  });

  it("refuses in one line what no job is given", async () => {
    const run = (given: unknown, kind = "lens") => model.run(kind as "lens", given as Given<"lens">);
    const words = ["cat"];
    const wrong = { ...picture(), data: new Uint8Array(5) };
    const large = { width: 7200, height: 7200, data: new Uint8Array(7200 * 7200 * 3) };
    await expect(run({ picture: wrong, words })).rejects.toThrow(/^picture: data of picture must be/);
    await expect(run({ picture: large, words })).rejects.toThrow(
      'picture: size must be at most 50 million pixels, got "7200 x 7200"',
    );
    await expect(run({ picture: { ...picture(), data: [1, 2] }, words })).rejects.toThrow(UserError);
    await expect(run({ picture: picture(), words: ["x".repeat(limits.text + 1)] })).rejects.toThrow(
      /must be of at most 100000 characters/,
    );
    await expect(run({ picture: picture(), words: [..."x".repeat(limits.values)] })).rejects.toThrow(
      /must be of at most 100000 values/,
    );
    await expect(
      model.run("ask", { picture: picture(), question: "what ?", maxNewTokens: 1e9 }),
    ).rejects.toThrow("ask: maxNewTokens must be a whole number from 1 to 4096, got 1000000000");
    const typed: [kind: string, given: object, line: string][] = [
      ["lens", { words: 7 }, "lens: words must be a list, got 7"],
      ["lens", { words: ["cat", 7] }, "lens: words.1 must be a text, got 7"],
      ["lens", { words, options: { topK: "3" } }, 'lens: options.topK must be a finite number, got "3"'],
      ["glance", { picture: undefined }, "glance: picture must be an object, got undefined"],
      ["ask", {}, "ask: question must be a text, got undefined"],
      ["words", { words, patches: "1" }, 'words: patches must be a list, got "1"'],
      [
        "attention",
        { question: "?", regions: [{ kind: "box" }] },
        "attention: regions.0.box must be four numbers",
      ],
      [
        "attention",
        { question: "?", regions: [{ kind: "?" }] },
        "attention: regions.0.kind must be box, mask",
      ],
      [
        "knockOut",
        { question: "?", knockOut: { heads: [null] } },
        "knockOut: knockOut.heads.0 must be an object",
      ],
      ["locality", { truth: [{ word: "cat" }] }, "locality: truth.0.regions must be a list, got undefined"],
      [
        "relevance",
        { question: "?", options: { maxNewTokens: 1e9 } },
        "relevance: options.maxNewTokens must be a",
      ],
    ];
    for (const [kind, given, line] of typed) {
      const refused = run({ picture: picture(), ...given }, kind);
      await expect(refused).rejects.toThrow(line);
      await expect(refused).rejects.toBeInstanceOf(UserError);
    }
    for (const kind of ["nothing", "constructor", "__proto__", "toString"])
      await expect(run({}, kind)).rejects.toThrow(/^job: kind must be glance, /);
    await expect(run([1])).rejects.toThrow("lens: what is given must be an object");
  });

  it("goes on after all of that", async () => {
    expect((await model.run("ask", { picture: picture(), question: "where is the cat ?" })).text).toMatch(
      /./,
    );
  });
});

describe("the line before a model", () => {
  const card = { name: "slow" } as ModelCard;

  /** A model whose jobs end when they are told to. */
  function slow(maxWaiting: number) {
    const turns = oneByOne(maxWaiting);
    const begun: { readonly signal: AbortSignal; done(): void }[] = [];
    const model: LocalModel = {
      card: Promise.resolve(card),
      get busy() {
        return turns.waiting + turns.running;
      },
      mustHaveRoom: turns.mustHaveRoom,
      run: (_, { signal, onProgress }) =>
        turns.take(signal, async () => {
          onProgress({ what: "half", done: 1, total: 2 });
          const job = Promise.withResolvers<void>();
          begun.push({ signal, done: job.resolve });
          signal.addEventListener("abort", () => job.resolve());
          await job.promise;
          return frame({ result: begun.length }).buffer;
        }),
      close: async () => {},
    };
    return { model, begun };
  }

  const given = { picture: picture(1), question: "?" };
  const settled = () => new Promise((resolve) => setTimeout(resolve, 100));

  it("says how many come before, and how far a job is", async () => {
    const { model, begun } = slow(5);
    const remote = await openRemote({ address: await serve([model]) });
    const progress: Loading[] = [];
    const first = remote.run("ask", given);
    await settled();
    const second = remote.run("ask", given, { onProgress: (one) => progress.push(one) });
    await settled();
    begun[0]?.done();
    await first;
    await settled();
    begun[1]?.done();
    await second;
    expect(progress).toEqual([
      { what: "waiting, 1 before it", done: 0 },
      { what: "half", done: 1, total: 2 },
    ]);
  });

  it("refuses one more than may wait, in a line for people, before its body is read", async () => {
    const { model, begun } = slow(1);
    const remote = await openRemote({ address: await serve([model]) });
    const kept = [remote.run("ask", given), remote.run("ask", given)];
    await settled();
    const refused = remote.run("ask", given);
    await expect(refused).rejects.toThrow("The server is busy: 1 requests are waiting; try again later");
    await expect(refused).rejects.toBeInstanceOf(UserError);
    for (let i = 0; i < kept.length; i++) {
      begun[i]?.done();
      await kept[i];
    }
  });

  it("is left at once by who leaves it; a job under way is told", async () => {
    const { model, begun } = slow(5);
    const remote = await openRemote({ address: await serve([model]) });
    const controllers = [0, 1, 2].map(() => new AbortController());
    const runs = controllers.map(({ signal }) => remote.run("ask", given, { signal }));
    await settled();
    controllers[1]?.abort();
    await expect(runs[1]).rejects.toMatchObject({ name: "AbortError" });
    await settled();
    expect(model.busy).toBe(2);
    controllers[0]?.abort();
    await expect(runs[0]).rejects.toMatchObject({ name: "AbortError" });
    await settled();
    expect(begun[0]?.signal.aborted).toBe(true);
    begun[1]?.done();
    await runs[2];
    expect([begun.length, model.busy]).toEqual([2, 0]);
  });

  it("ends with the page's model", async () => {
    const { model } = slow(5);
    const remote = await openRemote({ address: await serve([model]) });
    const run = remote.run("ask", given);
    await settled();
    await remote.close();
    await expect(run).rejects.toThrow("the model was closed");
    await settled();
    expect(model.busy).toBe(0);
  });
});

it("a model that cannot be opened says why, and the others are there", async () => {
  const models = [join(twin, "nothing"), twin].map((folder) => openLocalModel({ folder, given: "it" }));
  const address = await serve(models);
  await expect(openRemote({ address })).rejects.toThrow(UserError);
  const other = await openRemote({ address: new URL("../1/", address) });
  expect(other.card.layers).toBe(4);
  await expect(openRemote({ address: new URL("../2/", address) })).rejects.toThrow(
    'model "2": there is nothing at this address',
  );
  await Promise.all(models.map((model) => model.close()));
});

it("failures of the inside are told to who runs the server, not to the page", async () => {
  const heard: unknown[] = [];
  const fault = new Error("/secret/path broke");
  const broken = { ...openLocalModelStub(), run: () => Promise.reject(fault) };
  const remote = await openRemote({ address: await serve([broken], heard) });
  const run = remote.run("ask", { picture: picture(1), question: "?" });
  await expect(run).rejects.toThrow("The server had an error while answering this request");
  expect(heard).toEqual([fault]);
});

it("answers OpenAI's API beside the page's jobs with the same model, in one line", async () => {
  const local = openLocalModel({ folder: twin, given: "twin", speaks: true });
  const served = await local.served?.();
  if (served === undefined) throw new Error("it does not speak");
  const running = await startStudio({
    ...{ host: "127.0.0.1", port: 0, site: here, models: new Map(), token: "known" },
    setup: { server: true, models: [], assets: "ort/" },
    parts: { models: createModelsApp({ models: [local] }) },
    api: createApp(served),
  });
  const headers = { Authorization: "Bearer known", "Content-Type": "application/json" };
  const post = (key: Record<string, string>) =>
    fetch(new URL("v1/chat/completions", running.url), {
      method: "POST",
      headers: { ...headers, ...key },
      body: JSON.stringify({ model: "full", messages: [{ role: "user", content: "where is the cat ?" }] }),
    });
  const send = (to: URL, init: RequestInit = {}) => {
    const { Authorization } = headers;
    return fetch(to, { ...init, headers: { ...init.headers, Authorization } });
  };
  const remote = await openRemote({ address: new URL("api/models/0/", running.url), send });
  const question = { picture: picture(), question: "where is the cat ?" };
  const [answer, reply] = await Promise.all([post({}), remote.run("ask", question)]);
  const { choices } = (await answer.json()) as { choices: { message: { content: string } }[] };
  expect([answer.status, choices[0]?.message.content]).toEqual([200, expect.stringMatching(/./)]);
  expect(reply.text).toMatch(/./);
  expect((await post({ Authorization: "Bearer other" })).status).toBe(401);
  expect((await fetch(new URL("v1/models", running.url), { headers })).status).toBe(200);
  expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  await running.close();
  await served.dispose();
  await local.close();
});

function openLocalModelStub(): LocalModel {
  return {
    card: Promise.resolve({ name: "stub" } as ModelCard),
    busy: 0,
    mustHaveRoom: () => {},
    run: () => Promise.resolve(frame({ result: null }).buffer),
    close: async () => {},
  };
}

it("the page shows the same of a model on the server as of one in the page, and needs the token only once", async () => {
  const local = openLocalModel({ folder: twin, given: "checkpoints/full" });
  const parts = { models: createModelsApp({ models: [local] }) };
  const models = [
    { title: "in the page", note: "", folder: "models/full/", runsIn: "page" as const },
    { title: "on the server", note: "", folder: "api/models/0/", runsIn: "server" as const },
  ];
  const studio = await openStudioPage({
    path: "?token=known#/boards",
    beside: { setup: { models }, parts, token: "known" },
  });
  const most = await studio.page.evaluate(
    async (given) => {
      interface Shell extends Element {
        readonly studio: {
          readonly slots: readonly { readonly model?: StudioModel; readonly failed?: string }[];
        };
      }
      const shell = document.querySelector("studio-shell") as Shell;
      const ready = () => shell.studio.slots.slice(0, 2).every(({ model, failed }) => model ?? failed);
      while (!ready()) await new Promise((resolve) => setTimeout(resolve, 50));
      const bytes = { ...given, picture: { ...given.picture, data: new Uint8Array(given.picture.data) } };
      const seen = shell.studio.slots.slice(0, 2).map(async ({ model, failed }) => {
        if (model === undefined) throw new Error(failed);
        return model.run("glance", bytes);
      });
      const [a, b] = await Promise.all(seen);
      const maps = [a, b].map(({ lens }) =>
        lens.layers.flatMap((layer) => layer.maps.flatMap((map) => [...map])),
      );
      const differences = maps[0].map((value, i) => Math.abs(value - maps[1][i]));
      return {
        difference: Math.max(...differences),
        count: differences.length,
        answers: [a, b].map(({ answers }) => answers[0].answer),
      };
    },
    { ...asked, picture: { ...asked.picture, data: [...asked.picture.data] } },
  );
  expect(studio.errors).toEqual([]);
  expect(studio.page.url()).toBe(`${studio.address}#/boards`);
  await studio.close();
  await local.close();
  expect(most.count).toBe(5 * 64);
  expect(most.difference).toBeLessThan(1e-4);
  expect(most.answers[0]).toEqual(most.answers[1]);
});
