/** The README of the package: that of the project, without what only leads somewhere in the repository. */
const picture = /^!\[[^\]]*\]\((?!https?:)[^)]*\)\n+(?:\*(?:[^*]|\*\*)+\*\n+)?/gm;
const link = /\[([^\]]+)\]\((?!https?:|#)[^)]*\)/g;

/** Pictures go with the text below them; links become what they say. */
export function readmeOfPackage(readme: string): string {
  return readme
    .replaceAll(picture, "")
    .replaceAll(link, "$1")
    .replaceAll(/<!--.*?-->\n+/g, "");
}
