import { describe, expect, test } from "vitest";
import { labelledCases } from "./cases/labelled.testing.ts";
import { magicCases } from "./cases/magic.testing.ts";
import { otherDiskCases } from "./cases/other-disks.testing.ts";
import { partitionCases } from "./cases/partition.testing.ts";
import { unlabelledAndBlankCases } from "./cases/unlabelled-and-blank.testing.ts";
import { data, disk, empty, ext4, foreign, magic, situation } from "./made-disks.testing.ts";
import { plan } from "./plan.ts";
import { type RowId, rows } from "./rows.ts";
import { formattedDisks, stepText } from "./steps.ts";

const cases = [
  ...labelledCases,
  ...magicCases,
  ...partitionCases,
  ...unlabelledAndBlankCases,
  ...otherDiskCases,
];
const archive = { state: "complete", lengthBytes: 4608, members: 3 } as const;
const other = ext4("boot2podman-data", { uuid: "other" });

describe("the decision table", () => {
  test.each(cases)("$name", (one) => {
    const made = situation(one.disks, one.options);
    const result = plan({
      ...made,
      inVirtualMachine: one.elsewhereThanVm !== true,
      machine: one.machine,
    });
    const mount = result.steps.find((step) => step.do === "mount");
    expect({
      row: result.row,
      notes: Object.fromEntries(result.notes.map(({ disk, row }) => [disk, row])),
      formats: formattedDisks(result.steps),
      mounts: mount?.do === "mount" ? `${mount.place.disk} ${mount.place.partition}` : undefined,
    }).toEqual({
      row: one.row,
      notes: one.notes ?? {},
      formats: one.formats === undefined ? [] : [one.formats],
      mounts: one.mounts,
    });
  });

  test("every case is reached by a test", () => {
    const reached = new Set(
      cases.flatMap(({ row, notes }) => [row, ...Object.values(notes ?? {})]),
    );
    expect(Object.keys(rows).filter((id) => !reached.has(id as RowId))).toEqual([]);
  });
});

describe("the steps", () => {
  test("of a set-up keep the archive before they clear the magic, and bind after both", () => {
    const { steps } = plan(situation([disk("sda", { magic: magic(empty, archive) })]));
    expect(steps.map(stepText)).toEqual([
      "make an ext4 filesystem labelled boot2podman-data on sda, 1048576 bytes in",
      "write a DOS table with one partition to sda",
      "wait for partition 1 of sda",
      "check the filesystem on partition 1 of sda",
      "mount partition 1 of sda for writing",
      "keep the userdata archive of sda in its filesystem",
      "clear the magic on sda",
      "bind var/lib/boot2podman of the data disk over /var/lib/boot2podman",
      "bind var/lib/containers of the data disk over /var/lib/containers",
      "bind var/lib/containers/networks of the data disk over /etc/containers/networks",
      "bind var/lib/boot2podman/etc/containers/systemd of the data disk over /etc/containers/systemd",
      "bind home/tc/.config/containers/systemd of the data disk over /home/tc/.config/containers/systemd",
      "bind local/share/containers of the data disk over /home/tc/.local/share/containers",
      "bind home/tc/.ssh of the data disk over /home/tc/.ssh",
      "extract userdata into the home folder",
    ]);
  });

  test("on a disk of ours check before they mount (accident 3)", () => {
    const { steps } = plan(situation([disk("sda", { content: data })]));
    expect(steps.slice(0, 2).map(({ do: name }) => name)).toEqual(["check", "mount"]);
  });

  test("on a read-only disk neither check nor bind", () => {
    const { steps } = plan(situation([disk("sda", { content: data, readOnly: true })]));
    expect(steps.map(({ do: name }) => name)).toEqual(["mount", "seed-home"]);
  });
});

describe("the messages", () => {
  test("name every labelled filesystem with its UUID when there are several", () => {
    const { message } = plan(
      situation([disk("sda", { content: data }), disk("sdb", { content: other })]),
    );
    expect(message).toContain("sda (UUID=11111111-2222-3333-4444-555555555555), sdb (UUID=other)");
    expect(message).toContain("boot2podman.disk=UUID=");
  });

  test("say what was found, what was done and what to do", () => {
    const { notes } = plan(situation([disk("sda", { magic: magic(foreign("xfs")) })]));
    expect(notes[0]?.message).toBe(
      "sda (21.5 GB): xfs where the partition would start: refused, not written. Save what you need, then `wipefs -a` the disk and write the magic again.",
    );
  });
});
