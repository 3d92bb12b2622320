/** The attacker of fuzz/attack/serve.ts, in a thread of its own so that the polls do not wait for it. */
import { request } from "node:http";
import { parentPort, workerData } from "node:worker_threads";
import { caseOf } from "./serve-cases.ts";

export interface Attack {
  readonly api: string;
  readonly model: string;
  readonly name: string;
}

/** First that the requests are about to go out, then what came of each: a status code, or what went wrong. */
export type News =
  | { readonly kind: "ready" }
  | { readonly kind: "done"; readonly answers: readonly string[] };

function post(url: string, body: Buffer, leavesAfter?: number): Promise<string> {
  const headers = { "Content-Type": "application/json", "Content-Length": body.length };
  return new Promise((done) => {
    let left = false;
    const failed = (error: NodeJS.ErrnoException) => done(left ? "left" : (error.code ?? error.message));
    const sent = request(url, { method: "POST", agent: false, headers }, (response) => {
      response.resume();
      response.once("end", () => done(String(response.statusCode)));
      response.once("error", failed);
    });
    sent.on("error", failed);
    sent.end(body);
    if (leavesAfter === undefined) return;
    setTimeout(() => {
      left = true;
      sent.destroy();
    }, leavesAfter);
  });
}

const { api, model, name } = workerData as Attack;
const tell = (news: News) => parentPort!.postMessage(news);
const { requests, leavesAfter, body } = caseOf(name);
const bytes = await body(model);
tell({ kind: "ready" });
const url = `${api}/chat/completions`;
tell({
  kind: "done",
  answers: await Promise.all(Array.from({ length: requests }, () => post(url, bytes, leavesAfter))),
});
