type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Whether nobody between here and there can read what is sent to an address: it is encrypted, or does not leave this
 * machine. With Node's proxies from the environment (`NODE_USE_ENV_PROXY`, `--use-env-proxy`) an `http:` address leaves it
 * unless `NO_PROXY` names its host.
 */
export function isPrivateConnection(address: string, environment: Environment = process.env): boolean {
  const { protocol, hostname, port } = new URL(address);
  if (protocol === "https:") return true;
  return isLoopback(hostname) && !isProxied(hostname, port || "80", environment);
}

/** `URL` has already written numbers of any form as four decimal ones. */
function isLoopback(hostname: string): boolean {
  return /^(?:.+\.)?localhost\.?$|^127(?:\.\d+){3}$|^\[::1\]$|^\[::ffff:7f[\da-f]{2}:[\da-f]+\]$/.test(
    hostname,
  );
}

function isProxied(hostname: string, port: string, environment: Environment): boolean {
  const options = `${environment.NODE_OPTIONS ?? ""} ${process.execArgv.join(" ")}`;
  const inUse = environment.NODE_USE_ENV_PROXY === "1" || options.includes("--use-env-proxy");
  if (!inUse || !(environment.http_proxy || environment.HTTP_PROXY)) return false;
  const without = (environment.no_proxy || environment.NO_PROXY || "").split(/[\s,]+/);
  const names = ["*", hostname, `${hostname}:${port}`, hostname.replace(/^\[|\]$/g, "")];
  return !without.some((name) => names.includes(name.toLowerCase()));
}
