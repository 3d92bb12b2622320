/** The README of the package: that of the project, as one reads it who has the package alone. */
const picture = /^!\[[^\]]*\]\((?!https?:)[^)]*\)\n+(?:\*(?:[^*]|\*\*)+\*\n+)?/gm;
const link = /\[([^\]]+)\]\((?!https?:|#)[^)]*\)/g;
const start = /^## Try it\n[\s\S]*?(?=^## )/m;

const ownStart = `## Try it

    npm install --ignore-scripts fovea
    npx fovea studio
    npx fovea demo

Node 22.18 or newer. Studio is a page in the browser where two small models, trained alike but for the loss, look at a scene
while one drags its parts. The demo composes new scenes, runs the same models on them, and leaves a report in
\`out/demo/index.html\`, in under two minutes. Pages named \`docs/...\` and pictures of \`examples/...\` are in the
repository.

`;

/** The two models of the demo, where they are in the repository. */
const twins = /(?<![\w/-])checkpoints\/(?=full\b|ntp\b)/g;

/**
 * The start is the package's own; pictures go with the text below them; links become what they say; models are where the
 * package of the demo has them.
 */
export function readmeOfPackage(readme: string): string {
  return readme
    .replace(start, () => ownStart)
    .replaceAll(picture, "")
    .replaceAll(link, "$1")
    .replaceAll(twins, "node_modules/fovea-twins/checkpoints/")
    .replaceAll(/<!--.*?-->\n+/g, "");
}
