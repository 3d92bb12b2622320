#!/usr/bin/env node
/** The command `fovea` of the package. Plain CommonJS, so that an old Node can say that it is one. */
const { enableCompileCache } = require("node:module");
const { homedir } = require("node:os");
const { join } = require("node:path");

const [major, minor] = process.versions.node.split(".").map(Number);

if (major > 22 || (major === 22 && minor >= 18)) {
  keepCompiled();
  import("../lib/cli/main.js");
} else {
  console.error(`fovea: Node must be 22.18 or newer, got ${process.versions.node}`);
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
