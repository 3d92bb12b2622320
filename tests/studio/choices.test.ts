/** Models that a visitor may choose, and what is said of them. */
import { expect, test } from "vitest";
import { bareAsking } from "../../src/answers/asking.ts";
import { familyOf } from "../../src/answers/families.ts";
import {
  cardText,
  choiceOfAddress,
  choiceOfFiles,
  freeLetter,
  machineText,
  offered,
} from "../../src/studio/page/models/choices.ts";

const model = (folder: string) => ({ title: folder, note: "", folder, runsIn: "page" as const });

test("what studio.json names is offered once, in its order", () => {
  const setup = { models: [model("ntp/"), model("full/")], others: [model("full/"), model("lll/")] };
  expect(offered(setup).map(({ folder }) => folder)).toEqual(["ntp/", "full/", "lll/"]);
  expect(offered({ models: [] })).toEqual([]);
});

test("the next model takes the first free letter", () => {
  expect(freeLetter([])).toBe("a");
  expect(freeLetter([{ letter: "a" }, { letter: "c" }])).toBe("b");
  expect(freeLetter(["a", "b", "c", "d"].map((letter) => ({ letter }) as { letter: "a" }))).toBeUndefined();
});

test("files are called by their folder", () => {
  const blob = new Blob([]);
  expect(choiceOfFiles([{ path: "mine/config.json", blob }]).title).toBe("mine");
  expect(choiceOfFiles([{ path: "config.json", blob }]).title).toBe("dropped files");
});

test("an address is read from the page's own, and only of the web", () => {
  const base = "http://127.0.0.1:4000/";
  expect(choiceOfAddress(" models/full/ ", base)).toMatchObject({
    title: "full",
    source: { address: "http://127.0.0.1:4000/models/full/" },
  });
  expect(choiceOfAddress("https://example.org/", base)).toMatchObject({ title: "example.org" });
  for (const typed of ["", "  ", "javascript:alert(1)", "file:///etc/", "data:text/html,x"])
    expect(choiceOfAddress(typed, base)).toBeUndefined();
});

test("a card says what the model is and where it runs", () => {
  const card = {
    name: "full",
    folder: "models/full",
    family: "llava",
    parameters: 1_412_345,
    layers: 4,
    attentionLayers: [1, 2, 3, 4],
    vocabulary: 49_280,
    asking: bareAsking(familyOf("fovea")),
    runsOn: "page, wasm, 2 threads",
  };
  expect(cardText(card)).toBe(
    "llava, 1.4 M parameters, 4 layers, 49,280 words; runs in this page, wasm, 2 threads",
  );
  expect(cardText({ ...card, parameters: 7.1e9, runsOn: "server" })).toMatch(
    /7\.1 B parameters.*on the server$/,
  );
});

test("where models run is said, and why not on more", () => {
  const machine = { isolated: true, cores: 2, webgpu: true };
  expect(machineText(machine, "wasm")).toBe("Models of this page run on WebAssembly.");
  expect(machineText({ ...machine, isolated: false, webgpu: false }, "wasm")).toBe(
    "Models of this page run on WebAssembly, on one thread each: the page is not isolated (COOP and COEP headers). " +
      "This browser gives no WebGPU adapter.",
  );
  expect(machineText({ ...machine, isolated: false }, "webgpu")).toMatch(/graphics card \(WebGPU\)\.$/);
});
