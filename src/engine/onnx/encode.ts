/** Writes a graph as ONNX protobuf bytes. */

import type { EncodeOptions } from "../runtime/runtime.ts";
import type { Attribute, Constant, Graph, Node, OnnxType, Value } from "./graph.ts";
import { isFileRange } from "./graph.ts";
import { encodeMessage } from "./protobuf.ts";

/** `TensorProto.DataType` */
export const onnxTypeCodes: Readonly<Record<OnnxType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  bfloat16: 16,
};

const irVersion = 10;
const opsets = (version = 20) => [
  { domain: "", version },
  { domain: "com.microsoft", version: 1 },
];

/** A result that is an empty sequence and no tensor, for a runtime that has a use for one. */
export const noTensor = "no tensor";

/** The bytes of an ONNX model. Constants that lie in files become external data. */
export function encodeModel(graph: Graph, options: EncodeOptions = {}): Uint8Array {
  const { locate = (path) => path, startsWithNoTensor = false } = options;
  const message = {
    ir_version: irVersion,
    producer_name: "fovea",
    opset_import: opsets(graph.opset),
    graph: {
      name: "fovea",
      node: [...(startsWithNoTensor ? [noTensorNode] : []), ...constantsFirst(graph).map(nodeProto)],
      initializer: graph.constants.map((constant) => tensorProto(constant, locate)),
      // A constant that a caller might replace is one that ONNX Runtime leaves alone.
      input: [...graph.inputs, ...untouched(graph)].map(valueInfo),
      output: [...(startsWithNoTensor ? [noTensorInfo] : []), ...graph.outputs.map(valueInfo)],
      value_info: computedShapes(graph).map(valueInfo),
    },
  };
  return encodeMessage("ModelProto", message);
}

function untouched({ constants }: Graph): Value[] {
  return constants.flatMap((constant) => (constant.untouched ? [constant.value] : []));
}

/** Results of reshapes whose shape is computed, which ONNX Runtime cannot infer. */
function computedShapes({ nodes }: Graph): Value[] {
  const made = new Set(nodes.flatMap(({ outputs }) => outputs.map(({ name }) => name)));
  const computed = nodes.filter(({ op, inputs }) => op === "Reshape" && made.has(inputs[1].name));
  return computed.map(({ outputs: [output] }) => output);
}

/**
 * Nodes that read constants only, then the others. ONNX Runtime walks back from the results, and of a node's
 * operands goes first to the one that is made last in this list: so weights are widened just before they are
 * used, not all of them at the start.
 */
function constantsFirst({ nodes, constants }: Graph): readonly Node[] {
  const known = new Set(constants.map(({ value }) => value.name));
  const early = nodes.filter((node) => {
    const isKnown = node.inputs.every(({ name }) => known.has(name));
    if (isKnown) for (const { name } of node.outputs) known.add(name);
    return isKnown;
  });
  const isEarly = new Set(early);
  return [...early, ...nodes.filter((node) => !isEarly.has(node))];
}

const noTensorNode = { name: noTensor, op_type: "SequenceEmpty", output: [noTensor] };

const noTensorInfo = {
  name: noTensor,
  type: { sequence_type: { elem_type: { tensor_type: { elem_type: onnxTypeCodes.float32 } } } },
};

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
  if (typeof value === "string")
    return { name, s: new TextEncoder().encode(value), type: attributeTypes.string };
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
