/**
 * What a lazy object does with the rest of its platform's interface: it inherits from the
 * platform's prototype, so that `instanceof` holds, and passes every call that it does not answer
 * itself on to a real object. It knows no interface in particular.
 *
 * @module
 */

/**
 * Gives `own`, a lazy class's prototype, the prototype `platform` to inherit from, and defines on
 * it those `keys` of `platform` that it has not itself, by way of the real object that `realOf`
 * makes. So what a later version of a platform adds works as well.
 */
export function delegateRest<Lazy extends object>(
  own: Lazy,
  platform: object,
  realOf: (lazy: Lazy) => object,
  keys: readonly PropertyKey[] = Object.getOwnPropertyNames(platform),
): void {
  Object.setPrototypeOf(own, platform);
  Object.defineProperty(own, "constructor", { value: platform.constructor, configurable: true });
  for (const key of keys) {
    if (Object.hasOwn(own, key) || key === Symbol.toStringTag) continue;
    Object.defineProperty(own, key, {
      configurable: true,
      enumerable: Object.getOwnPropertyDescriptor(platform, key)?.enumerable ?? false,
      get(this: Lazy): unknown {
        const real = realOf(this) as Record<PropertyKey, unknown>;
        const value = real[key];
        return typeof value === "function" ? value.bind(real) : value;
      },
    });
  }
}

/** The method by which Node and Bun print an object. What it answers is printed in its place. */
export const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;
