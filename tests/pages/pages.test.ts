import { once } from "node:events";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { htmlPage } from "../../src/common/markup.ts";
import { distributionsSvg } from "../../src/data/imagefolder/distributions.ts";
import type { AttendView } from "../../src/elements/views/attend-view.ts";
import type { LensView } from "../../src/elements/views/lens-view.ts";
import { reportHtml } from "../../src/eval/demo/html.ts";
import type { DemoReport } from "../../src/eval/demo/report.ts";
import { gridGeometry } from "../../src/grounding/geometry.ts";
import { leaderboardHtml } from "../../src/harness/leaderboard/page.ts";
import { makeLeaderboard } from "../../src/harness/leaderboard/write.ts";
import { figureSvg } from "../../src/harness/plots/figure.ts";
import type { AnswerRecord, ItemRecord } from "../../src/harness/record.ts";
import { reportPage } from "../../src/harness/report/page.ts";
import { shownGroups } from "../../src/harness/report/shown.ts";
import { compareRuns } from "../../src/harness/score/compare.ts";
import { scoreRun } from "../../src/harness/score/scores.ts";
import { curvesSvg } from "../../src/train/report/curves.ts";
import {
  item,
  label,
  runOf,
  temporaryFolder,
  unparsable,
  writePictures,
  writeRun,
} from "../harness-score/runs.ts";
import { evils, evilTurns } from "./evil.ts";

// Debian's names for the browser; a machine without it leaves these tests out.
const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path));
const dot =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

/** Twenty-six questions of which every text is a stranger's. */
function questions(next: () => string): ItemRecord[] {
  return evils.map((evil, i) =>
    item(i, {
      id: `${i} ${next()}`,
      task: i % 2 === 0 ? evils[0] : "line-tracing",
      question: evil,
      answer: next(),
      choices: [next(), next()],
      difficulty: { [evils[3]]: next(), crossings: i % 3 },
    }),
  );
}

function answersTo(
  items: readonly ItemRecord[],
  next: () => string,
  right: (i: number) => boolean,
): AnswerRecord[] {
  return items.map((one, i) =>
    right(i) ? label(one, one.answer) : { ...unparsable(one, next()), problem: next() },
  );
}

async function boardPage(folder: string, start: number): Promise<string> {
  const next = evilTurns(start);
  const items = questions(next);
  await writePictures(join(folder, "data"), items);
  const runs = [0, 1].map((one) =>
    writeRun(
      join(folder, `run${one}`),
      runOf(
        items,
        answersTo(items, next, (i) => i % 3 === one),
        { model: next(), family: next() },
      ),
    ),
  );
  return leaderboardHtml(await makeLeaderboard(await Promise.all(runs), { title: next() }));
}

async function evaluationPage(folder: string, start: number): Promise<string> {
  const next = evilTurns(start);
  const items = questions(next).map((one, i) => (i === 5 ? { ...one, image: next() } : one));
  await writePictures(
    join(folder, "data"),
    items.filter(({ image }) => image.startsWith("images/")),
  );
  const made = [0, 1].map((one) =>
    runOf(
      items,
      answersTo(items, next, (i) => i % 3 === one),
      { model: next() },
    ),
  );
  const runs = await Promise.all(
    made.map(async (run, i) => ({ ...run, folder: await writeRun(join(folder, `run${i}`), run) })),
  );
  return reportPage({
    data: next(),
    part: next(),
    names: [next(), next()],
    models: [next(), next()],
    scores: made.map((run) => scoreRun(run)),
    comparison: await compareRuns(made[1], made[0]),
    pictures: items.length,
    groups: await shownGroups(runs, 0),
  });
}

const geometry = gridGeometry({ width: 1, height: 1 }, 1);

function lensResult(evil: string): LensView {
  const layers = [{ layer: 0, values: [1] }];
  return { title: evil, note: evil, geometry, concepts: [{ word: evil, layers, note: evil, regions: [] }] };
}

