import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { boot2podman } from "../../flavour/flavour.ts";
import {
  type AutomountOptions,
  type DiskSelector,
  isOff,
} from "../../settings/options/automount.ts";
import type { Content, Ext4 } from "../content/content.ts";
import type { Disk, Partition } from "../disk/disk.ts";
import { disk, ourTable, partition } from "./made-disks.testing.ts";
import { plan } from "./plan.ts";
import { type DiskStep, formattedDisks, type Place, writtenFilesystems } from "./steps.ts";

/** What may be written is said here again in other words than in the plan, so that a slip in one shows. */

const { label } = boot2podman;

const ext4Content = fc.record({
  is: fc.constant("ext4" as const),
  ext4: fc.record<Ext4>({
    label: fc.constantFrom(label, label, "", "photos", label.slice(0, 15)),
    uuid: fc.constantFrom("a", "b"),
    sizeBytes: fc.constant(1e9),
    blockBytes: fc.constant(4096),
    lastMountedMs: fc.constantFrom(1e12, 2e12),
    needsFullCheck: fc.boolean(),
    lastMachine: fc.constantFrom("here", "elsewhere"),
    everMounted: fc.boolean(),
    holdsSystem: fc.constantFrom(true, false, undefined),
  }),
});
const leafContent: fc.Arbitrary<Content> = fc.oneof(
  ext4Content,
  fc.record({ is: fc.constant("empty" as const), zeros: fc.boolean() }),
  fc.constant<Content>({ is: "unreadable", why: "EIO" }),
  fc.record({
    is: fc.constant("foreign" as const),
    types: fc.constantFrom(["xfs"], ["LUKS"], ["ISO 9660"]),
    label: fc.constantFrom(undefined, label, "Boot2Podman-v1.0.0"),
  }),
);
const tableContent: fc.Arbitrary<Content> = fc.constantFrom<Content>(
  ourTable,
  { is: "table", table: { type: "dos", entries: [], isWhole: true } },
  {
    is: "table",
    table: {
      type: "gpt",
      isWhole: false,
      entries: [{ number: 1, startBytes: 2 ** 20, sizeBytes: 2 ** 20, typeCode: "x" }],
    },
  },
);
const used = fc.constantFrom(undefined, undefined, undefined, "mounted at /mnt/x");

const partitions: fc.Arbitrary<Partition[]> = fc
  .array(
    fc.record({
      content: leafContent,
      readOnly: fc.boolean(),
      inUse: used,
      asked: fc.constantFrom(false, false, true),
    }),
    { maxLength: 3 },
  )
  .map((parts) =>
    parts.map(({ asked, ...part }, index) => {
      // Observation gives the mark to nothing else.
      const isAskedFor = asked && (part.content.is === "empty" || isOurs(part.content));
      const mark = isAskedFor ? { isAskedFor: true as const } : {};
      return partition(`p${index + 1}`, part.content, { ...part, ...mark });
    }),
  );

/** Table and kernel agree where the first partition lies; that is what growing asks for. */
function asInOurTable({ partitions: parts }: Disk): Partition[] {
  const sizeBytes = 20 * 2 ** 30 - 2 ** 20;
  return parts.map((part, index) =>
    index === 0 ? { ...part, startBytes: 2 ** 20, sizeBytes } : part,
  );
}

function unasked({ partitions: parts }: Disk): Partition[] {
  return parts.map(({ isAskedFor: _, ...part }) => part);
}

const anyDisk: fc.Arbitrary<Disk> = fc
  .record({
    kind: fc.constantFrom("disk", "disk", "disk", "virtual", "optical"),
    sizeBytes: fc.constantFrom(2 ** 20, 20 * 2 ** 30, 3 * 2 ** 40),
    readOnly: fc.constantFrom(false, false, true),
    inUse: used,
    content: fc.oneof(leafContent, tableContent),
    magic: fc.option(
      fc.record({
        behind: leafContent,
        archive: fc.constantFrom(
          { state: "none" } as const,
          { state: "complete", lengthBytes: 4608, members: 1 } as const,
        ),
      }),
      { nil: undefined },
    ),
    partitions,
  })
  .map((made) => disk("x", made))
  // A disk that asks for itself isn't looked at for partitions that are asked for.
  .map((made) => (made.magic === undefined ? made : { ...made, partitions: unasked(made) }))
  .map((made) => (made.content === ourTable ? { ...made, partitions: asInOurTable(made) } : made));

