/** How messages call a file: where it lies, and its name behind that. */

/** `folder/name`, as Node's `join` writes it on a system with such paths; an address keeps its form. */
export function joinPlace(folder: string, name: string): string {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(folder))
    return folder.endsWith("/") ? folder + name : `${folder}/${name}`;
  const isWindows = folder.includes("\\") && !folder.includes("/");
  return isWindows ? `${folder.replace(/\\+$/, "")}\\${name}` : normalised(`${folder}/${name}`);
}

/** Without empty parts and `.`, and with `..` taken back where something stands before it. */
function normalised(path: string): string {
  const kept: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && kept.length > 0 && kept.at(-1) !== "..") kept.pop();
    else if (part !== ".." || !path.startsWith("/")) kept.push(part);
  }
  return (path.startsWith("/") ? "/" : "") + kept.join("/");
}
