/**
 * The software bill of materials that goes with a release: every package of the lock file with version, licence and hash,
 * in CycloneDX's form.
 *
 *     npm run sbom                       # out/sbom.cdx.json
 *     npm run sbom -- other.cdx.json
 *
 * npm writes it, from the lock file alone; what differs from call to call, from machine to machine and between versions of
 * npm is taken out, so that the same lock file gives the same bytes.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { writeFileWhole } from "../src/common/files.ts";
import { lockedFolders, root } from "./lock.ts";

const component = z.looseObject({
  "bom-ref": z.string(),
  name: z.string(),
  purl: z.string().optional(),
  licenses: z.array(z.unknown()).optional(),
  hashes: z.array(z.object({ alg: z.string(), content: z.string() })).optional(),
  properties: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
});

const bill = z.looseObject({
  bomFormat: z.literal("CycloneDX"),
  specVersion: z.string(),
  metadata: z.looseObject({ component }),
  components: z.array(component),
  dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()) })),
});

type Component = z.infer<typeof component>;
export type Bill = z.infer<typeof bill>;

export async function billOfMaterials(): Promise<Bill> {
  const args = ["sbom", "--sbom-format=cyclonedx", "--package-lock-only"];
  const { stdout } = await promisify(execFile)("npm", args, { cwd: root, maxBuffer: 2 ** 26 });
  return steady(bill.parse(JSON.parse(stdout)));
}

/** The bill without times, tools and paths, in a fixed order, its serial number made of its content. */
function steady({ serialNumber: _, metadata, components, dependencies, ...rest }: Bill): Bill {
  const { timestamp: _t, tools: _p, component: own, ...more } = metadata;
  const folders = new Set(lockedFolders().map(({ path }) => path.replace(/^node_modules\//, "")));
  const content = {
    metadata: { ...more, component: named(own) },
    components: components
      .map(named)
      .map((one) => (folders.has(one.name) ? withoutAddress(one) : one))
      .sort((a, b) => order(a["bom-ref"], b["bom-ref"])),
    dependencies: dependencies
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: [...dependsOn].sort(order) }))
      .sort((a, b) => order(a.ref, b.ref)),
  };
  return { ...rest, serialNumber: `urn:uuid:${uuidOf(JSON.stringify(content))}`, ...content };
}

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Some versions of npm name a component after its folder, and say where that is. */
function named(one: Component): Component {
  const [, name] = /^(@?[^@]+)@/.exec(one["bom-ref"]) ?? [undefined, one.name];
  return { ...one, name, properties: one.properties.filter(({ name: key }) => !key.endsWith(":path")) };
}

/** What stands in for a package is not the one that the registry has by its name. */
function withoutAddress({ purl: _, ...one }: Component): Component {
  return one;
}

/** A UUID of version 8 (RFC 9562) from the first bits of a hash. */
function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  const variant = ((Number.parseInt(hex[16], 16) & 3) | 8).toString(16);
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `${variant}${hex.slice(17, 20)}`]
    .concat(hex.slice(20, 32))
    .join("-");
}

if (process.argv[1] === import.meta.filename) {
  const out = process.argv[2] ?? "out/sbom.cdx.json";
  await mkdir(dirname(out), { recursive: true });
  await writeFileWhole(out, `${JSON.stringify(await billOfMaterials(), null, 2)}\n`);
  console.log(`the bill of materials is in ${out}`);
}
