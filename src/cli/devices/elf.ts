/** Which libraries a library of Linux names as needed: the DT_NEEDED entries of a 64-bit ELF file (elf(5)). */
import { type FileHandle, open } from "node:fs/promises";

/** None for a file that is no such library. */
export async function neededLibraries(path: string): Promise<string[]> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return [];
  try {
    return await readNeeded(file);
  } finally {
    await file.close();
  }
}

const [DYNAMIC, STRING_TABLE] = [6, 3]; // Types of sections.
const NEEDED = 1n;
const HEADER = 64;
/** Bytes of tables that are read at most: those of real libraries are far smaller. */
const longest = 2 ** 24;

async function readNeeded(file: FileHandle): Promise<string[]> {
  const head = await bytesOf(file, 0, HEADER);
  if (head.byteLength < HEADER || head.getUint32(0) !== 0x7f454c46 || head.getUint8(4) !== 2) return [];
  const [at, size, count] = [
    Number(head.getBigUint64(40, true)),
    head.getUint16(58, true),
    head.getUint16(60, true),
  ];
  const table = await bytesOf(file, at, size * count);
  const sections = Array.from({ length: Math.floor(table.byteLength / size) }, (_, i) =>
    section(table, i * size),
  );
  const dynamic = sections.find(({ type }) => type === DYNAMIC);
  const names = dynamic && sections[dynamic.link];
  if (dynamic === undefined || names?.type !== STRING_TABLE) return [];
  const [entries, strings] = [await sectionBytes(file, dynamic), await sectionBytes(file, names)];
  return needed(entries).map((offset) => textAt(strings, offset));
}

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  /** Of a table of dynamic entries: the section with their texts. */
  readonly link: number;
}

function section(table: DataView, at: number): Section {
  return {
    type: table.getUint32(at + 4, true),
    offset: Number(table.getBigUint64(at + 24, true)),
    size: Number(table.getBigUint64(at + 32, true)),
    link: table.getUint32(at + 40, true),
  };
}

/** Offsets of the names in the table of texts. */
function needed(entries: DataView): number[] {
  const found: number[] = [];
  for (let at = 0; at + 16 <= entries.byteLength; at += 16)
    if (entries.getBigUint64(at, true) === NEEDED) found.push(Number(entries.getBigUint64(at + 8, true)));
  return found;
}

function textAt({ buffer, byteOffset, byteLength }: DataView, offset: number): string {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength).subarray(offset);
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}

const sectionBytes = (file: FileHandle, { offset, size }: Section) => bytesOf(file, offset, size);

async function bytesOf(file: FileHandle, offset: number, size: number): Promise<DataView> {
  const buffer = Buffer.alloc(Math.min(size, longest));
  const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
  return new DataView(buffer.buffer, buffer.byteOffset, bytesRead);
}
