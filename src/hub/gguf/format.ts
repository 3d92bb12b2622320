/** Numbers of the GGUF format (its specification is in github.com/ggml-org/ggml): types of its fields, and of its tensors. */

/** Types of fields, by their number. */
export const fieldTypes = [
  "uint8",
  "int8",
  "uint16",
  "int16",
  "uint32",
  "int32",
  "float32",
  "bool",
  "string",
  "array",
  "uint64",
  "int64",
  "float64",
] as const;
export type FieldType = (typeof fieldTypes)[number];

/** How a tensor's numbers are stored: in blocks of so many elements, each of so many bytes. */
export interface BlockShape {
  readonly elements: number;
  readonly bytes: number;
}

/** Types of tensors that are read, by the name that ggml gives them. */
export const blockShapes = {
  F32: { elements: 1, bytes: 4 },
  F16: { elements: 1, bytes: 2 },
  BF16: { elements: 1, bytes: 2 },
  Q4_0: { elements: 32, bytes: 18 },
  Q4_1: { elements: 32, bytes: 20 },
  Q5_0: { elements: 32, bytes: 22 },
  Q5_1: { elements: 32, bytes: 24 },
  Q8_0: { elements: 32, bytes: 34 },
  Q4_K: { elements: 256, bytes: 144 },
  Q5_K: { elements: 256, bytes: 176 },
  Q6_K: { elements: 256, bytes: 210 },
} as const satisfies Readonly<Record<string, BlockShape>>;
export type GgufType = keyof typeof blockShapes;

/** ggml's names by number; those that are not in {@link blockShapes} stand in messages only. */
const typeNames: Readonly<Record<number, string>> = {
  0: "F32",
  1: "F16",
  2: "Q4_0",
  3: "Q4_1",
  6: "Q5_0",
  7: "Q5_1",
  8: "Q8_0",
  9: "Q8_1",
  10: "Q2_K",
  11: "Q3_K",
  12: "Q4_K",
  13: "Q5_K",
  14: "Q6_K",
  15: "Q8_K",
  16: "IQ2_XXS",
  17: "IQ2_XS",
  18: "IQ3_XXS",
  19: "IQ1_S",
  20: "IQ4_NL",
  21: "IQ3_S",
  22: "IQ2_S",
  23: "IQ4_XS",
  24: "I8",
  25: "I16",
  26: "I32",
  27: "I64",
  28: "F64",
  29: "IQ1_M",
  30: "BF16",
  34: "TQ1_0",
  35: "TQ2_0",
  39: "MXFP4",
};

/** The name of a tensor's type, for messages too: a number that no type has stays one. */
export function typeName(number: number): string {
  return typeNames[number] ?? `type ${number}`;
}

export function isGgufType(name: string): name is GgufType {
  return Object.hasOwn(blockShapes, name);
}