const disks = fc
  .array(anyDisk, { maxLength: 4 })
  .map((made) => made.map((one, index) => ({ ...one, name: `sd${"abcd"[index]}` })));

const selector: fc.Arbitrary<DiskSelector | undefined> = fc.constantFrom(
  undefined,
  { by: "name", value: "sda" },
  { by: "name", value: "p1" },
  { by: "uuid", value: "a" },
  { by: "label", value: "photos" },
  { by: "nothing" },
);
const options: fc.Arbitrary<AutomountOptions> = fc.record({
  enabled: fc.constantFrom(true, true, true, false),
  format: fc.constantFrom("never", "magic", "vm", "blank"),
  disk: selector,
  wait: fc.constant(undefined),
  hooks: fc.constantFrom("labelled", "always", "never"),
});
const situations = fc.record({
  disks,
  options,
  flavour: fc.constant(boot2podman),
  inVirtualMachine: fc.boolean(),
  machine: fc.constantFrom(undefined, "here"),
});

/** One disk with our table, often larger than the table says, and sometimes with a partition behind ours. */
const enlarged = fc.record({
  disks: fc
    .record({
      sizeBytes: fc.integer({ min: 20 * 2 ** 30, max: 3 * 2 ** 40 }),
      readOnly: fc.constantFrom(false, false, true),
      inUse: used,
      parts: fc.tuple(
        fc.oneof(ext4Content, leafContent),
        fc.option(leafContent, { nil: undefined }),
      ),
    })
    .map(({ parts: [first, second], ...made }) => {
      const behind = second === undefined ? [] : [partition("p2", second, { startBytes: 2 ** 40 })];
      const partitions = asInOurTable(
        disk("sda", { partitions: [partition("p1", first), ...behind] }),
      );
      return [disk("sda", { ...made, content: ourTable, partitions })];
    }),
  options,
  flavour: fc.constant(boot2podman),
  inVirtualMachine: fc.boolean(),
});

function isOurs(content: Content): boolean {
  return content.is === "ext4" && content.ext4.label === label;
}

/** Whether nothing of anybody else would be lost if the disk were formatted. */
function holdsNothing(one: Disk): boolean {
  const isEmptyOrOurs = (content: Content) => content.is === "empty" || isOurs(content);
  if (one.magic === undefined) {
    return one.content.is === "empty" && one.content.zeros && one.partitions.length === 0;
  }
  const table =
    one.content === ourTable && one.partitions.every(({ content }) => isEmptyOrOurs(content));
  const mountedBefore = one.magic.behind.is === "ext4" && one.magic.behind.ext4.everMounted;
  return (one.content.is === "empty" || table) && isEmptyOrOurs(one.magic.behind) && !mountedBefore;
}

function isEmptyOrUnused(content: Content): boolean {
  const isUnused = content.is === "ext4" && !content.ext4.everMounted;
  return content.is === "empty" || (isOurs(content) && isUnused);
}

/** The partition that a step of that kind changes. */
function partitionOf(
  one: Disk,
  steps: readonly DiskStep[],
  kind: "fill-partition" | "clear-request",
): Partition | undefined {
  const step = steps.find((found) => found.do === kind);
  return step !== undefined && "place" in step && step.place.disk === one.name
    ? one.partitions.find(({ number }) => number === step.place.partition)
    : undefined;
}

const contentAt = (one: Disk, place: Place) =>
  place.partition === 0
    ? one.content
    : one.partitions.find(({ number }) => number === place.partition)?.content;

