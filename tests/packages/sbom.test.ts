import { expect, test } from "vitest";
import { lockedPackages } from "../../release/lock.ts";
import { billOfMaterials } from "../../release/sbom.ts";

test("the bill of materials has every package of the lock file with its hash, and is the same each time", async () => {
  const [bill, again] = [await billOfMaterials(), await billOfMaterials()];
  expect(again).toEqual(bill);
  expect(bill.serialNumber).toMatch(
    /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  expect(bill.metadata.component.name).toBe("fovea");
  const hashes = new Map(bill.components.map((one) => [one["bom-ref"], one.hashes?.[0]]));
  for (const { name, version, integrity = "" } of lockedPackages()) {
    const content = Buffer.from(integrity.replace("sha512-", ""), "base64").toString("hex");
    expect([name, hashes.get(`${name}@${version}`)]).toEqual([name, { alg: "SHA-512", content }]);
  }
  const open = bill.components.filter(({ licenses = [] }) => licenses.length === 0);
  expect(open.map(({ name }) => name)).toEqual([]);
  const own = bill.components.filter(({ purl }) => purl === undefined).map(({ name }) => name);
  expect(own).toEqual(["global-agent"]);
  expect(JSON.stringify(bill)).not.toMatch(/timestamp|:path"/);
});