function attendResult(evil: string): AttendView {
  const layers = [{ layer: 1, share: 0.5, map: [1] }];
  return { title: evil, question: evil, answer: evil, geometry, tokens: [{ token: evil, layers }] };
}

function demoPage(start: number): Promise<string> {
  const next = evilTurns(start);
  const picture = { address: dot, file: next() };
  const estimate = { value: 0.5, low: 0.4, high: 0.6, count: 10 };
  const answer = { text: next(), ended: true, right: false };
  const map = { label: next(), note: next(), picture, values: [1] };
  const scale = { colours: "heat", label: next(), low: 0, high: 1 } as const;
  const scene = (): DemoReport["scenes"][number] => ({
    title: next(),
    note: next(),
    picture,
    questions: [
      { task: next(), question: next(), truth: next(), answers: [answer, { ...answer, text: next() }] },
    ],
    blocks: [
      {
        title: next(),
        note: next(),
        scale,
        rows: [{ model: next(), maps: [map, { ...map, label: next() }] }],
        view: { kind: "lens", results: [lensResult(next()), lensResult(next())] },
      },
      {
        title: next(),
        note: next(),
        scale,
        rows: [{ model: next(), maps: [map] }],
        view: { kind: "attend", results: [attendResult(next())] },
      },
    ],
  });
  return reportHtml({
    title: next(),
    lead: next(),
    models: [0, 1].map(() => ({ label: next(), folder: next(), parameters: 1e6 })),
    scores: [{ label: next(), what: next(), estimates: [estimate, estimate], difference: estimate }],
    scoresNote: next(),
    scenes: [scene(), scene(), scene()],
    footer: next(),
  });
}

/** Pictures in SVG with a stranger's texts, by name. */
function drawings(evil: string): Record<string, string> {
  const accuracy = { value: 0.5, low: 0.4, high: 0.6, count: 10 };
  const strata = [1, 2].map((value) => ({ value, label: `${evil}${value}`, accuracy }));
  const words = strata.map((one) => ({ ...one, value: `${evil}${one.value}` }));
  const series = (own: typeof strata | typeof words) => [{ label: evil, slot: 0, strata: own }];
  const line = { kind: "eval", step: 1, loss: 1, parts: { [evil]: 1 } } as const;
  return {
    "numbers.svg": figureSvg({ task: evil, axis: evil, numeric: true, series: series(strata) }),
    "words.svg": figureSvg({ task: evil, axis: evil, numeric: false, series: series(words) }),
    "curves.svg": curvesSvg([line as never]),
    "distributions.svg": distributionsSvg(new Map([[evil, new Map([[evil, new Map([[evil, 3]])]])]])),
  };
}

