import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Identity } from "../../vm/harness/data-disk.ts";
import { ImageRoot } from "./image-root.ts";
import { tryStores } from "./next-store.ts";
import { type ContainerRecording, recordContainers } from "./record-containers.ts";
import { recordHere } from "./record-here.ts";
import { type SampledCut, sampledCuts } from "./sampled-cuts.ts";

export interface Tally {
  passed: number;
  failed: number;
}

/** Where it is recorded what Podman writes, and how many cuts of it are tried, about: some fall on the same place. */
interface Recorder {
  count: number;
  record(
    identity: Identity,
    imageRoot: ImageRoot,
    how: { without: boolean },
  ): Promise<ContainerRecording>;
}

export const recorders = {
  /** The real image in a machine, with all operations and a minute afterwards. */
  containers: {
    count: 240,
    record: (identity, _imageRoot, how) => recordContainers("containers", identity, how),
  },
  /** This host's kernel, with those that take seconds. */
  "containers-here": {
    count: 16,
    record: (_identity, imageRoot, how) => recordHere("containers-here", imageRoot, how),
  },
} as const satisfies Record<string, Recorder>;

/** Pulls the plug while Podman works and after it, and tries everything that is listed then. */
export async function tryContainers(
  name: keyof typeof recorders,
  identity: Identity,
  every: number,
): Promise<Tally> {
  const { count, record }: Recorder = recorders[name];
  return await withImageRoot(async (imageRoot) => {
    const recording = await record(identity, imageRoot, { without: false });
    const tally = { passed: 0, failed: 0 };
    const counts = new Map<string, number>();
    const started = Date.now();
    const wanted = Math.max(4, Math.ceil(count / every));
    await eachCut(imageRoot, recording, wanted, (cut, faults, place) => {
      tally[faults.length === 0 ? "passed" : "failed"] += 1;
      if (faults.length > 0) {
        console.log(`\nFAILED ${place}\n  ${faults.join("\n  ")}`);
      }
      for (const kind of [`after ${cut.after}`, `surviving: ${cut.survivors}`]) {
        counts.set(kind, (counts.get(kind) ?? 0) + 1);
      }
      return true;
    });
    const { entries } = recording;
    const writes = entries.filter(({ kind }) => kind === "write").length;
    const seconds = ((Date.now() - started) / 1000).toFixed(0);
    console.log(
      `${name}: ${writes} writes, ${entries.length - writes} flushes, ${tally.passed + tally.failed} cut points in ${seconds} s (${[...counts].map(([kind, number]) => `${kind}: ${number}`).join("; ")})`,
    );
    return tally;
  });
}

/** Without the mend something listed has to be broken, or the lab proves nothing. */
export async function findContainersOut(
  name: keyof typeof recorders,
  identity: Identity,
): Promise<Tally> {
  const { count, record }: Recorder = recorders[name];
  return await withImageRoot(async (imageRoot) => {
    const broken = `${name} without nodelalloc and flushes`;
    const recording = await record(identity, imageRoot, { without: true });
    let tried = 0;
    let found: string | undefined;
    await eachCut(imageRoot, recording, count, (_cut, faults, place) => {
      tried += 1;
      found = faults[0] && `${place}: ${faults[0]}`;
      return found === undefined;
    });
    if (found === undefined) {
      console.log(`FAILED ${broken}: broken on purpose, but all ${tried} cut points passed`);
      return { passed: 0, failed: 1 };
    }
    console.log(`${broken}: found out at cut point ${tried}: ${found}`);
    return { passed: 0, failed: 0 };
  });
}

async function withImageRoot<T>(work: (imageRoot: ImageRoot) => Promise<T>): Promise<T> {
  const imageRoot = await ImageRoot.open();
  try {
    return await work(imageRoot);
  } finally {
    await imageRoot.remove();
  }
}

/** Goes on as long as `take` says. */
async function eachCut(
  imageRoot: ImageRoot,
  recording: ContainerRecording,
  count: number,
  take: (cut: SampledCut, faults: readonly string[], place: string) => boolean,
): Promise<void> {
  const { dataOffsetBytes, entries, operations } = recording;
  const folder = await mkdtemp(path.join(tmpdir(), "b2p-cut-"));
  try {
    for (const cut of sampledCuts(recording, count)) {
      // A file of its own for each: the kernel may still write to the one before when its namespace has ended.
      const file = path.join(folder, `${cut.entries}.raw`);
      await cut.disk.save(file);
      const written = cut.isLast ? operations : [];
      const { faults, listed } = await tryStores(imageRoot, file, dataOffsetBytes, written);
      await rm(file);
      const place = `${recording.name}, entry ${cut.entries} of ${entries.length}, after ${cut.after}, surviving: ${cut.survivors}, ${listed.length} listed`;
      if (!take(cut, faults, place)) {
        return;
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
