#!/usr/bin/env node
/**
 * The command `fovea`: in this Node where it runs TypeScript, else in the one that was installed with the rest. Plain
 * JavaScript, for it runs on whatever Node a machine has.
 */
const { spawn } = require("node:child_process");
const { enableCompileCache } = require("node:module");
const { constants, homedir } = require("node:os");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");
const { installedNode, pin } = require("./pin.cjs");

const main = join(__dirname, "../src/cli/main.ts");
const [major, minor] = process.versions.node.split(".").map(Number);
const suits = major > 22 || (major === 22 && minor >= 18);
const node = suits ? process.execPath : installedNode();

pin();
if (suits) {
  keepCompiled();
  import(pathToFileURL(main).href);
} else if (node !== undefined) runIn(node);
else {
  console.error(`fovea: Node must be 22.18 or newer, got ${process.versions.node}; npm ci installs one on most machines`);
  process.exitCode = 1;
}

/**
 * Modules are kept as they were compiled, where all is kept that can be made again: a command starts half a second sooner. The
 * default of Node would be a folder for temporary files, which others can write to.
 */
function keepCompiled() {
  try {
    const { FOVEA_CACHE, XDG_CACHE_HOME } = process.env;
    const kept = FOVEA_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "fovea");
    enableCompileCache(join(kept, "code"));
  } catch {
    // Somebody without a home folder, or an older Node: then nothing is kept.
  }
}

/** Signals are the command's: it saves and ends, and this process with it. */
function runIn(node) {
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: "inherit" });
  for (const name of ["SIGHUP", "SIGINT", "SIGTERM"]) process.on(name, () => child.kill(name));
  child.once("error", (error) => {
    console.error(`fovea: ${node} cannot be run: ${error.message}`);
    process.exitCode = 1;
  });
  child.once("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