describe.skipIf(executablePath === undefined)("in a browser", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  });
  afterAll(() => browser.close());

  /** What a page does that it must not do. */
  async function watched(): Promise<{ page: Page; seen: string[] }> {
    const page = await browser.newPage();
    const seen: string[] = [];
    page.on("dialog", (dialog) => {
      seen.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("console", (message) => seen.push(`${message.type()} ${message.text()}`));
    page.on("pageerror", (error) => seen.push(`error ${error.message}`));
    page.on("popup", () => seen.push("popup"));
    page.on("request", (request) => {
      const [what, own] = request.isNavigationRequest() ? ["goes to", "file:"] : ["asks", "data:"];
      if (!request.url().startsWith(own)) seen.push(`${what} ${request.url()}`);
    });
    return { page, seen };
  }

  async function touched(page: Page): Promise<unknown> {
    for (const details of await page.$$("summary")) await details.click({ timeout: 2000 }).catch(() => {});
    return page.evaluate(() => {
      const all = [...document.querySelectorAll("*")];
      return {
        ran: "ran" in globalThis,
        scripts: [...document.scripts].map(({ type }) => type).filter((type) => type !== "application/json"),
        elements: all.filter(({ localName }) =>
          /^(iframe|object|embed|form|base|link|a|video|foreignobject)$/i.test(localName),
        ).length,
        handlers: all.flatMap((one) => one.getAttributeNames()).filter((name) => /^on|^style$/.test(name)),
        styles: document.querySelectorAll("style").length,
        broken: [...document.images].filter(({ naturalWidth }) => naturalWidth === 0).length,
      };
    });
  }

  const harmless = { ran: false, scripts: [] as string[], elements: 0, handlers: [], broken: 0 };

  it("pages of strangers' texts show them, run nothing and ask for nothing", async () => {
    const folder = await temporaryFolder();
    for (const start of [0, 9, 17]) {
      const pages = {
        board: await boardPage(join(folder, `board${start}`), start),
        evaluation: await evaluationPage(join(folder, `evaluation${start}`), start),
        demo: await demoPage(start),
      };
      for (const [name, html] of Object.entries(pages)) {
        const path = join(folder, `${name}${start}.html`);
        await writeFile(path, html);
        const { page, seen } = await watched();
        await page.goto(`file://${path}`);
        const scripts = name === "demo" ? ["module"] : []; // The others have no maps here, so no elements.
        expect([name, await touched(page), seen]).toEqual([name, { ...harmless, scripts, styles: 1 }, []]);
        expect(await page.evaluate(() => getComputedStyle(document.body).margin)).toBe("0px");
        await page.close();
      }
    }
  }, 120_000);

  it("pictures with strangers' texts are whole SVG that runs nothing", async () => {
    const folder = await temporaryFolder();
    const { page, seen } = await watched();
    for (const [turn, evil] of evils.entries())
      for (const [name, svg] of Object.entries(drawings(evil))) {
        await writeFile(join(folder, name), svg);
        await page.goto(`file://${join(folder, name)}`);
        const root = await page.evaluate(() => [
          document.documentElement.localName,
          document.querySelectorAll("parsererror").length,
        ]);
        expect([turn, name, root]).toEqual([turn, name, ["svg", 0]]);
        expect([turn, name, await touched(page), seen]).toEqual([turn, name, { ...harmless, styles: 0 }, []]);
      }
    await page.close();
  }, 120_000);

  it("even markup that got into a page runs nothing, styles nothing and asks for nothing", async () => {
    const folder = await temporaryFolder();
    const asked: string[] = [];
    const server = createServer(({ url }, response) => response.end(`${asked.push(url ?? "")}`));
    await once(server.listen(0, "127.0.0.1"), "listening");
    onTestFinished(() => void server.close());
    const elsewhere = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await writeFile(join(folder, "near.css"), "body{margin:99px}");
    await writeFile(join(folder, "near.js"), "globalThis.ran = 1");
    for (const [turn, text] of [
      ...evils,
      `<script src="near.js"></script><link rel=stylesheet href="near.css">`,
      `<style>body{margin:99px}</style><p style="position:fixed;inset:0" id=p>`,
      `<base href="https://example.invalid/"><img src="a.png"><script src="https://example.invalid/b.js"></script>`,
    ].entries()) {
      if (/http-equiv=refresh/.test(text)) continue; // No policy of a page keeps it from being left.
      const evil = text.replaceAll("https://example.invalid", elsewhere);
      const html = htmlPage({
        title: "t",
        style: "body{margin:1px}",
        lead: "l",
        sections: [evil],
        footer: evil,
      });
      const path = join(folder, `${turn}.html`);
      await writeFile(path, html);
      const { page, seen } = await watched();
      await page.goto(`file://${path}`);
      const found = await page.evaluate(() => ({
        ran: "ran" in globalThis,
        margin: getComputedStyle(document.body).margin,
        base: document.baseURI.slice(0, 5),
        placed: [...document.querySelectorAll("#p")].map((one) => getComputedStyle(one).position),
      }));
      const placed = evil.includes("id=p") ? ["static", "static"] : [];
      expect([turn, found]).toEqual([turn, { ran: false, margin: "1px", base: "file:", placed }]);
      const done = seen.filter((what) => /^(dialog|popup|goes to)/.test(what));
      expect([turn, done, asked]).toEqual([turn, [], []]);
      await page.close();
    }
  }, 120_000);
});
