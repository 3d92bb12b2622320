// A model opens in a page from plain static servers, and from what a person picks or drops.
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openVlm } from "../../src/vlm/open.ts";
import { type Handler, serve, withoutRanges, withRanges } from "../hub/static-server.ts";
import { type OpenedPage, openPage } from "./harness.ts";
import { hashOf, type Seen } from "./sources-page.ts";

const root = join(import.meta.dirname, "../..");
const folder = join(root, "checkpoints/full");
const names = readdirSync(folder);

let opened: OpenedPage;
let wanted: Seen;
beforeAll(async () => {
  const folders = { checkpoints: join(root, "checkpoints"), fixtures: join(root, "tests/fixtures") };
  opened = await openPage({ entry: join(import.meta.dirname, "sources-page.ts"), folders });
  const { family, chat, params } = await openVlm(folder);
  const ids = chat.tokenizer.encode("where is the cat ?");
  wanted = { type: family.modelType, ids, weights: await hashOf(params) };
});
afterAll(() => opened?.close());

const fromServer = (address: string) =>
  opened.page.evaluate((address) => globalThis.fromServer(address), address);

async function given(): Promise<Seen> {
  await opened.page.waitForFunction(() => globalThis.given !== undefined);
  const seen = await opened.page.evaluate(() => globalThis.given as Promise<Seen>);
  await opened.page.evaluate(() => {
    globalThis.given = undefined;
  });
  return seen;
}

/** A drop as the browser makes it of files and folders that come from the desktop. */
async function drop(paths: readonly string[]): Promise<void> {
  const box = await opened.page.locator("#drop").boundingBox();
  const session = await opened.page.context().newCDPSession(opened.page);
  const data = { items: [], files: [...paths], dragOperationsMask: 1 };
  const at = { x: (box?.x ?? 0) + 50, y: (box?.y ?? 0) + 50 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const)
    await session.send("Input.dispatchDragEvent", { type, ...at, data });
  await session.detach();
}

describe("what a person gives", () => {
  it("picked files are the model", async () => {
    await opened.page.setInputFiles(
      "#files",
      names.map((name) => join(folder, name)),
    );
    expect(await given()).toEqual({ ...wanted, name: "dropped files", folder: "dropped files" });
  });

  it("a picked folder is the model", async () => {
    await opened.page.setInputFiles("#folder", folder);
    expect(await given()).toEqual({ ...wanted, name: "full", folder: "full" });
  });

  it("dropped files are the model", async () => {
    await drop(names.map((name) => join(folder, name)));
    expect(await given()).toEqual({ ...wanted, name: "dropped files", folder: "dropped files" });
  });

  it("a dropped folder is the model", async () => {
    await drop([folder]);
    expect(await given()).toEqual({ ...wanted, name: "full", folder: "full" });
  });

  it("a folder of models says which there are, other files that there is none", async () => {
    await drop([join(root, "checkpoints")]);
    expect((await given()).error).toMatch(
      /^UserError: model: folder must be one with a config.json, got "checkpoints"; it has models in full, .*ntp-lll/,
    );
    await drop([join(root, "README.md")]);
    expect((await given()).error).toMatch(/^UserError: model: folder must be one with a config.json/);
  });
});

describe("a server", () => {
  async function files() {
    const read = names.map(async (name) => [`m/${name}`, await readFile(join(folder, name))] as const);
    return Object.fromEntries(await Promise.all(read));
  }
  const allowing =
    (handler: Handler, headers: Record<string, string>): Handler =>
    (request, response) => {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      handler(request, response);
    };
  const origin = { "Access-Control-Allow-Origin": "*" };

  it("of the page itself", async () => {
    const address = `${opened.address}checkpoints/full`;
    expect(await fromServer("/checkpoints/full/")).toEqual({ ...wanted, name: "full", folder: address });
  });

  it("of another origin, with ranges and without", async () => {
    const all = await files();
    const exposed = { ...origin, "Access-Control-Expose-Headers": "Content-Range" };
    for (const handler of [allowing(withRanges(all), exposed), allowing(withoutRanges(all), origin)]) {
      const address = await serve(handler);
      expect(await fromServer(`${address}m`)).toEqual({ ...wanted, name: "m", folder: `${address}m` });
    }
  });

  it("that does not let a page read is one line that says so", async () => {
    const all = await files();
    const closed = await fromServer(await serve(withRanges(all)));
    expect(closed.error).toMatch(
      /^UserError: http:.*\/adapter_config\.json cannot be read: Failed to fetch; is the server there, and .*CORS/,
    );
    const hidden = await fromServer(`${await serve(allowing(withRanges(all), origin))}m`);
    expect(hidden.error).toMatch(
      /^UserError: http:.*: Content-Range must be .*, got nothing \(Access-Control-Expose-Headers: Content-Range/,
    );
    const packed = await fromServer(
      await serve(
        allowing((_, response) => {
          response.writeHead(206, { "content-encoding": "gzip", "content-range": "bytes 0-9/10" }).end("x");
        }, origin),
      ),
    );
    expect(packed.error).toMatch(/^UserError: http:.*adapter_config\.json cannot be read: /);
  });

  it("that has no model is one line", async () => {
    const { error } = await fromServer("/checkpoints/");
    expect(error).toBe(
      `UserError: model: folder must be one with a config.json, got "${opened.address}checkpoints"; name a checkpoint folder`,
    );
  });
});
