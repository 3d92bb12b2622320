/**
 * Messages as protobuf bytes, by the schema's table. protobufjs itself would write a function for each message and evaluate
 * it, which the content security policy of a page forbids; of it only the writer of scalars is used.
 */
import protobuf from "protobufjs/minimal.js";
import { type Field, schema } from "./schema.ts";

/** How a scalar is written, and the wire type that frames it. */
interface Scalar {
  readonly wire: number;
  write(writer: protobuf.Writer, value: unknown): void;
}

const scalars = new Map<string, Scalar>([
  ["int32", { wire: 0, write: (writer, value) => writer.int32(value as number) }],
  ["int64", { wire: 0, write: (writer, value) => writer.int64(value as number) }],
  ["bytes", { wire: 2, write: (writer, value) => writer.bytes(value as Uint8Array) }],
  ["string", { wire: 2, write: (writer, value) => writer.string(value as string) }],
  ["float", { wire: 5, write: (writer, value) => writer.float(value as number) }],
]);
const MESSAGE = 2;

/** The bytes of a message of the schema; fields that are undefined are left out. */
export function encodeMessage(type: string, message: object): Uint8Array {
  return write(type, message as Message, protobuf.Writer.create()).finish();
}

type Message = Readonly<Record<string, unknown>>;

function write(type: string, message: Message, writer: protobuf.Writer): protobuf.Writer {
  for (const field of schema.get(type) ?? []) {
    const value = message[field.name];
    if (value === undefined) continue;
    for (const one of field.isRepeated ? (value as readonly unknown[]) : [value])
      writeOne(field, one, writer);
  }
  return writer;
}

function writeOne({ id, type }: Field, value: unknown, writer: protobuf.Writer): void {
  const scalar = scalars.get(type);
  const tag = (wire: number) => writer.uint32((id << 3) | wire);
  if (scalar !== undefined) scalar.write(tag(scalar.wire), value);
  else write(type, value as Message, tag(MESSAGE).fork()).ldelim();
}
