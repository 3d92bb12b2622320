import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { adaptersOf, gpuOfUevent, macNames } from "../../src/cli/devices/adapters.ts";
import { packagesOf } from "../../src/cli/devices/advice.ts";
import { cachedLibraries, cudaFacts, driverVersion, packageFolder } from "../../src/cli/devices/cuda.ts";
import { neededLibraries } from "../../src/cli/devices/elf.ts";
import { readProbed } from "../../src/cli/devices/probing.ts";
import { processorLine, vectorsOf } from "../../src/cli/devices/processor.ts";
import { deviceLines, examineDevices } from "../../src/cli/devices/report.ts";
import type { System } from "../../src/cli/devices/system.ts";
import { deviceFinding } from "../../src/cli/doctor.ts";
import type { DeviceName } from "../../src/common/devices.ts";
import { probe, reasonOf } from "../../src/engine/runtime/probe.ts";

const root = join(import.meta.dirname, "../..");

interface Made {
  readonly platform?: NodeJS.Platform;
  readonly arch?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly files?: Readonly<Record<string, string>>;
  readonly folders?: Readonly<Record<string, readonly string[]>>;
  readonly programs?: Readonly<Record<string, string>>;
}

/** A system that has what is said, and nothing else. */
function systemWith({ platform = "linux", arch = "x64", env = {}, ...made }: Made): System {
  return {
    ...{ platform, arch, env },
    read: async (path) => made.files?.[path] ?? "",
    list: async (folder) => made.folders?.[folder] ?? [],
    ask: async (command) => made.programs?.[command] ?? "",
  };
}

const opens = (...names: DeviceName[]) => {
  return async (name: DeviceName) =>
    names.includes(name)
      ? { opens: true, float16: false }
      : { opens: false, float16: false, said: "No supported adapters" };
};

