/**
 * Kinds of sources that only the in-memory runtime has: pipes that a test makes.
 *
 * @module
 */

import { openPipe } from "../../../core/work/adopt.ts";
import type { MemoryPipe, MemoryReactor } from "../../../runtimes/memory.ts";
import { type Ends, type Kind, NO_OTHER_OWNER, ONLY_READ } from "./ends.ts";

export const MEMORY_KINDS: readonly Kind[] = [
  {
    name: "`reactor.pipe()`",
    without: [],
    gaps: { detach: NO_OTHER_OWNER },
    make: ({ reactor }) => Promise.resolve(endsOf((reactor as MemoryReactor).pipe())),
  },
  {
    name: "FIFO, by `openPipe`",
    without: ONLY_READ,
    gaps: { detach: NO_OTHER_OWNER },
    async make({ reactor, home }) {
      const { far } = (reactor as MemoryReactor).pipe("/run/news");
      const handle = await openPipe("/run/news", home);
      return { handle, ...endsOfFar(far) };
    },
  },
];

function endsOf({ source, far }: MemoryPipe): Ends {
  return { source, ...endsOfFar(far) };
}

function endsOfFar(far: MemoryPipe["far"]): Omit<Ends, "source"> {
  return {
    feed: (bytes) => void far.write(bytes),
    endFeed: () => void far.end(),
    got: () => far.bytes.length,
    stopTaking: () => void far.pauseReading(),
    goOnTaking: () => void far.resumeReading(),
    leave: () => void far.reset(),
    dispose: () => void far.reset(),
  };
}
