import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Identity } from "../../vm/harness/data-disk.ts";
import { ImageRoot } from "./image-root.ts";
import { tryStores } from "./next-store.ts";
import { type ContainerRecording, recordContainers } from "./record-containers.ts";
import { sampledCuts } from "./sampled-cuts.ts";

/** How many cuts are tried, about; a few less where two fall on the same place. */
const cutCount = 240;

export interface Tally {
  passed: number;
  failed: number;
}

/** Pulls the plug while Podman works and after it, and tries everything that is listed then. */
export async function tryContainers(identity: Identity, every: number): Promise<Tally> {
  const recording = await recordContainers("containers", identity, { without: false });
  const tally = { passed: 0, failed: 0 };
  const started = Date.now();
  await eachCut(recording, Math.max(4, Math.ceil(cutCount / every)), (place, faults) => {
    tally[faults.length === 0 ? "passed" : "failed"] += 1;
    if (faults.length > 0) {
      console.log(`\nFAILED ${place}\n  ${faults.join("\n  ")}`);
    }
    return true;
  });
  const { entries } = recording;
  const writes = entries.filter(({ kind }) => kind === "write").length;
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  console.log(
    `containers: ${writes} writes, ${entries.length - writes} flushes, ${tally.passed + tally.failed} cut points in ${seconds} s`,
  );
  return tally;
}

/** Without the mend something listed has to be broken, or the lab proves nothing. */
export async function findContainersOut(identity: Identity): Promise<Tally> {
  const name = "containers without nodelalloc and flushes";
  const recording = await recordContainers("containers-broken", identity, { without: true });
  let tried = 0;
  let found: string | undefined;
  await eachCut(recording, cutCount, (place, faults) => {
    tried += 1;
    found = faults[0] && `${place}: ${faults[0]}`;
    return found === undefined;
  });
  if (found === undefined) {
    console.log(`FAILED ${name}: broken on purpose, but all ${tried} cut points passed`);
    return { passed: 0, failed: 1 };
  }
  console.log(`${name}: found out at cut point ${tried}: ${found}`);
  return { passed: 0, failed: 0 };
}

/** Goes on as long as `take` says. */
export async function eachCut(
  recording: ContainerRecording,
  count: number,
  take: (place: string, faults: readonly string[]) => boolean,
): Promise<void> {
  const imageRoot = await ImageRoot.open();
  const folder = await mkdtemp(path.join(tmpdir(), "b2p-cut-"));
  try {
    for (const cut of sampledCuts(recording, count)) {
      // A file of its own for each: the kernel may still write to the one before when its namespace has ended.
      const file = path.join(folder, `${cut.entries}.raw`);
      await cut.disk.save(file);
      const { faults, listed } = await tryStores(imageRoot, file, recording.dataOffsetBytes, cut);
      await rm(file);
      const place = `${recording.name}, entry ${cut.entries} of ${recording.entries.length}, after ${cut.after}, surviving: ${cut.survivors}, ${listed.length} listed`;
      if (!take(place, faults)) {
        return;
      }
    }
  } finally {
    await imageRoot.remove();
    await rm(folder, { recursive: true, force: true });
  }
}
