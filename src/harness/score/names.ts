/** Last parts of a path that say nothing by themselves: `runs/a/model`. */
const plain = new Set(["model", "checkpoint", "final", "latest", "adapter"]);

/** Short names of models, by the ends of their paths; as many parts of them as tell them apart. */
export function shortNames(models: readonly string[]): string[] {
  const parts = models.map((model) => (isPath(model) ? model.replace(/\/+$/, "").split("/") : [model]));
  const most = Math.max(...parts.map(({ length }) => length));
  for (let count = 1; count <= most; count++) {
    const names = parts.map((all) => lastParts(all, count));
    if (new Set(names).size === new Set(models).size) return names;
  }
  return [...models];
}

function lastParts(parts: readonly string[], count: number): string {
  const last = parts.at(-1) as string;
  return parts.slice(-(plain.has(last) ? count + 1 : count)).join("/");
}

/** Names of models behind an address stay whole. */
function isPath(model: string): boolean {
  return !/^(?:https?:|openai|anthropic|google)/i.test(model);
}
