import { comparePaths, type Entry, type FileEntry } from "../files/entry.ts";
import { generalPath } from "./first-touched.ts";

/** Part of a content: `sizeBytes` from `offset` on. */
export interface Piece {
  sha256: string;
  offset: number;
  sizeBytes: number;
}

/** Where a content lies: its whole blocks, and its last bytes inside a fragment block. */
export interface Placement {
  /** Indexes into the packing's blocks, one after the other. */
  blocks: number[];
  tail: { fragment: number; offset: number } | undefined;
}

/** What goes into the data part of the image, block by block. */
export interface Packing {
  /** Each is one piece of one content. */
  blocks: Piece[];
  /** Each is the ends of several contents. */
  fragments: Piece[][];
  placements: Map<string, Placement>;
}

/** Where those files have their ends that a boot reads. */
const touchedNeighbourhood = "first touched";

/**
 * Divides contents into blocks. Ends of files, and files smaller than a block, share fragment blocks
 * with their neighbours. Those that a boot reads (`touched`, see firstTouched) come first, in that order:
 * the kernel unpacks a whole block for the least byte of it, and remembers only three of them. The
 * others' neighbours are those of the same folder of the first two levels, so that a change in one
 * place leaves the blocks of others as they were. The same content is placed once.
 */
export function planPacking(
  entries: readonly Entry[],
  blockBytes: number,
  touched: readonly string[],
): Packing {
  const blocks: Piece[] = [];
  const fragments: Piece[][] = [];
  const placements = new Map<string, Placement>();
  let open: { neighbourhood: string; sizeBytes: number } | undefined;
  const places = new Map(touched.map((path, index) => [path, index]));
  const placeOf = ({ path }: Entry) => places.get(generalPath(path));
  const inOrder = entries
    .filter(isFile)
    .sort(
      (a, b) =>
        (placeOf(a) ?? places.size) - (placeOf(b) ?? places.size) || comparePaths(a.path, b.path),
    );
  for (const entry of inOrder) {
    const { sha256, sizeBytes } = entry;
    if (placements.has(sha256) || sizeBytes === 0) {
      continue;
    }
    const wholeBlocks = Math.floor(sizeBytes / blockBytes);
    const placement: Placement = { blocks: [], tail: undefined };
    for (let index = 0; index < wholeBlocks; index++) {
      placement.blocks.push(blocks.length);
      blocks.push({ sha256, offset: index * blockBytes, sizeBytes: blockBytes });
    }
    const tailBytes = sizeBytes - wholeBlocks * blockBytes;
    if (tailBytes > 0) {
      const neighbourhood =
        placeOf(entry) === undefined
          ? entry.path.split("/").slice(0, -1).slice(0, 2).join("/")
          : touchedNeighbourhood;
      const fits =
        open?.neighbourhood === neighbourhood && open.sizeBytes + tailBytes <= blockBytes;
      if (!open || !fits) {
        open = { neighbourhood, sizeBytes: 0 };
        fragments.push([]);
      }
      const fragment = fragments.length - 1;
      placement.tail = { fragment, offset: open.sizeBytes };
      fragments[fragment]?.push({ sha256, offset: wholeBlocks * blockBytes, sizeBytes: tailBytes });
      open.sizeBytes += tailBytes;
    }
    placements.set(sha256, placement);
  }
  return { blocks, fragments, placements };
}

function isFile(entry: Entry): entry is FileEntry {
  return entry.type === "file";
}
