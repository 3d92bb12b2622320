import { describe, expect, it } from "vitest";
import { entries } from "./entries.ts";

describe.each(Object.entries(entries))("%s", (_, file) => {
  const load = (): Promise<Record<string, unknown>> =>
    import(/* @vite-ignore */ new URL(`../../src/${file}`, import.meta.url).href);

  it("exports these names, and each is something", async () => {
    const names = Object.entries(await load());
    expect(names.filter(([, value]) => value === undefined)).toEqual([]);
    expect(names.map(([name]) => name).sort()).toMatchSnapshot();
  });
});
