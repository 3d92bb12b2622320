/**
 * The part of ONNX's schema that the compiler writes (onnx.proto, IR version 10; https://onnx.ai, Apache-2.0), as data, so
 * that nothing is read from a file: in a page there is none.
 */

/** A field: its type and number, or `repeated`, type and number. */
type Fields = Readonly<Record<string, string>>;

const messages: Readonly<Record<string, Fields>> = {
  AttributeProto: {
    name: "string 1",
    f: "float 2",
    i: "int64 3",
    s: "bytes 4",
    floats: "repeated float 7",
    ints: "repeated int64 8",
    type: "int32 20",
  },
  ValueInfoProto: { name: "string 1", type: "TypeProto 2" },
  NodeProto: {
    input: "repeated string 1",
    output: "repeated string 2",
    name: "string 3",
    op_type: "string 4",
    domain: "string 7",
    attribute: "repeated AttributeProto 5",
  },
  ModelProto: {
    ir_version: "int64 1",
    opset_import: "repeated OperatorSetIdProto 8",
    producer_name: "string 2",
    graph: "GraphProto 7",
  },
  StringStringEntryProto: { key: "string 1", value: "string 2" },
  GraphProto: {
    node: "repeated NodeProto 1",
    name: "string 2",
    initializer: "repeated TensorProto 5",
    input: "repeated ValueInfoProto 11",
    output: "repeated ValueInfoProto 12",
    value_info: "repeated ValueInfoProto 13",
  },
  TensorProto: {
    dims: "repeated int64 1",
    data_type: "int32 2",
    name: "string 8",
    raw_data: "bytes 9",
    external_data: "repeated StringStringEntryProto 13",
    data_location: "int32 14",
  },
  TensorShapeProto: { dim: "repeated Dimension 1" },
  Dimension: { dim_value: "int64 1" },
  TypeProto: { tensor_type: "Tensor 1", sequence_type: "Sequence 4" },
  Sequence: { elem_type: "TypeProto 1" },
  Tensor: { elem_type: "int32 1", shape: "TensorShapeProto 2" },
  OperatorSetIdProto: { domain: "string 1", version: "int64 2" },
};

/** A field of a message. */
export interface Field {
  readonly name: string;
  readonly id: number;
  /** A scalar type of protobuf, or the name of a message. */
  readonly type: string;
  readonly isRepeated: boolean;
}

/** The fields of each message, in the order of their numbers, which is that of their bytes. */
export const schema: ReadonlyMap<string, readonly Field[]> = new Map(
  Object.entries(messages).map(([name, fields]) => [name, Object.entries(fields).map(fieldOf).sort(byId)]),
);

function fieldOf([name, said]: [string, string]): Field {
  const [id, type, rule] = said.split(" ").toReversed();
  return { name, id: Number(id), type, isRepeated: rule === "repeated" };
}

function byId(a: Field, b: Field): number {
  return a.id - b.id;
}
