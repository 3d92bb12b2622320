/** The devices that programs run on in Node, by the names that options and configs have for them. */

/** `cpu` is everywhere; of the others `fovea devices` says which work on a machine. */
export const deviceNames = ["cpu", "webgpu", "cuda", "coreml", "dml"] as const;

export type DeviceName = (typeof deviceNames)[number];

/**
 * How products are multiplied: `fast`, as a device does it fastest with float32 operands (TF32 on NVIDIA's GPUs; weights in
 * 8 bits with operands in 8 bits); `float32`, in no fewer bits than that; `float16`, with halves for operands.
 */
export const precisions = ["fast", "float32", "float16"] as const;

export type Precision = (typeof precisions)[number];

/** What each is, as help and documents say it. */
export const deviceTitles: Readonly<Record<DeviceName, string>> = {
  cpu: "this machine's processor",
  webgpu: "any vendor's GPU, through Vulkan, Metal or Direct3D 12",
  cuda: "NVIDIA's GPUs on Linux",
  coreml: "Apple's GPU and neural engine",
  dml: "any GPU on Windows, through DirectML",
};
