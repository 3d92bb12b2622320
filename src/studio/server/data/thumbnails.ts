/** Small pictures for the wall: decoded as everywhere, a few at a time, the last ones kept. */
import { BoundedCache } from "../../../common/bounded-cache.ts";
import type { Size } from "../../../common/image.ts";
import { sharp } from "../../../hub/image/decoders.ts";
import { pictureInside, readImage } from "../../../hub/image/image-file.ts";

export interface ServedPicture {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: "image/png" | "image/jpeg";
  /** Of the picture itself, upright. */
  readonly size: Size;
}

export interface Thumbnails {
  /** At most `side` pixels long and wide. Throws a `UserError` for what is no picture of the folder. */
  thumbnail(folder: string, name: string, side: number, signal: AbortSignal): Promise<ServedPicture>;
  /** As {@link thumbnail}, of a path that is known to be allowed. */
  file(path: string, side: number, signal: AbortSignal): Promise<ServedPicture>;
  /** The picture as it is, as PNG. */
  picture(folder: string, name: string, signal: AbortSignal): Promise<ServedPicture>;
}

/** Pictures that are decoded at once: one of 100 million pixels takes 300 MB. */
const AT_ONCE = 2;

export function createThumbnails(): Thumbnails {
  const cache = new BoundedCache<string, ServedPicture>({
    name: "thumbnails",
    limit: 4096,
    maxBytes: 64 * 2 ** 20,
    size: ({ bytes }) => bytes.length,
  });
  const inTurn = turns(AT_ONCE);
  const make = (path: string, side: number, signal: AbortSignal) =>
    cache.getOrMake(`${side} ${path}`, () => inTurn(signal, async () => shrunk(await readImage(path), side)));
  /** Whoever waits for what another gave up asks again. */
  const file: Thumbnails["file"] = (path, side, signal) =>
    make(path, side, signal).catch((error) => {
      if (signal.aborted || error.name !== "AbortError") throw error;
      return file(path, side, signal);
    });
  return {
    file,
    thumbnail: async (folder, name, side, signal) => file(await pictureInside(folder, name), side, signal),
    picture: (folder, name, signal) =>
      inTurn(signal, async () => {
        const image = await readImage(await pictureInside(folder, name));
        const bytes = await raw(image).png({ compressionLevel: 3 }).toBuffer();
        return { bytes: new Uint8Array(bytes), type: "image/png", size: sizeOf(image) };
      }),
  };
}

type Image = Size & { readonly data: Uint8Array };

const sizeOf = ({ width, height }: Size): Size => ({ width, height });
const raw = ({ width, height, data }: Image) => sharp(data, { raw: { width, height, channels: 3 } });

async function shrunk(image: Image, side: number): Promise<ServedPicture> {
  const size = sizeOf(image);
  if (Math.max(image.width, image.height) <= side)
    return { bytes: new Uint8Array(await raw(image).png().toBuffer()), type: "image/png", size };
  const bytes = await raw(image).resize(side, side, { fit: "inside" }).jpeg({ quality: 82 }).toBuffer();
  return { bytes: new Uint8Array(bytes), type: "image/jpeg", size };
}

/** Does so many things at once; what nobody waits for any more is passed over when its turn comes. */
function turns(most: number) {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    while (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    running++;
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      running--;
      waiting.shift()?.();
    }
  };
}
