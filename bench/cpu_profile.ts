/**
 * Reads a CPU profile in the format of the Chrome tools, which Node, Deno and Bun all write, and
 * adds up where the time went. It knows the format and no server.
 *
 * @module
 */

/** The part of the format that is used. Times are in microseconds. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** The node of each sample. */
  readonly samples: readonly number[];
  /** Time since the sample before. */
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    /** From 0. */
    readonly lineNumber: number;
  };
  readonly children?: readonly number[];
}

/** One function. */
export interface Spot {
  /** `name file:line`, with the file below `root`. */
  readonly name: string;
  /** Share of all busy time in the function itself. */
  readonly self: number;
  /** The same with what it called. */
  readonly total: number;
}

/** No code of the program ran. */
const IDLE = "(idle)";

/** The functions of a profile, by their own time. `root` is cut from the files' names. */
export function hotSpots(profile: CpuProfile, root: string): Spot[] {
  const names = new Map(profile.nodes.map((node) => [node.id, nameOf(node, root)]));
  const stacks = stacksOf(profile, names);
  const self = new Map<string, number>();
  const total = new Map<string, number>();
  let busy = 0;
  profile.samples.forEach((id, index) => {
    const name = names.get(id)!;
    if (name === IDLE) return;
    const time = profile.timeDeltas[index]!;
    busy += time;
    self.set(name, (self.get(name) ?? 0) + time);
    for (const caller of stacks.get(id)!) total.set(caller, (total.get(caller) ?? 0) + time);
  });
  return [...total].map(([name, time]) => ({
    name,
    self: (self.get(name) ?? 0) / busy,
    total: time / busy,
  })).sort((a, b) => b.self - a.self);
}

function nameOf({ callFrame }: ProfileNode, root: string): string {
  const { functionName, url, lineNumber } = callFrame;
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (url === "") return name;
  const file = url.replace("file://", "").replace(root, "");
  return `${name} ${file}:${lineNumber + 1}`;
}

/** The names on the way from the root to each node, each once: recursion counts once. */
function stacksOf(profile: CpuProfile, names: Map<number, string>): Map<number, Set<string>> {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const stacks = new Map<number, Set<string>>();
  const open: [id: number, above: Set<string>][] = [[profile.nodes[0]!.id, new Set()]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [id, above] = next;
    const stack = new Set(above).add(names.get(id)!);
    stacks.set(id, stack);
    for (const child of nodes.get(id)!.children ?? []) open.push([child, stack]);
  }
  return stacks;
}
