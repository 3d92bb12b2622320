import { expect, test, vi } from "vitest";

test("where JSON keeps no spelling of numbers, as in older browsers, they are read and written as numbers", async () => {
  const { parse, rawJSON } = JSON as typeof JSON & { rawJSON?: unknown };
  try {
    Object.assign(JSON, {
      rawJSON: undefined,
      parse: (text: string, reviver: (this: unknown, key: string, value: unknown) => unknown) =>
        parse(text, function (this: unknown, key, value) {
          return reviver.call(this, key, value);
        }),
    });
    vi.resetModules();
    const { float, formatJson, parseJson } = await import("../../src/hub/json.ts");
    expect(parseJson('{"eps": 1.0, "a": [1e-5]}')).toEqual({ eps: 1, a: [1e-5] });
    expect(formatJson({ eps: float(1), a: 0.5 })).toBe('{\n  "eps": 1,\n  "a": 0.5\n}\n');
  } finally {
    Object.assign(JSON, { parse, rawJSON });
  }
});
