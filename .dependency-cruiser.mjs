// Imports point only downwards: a room may import from itself and from the rooms after it in this list.
const rooms = [
  "cli",
  "studio",
  "web",
  "serve",
  "study",
  "harness",
  "eval",
  "train",
  "elements",
  "lens",
  "data",
  "vlm",
  "answers",
  "losses",
  "grounding",
  "models",
  "hub",
  "nn",
  "engine",
  "common",
];

export default {
  forbidden: [
    ...rooms.slice(1).map((room, above) => ({
      name: `${room}-imports-downwards`,
      severity: "error",
      from: { path: `^src/${room}/` },
      to: { path: `^src/(${rooms.slice(0, above + 1).join("|")})/` },
    })),
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "only-engine-knows-onnx",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/engine/" },
      to: { path: "onnxruntime|protobufjs|@jax-js" },
    },
    {
      name: "only-a-runtime-knows-onnxruntime",
      severity: "error",
      from: {
        path: "^src/",
        pathNot: "^src/engine/runtime/(node|node-arrays|node-placement|node-programs|web).ts$",
      },
      to: { path: "onnxruntime" },
    },
    {
      // What computes runs in a page too; only one side of the seam is Node's.
      name: "what-computes-is-free-of-node",
      severity: "error",
      from: {
        path: "^src/(engine|nn|losses|grounding)/",
        pathNot: "^src/engine/runtime/(node|node-arrays|node-placement|node-programs).ts$",
      },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "only-decoders-loads-sharp",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/hub/image/decoders.ts$" },
      to: { path: "node_modules/sharp/" },
    },
    {
      name: "only-sheets-and-plots-draw-on-a-canvas",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(lens/sheets|harness/plots)/" },
      to: { path: "node_modules/@napi-rs/canvas" },
    },
    {
      name: "lens-paints-without-sheets",
      severity: "error",
      from: { path: "^src/lens/", pathNot: "^src/lens/sheets/" },
      to: { path: "^src/lens/sheets/" },
    },
    {
      name: "nothing-imports-tests",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(tests|bench|examples|experiments|fuzz|release)/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    parser: "swc",
    tsConfig: { fileName: "tsconfig.json" },
  },
};
