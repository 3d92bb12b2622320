/** Imports modules, and prints what that did besides loading modules: a program of its own, run by imports.test.ts. */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import threads from "node:worker_threads";

const read: string[] = [];
const isModule = (path: string) =>
  /\.(?:[cm]?[jt]s|json|node)$|node_modules|^\/(?:proc|sys|etc)\//.test(path);

function watch(holder: object, names: readonly string[]): void {
  const functions = holder as Record<string, (...args: unknown[]) => unknown>;
  for (const name of names) {
    const original = functions[name];
    functions[name] = (...args) => {
      if (!isModule(String(args[0]))) read.push(`${name} ${args[0]}`);
      return original.apply(holder, args);
    };
  }
}

const names = ["readFile", "open", "readdir", "writeFile", "mkdir"];
watch(fs, [...names, ...names.map((name) => `${name}Sync`), "createReadStream"]);
watch(fs.promises, names);
let started = 0;
threads.Worker = class extends threads.Worker {
  constructor(...args: ConstructorParameters<typeof threads.Worker>) {
    super(...args);
    started++;
  }
};
syncBuiltinESMExports();

for (const module of process.argv.slice(2)) await import(module);

const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: string[] };
const libraries = sharedObjects.filter((path) => path.includes("node_modules"));
// What it prints to is not of the module.
const active = process.getActiveResourcesInfo().filter((name) => !/^(?:Pipe|TTY)/.test(name));
console.log(JSON.stringify({ read, started, libraries, active }));
