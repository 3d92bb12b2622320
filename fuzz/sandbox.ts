/** A folder for cases, with files beside it that no reader may open and a look at what else was written. */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Sandbox {
  /** Folder of files that no reader may open. */
  readonly outside: string;
  /** Those that were read since the last call; always none where the system keeps no time of reading. */
  readonly readOutside: () => readonly string[];
  /** What was written beside the folders of the case since the last call; it is removed. */
  readonly written: () => readonly string[];
}

/** Of one pixel. */
const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";
const secrets = { "secret.png": Buffer.from(pixel, "base64"), "secret.txt": Buffer.from("secret\n") };

export function openSandbox(folder: string): Sandbox {
  const outside = join(folder, "outside");
  mkdirSync(outside, { recursive: true });
  const paths = Object.entries(secrets).map(([name, content]) => {
    writeFileSync(join(outside, name), content);
    return join(outside, name);
  });
  paths.forEach(unread);
  const readOutside = () => paths.filter(wasRead);
  readFileSync(paths[0]);
  const seen = readOutside().length > 0;
  return { outside, readOutside: seen ? readOutside : () => [], written: () => strangers(folder) };
}

const past = new Date("2001-01-01");
const later = new Date("2002-01-01");

/** Systems that note reading lazily do so where the last time of reading is before that of writing. */
const unread = (path: string) => utimesSync(path, past, later);

function wasRead(path: string): boolean {
  const read = statSync(path).atimeMs !== past.getTime();
  if (read) unread(path);
  return read;
}

const own = ["case", "out", "outside", "cache"];

function strangers(folder: string): string[] {
  const found = [
    ...readdirSync(folder).filter((name) => !own.includes(name)),
    ...readdirSync(join(folder, "outside"))
      .filter((name) => !Object.hasOwn(secrets, name))
      .map((name) => `outside/${name}`),
  ];
  for (const name of found) rmSync(join(folder, name), { recursive: true, force: true });
  return found;
}
