import { decodeImage } from "#pictures";

/** A picture as text, or why there is none. */
export type Decoded = { width: number; height: number; base64: string } | { error: string };

declare global {
  var decoded: (base64: string, name: string) => Promise<Decoded>;
}

/** What the page makes of a file's bytes. */
globalThis.decoded = async (base64, name) => {
  try {
    const { width, height, data } = await decodeImage(new Blob([bytesOf(base64)]), name);
    return { width, height, base64: btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join("")) };
  } catch (error) {
    return { error: (error as Error).message };
  }
};

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}
