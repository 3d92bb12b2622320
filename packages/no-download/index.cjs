/**
 * onnxruntime-node ships its CPU library in the package; its post-install step would fetch CUDA libraries from elsewhere.
 * No step of that kind runs here (`ignore-scripts` in .npmrc). Should someone let them, this one calls `bootstrap` of the
 * package `global-agent` first, which package.json replaces with this folder, and fetches nothing unless
 * ONNXRUNTIME_NODE_INSTALL asks for it. The packages that `global-agent` would bring are spared besides.
 */
exports.bootstrap = () => {
  process.env.ONNXRUNTIME_NODE_INSTALL ||= "skip";
};