describe("whatever the disks and options are", () => {
  test("only a disk that is blank where that is allowed, or marked by the magic with nothing behind it, is formatted", () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const { steps } = plan(situation);
        const isFormatting = steps.some((step) => step.do === "make-filesystem");
        for (const name of formattedDisks(steps)) {
          const one = situation.disks.find((found) => found.name === name);
          if (one === undefined) {
            throw new Error(`${name} is no disk`);
          }
          expect(one.kind).toBe("disk");
          expect(one.readOnly).toBe(false);
          expect(one.inUse).toBeUndefined();
          const { format } = situation.options;
          const filled = partitionOf(one, steps, "fill-partition");
          if (filled !== undefined) {
            expect(format).not.toBe("never");
            expect(filled.isAskedFor && !filled.readOnly && filled.inUse === undefined).toBe(true);
            expect(isEmptyOrUnused(filled.content)).toBe(true);
            continue;
          }
          if (!isFormatting) {
            // What an interrupted set-up left: only the magic is cleared.
            const isMarked = one.magic !== undefined && one.content === ourTable;
            const cleared = partitionOf(one, steps, "clear-request");
            expect(isMarked || cleared?.isAskedFor).toBe(true);
            continue;
          }
          expect(holdsNothing(one)).toBe(true);
          expect(format).not.toBe("never");
          const blankAllowed =
            format === "blank" || (format === "vm" && situation.inVirtualMachine);
          expect(one.magic !== undefined || blankAllowed).toBe(true);
        }
        expect(formattedDisks(steps).length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 3000 },
    );
  });

  test("only our filesystem, the one that was named, or the single unlabelled one is mounted for writing", () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const { steps } = plan(situation);
        for (const place of writtenFilesystems(steps)) {
          if (formattedDisks(steps).includes(place.disk)) {
            continue;
          }
          const one = situation.disks.find((found) => found.name === place.disk);
          const content = one === undefined ? undefined : contentAt(one, place);
          if (one === undefined || content?.is !== "ext4") {
            throw new Error("no ext4 there");
          }
          expect(one.kind).toBe("disk");
          const allowed =
            isOurs(content) ||
            situation.options.disk !== undefined ||
            (content.ext4.label === "" && content.ext4.holdsSystem === false);
          expect(allowed).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test("only the partition of our own labelled filesystem, or of the one that was named, grows, and into free space", () => {
    let seen = 0;
    fc.assert(
      fc.property(enlarged, (situation) => {
        for (const step of plan(situation).steps) {
          if (step.do !== "grow-partition") {
            continue;
          }
          seen += 1;
          const one = situation.disks.find(({ name }) => name === step.place.disk);
          const content = one && contentAt(one, step.place);
          if (one === undefined || content?.is !== "ext4") {
            throw new Error("no ext4 there");
          }
          expect(isOurs(content) || situation.options.disk !== undefined).toBe(true);
          const mine = one.partitions.find(({ number }) => number === step.place.partition);
          const end = (mine?.startBytes ?? 0) + step.sizeBytes;
          expect(end).toBeLessThanOrEqual(one.sizeBytes);
          expect(step.sizeBytes).toBeGreaterThan(mine?.sizeBytes ?? 0);
          const behind = one.partitions.filter(
            (other) => other.startBytes > (mine?.startBytes ?? 0),
          );
          expect(behind).toEqual([]);
        }
      }),
      { numRuns: 3000 },
    );
    expect(seen).toBeGreaterThan(10);
  });

  test("nothing is done when it isn't clear which disk may be used, or when none may", () => {
    fc.assert(
      fc.property(situations, (situation) => {
        fc.pre(isOff(situation.options));
        expect(plan(situation).steps).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  test("a disk with a labelled filesystem is never formatted (accident 1)", () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const { steps } = plan(situation);
        const made = formattedDisks(steps.filter((step) => /^(make|fill)-/.test(step.do)));
        // In a partition that is asked for nobody has used it yet.
        const isKept = (part: Partition) =>
          isOurs(part.content) && !(part.isAskedFor && isEmptyOrUnused(part.content));
        const labelled = situation.disks.filter(
          ({ content, partitions: parts }) => isOurs(content) || parts.some(isKept),
        );
        expect(labelled.map(({ name }) => name).filter((name) => made.includes(name))).toEqual([]);
      }),
      { numRuns: 3000 },
    );
  });

  test("every disk is used or has one note", () => {
    fc.assert(
      fc.property(situations, (situation) => {
        fc.pre(!isOff(situation.options));
        const result = plan(situation);
        const usedDisk = result.steps.flatMap((step) =>
          step.do === "mount" ? [step.place.disk] : [],
        );
        const accounted = [...usedDisk, ...result.notes.map((note) => note.disk)].sort();
        expect(accounted).toEqual(situation.disks.map(({ name }) => name).sort());
      }),
      { numRuns: 1000 },
    );
  });
});
