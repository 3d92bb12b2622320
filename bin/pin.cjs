/**
 * Puts the Node of package.json first on the PATH of npm scripts and npx: `node_modules/.bin/node`. npm 11 and later do so
 * when they install; npm 10 takes the link away again with the packages of other platforms, which have one of that name,
 * and the older Node that tests run may have taken the name. Plain JavaScript, for it runs on whatever Node a machine has.
 */
const { existsSync, mkdirSync, readlinkSync, rmSync, symlinkSync } = require("node:fs");
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
  const target = join("..", packageName(process), "bin/node");
  if (process.platform === "win32" || exports.installedNode() === undefined || leadsTo(link, target)) return;
  mkdirSync(join(modules, ".bin"), { recursive: true });
  try {
    rmSync(link, { force: true });
    symlinkSync(target, link);
  } catch (error) {
    if (error.code !== "EEXIST") throw error; // Another script was faster.
  }
};

function leadsTo(link, target) {
  try {
    return readlinkSync(link) === target;
  } catch {
    return false; // There is none.
  }
}

if (require.main === module) exports.pin();
