import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readRecipe } from "../recipe/recipe.ts";
import { diskBytes, firstSector, mebibyte, partitions } from "./layout.ts";
import { diskGrubConfig } from "./menu.ts";

const folder = mkdtempSync(join(tmpdir(), "disk-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the disk's partitions", () => {
  it("are read by sfdisk as they are meant: loaders, two places for /usr, and data last", () => {
    const disk = join(folder, "disk");
    writeFileSync(disk, firstSector(Buffer.alloc(512, 7)));
    execFileSync("truncate", ["-s", String(diskBytes), disk]);
    const { partitiontable: table } = JSON.parse(
      execFileSync("sfdisk", ["--json", disk], { encoding: "utf8" }),
    );
    expect(table).toMatchObject({ label: "dos", id: "0xb2b0d150" });
    const shown = table.partitions.map((one: Record<string, unknown>) => [
      one.type,
      Number(one.start) / 2048,
      Number(one.size) / 2048,
      one.bootable ?? false,
    ]);
    expect(shown).toEqual([
      ["ef", 1, 128, true],
      ["83", 129, 320, false],
      ["83", 449, 320, false],
      ["83", 770, 4096 - 770, false],
    ]);
  });

  it("leave room in front of the last one for what asks for its filesystem", () => {
    const [, , second, data] = partitions;
    expect(data.startBytes - second.startBytes - second.sizeBytes).toBe(mebibyte);
  });
});

it("the disk's menu starts the kernel with the ISO's command lines, and only the small initrd", () => {
  const recipe = readRecipe(new URL("../recipe.toml", import.meta.url).pathname, "amd64");
  const menu = diskGrubConfig(recipe);
  // One more for the version before an upgrade.
  expect(menu.match(/^menuentry /gm)).toHaveLength(recipe.menu.entries.length + 1);
  expect(menu).toContain("/boot/$slot/vmlinuz64 rootfstype=ramfs ");
  expect(menu).not.toContain("boot2podman.gz");
  const path = join(folder, "grub.cfg");
  writeFileSync(path, menu);
  execFileSync("grub-script-check", [path]);
});
