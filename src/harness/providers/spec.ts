import { mustBe, UserError } from "../../common/errors.ts";
import { addressWithoutSecrets } from "../../common/secrets.ts";

/** The remote services that are known by name. `compatible` is any server that speaks OpenAI's chat completions. */
export type Service = "openai" | "anthropic" | "google" | "openai-compatible";

/** What a model's name means. */
export type ModelSpec =
  | { readonly kind: "local"; readonly folder: string }
  | { readonly kind: "remote"; readonly service: Service; readonly model: string; readonly baseUrl?: string };

/**
 * Reads a model's name: `openai:MODEL`, `anthropic:MODEL`, `google:MODEL`, `openai-compatible:MODEL` with an address,
 * `URL#MODEL`, or the folder of a local model.
 */
export function parseModelSpec(text: string, baseUrl?: string): ModelSpec {
  if (text.trim() === "") throw mustBe("eval", "--model", "given", "nothing");
  if (/^https?:/i.test(text)) return fromAddress(text, baseUrl);
  const [, service, model] = /^(openai|anthropic|google|openai-compatible):(.*)$/s.exec(text) ?? [];
  if (service === undefined) return localSpec(text, baseUrl);
  if (model === "") throw mustBe("eval", "--model", `${service}:MODEL`, text);
  if (service === "openai-compatible" && baseUrl === undefined)
    throw mustBe("eval", "--base-url", "given with openai-compatible:MODEL", "nothing");
  return {
    kind: "remote",
    service: service as Service,
    model,
    ...(baseUrl !== undefined && { baseUrl: checkedUrl(baseUrl, "--base-url") }),
  };
}

function fromAddress(text: string, baseUrl?: string): ModelSpec {
  const at = text.indexOf("#");
  if (at < 0 || at === text.length - 1)
    throw mustBe("eval", "--model", "URL#MODEL where it is an address", addressWithoutSecrets(text));
  if (baseUrl !== undefined)
    throw new UserError("eval: --base-url and the address in --model name two servers; keep one");
  const url = checkedUrl(text.slice(0, at), "--model");
  return { kind: "remote", service: "openai-compatible", model: text.slice(at + 1), baseUrl: url };
}

function localSpec(folder: string, baseUrl?: string): ModelSpec {
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(folder))
    throw mustBe("eval", "--model", "a folder or an http or https address", addressWithoutSecrets(folder));
  if (baseUrl !== undefined)
    throw new UserError(
      `eval: --base-url needs a remote model (openai-compatible:MODEL, openai:MODEL, ...), got ${folder}`,
    );
  return { kind: "local", folder };
}

/** An address without anything that could be a secret: it is written into run folders and messages. */
export function checkedUrl(text: string, argument: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw mustBe("eval", argument, "an http or https address", addressWithoutSecrets(text));
  if (url.username !== "" || url.password !== "" || url.search !== "")
    throw mustBe(
      "eval",
      argument,
      "an address without user, password or query",
      `${url.protocol}//***`,
      "keys come from the environment, see --key-env",
    );
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}
