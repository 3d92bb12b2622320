/** How the server is doing, in Prometheus' text format (prometheus.io/docs/instrumenting/exposition_formats). */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { HeldBytes } from "./body.ts";
import type { Answered, ServedModel } from "./served.ts";

/** What was counted since the server began. */
export interface Counts {
  /** Requests by status. */
  readonly statuses: Map<number, number>;
  /** Streams whose client went, or that failed. */
  brokenOff: number;
  promptTokens: number;
  answerTokens: number;
}

export function newCounts(): Counts {
  lag.enable();
  lag.reset();
  return { statuses: new Map(), brokenOff: 0, promptTokens: 0, answerTokens: 0 };
}

export function countAnswer(counts: Counts, { promptTokens, tokens }: Answered): void {
  counts.promptTokens += promptTokens;
  counts.answerTokens += tokens;
}

export const metricsType = "text/plain; version=0.0.4; charset=utf-8";

type Sample = readonly [labels: Readonly<Record<string, string | number>>, value: number];
type Metric = readonly [name: string, type: "counter" | "gauge", help: string, samples: readonly Sample[]];

export function metricsText(counts: Counts, served: ServedModel, held: HeldBytes): string {
  return [...requestMetrics(counts, served, held), ...cacheMetrics(served), ...processMetrics()]
    .map(metricText)
    .join("");
}

function requestMetrics(counts: Counts, { load }: ServedModel, held: HeldBytes): Metric[] {
  const statuses = [...counts.statuses].map(([status, count]): Sample => [{ status }, count]);
  const deaths = Object.entries(load.deaths).map(([thread, count]): Sample => [{ thread }, count]);
  return [
    ["fovea_requests_total", "counter", "Requests by the status of their reply.", statuses],
    counter("fovea_streams_broken_off_total", "Streams that ended early.", counts.brokenOff),
    counter("fovea_prompt_tokens_total", "Tokens of prompts that were answered.", counts.promptTokens),
    counter("fovea_answer_tokens_total", "Tokens of complete answers.", counts.answerTokens),
    gauge("fovea_requests_running", "Requests that the model answers now.", load.running),
    gauge("fovea_requests_waiting", "Requests that wait for their turn.", load.waiting),
    gauge("fovea_requests_waiting_limit", "Requests that may wait.", load.mostWaiting),
    gauge("fovea_held_bytes", "Bytes of requests that came and are not answered.", held.held),
    gauge("fovea_held_bytes_limit", "Bytes of requests that may be held.", held.most),
    ["fovea_thread_deaths_total", "counter", "Threads that died and were opened anew.", deaths],
  ];
}

function cacheMetrics({ load: { caches } }: ServedModel): Metric[] {
  const of = (read: (cache: (typeof caches)[number]) => number | undefined) =>
    caches.flatMap((cache): Sample[] => {
      const value = read(cache);
      return value === undefined ? [] : [[{ cache: cache.name }, value]];
    });
  return [
    ["fovea_cache_entries", "gauge", "Values kept, by cache.", of(({ entries }) => entries)],
    ["fovea_cache_entries_limit", "gauge", "Values that may be kept.", of(({ limit }) => limit)],
    ["fovea_cache_bytes", "gauge", "Bytes kept.", of(({ bytes }) => bytes)],
    ["fovea_cache_bytes_limit", "gauge", "Bytes that may be kept.", of(({ maxBytes }) => maxBytes)],
    ["fovea_cache_hits_total", "counter", "Values found.", of(({ hits }) => hits)],
    ["fovea_cache_misses_total", "counter", "Values made.", of(({ misses }) => misses)],
    ["fovea_cache_dropped_total", "counter", "Values let go.", of(({ dropped }) => dropped)],
  ];
}

/** Milliseconds between two looks at how late the thread that listens is. */
const lagResolution = 10;

/** How late the thread that listens was since {@link newCounts}: what was done to begin does not count. */
const lag = monitorEventLoopDelay({ resolution: lagResolution });

/** Nanoseconds that a look took to seconds of delay. */
function late(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - lagResolution / 1000);
}

function processMetrics(): Metric[] {
  const { user, system } = process.cpuUsage();
  const start = performance.timeOrigin / 1000;
  return [
    counter("process_cpu_seconds_total", "User and system time, of all threads.", (user + system) / 1e6),
    gauge("process_resident_memory_bytes", "Memory, of all threads.", process.memoryUsage.rss()),
    gauge("nodejs_eventloop_lag_p99_seconds", "How late the listening thread was.", late(lag.percentile(99))),
    gauge("nodejs_eventloop_lag_max_seconds", "How late it ever was.", late(lag.max)),
    gauge("process_start_time_seconds", "Unix time at which the process began.", start),
  ];
}

function counter(name: string, help: string, value: number): Metric {
  return [name, "counter", help, [[{}, value]]];
}

function gauge(name: string, help: string, value: number): Metric {
  return [name, "gauge", help, [[{}, value]]];
}

function metricText([name, type, help, samples]: Metric): string {
  const lines = samples.map(([labels, value]) => `${name}${labelText(labels)} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelText(labels: Sample[0]): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(String(value))}`);
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}
