import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetWriteFile } from "hyparquet-writer";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { pictureStore } from "../../../src/data/public/download.ts";
import { importPublic } from "../../../src/data/public/import.ts";
import { fixture, images, questionsOf, readAll } from "./fixtures.ts";

const sha = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const at = (cache: string, hash: string) => join(cache, hash.slice(0, 2), hash);

let folder: string;
let server: Server;
let base: string;
let picture: Buffer;
/** What was asked: path, and the range with it. */
let asked: string[] = [];
let handlers: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {};

const send =
  (type = "image/jpeg", body: Uint8Array = picture) =>
  (_: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200, { "content-type": type, "content-length": body.length }).end(body);
  };
const status = (code: number) => (_: IncomingMessage, response: ServerResponse) =>
  void response.writeHead(code).end();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-pixmo-"));
  picture = await readFile(join(images, "turned.jpg"));
  server = createServer((request, response) => {
    asked.push([request.url, request.headers.range].filter(Boolean).join(" "));
    (handlers[request.url!] ?? status(404))(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(folder, "cache-"));
  [asked, handlers] = [[], {}];
});

describe("downloads", () => {
  const get = (path: string, hash = sha(picture), maxBytes = 10_000) =>
    pictureStore({ cache, maxBytes })(base + path, hash).catch((error: Error) =>
      error.message.replace(base, ""),
    );
  const left = async () => (await readdir(cache, { recursive: true })).filter((name) => name.length > 3);

  it("are kept under their hash and not asked for again, by this run or the next", async () => {
    handlers["/a.jpg"] = send();
    const store = pictureStore({ cache });
    const [first, second] = await Promise.all([
      store(`${base}/a.jpg`, sha(picture)),
      store(`${base}/a.jpg`, sha(picture)),
    ]);
    expect([first, second]).toEqual([at(cache, sha(picture)), first]);
    expect(await readFile(first)).toEqual(picture);
    expect(await get("/a.jpg")).toBe(first);
    expect(asked).toEqual(["/a.jpg"]);
  });

  it("of one picture are tried at every address, one after the other, each once", async () => {
    handlers["/alive.jpg"] = send();
    const store = pictureStore({ cache });
    const get = (path: string) => store(base + path, sha(picture)).catch(() => "gone");
    const found = at(cache, sha(picture));
    expect(await Promise.all(["/dead.jpg", "/alive.jpg", "/dead.jpg"].map(get))).toEqual([
      "gone",
      found,
      "gone",
    ]);
    expect(asked).toEqual(["/dead.jpg", "/alive.jpg"]);
  });

  it("that break off go on from where they were", async () => {
    handlers["/a.jpg"] = (request, response) => {
      const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
      const headers = { "content-type": "image/jpeg", "content-length": picture.length - start };
      if (start > 0)
        response
          .writeHead(206, {
            ...headers,
            "content-range": `bytes ${start}-${picture.length - 1}/${picture.length}`,
          })
          .end(picture.subarray(start));
      else {
        response.writeHead(200, headers).write(picture.subarray(0, 300));
        const breakOff = async () => {
          const there = await readFile(`${at(cache, sha(picture))}.part`).catch(() => "");
          if (there.length === 300) response.destroy();
          else setTimeout(breakOff, 5);
        };
        breakOff();
      }
    };
    expect(await get("/a.jpg")).toBe(at(cache, sha(picture)));
    expect(asked).toEqual(["/a.jpg", "/a.jpg bytes=300-"]);
    expect(await left()).toEqual([join(sha(picture).slice(0, 2), sha(picture))]);
  });

  it("of another run go on too, and begin anew where the server cannot, or has another file", async () => {
    const part = async (bytes: Uint8Array) => {
      await rm(cache, { recursive: true });
      await mkdir(join(cache, sha(picture).slice(0, 2)), { recursive: true });
      await writeFile(`${at(cache, sha(picture))}.part`, bytes);
      asked = [];
    };
    await part(picture.subarray(0, 100));
    handlers["/a.jpg"] = send(); // Knows no ranges.
    expect(await get("/a.jpg")).toBe(at(cache, sha(picture)));
    expect(asked).toEqual(["/a.jpg bytes=100-"]);
    await part(Buffer.alloc(100)); // Of something else.
    handlers["/a.jpg"] = (request, response) => {
      if (request.headers.range === undefined) return send()(request, response);
      response
        .writeHead(206, {
          "content-type": "image/jpeg",
          "content-range": `bytes 100-${picture.length - 1}/${picture.length}`,
        })
        .end(picture.subarray(100));
    };
    expect(await get("/a.jpg")).toBe(at(cache, sha(picture)));
    expect(asked).toEqual(["/a.jpg bytes=100-", "/a.jpg"]);
    await part(picture); // Only its name is missing.
    handlers["/a.jpg"] = status(416);
    expect(await get("/a.jpg")).toBe(at(cache, sha(picture)));
  });

  it("are tried again after what may pass, and not after what stays", async () => {
    let turn = 0;
    handlers["/busy.jpg"] = (request, response) =>
      ([429, 503][turn++] ? status([429, 503][turn - 1]) : send())(request, response);
    expect(await get("/busy.jpg")).toBe(at(cache, sha(picture)));
    expect(asked).toHaveLength(3);
    asked = [];
    expect(await get("/gone.jpg", sha(Buffer.from("x")))).toBe("image_url: /gone.jpg: 404 Not Found");
    expect(asked).toEqual(["/gone.jpg"]);
  });

  it("are refused with other bytes, another type, or too many bytes, and leave nothing", async () => {
    const hash = "0".repeat(64);
    const text = Buffer.from("<html>");
    handlers["/other.jpg"] = send();
    handlers["/page.jpg"] = send("text/html");
    handlers["/text.jpg"] = send("image/jpeg", text);
    handlers["/endless.jpg"] = (_, response) => {
      response.writeHead(200, { "content-type": "image/jpeg" });
      for (let i = 0; i < 20; i++) response.write(Buffer.alloc(1000));
      response.end();
    };
    handlers["/empty.jpg"] = status(204);
    expect(await get("/other.jpg", hash)).toBe(
      `image_url: /other.jpg: must have SHA-256 000000000000..., got ${sha(picture).slice(0, 12)}...`,
    );
    expect(await get("/page.jpg", hash)).toBe(
      "image_url: /page.jpg: must be JPEG, PNG, WebP or GIF, got text/html",
    );
    expect(await get("/text.jpg", sha(text))).toBe(
      "image_url: /text.jpg: must be JPEG, PNG, WebP or GIF, got other bytes",
    );
    expect(await get("/other.jpg", sha(picture), 300)).toBe(
      `image_url: /other.jpg: must be at most 300 bytes, got ${picture.length}`,
    );
    expect(await get("/endless.jpg", hash)).toBe(
      "image_url: /endless.jpg: must be at most 10000 bytes, got more",
    );
    expect(await get("/empty.jpg", hash)).toBe("image_url: /empty.jpg: 204 No Content");
    expect(await left()).toEqual([]);
    expect(asked).toHaveLength(6);
  });
});

