import packageJson from "../../package.json" with { type: "json" };

export const version: string = packageJson.version;
/** What Fovea is, in a sentence. */
export const description: string = packageJson.description;
