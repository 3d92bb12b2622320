#!/usr/bin/env node
/** The command `fovea` of the package. Plain CommonJS, so that an old Node can say that it is one. */
const [major, minor] = process.versions.node.split(".").map(Number);

if (major > 22 || (major === 22 && minor >= 18)) import("../lib/cli/main.js");
else {
  console.error(`fovea: Node must be 22.18 or newer, got ${process.versions.node}`);
  process.exitCode = 1;
}
