/** The page of the peer: transformers.js, which lies beside it as `peer/transformers.js`, generates what `tokens` does. */

/** What is used of transformers.js. */
interface TransformersJs {
  readonly env: {
    allowRemoteModels: boolean;
    allowLocalModels: boolean;
    localModelPath: string;
    useBrowserCache: boolean;
    readonly backends: { readonly onnx: { readonly wasm: { wasmPaths: string; numThreads: number } } };
    readonly version: string;
  };
  readonly AutoModelForCausalLM: {
    from_pretrained(name: string, options: { dtype: string; device: string }): Promise<TextModel>;
  };
  readonly Tensor: new (type: "int64", data: BigInt64Array, shape: readonly number[]) => object;
}

interface TextModel {
  generate(options: Readonly<Record<string, unknown>>): Promise<{ readonly data: BigInt64Array }>;
}

export interface PeerJob {
  readonly threads: number;
  readonly ids: readonly number[];
  readonly newTokens: number;
}

/** What the benchmark calls. */
export interface PeerPage {
  /** The version of transformers.js. */
  open(job: PeerJob): Promise<string>;
  /** Milliseconds of each time; until `seconds` are over at most. */
  run(times: number, seconds?: number): Promise<number[]>;
  /** What the last time said. */
  tokens(): number[];
}

let generate: () => Promise<number[]>;
let said: number[] = [];

const page: PeerPage = {
  async open({ threads, ids, newTokens }) {
    const address = "/peer/transformers.js";
    const { env, AutoModelForCausalLM, Tensor } = (await import(address)) as TransformersJs;
    Object.assign(env, { allowRemoteModels: false, allowLocalModels: true, useBrowserCache: false });
    env.localModelPath = "/models/";
    Object.assign(env.backends.onnx.wasm, { wasmPaths: "/peer-ort/", numThreads: threads });
    const model = await AutoModelForCausalLM.from_pretrained("twin", { dtype: "fp32", device: "wasm" });
    const shape = [1, ids.length];
    const inputs = {
      input_ids: new Tensor("int64", BigInt64Array.from(ids, BigInt), shape),
      attention_mask: new Tensor("int64", new BigInt64Array(ids.length).fill(1n), shape),
    };
    const options = { max_new_tokens: newTokens, do_sample: false, eos_token_id: -1 };
    generate = async () => {
      const { data } = await model.generate({ ...inputs, ...options });
      return [...data].slice(ids.length).map(Number);
    };
    return env.version;
  },
  async run(times, seconds = Number.POSITIVE_INFINITY) {
    const all: number[] = [];
    const begun = performance.now();
    while (all.length < times && performance.now() - begun < 1e3 * seconds) {
      const start = performance.now();
      said = await generate();
      all.push(performance.now() - start);
    }
    return all;
  },
  tokens: () => said,
};
Object.assign(globalThis, { peerPage: page });
document.body.dataset.ready = "";
