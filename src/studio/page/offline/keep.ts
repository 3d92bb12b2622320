/** Makes a static site work without a network once it has loaded: its rooms, its models, the runtime. */
import type { Studio } from "../studio.ts";

/** What models' workers have loaded. */
const loaded = new Set<string>();

export function noteLoaded(urls: readonly string[]): void {
  for (const url of urls) loaded.add(url);
}

/**
 * Keeps the page's files and what its models were made of; gives whether the page now works without a network. Does nothing where the browser has no service workers (pages of plain
 * http from another machine), and behind a server, without which there is no page.
 */
export async function keepForOffline({ setup }: Pick<Studio, "setup">): Promise<boolean> {
  const { serviceWorker } = navigator as Partial<Navigator>;
  if (setup.server || serviceWorker === undefined) return false;
  const files = await ownFiles();
  await serviceWorker.register("offline.js");
  const { active } = await serviceWorker.ready;
  if (active === null) return false;
  const { port1, port2 } = new MessageChannel();
  const kept = new Promise<boolean>((resolve) => {
    port1.onmessage = () => resolve(true);
  });
  active.postMessage([...files, ...loaded], [port2]);
  return kept;
}

/** The page, its scripts, style, fonts and pictures, as the build lists them. */
async function ownFiles(): Promise<string[]> {
  const listed = (await (await fetch("files.json")).json()) as readonly string[];
  const paths = ["./", "studio.json", "files.json", ...listed];
  return paths.map((path) => new URL(path, document.baseURI).href);
}
