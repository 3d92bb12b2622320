/**
 * The page's address holds what it shows: `#/look?scene=...&layer=3`. Whoever opens the same address sees the same view.
 *
 *     const address = openAddress(() => render());
 *     address.room; address.get("layer"); address.set({ layer: "3" });
 */

export const rooms = ["play", "look", "learn", "data", "boards"] as const;
export type RoomName = (typeof rooms)[number];

export interface Address {
  readonly room: RoomName;
  get(key: string): string | undefined;
  /** Changes the room's keys in place (undefined removes one); `step` makes an entry of the history of it. */
  set(values: Readonly<Record<string, string | undefined>>, options?: { readonly step?: boolean }): void;
  /** Another room, with keys of its own. */
  go(room: RoomName, values?: Readonly<Record<string, string | undefined>>): void;
  /** The whole address, to be shared. */
  readonly link: string;
}

/** Browsers refuse hundreds of entries in seconds: while something is dragged the bar follows so often, in milliseconds. */
const between = 120;

export function openAddress(onChange: () => void): Address {
  /** What is shown; the address bar may be a moment behind. */
  let current = location.hash;
  let later: ReturnType<typeof setTimeout> | undefined;
  let last = Number.NEGATIVE_INFINITY;
  const settle = () => {
    clearTimeout(later);
    later = undefined;
    last = performance.now();
    if (location.hash !== current) history.replaceState(null, "", current);
  };
  /** The step of our own that the browser has not told of yet: what was set since then stays. */
  let stepped: string | undefined;
  addEventListener("hashchange", () => {
    if (location.hash === stepped) settle();
    else {
      clearTimeout(later);
      later = undefined;
      current = location.hash;
      stepped = undefined;
    }
    onChange();
  });
  const read = () => {
    const [path = "", query = ""] = current.replace(/^#\/?/, "").split("?");
    const room = rooms.find((name) => name === path) ?? "play";
    return { room, values: new URLSearchParams(query) };
  };
  const write = (room: RoomName, values: URLSearchParams, step: boolean) => {
    const query = values.toString();
    const hash = `#/${room}${query === "" ? "" : `?${query}`}`;
    if (hash === current) return;
    if (step) {
      settle();
      current = stepped = hash;
      location.hash = hash;
      return;
    }
    current = hash;
    const wait = last + between - performance.now();
    if (wait <= 0) settle();
    else later ??= setTimeout(settle, wait);
    onChange();
  };
  return {
    get room() {
      return read().room;
    },
    get: (key) => read().values.get(key) ?? undefined,
    set(changes, { step = false } = {}) {
      const { room, values } = read();
      write(room, changed(values, changes), step);
    },
    go: (room, values = {}) => write(room, changed(new URLSearchParams(), values), true),
    get link() {
      return new URL(current, location.href).href;
    },
  };
}

function changed(values: URLSearchParams, changes: Readonly<Record<string, string | undefined>>) {
  for (const [key, value] of Object.entries(changes))
    if (value === undefined) values.delete(key);
    else values.set(key, value);
  return values;
}
