/** Writes a graph as ONNX protobuf bytes. */
import { readFileSync } from "node:fs";
import protobuf from "protobufjs";
import type { Attribute, Constant, Graph, Node, OnnxType, Value } from "./graph.ts";
import { isFileRange } from "./graph.ts";

/** `TensorProto.DataType` */
export const onnxTypeCodes: Readonly<Record<OnnxType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
  uint32: 12,
};

const irVersion = 10;
const opsets = [
  { domain: "", version: 20 },
  { domain: "com.microsoft", version: 1 },
];

const schema = protobuf.parse(readFileSync(new URL("./onnx.proto", import.meta.url), "utf8"), {
  keepCase: true,
}).root;
const model = schema.lookupType("onnx.ModelProto");

/**
 * The bytes of an ONNX model. Constants that lie in files become external data; `locate` gives the name, relative
 * to the model's folder, under which a file will be found.
 */
export function encodeModel(graph: Graph, locate = (path: string) => path): Uint8Array {
  const message = {
    ir_version: irVersion,
    producer_name: "fovea",
    opset_import: opsets,
    graph: {
      name: "fovea",
      node: graph.nodes.map(nodeProto),
      initializer: graph.constants.map((constant) => tensorProto(constant, locate)),
      input: graph.inputs.map(valueInfo),
      output: graph.outputs.map(valueInfo),
    },
  };
  return model.encode(model.create(message)).finish();
}

function nodeProto(node: Node, index: number) {
  return {
    name: `n${index}`,
    op_type: node.op,
    domain: node.domain,
    input: node.inputs.map((v) => v.name),
    output: node.outputs.map((v) => v.name),
    attribute: Object.entries(node.attributes).map(attributeProto),
  };
}

const attributeTypes = { float: 1, int: 2, string: 3, ints: 7 };

function attributeProto([name, value]: [string, Attribute]) {
  if (typeof value === "number") return { name, i: value, type: attributeTypes.int };
  if (typeof value === "string") return { name, s: Buffer.from(value), type: attributeTypes.string };
  if ("float" in value) return { name, f: value.float, type: attributeTypes.float };
  return { name, ints: value, type: attributeTypes.ints };
}

function tensorProto({ value, data }: Constant, locate: (path: string) => string) {
  const head = { name: value.name, dims: value.shape, data_type: onnxTypeCodes[value.dtype] };
  if (isFileRange(data)) {
    const entries = { location: locate(data.path), offset: data.offset, length: data.length };
    const external = Object.entries(entries).map(([key, entry]) => ({ key, value: String(entry) }));
    return { ...head, external_data: external, data_location: externalLocation };
  }
  return { ...head, raw_data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

/** `TensorProto.DataLocation.EXTERNAL` */
const externalLocation = 1;

function valueInfo(value: Value) {
  const dim = value.shape.map((length) => ({ dim_value: length }));
  return {
    name: value.name,
    type: { tensor_type: { elem_type: onnxTypeCodes[value.dtype], shape: { dim } } },
  };
}
