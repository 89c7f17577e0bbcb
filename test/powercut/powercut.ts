// npm run powercut [-- [--every N] [NAME…]]: every cut point of every recording (of "gpt", a disk above 2 TiB, every
// fourth), or every Nth of those named; prints how many passed.
import { rm } from "node:fs/promises";
import { parseArgs } from "node:util";
import { newIdentity } from "../vm/harness/data-disk.ts";
import { breakages } from "./broken.ts";
import { findContainersOut, type Tally, tryContainers } from "./containers/containers.ts";
import { type CutPoint, cutPoints } from "./cut-points.ts";
import { NextBoots } from "./next-boot.ts";
import { endOf, type Recorded, type Recording, record } from "./record.ts";

const diskNames = ["marked", "blank", "marked-4096", "resumed", "grown", "gpt", "broken"] as const;
const recorderNames = ["containers", "containers-here"] as const;
const names = [
  ...diskNames,
  ...recorderNames.flatMap((name) => [name, `${name}-broken`] as const),
] as const;
const { values: options, positionals: asked } = parseArgs({
  options: { every: { type: "string", default: "1" } },
  allowPositionals: true,
});
const every = Number(options.every);
// Else nothing would be tried, and nothing would fail.
const unknown = asked.filter((name) => !names.some((one) => one === name));
if (unknown.length > 0 || !Number.isInteger(every) || every < 1) {
  console.error(
    `powercut: [--every N] [${names.join("|")}]…, not ${process.argv.slice(2).join(" ")}`,
  );
  process.exit(2);
}
const isWanted = (name: (typeof names)[number]) => asked.length === 0 || asked.includes(name);
const identity = await newIdentity();
let passed = 0;
let failed = 0;

/** The cut points of a recording, made one at a time. */
function cutsOf(recording: Recording): Generator<CutPoint> {
  const owed = (flushes: number) => recording.owed.filter((one) => one.flushes <= flushes).length;
  return cutPoints(recording.start, recording.entries, recording.sectorBytes, owed);
}

async function tryAll(boots: NextBoots, recording: Recording): Promise<void> {
  const started = Date.now();
  const before = passed + failed;
  let count = -1;
  let longestMs = 0;
  for (const cut of cutsOf(recording)) {
    count += 1;
    if (count % Math.max(every, recording.every) !== 0) {
      continue;
    }
    const tried = Date.now();
    const { faults, said } = await boots.try(cut, recording);
    longestMs = Math.max(longestMs, Date.now() - tried);
    if (faults.length === 0) {
      passed += 1;
    } else {
      failed += 1;
      console.log(`\nFAILED ${placeOf(recording, cut)}\n  ${faults.join("\n  ")}\n${said}\n`);
    }
  }
  const { entries } = recording;
  const flushes = entries.filter(({ kind }) => kind === "flush").length;
  const seconds = (ms: number) => (ms / 1000).toFixed(0);
  const tried = passed + failed - before;
  console.log(
    `${recording.name}: ${entries.length - flushes} writes, ${flushes} flushes, ${tried} of ${count + 1} cut points in ${seconds(Date.now() - started)} s, the longest ${seconds(longestMs)} s`,
  );
}

/** A recording that is broken on purpose has to fail at one cut point at least. */
async function findOut(boots: NextBoots, broken: Recording): Promise<void> {
  let tried = 0;
  for (const cut of cutsOf(broken)) {
    if (cut.entries <= (broken.brokenFrom ?? 0)) {
      continue;
    }
    tried += 1;
    const { faults } = await boots.try(cut, broken);
    if (faults.length === 0) {
      continue;
    }
    console.log(`${broken.name}: found out at cut point ${tried}: ${faults[0]}`);
    return;
  }
  failed += 1;
  console.log(`FAILED ${broken.name}: broken on purpose, but all ${tried} cut points passed`);
}

function placeOf({ name }: Recording, { flushes, entries, survivors }: CutPoint): string {
  return `${name}, after flush ${flushes} (entry ${entries}), surviving: ${survivors}`;
}

/** A disk as a power cut leaves it in the middle of its set-up, of which the next boot is recorded. */
function inTheMiddle(recording: Recording): Recorded["start"] {
  const clearing = recording.entries.findLastIndex(
    (entry) => entry.kind === "write" && entry.offsetBytes === 0,
  );
  const entries = recording.entries.slice(0, clearing);
  return { disk: endOf({ ...recording, entries }).disk, owed: [] };
}

async function recordings(): Promise<Recording[]> {
  const list: Recording[] = [];
  const marked = await record(
    { name: "marked", sizeMiB: 256, sectorBytes: 512, start: "marked" },
    identity,
  );
  const also = async (name: (typeof names)[number], how: Omit<Recorded, "name">) => {
    if (isWanted(name)) {
      list.push(await record({ name, ...how }, identity));
    }
  };
  if (isWanted("marked")) {
    list.push(marked);
  }
  await also("blank", { sizeMiB: 256, sectorBytes: 512, start: "blank" });
  await also("marked-4096", { sizeMiB: 256, sectorBytes: 4096, start: "marked" });
  await also("resumed", { sizeMiB: 256, sectorBytes: 512, start: inTheMiddle(marked) });
  await also("grown", { sizeMiB: 640, sectorBytes: 512, start: endOf(marked) });
  await also("gpt", { sizeMiB: 2_306_868, sectorBytes: 512, start: "marked", every: 4 });
  if (isWanted("broken")) {
    list.push(...breakages.map((breakIt) => breakIt(marked)));
  }
  return list;
}

/** What Podman lists, in a lab of its own: see containers/. */
async function tryPodman(): Promise<void> {
  const count = (tally: Tally) => {
    passed += tally.passed;
    failed += tally.failed;
  };
  for (const name of recorderNames) {
    if (isWanted(name)) {
      count(await tryContainers(name, identity, every));
    }
    if (isWanted(`${name}-broken`)) {
      count(await findContainersOut(name, identity));
    }
  }
}

async function tryDisks(): Promise<void> {
  const all = await recordings();
  const boots = await NextBoots.start(identity);
  try {
    for (const recording of all) {
      await (recording.brokenFrom !== undefined ? findOut : tryAll)(boots, recording);
    }
  } finally {
    await boots.remove();
  }
}

try {
  await tryPodman();
  if (asked.length === 0 || asked.some((name) => !name.startsWith("containers"))) {
    await tryDisks();
  }
  console.log(`${passed} cut points passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  await rm(identity.folder, { recursive: true, force: true });
}
