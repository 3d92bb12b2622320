/**
 * Threads that call ONNX Runtime, ended without harm: when a thread of Node's is terminated within a call of
 * onnxruntime-node (1.30), the call's return aborts the whole process. So whoever ends a thread waits for the call under
 * way, of which nothing is heard any more, and lets no further one begin.
 *
 *     openEndable(entry, options) -> { worker, end() }     the owner's side
 *     nativeCall(() => session.run(...))                   the thread's side; on any other thread the call alone
 */
import {
  getEnvironmentData,
  isMainThread,
  setEnvironmentData,
  Worker,
  type WorkerOptions,
} from "node:worker_threads";

/** Two numbers: how many calls are under way in a thread, and 1 once none may begin any more. */
type Calls = Int32Array<SharedArrayBuffer>;

const [underWay, ending] = [0, 1];

/** What a thread is given its calls by, beside its own data. */
const name = "fovea/native-calls";

const live = new Set<Calls>();

export interface EndableWorker {
  readonly worker: Worker;
  /** Ends the thread once no native call is under way in it. */
  end(): Promise<void>;
}

export function openEndable(entry: URL, options: WorkerOptions): EndableWorker {
  const calls: Calls = new Int32Array(new SharedArrayBuffer(8));
  const around = getEnvironmentData(name);
  setEnvironmentData(name, calls);
  const worker = new Worker(entry, options);
  setEnvironmentData(name, around);
  live.add(calls);
  worker.once("exit", () => {
    live.delete(calls);
    Atomics.store(calls, underWay, 0);
    Atomics.notify(calls, underWay);
  });
  return {
    worker,
    async end() {
      await letNoneBegin(calls);
      await worker.terminate();
    },
  };
}

/** Resolves once the process can end: no thread is within a native call, and none begins one. */
export async function endNativeCalls(): Promise<void> {
  await Promise.all([...live].map(letNoneBegin));
}

/** Whether a thread is within a native call, so that `process.exit` would abort. */
export function isInNativeCall(): boolean {
  return [...live].some((calls) => Atomics.load(calls, underWay) > 0);
}

async function letNoneBegin(calls: Calls): Promise<void> {
  Atomics.store(calls, ending, 1);
  for (;;) {
    const now = Atomics.load(calls, underWay);
    if (now === 0) return;
    await Atomics.waitAsync(calls, underWay, now).value;
  }
}

const own = isMainThread ? undefined : (getEnvironmentData(name) as Calls | undefined);

/** Makes a call that the thread's owner waits for; in a thread that is being ended it never begins. */
export async function nativeCall<T>(call: () => Promise<T>): Promise<T> {
  if (own === undefined) return call();
  Atomics.add(own, underWay, 1); // Before it looks: the owner, who says it before it counts, sees it then.
  try {
    if (Atomics.load(own, ending) === 0) return await call();
  } finally {
    Atomics.sub(own, underWay, 1);
    Atomics.notify(own, underWay);
  }
  return new Promise(() => {});
}
