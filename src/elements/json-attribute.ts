/** For attributes that hold JSON; text that is none is told in the console and counts as absent. */
export const jsonAttribute = {
  fromAttribute(text: string | null): unknown {
    if (text === null || text === "") return undefined;
    try {
      return JSON.parse(text);
    } catch {
      console.warn(`fovea: an attribute must hold JSON, got ${text.slice(0, 60)}`);
      return undefined;
    }
  },
};