describe("PixMo-Points", () => {
  const fill = async () => {
    for (const name of ["first.png", "second.png"]) {
      const hash = sha(await readFile(fixture(`pixmo/${name}`)));
      await mkdir(join(cache, hash.slice(0, 2)), { recursive: true });
      await copyFile(fixture(`pixmo/${name}`), at(cache, hash));
    }
  };

  it("asks for every point, in hundredths, and for none", async () => {
    await fill();
    const { rows, counts, badRows, firstBad } = await readAll("pixmo-points", "pixmo", { cache });
    const [cat, dog, car] = questionsOf(rows);
    expect(cat).toEqual({
      task: "pointing",
      question: "point to every cat .",
      answer: "34 71, 10 8",
      regions: [
        {
          kind: "points",
          points: [
            [17.2, 28.76],
            [5, 3.3],
          ],
        },
      ],
      answerType: "points",
      difficulty: { count: 2, collection: "pointing" },
    });
    expect(dog).toMatchObject({
      answer: "none",
      regions: [],
      difficulty: { count: 0, collection: "counting" },
    });
    expect(car).toMatchObject({ question: "point to every red car .", answer: "99 99" });
    expect(car.regions).toEqual([{ kind: "points", points: [[99.99, 19.99]] }]);
    expect(counts).toEqual({ "coordinates of points moved to the border": 1 });
    expect([badRows, ...firstBad]).toEqual([
      2,
      "train-00000-of-00001.parquet, row 4: count: must be the number of points, 1, got 2",
      "train-00000-of-00001.parquet, row 5: label: must not be empty",
    ]);
  });

  it("is read without the columns that its evaluation set has not, and no other table is", async () => {
    await fill();
    const { rows } = await readAll("pixmo-points", "pixmo-eval/test-00000-of-00001.parquet", { cache });
    expect(questionsOf(rows).map(({ answer, difficulty }) => [answer, difficulty])).toEqual([
      ["34 71", { count: 1 }],
    ]);
    await expect(readAll("pixmo-points", "refcoco/paths.parquet", { cache })).rejects.toThrow(
      /columns must be image_url, image_sha256, points, label, got sent_ids, file_name,/,
    );
  });

  it("is imported over the network, each picture asked for once, failures counted", async () => {
    const path = join(folder, "points.parquet");
    const rows = ["/a.jpg", "/a.jpg", "/gone.jpg", "/page.jpg", "/a.jpg"].map((url, i) => ({
      url,
      label: `thing ${i}`,
    }));
    const column = (name: string, data: unknown[], type?: "INT64") => ({ name, data, ...(type && { type }) });
    await parquetWriteFile({
      filename: path,
      columnData: [
        column(
          "image_url",
          rows.map(({ url }) => base + url),
        ),
        column(
          "image_sha256",
          rows.map(({ url }) => (url === "/a.jpg" ? sha(picture) : sha(Buffer.from(url)))),
        ),
        column(
          "points",
          rows.map(() => [{ x: 25.5, y: 50.25 }]),
        ),
        column(
          "count",
          rows.map(() => 1n),
          "INT64",
        ),
        column(
          "label",
          rows.map(({ label }) => label),
        ),
        column(
          "collection_method",
          rows.map(() => "pointing"),
        ),
      ],
    });
    handlers = { "/a.jpg": send(), "/page.jpg": send("text/html") };
    const out = join(folder, "imported");
    const imported = await importPublic("pixmo-points", path, out, { cache, concurrency: 3 });
    expect(imported).toMatchObject({ images: 1, questions: { pointing: 3 }, badRows: 2 });
    expect(imported.firstBad.map((line) => line.replaceAll(base, ""))).toEqual([
      "points.parquet, row 3: image_url: /gone.jpg: 404 Not Found",
      "points.parquet, row 4: image_url: /page.jpg: must be JPEG, PNG, WebP or GIF, got text/html",
    ]);
    expect(asked.sort()).toEqual(["/a.jpg", "/gone.jpg", "/page.jpg"]);
    const lines = (await readFile(join(out, "metadata.jsonl"), "utf8")).trim().split("\n");
    expect(lines).toHaveLength(1);
    // The picture is 40 x 30 pixels, shown turned: 30 x 40.
    expect(JSON.parse(lines[0]).questions[0].regions[0].points).toEqual([[7.65, 20.1]]);
  });
});
