/** The page of sources.test.ts: opens models from what a person picks or drops, and from servers. */
import { type HostArray, isLeaf, leavesWithPaths, type Tree } from "../../src/engine/host.ts";
import { droppedSource, filesSource, httpSource, openVlm, type Source } from "../../src/web/index.ts";

/** What a page knows of a model that it opened, or why it opened none. */
export interface Seen {
  readonly name?: string;
  readonly folder?: string;
  readonly type?: string;
  readonly ids?: readonly number[];
  /** SHA-256 of all weights by their names. */
  readonly weights?: string;
  readonly error?: string;
}

declare global {
  /** Opens what lies at an address. */
  var fromServer: (address: string) => Promise<Seen>;
  /** What was picked or dropped last. */
  var given: Promise<Seen> | undefined;
}

async function seen(from: Promise<Source> | Source): Promise<Seen> {
  try {
    const { name, folder, family, chat, params } = await openVlm(await from);
    const ids = chat.tokenizer.encode("where is the cat ?");
    return { name, folder, type: family.modelType, ids, weights: await hashOf(params) };
  } catch (error) {
    return { error: `${(error as Error).name}: ${(error as Error).message}` };
  }
}

export async function hashOf(params: object): Promise<string> {
  const isArray = (value: unknown): value is HostArray => isLeaf(value) && "data" in value;
  const leaves = leavesWithPaths<HostArray>(params as Tree<HostArray>, isArray);
  const parts = leaves.flatMap(([path, { data }]) => [path, data as Float32Array<ArrayBuffer>]);
  const digest = await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function setUp(): void {
  globalThis.fromServer = (address) => seen(httpSource(new URL(address, location.href)));
  document.body.innerHTML = `<input type="file" id="files" multiple>
    <input type="file" id="folder" webkitdirectory>
    <div id="drop" style="width: 300px; height: 200px; background: #ddd">drop a model here</div>`;
  for (const input of document.querySelectorAll("input"))
    input.addEventListener("change", () => {
      globalThis.given = seen(filesSource(input.files as FileList));
    });
  const zone = document.querySelector("#drop") as HTMLElement;
  zone.addEventListener("dragover", (event) => event.preventDefault());
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    globalThis.given = seen(droppedSource(event.dataTransfer as DataTransfer));
  });
}

if ("document" in globalThis) setUp();
