/**
 * The decoder of the hybrid, written once more in plain loops: one row without padding or packing, float64, token by token, the
 * linear layers by their recurrence. Nothing of it is shared with `src`.
 */
import type { HostArray } from "../../../src/engine/host.ts";
import type { HybridConfig } from "./config.ts";

type Vector = number[];
type Named = Readonly<Record<string, HostArray>>;

export interface ReferenceRow {
  readonly ids: readonly number[];
  /** Columns of the image's tokens. */
  readonly image: { readonly start: number; readonly length: number };
  /** What stands there. */
  readonly features: readonly Vector[];
}

export interface ReferenceResult {
  /** L + 1 lists of S vectors. */
  readonly hiddenStates: readonly (readonly Vector[])[];
  /** For each layer with attention, [head][query][key]. */
  readonly attentions: readonly (readonly (readonly Vector[])[])[];
  readonly logits: readonly Vector[];
}

export function referenceOf(
  { textConfig: c }: HybridConfig,
  named: Named,
  row: ReferenceRow,
): ReferenceResult {
  const { numAttentionHeads: A, numKeyValueHeads: H, headDim: K, rmsNormEps } = c;
  const weight = (name: string) => named[name].data as Float32Array;

  const linear = (name: string, x: Vector): Vector => {
    const w = weight(`${name}.weight`);
    const bias = named[`${name}.bias`]?.data;
    return Array.from({ length: w.length / x.length }, (_, o) =>
      x.reduce((sum, value, i) => sum + value * w[o * x.length + i], Number(bias?.[o] ?? 0)),
    );
  };
  const norm = (name: string, x: Vector): Vector => {
    const w = weight(`${name}.weight`);
    const mean = x.reduce((sum, value) => sum + value * value, 0) / x.length;
    return x.map((value, i) => (value / Math.sqrt(mean + rmsNormEps)) * (1 + w[i]));
  };
  const add = (x: Vector, y: Vector) => x.map((value, i) => value + y[i]);
  const dot = (x: Vector, y: Vector) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  const gelu = (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
  const heads = (x: Vector, count: number) =>
    Array.from({ length: count }, (_, h) => x.slice(h * K, (h + 1) * K));

  /** Component i and i + K/2 as a plane that turns by position times frequency. */
  const turn = (x: Vector, position: number, type: string): Vector => {
    const out = [...x];
    for (let i = 0; i < K / 2; i++) {
      const theta = type === "near" ? c.nearTheta : c.farTheta;
      const angle = (position * theta ** ((-2 * i) / K)) / (type === "near" ? 1 : c.farFactor);
      out[i] = x[i] * Math.cos(angle) - x[i + K / 2] * Math.sin(angle);
      out[i + K / 2] = x[i + K / 2] * Math.cos(angle) + x[i] * Math.sin(angle);
    }
    return out;
  };
  const inImage = (s: number) => s >= row.image.start && s < row.image.start + row.image.length;
  const sees = (query: number, key: number, type: string): boolean => {
    const window = { near: c.nearWindow, far: c.farWindow, whole: Number.POSITIVE_INFINITY }[type] as number;
    return (key <= query || (inImage(query) && inImage(key))) && query - key < window;
  };

  const attention = (prefix: string, type: string, xs: readonly Vector[]) => {
    const queries = xs.map((x, s) =>
      heads(linear(`${prefix}.q_proj`, x), A).map((q) => turn(norm(`${prefix}.q_norm`, q), s, type)),
    );
    const keys = xs.map((x, s) =>
      heads(linear(`${prefix}.k_proj`, x), H).map((k) => turn(norm(`${prefix}.k_norm`, k), s, type)),
    );
    const values = xs.map((x) => heads(linear(`${prefix}.v_proj`, x), H));
    const pattern = Array.from({ length: A }, (_, h) =>
      xs.map((_, i) => {
        const shared = Math.floor(h / (A / H));
        const scores = xs.map((_, j) => {
          const score = dot(queries[i][h], keys[j][shared]) / Math.sqrt(K);
          return sees(i, j, type) ? Math.exp(20 * Math.tanh(score / 20)) : 0;
        });
        const total = scores.reduce((sum, score) => sum + score, 0);
        return scores.map((score) => score / total);
      }),
    );
    const mixed = xs.map((_, i) =>
      pattern.flatMap((rows, h) =>
        Array.from({ length: K }, (_, k) =>
          rows[i].reduce((sum, share, j) => sum + share * values[j][Math.floor(h / (A / H))][k], 0),
        ),
      ),
    );
    return { pattern, mixed: mixed.map((x) => linear(`${prefix}.o_proj`, x)) };
  };

  const recurrence = (prefix: string, xs: readonly Vector[]) => {
    const state = Array.from({ length: A }, () =>
      Array.from({ length: K }, () => new Array<number>(K).fill(0)),
    );
    return xs.map((x) => {
      const [q, k, v] = ["q", "k", "v"].map((name) => heads(linear(`${prefix}.${name}_proj`, x), A));
      const gates = linear(`${prefix}.gate_proj`, x).map((g) => 1 / (1 + Math.exp(-g)));
      const out = state.flatMap((own, h) => {
        for (let a = 0; a < K; a++)
          for (let b = 0; b < K; b++) own[a][b] = gates[h] * own[a][b] + k[h][a] * v[h][b];
        return Array.from({ length: K }, (_, b) =>
          own.reduce((sum, line, a) => sum + (q[h][a] * line[b]) / Math.sqrt(K), 0),
        );
      });
      return linear(`${prefix}.o_proj`, out);
    });
  };

  const table = weight("language_model.embed_tokens.weight");
  let hidden: Vector[] = row.ids.map((id, s) =>
    inImage(s)
      ? row.features[s - row.image.start]
      : [...table.slice(id * c.hiddenSize, (id + 1) * c.hiddenSize)].map((x) => 2 * x),
  );
  const hiddenStates = [hidden];
  const attentions: Vector[][][] = [];
  for (const [l, type] of c.layerTypes.entries()) {
    const at = `language_model.layers.${l}`;
    const normed = hidden.map((x) => norm(`${at}.input_layernorm`, x));
    let mixed: Vector[];
    if (type === "linear") mixed = recurrence(`${at}.linear_attn`, normed);
    else {
      const attended = attention(`${at}.self_attn`, type, normed);
      attentions.push(attended.pattern);
      mixed = attended.mixed;
    }
    hidden = hidden.map((x, s) => {
      const middle = add(x, norm(`${at}.post_attention_layernorm`, mixed[s]));
      const own = norm(`${at}.pre_feedforward_layernorm`, middle);
      const gate = linear(`${at}.mlp.gate_proj`, own).map(gelu);
      const up = linear(`${at}.mlp.up_proj`, own).map((value, i) => value * gate[i]);
      return add(middle, norm(`${at}.post_feedforward_layernorm`, linear(`${at}.mlp.down_proj`, up)));
    });
    hiddenStates.push(hidden);
  }
  const logits = hidden.map((x) => linear("lm_head", norm("language_model.norm", x)));
  return { hiddenStates, attentions, logits };
}