const ubuntu = { "/etc/os-release": 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n' };
const provider = join(packageFolder(), "bin/napi-v6/linux/x64");

describe("what a machine has", () => {
  it("is its processor's cores and instructions", () => {
    const flags = "flags : fpu avx avx2 avx512f avx512_vnni avx512_bf16\n";
    expect(vectorsOf(flags, "x64")).toEqual(["AVX2", "AVX-512", "VNNI", "bfloat16"]);
    expect(vectorsOf("", "arm64")).toEqual(["NEON"]);
    expect(vectorsOf("", "x64")).toEqual([]);
    expect(processorLine({ model: "Chip", cores: 4, vectors: ["AVX2"] })).toBe("4 of Chip with AVX2");
    expect(processorLine({ model: "Chip", cores: 4, vectors: [] })).toBe("4 of Chip");
  });

  it("is its GPUs as the kernel lists them, and Vulkan's drivers", async () => {
    const uevent = "DRIVER=amdgpu\nPCI_CLASS=30000\nPCI_ID=1002:744C\n";
    expect(gpuOfUevent(uevent)).toBe("AMD 744c (amdgpu)");
    expect(gpuOfUevent("DRIVER=virtio\n")).toBeUndefined();
    const system = systemWith({
      files: { "/sys/class/drm/card0/device/uevent": uevent },
      folders: {
        "/sys/class/drm": ["card0", "card0-HDMI-A-1", "renderD128", "version"],
        "/usr/share/vulkan/icd.d": ["radeon_icd.x86_64.json", "lvp_icd.x86_64.json"],
      },
    });
    expect(await adaptersOf(system)).toEqual({
      gpus: ["AMD 744c (amdgpu)"],
      vulkan: ["radeon", "lvp"],
      software: false,
    });
  });

  it("is software where the only driver computes on the processor", async () => {
    const env = { VK_DRIVER_FILES: "/usr/lib/chromium/vk_swiftshader_icd.json" };
    expect(await adaptersOf(systemWith({ env }))).toEqual({
      gpus: [],
      vulkan: ["vk_swiftshader"],
      software: true,
    });
  });

  it("is what macOS and Windows say", async () => {
    const text = JSON.stringify({ SPDisplaysDataType: [{ sppci_model: "Apple M3" }, {}] });
    expect(macNames(text)).toEqual(["Apple M3"]);
    expect(macNames("")).toEqual([]);
    const windows = systemWith({ platform: "win32", programs: { powershell: "Radeon 780M\r\n\r\n" } });
    expect((await adaptersOf(windows)).gpus).toEqual(["Radeon 780M"]);
  });

  it("is NVIDIA's driver, the provider, and the libraries that the loader finds", async () => {
    const nvrm = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 01:44:30 UTC 2024\n";
    expect(driverVersion(nvrm)).toBe("550.54.14");
    expect(driverVersion("")).toBeUndefined();
    const cache = "2 libs found in cache\n\tlibcudart.so.12 (libc6,x86-64) => /usr/lib/libcudart.so.12\n";
    expect(cachedLibraries(cache)).toEqual(["libcudart.so.12"]);
    const facts = await cudaFacts(
      systemWith({
        env: { LD_LIBRARY_PATH: "/opt/libs" },
        files: { "/proc/driver/nvidia/version": nvrm },
        folders: { "/opt/libs": ["libcudnn.so.9"], "/usr/local/cuda/lib64": ["libcufft.so.11"] },
        programs: { ldconfig: cache },
      }),
      async () => ["libcudart.so.12", "libcublas.so.12", "libcufft.so.11", "libcudnn.so.9", "libc.so.6"],
    );
    expect(facts).toMatchObject({
      ...{ driver: "550.54.14", fetched: false },
      apart: { folder: "/usr/local/cuda/lib64", libraries: ["libcufft.so.11"] },
    });
    expect(facts?.missing).toEqual(["libcublas.so.12", "libcufft.so.11"]);
    expect(await cudaFacts(systemWith({}))).toMatchObject({ fetched: false, needed: [], missing: [] });
    expect(await cudaFacts(systemWith({ platform: "darwin" }))).toBeUndefined();
    expect(await cudaFacts(systemWith({ arch: "arm64" }))).toBeUndefined();
  });

  it.runIf(process.platform === "linux")("is read from a library itself", async () => {
    const library = join(packageFolder(), `bin/napi-v6/linux/${process.arch}/libonnxruntime.so.1`);
    expect(await neededLibraries(library)).toContain("libc.so.6");
    expect(await neededLibraries(join(root, "package.json"))).toEqual([]);
    expect(await neededLibraries(join(root, "none.so"))).toEqual([]);
  });
});

describe("the report", () => {
  it("says what is missing, and the commands that install it here", async () => {
    const reports = await examineDevices({ system: systemWith({ files: ubuntu }), open: opens("cpu") });
    const lines = deviceLines(reports).join("\n");
    expect(reports.map(({ name, works }) => [name, works])).toEqual([
      ["cpu", true],
      ["webgpu", false],
      ["cuda", false],
      ["coreml", false],
      ["dml", false],
    ]);
    expect(lines).toContain("no     webgpu  No supported adapters");
    expect(lines).toContain("sudo apt-get install libvulkan1 mesa-vulkan-drivers");
    expect(lines).toContain("no NVIDIA driver, ONNX Runtime's CUDA provider was not fetched");
    expect(lines).toMatch(/ONNXRUNTIME_NODE_INSTALL=cuda12 node \S*onnxruntime-node\/script\/install\.js/);
    expect(lines).toContain("no     coreml  for macOS alone");
  });

  it("opens a provider only where it was fetched, and says why it does not open", async () => {
    const asked: DeviceName[] = [];
    const open = async (name: DeviceName) => {
      asked.push(name);
      return { opens: name === "cpu", float16: false, said: "no CUDA-capable device is detected" };
    };
    await examineDevices({ system: systemWith({}), open });
    expect(asked).toEqual(["cpu", "webgpu"]);
    const system = systemWith({
      env: { LD_LIBRARY_PATH: "/libs" },
      folders: { [provider]: ["libonnxruntime_providers_cuda.so"] },
      programs: { "nvidia-smi": "550.54.14\n" },
    });
    const cuda = (await examineDevices({ system, open })).find(({ name }) => name === "cuda");
    expect(asked.slice(2)).toContain("cuda");
    expect(cuda).toMatchObject({
      works: false,
      found: "driver 550.54.14: no CUDA-capable device is detected",
    });
  });

  it("says where the libraries come from that the provider was built with", async () => {
    const system = systemWith({
      files: ubuntu,
      folders: { [provider]: ["libonnxruntime_providers_cuda.so"] },
      programs: { "nvidia-smi": "580.65.06\n" },
    });
    const libraries = async () => ["libcudart.so.13", "libcudnn.so.9"];
    const lines = deviceLines(await examineDevices({ system, open: opens("cpu"), libraries })).join("\n");
    expect(lines).toContain("driver 580.65.06, 2 libraries missing");
    expect(lines).toContain("sudo apt-get install cuda-libraries-13-0 libcudnn9-cuda-13");
    expect(lines).toContain(
      "pip install nvidia-cublas nvidia-cuda-runtime nvidia-cufft nvidia-curand nvidia-cudnn-cu13",
    );
  });

  it("tells libraries that lie apart from those that are not there", async () => {
    const system = systemWith({
      files: ubuntu,
      folders: {
        [provider]: ["libonnxruntime_providers_cuda.so"],
        "/usr/local/cuda/lib64": ["libcudart.so.12"],
      },
    });
    const libraries = async () => ["libcudart.so.12", "libcudnn.so.9"];
    const lines = deviceLines(await examineDevices({ system, open: opens("cpu"), libraries })).join("\n");
    expect(lines).toContain(
      "-> in /usr/local/cuda/lib64 there is libcudart.so.12: export LD_LIBRARY_PATH=/usr/local/cuda/lib64:",
    );
    expect(lines).toContain("-> libcudnn.so.9, from NVIDIA's repository");
  });

  it("says of CUDA what is known of its GPU and driver", async () => {
    const folders = { [provider]: ["libonnxruntime_providers_cuda.so"] };
    const found = async (programs: Readonly<Record<string, string>>) => {
      const reports = await examineDevices({
        system: systemWith({ folders, programs }),
        open: opens("cuda"),
      });
      return reports.find(({ name }) => name === "cuda")?.found;
    };
    expect(await found({})).toBe("a GPU without a name");
    expect(await found({ "nvidia-smi": "550.54.14\n" })).toBe("550.54.14, driver 550.54.14"); // One answer to both questions.
  });

  it("calls a software adapter what it is", async () => {
    const system = systemWith({ env: { VK_DRIVER_FILES: "/x/vk_swiftshader_icd.json" } });
    const lines = deviceLines(await examineDevices({ system, open: opens("cpu", "webgpu") }));
    expect(lines).toContain("works  webgpu  software, on the processor (Vulkan driver vk_swiftshader)");
    expect(lines.join()).toContain("for tests alone");
  });

  it("is shared with the doctor, for whom no GPU is no fault", async () => {
    const reports = await examineDevices({ system: systemWith({}), open: opens("cpu") });
    expect(deviceFinding(reports)).toMatchObject({
      state: "note",
      advice: expect.stringContaining("fovea devices"),
    });
    const some = await examineDevices({ system: systemWith({}), open: opens("cpu", "webgpu") });
    expect(deviceFinding(some)).toMatchObject({ state: "fine", found: "webgpu: an adapter without a name" });
  });

  it("knows how packages are installed", () => {
    expect(packagesOf(ubuntu["/etc/os-release"])).toBe("apt");
    expect(packagesOf('ID="rocky"\nID_LIKE="rhel centos fedora"\n')).toBe("dnf");
    expect(packagesOf("ID=arch\n")).toBe("pacman");
    expect(packagesOf("ID=nixos\n")).toBe("other");
  });
});

describe("a probe", () => {
  it("runs a program on the processor, in both widths", async () => {
    expect(await probe({ device: "cpu", threads: 1 })).toEqual({ opens: true, float16: true });
  });

  it("says what the library said, without the places in its source", () => {
    const cause = new Error(
      "/src/webgpu_context.cc:136 a::b()::<lambda()> result.status == x was false. Failed to get a WebGPU adapter: none\n",
    );
    expect(reasonOf(new Error("could not load", { cause }))).toBe("Failed to get a WebGPU adapter: none");
    expect(reasonOf(new Error("[ONNXRuntimeError] : 1 : FAIL : Failed to load library x.so"))).toBe(
      "Failed to load library x.so",
    );
  });

  it("that ends its process is told from one that answers", () => {
    expect(readProbed('{"opens":true,"float16":true}', null)).toEqual({ opens: true, float16: true });
    expect(readProbed("", { signal: "SIGABRT" }).said).toBe("opening it ends the process (signal SIGABRT)");
    expect(readProbed("", { signal: "SIGTERM", killed: true }).said).toBe("did not open in 60 s");
    expect(readProbed("", { code: 3 }).said).toBe("opening it ends the process (code 3)");
  });

  it("tells `fovea devices` of this machine, as one JSON object", async () => {
    const main = join(root, "src/cli/main.ts");
    const { stdout } = await promisify(execFile)(process.execPath, [main, "devices", "--json"]);
    const { runtime, devices } = JSON.parse(stdout);
    expect(runtime).toMatch(/^onnxruntime-node \d/);
    expect(devices[0]).toMatchObject({ name: "cpu", works: true, facts: { cores: expect.any(Number) } });
    for (const { works, found, advice } of devices) if (!works) expect(found + advice.join()).not.toBe("");
  }, 60_000);
});
