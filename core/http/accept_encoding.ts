/**
 * What Accept-Encoding asks for (RFC 9110 §12.5.3). It knows weights, `*` and `identity`; it
 * refuses to know which codings exist.
 *
 * @module
 */

export interface CodingChoice {
  /** One of those that were offered; null for no coding. */
  readonly coding: string | null;
  /** True exactly when the client refuses a body without a coding. */
  readonly identityRefused: boolean;
}

/**
 * The best of `offered`, whose order is the server's own liking: it decides between equal weights.
 * Without the field, and where it says that no coding is liked as much, there is none. What cannot
 * be read in the field is as if it were not there.
 */
export function chooseCoding(field: string | null, offered: readonly string[]): CodingChoice {
  if (field === null) return NO_CHOICE;
  const weights = weightsOf(field);
  const others = weights.get("*");
  const identity = weights.get("identity") ?? (others === 0 ? 0 : undefined);
  let coding: string | null = null;
  // Unnamed, `identity` may be sent, and is what the client likes least.
  let best = identity ?? 0;
  for (const name of offered) {
    const weight = weights.get(name) ?? others ?? 0;
    if (weight > best || weight === best && weight > 0 && coding === null) {
      coding = name;
      best = weight;
    }
  }
  return { coding, identityRefused: identity === 0 };
}

function weightsOf(field: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const element of field.split(",")) {
    const found = ELEMENT.exec(element);
    if (found === null) continue;
    const name = found[1]!.toLowerCase();
    // RFC 9110 §8.4.1.3: the two are equal.
    weights.set(name === "x-gzip" ? "gzip" : name, found[2] === undefined ? 1 : Number(found[2]));
  }
  return weights;
}

/**
 * A token with a weight, if there is one (RFC 9110 §12.4.2). No two runs of white space may meet in
 * it: whoever sends 30,000 spaces would have them tried in each division between the two.
 */
const WEIGHT = "0(?:\\.\\d{0,3})?|1(?:\\.0{0,3})?";
const ELEMENT = new RegExp(
  `^[ \\t]*([!#$%&'*+.^_\`|~0-9A-Za-z-]+)(?:[ \\t]*;[ \\t]*[qQ]=(${WEIGHT}))?[ \\t]*$`,
);
const NO_CHOICE: CodingChoice = { coding: null, identityRefused: false };
