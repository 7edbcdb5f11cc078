/**
 * Structural equality as `@std/assert` means it. Knows the built-in containers and compares
 * everything else by constructor and own enumerable keys; knows nothing of messages.
 */

type Seen = Map<object, object>;

/**
 * Compares two values by structure. `NaN` equals `NaN`, `0` differs from `-0`, a key that holds
 * `undefined` differs from a missing key, an object without a prototype equals a plain one,
 * and cycles are followed once.
 */
export function equal(a: unknown, b: unknown): boolean {
  return compare(a, b, new Map());
}

function compare(a: unknown, b: unknown, seen: Seen): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (!sameConstructor(a, b)) return false;
  if (seen.get(a) === b) return true;
  seen.set(a, b);
  if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime());
  if (a instanceof RegExp || a instanceof URL) return String(a) === String(b);
  if (a instanceof Promise || a instanceof WeakMap || a instanceof WeakSet) return false;
  if (a instanceof WeakRef) return compare(a.deref(), (b as WeakRef<object>).deref(), seen);
  if (ArrayBuffer.isView(a)) return sameBytes(a, b as ArrayBufferView);
  if (a instanceof ArrayBuffer) {
    return sameBytes(new Uint8Array(a), new Uint8Array(b as ArrayBuffer));
  }
  if (a instanceof Set) return compareSets(a, b as Set<unknown>, seen);
  if (a instanceof Map) return compareMaps(a, b as Map<unknown, unknown>, seen);
  if (a instanceof Error) return compareErrors(a, b as Error, seen);
  if (a instanceof Number || a instanceof String || a instanceof Boolean) {
    return Object.is(a.valueOf(), b.valueOf());
  }
  return compareKeys(a, b, seen);
}

function sameConstructor(a: object, b: object): boolean {
  const plain = (value: object) => value.constructor === undefined ? Object : value.constructor;
  return plain(a) === plain(b);
}

function sameBytes(a: ArrayBufferView, b: ArrayBufferView): boolean {
  if (a.byteLength !== b.byteLength) return false;
  const left = new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
  const right = new Uint8Array(b.buffer, b.byteOffset, b.byteLength);
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}

/** Each member of one set needs a partner of its own in the other. */
function compareSets(a: Set<unknown>, b: Set<unknown>, seen: Seen): boolean {
  if (a.size !== b.size) return false;
  const free = new Set(b);
  for (const item of a) {
    if (free.delete(item)) continue;
    const partner = [...free].find((other) => compare(item, other, new Map(seen)));
    if (partner === undefined) return false;
    free.delete(partner);
  }
  return true;
}

function compareMaps(a: Map<unknown, unknown>, b: Map<unknown, unknown>, seen: Seen): boolean {
  if (a.size !== b.size) return false;
  const free = new Set(b.keys());
  for (const [key, value] of a) {
    const fits = (other: unknown) =>
      compare(key, other, new Map(seen)) && compare(value, b.get(other), new Map(seen));
    if (free.has(key) && fits(key)) {
      free.delete(key);
      continue;
    }
    const partner = [...free].find(fits);
    if (partner === undefined) return false;
    free.delete(partner);
  }
  return true;
}

function compareErrors(a: Error, b: Error, seen: Seen): boolean {
  return a.name === b.name && a.message === b.message && compare(a.cause, b.cause, seen) &&
    compareKeys(a, b, seen);
}

function compareKeys(a: object, b: object, seen: Seen): boolean {
  if (Array.isArray(a) && a.length !== (b as unknown[]).length) return false;
  const left = enumerableKeys(a);
  if (left.length !== enumerableKeys(b).length) return false;
  for (const key of left) {
    if (!Object.hasOwn(b, key)) return false;
    const inner: [unknown, unknown] = [Reflect.get(a, key), Reflect.get(b, key)];
    if (!compare(inner[0], inner[1], seen)) return false;
  }
  return true;
}

function enumerableKeys(value: object): PropertyKey[] {
  const symbols = Object.getOwnPropertySymbols(value);
  return [
    ...Object.keys(value),
    ...symbols.filter((key) => Object.prototype.propertyIsEnumerable.call(value, key)),
  ];
}
