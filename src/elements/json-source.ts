/** Data of an element in the page itself: `data="#id"` names a `<script type="application/json">`. */
export function jsonOf(address: string): unknown {
  const found = address.startsWith("#") ? document.getElementById(address.slice(1)) : null;
  if (found === null) throw new Error(`fovea: no element ${address} with the data`);
  return JSON.parse(found.textContent ?? "");
}
