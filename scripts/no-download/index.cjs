/**
 * onnxruntime-node ships its CPU library in the package; its post-install step would fetch CUDA libraries from elsewhere.
 * That step calls `bootstrap` of the package `global-agent` first, which package.json replaces with this one: nothing is
 * fetched unless ONNXRUNTIME_NODE_INSTALL asks for it. (npm 11 does not run the step at all: `allowScripts`.)
 */
exports.bootstrap = () => {
  process.env.ONNXRUNTIME_NODE_INSTALL ||= "skip";
};
