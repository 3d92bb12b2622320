/**
 * Puts the Node of package.json first on the PATH of npm scripts and npx: `node_modules/.bin/node`. npm 11 and later do so
 * when they install; npm 10 takes the link away again with the packages of other platforms, which have one of that name.
 * Plain JavaScript, for it runs on whatever Node a machine has.
 */
const { existsSync, mkdirSync, symlinkSync } = require("node:fs");
const { join } = require("node:path");

const modules = join(__dirname, "../node_modules");

/** The package of this platform's Node, as `optionalDependencies` names it. */
function packageName({ platform, arch }) {
  if (platform === "darwin") return `node-bin-darwin-${arch}`;
  return `node-${platform === "win32" ? "win" : platform}-${arch}`;
}

/** The path of the Node that was installed for this platform; undefined where there is none. */
exports.installedNode = () => {
  const file = process.platform === "win32" ? "bin/node.exe" : "bin/node";
  const path = join(modules, packageName(process), file);
  return existsSync(path) ? path : undefined;
};

exports.pin = () => {
  const link = join(modules, ".bin/node");
  if (process.platform === "win32" || existsSync(link) || exports.installedNode() === undefined) return;
  mkdirSync(join(modules, ".bin"), { recursive: true });
  try {
    symlinkSync(join("..", packageName(process), "bin/node"), link);
  } catch (error) {
    if (error.code !== "EEXIST") throw error; // Another script was faster.
  }
};

if (require.main === module) exports.pin();
