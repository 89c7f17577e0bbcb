import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { storeContent } from "../files/content.ts";
import type { FileEntry } from "../files/entry.ts";
import { readRecipe } from "../recipe/recipe.ts";
import { makeEfiPartition } from "./efi-partition.ts";
import { volumeId } from "./iso.ts";
import { commandLine, entryCommandLine, grubConfig, isolinuxConfig } from "./menus.ts";

const recipePath = new URL("../recipe.toml", import.meta.url).pathname;
const recipe = readRecipe(recipePath, "amd64");

describe("the boot menu", () => {
  const lines = Object.fromEntries(
    recipe.menu.entries.map((entry) => [entry.name, entryCommandLine(recipe, entry).split(" ")]),
  );

  it("boots by default with the recipe's command line", () => {
    expect(lines.default?.join(" ")).toBe(commandLine(recipe));
    expect(lines.default).toContain("noembed");
    expect(lines.default).toContain("console=ttyS0");
  });

  it("has embed, which replaces noembed", () => {
    expect(lines.embed).toContain("embed");
    expect(lines.embed).not.toContain("noembed");
  });

  it("says cde where the ISO carries extensions", () => {
    const carrying = { ...recipe, cde: ["/x/skopeo-1-x86-64.raw"] };
    expect(isolinuxConfig(carrying)).toContain(`append ${commandLine(recipe)} cde\n`);
    expect(grubConfig(carrying)).toContain(`${commandLine(recipe)} cde`);
    expect(isolinuxConfig(recipe)).not.toContain(" cde");
  });

  it("has rescue, which leaves the agents out", () => {
    expect(lines.rescue).toContain("boot2podman.rescue");
  });

  it("is the same under BIOS and UEFI, on the serial line too, and waits a second at most", () => {
    const isolinux = isolinuxConfig(recipe);
    const grub = grubConfig(recipe);
    for (const { name } of recipe.menu.entries) {
      expect(isolinux).toContain(`  append ${lines[name]?.join(" ")}\n`);
      expect(grub).toContain(`  linux /boot/vmlinuz64 ${lines[name]?.join(" ")}\n`);
    }
    expect(isolinux).toContain("serial 0 115200");
    expect(grub).toContain("serial --unit=0 --speed=115200");
    expect(Number(/^timeout (\d+)$/m.exec(isolinux)?.[1])).toBeLessThanOrEqual(10);
    expect(grub).toContain("set timeout=1\n");
  });

  it("has the console of the architecture, and further words of its own", () => {
    const words = commandLine(readRecipe(recipePath, "arm64")).split(" ");
    expect(words).toContain("console=ttyAMA0");
    expect(words.at(-1)).toBe("cma=0");
    expect(commandLine(recipe).split(" ").at(-1)).toBe("no_timer_check");
  });
});

it("the volume id has the version", () => {
  expect(volumeId(recipe, "1.2.3")).toBe("Boot2Podman-v1.2.3");
});

describe("the EFI partition", () => {
  const made = async () => {
    const folder = mkdtempSync(join(tmpdir(), "efi-"));
    const store = { folder: join(folder, "content") };
    const files = ["BOOTX64.EFI", "grubx64.efi"].map((name, index) => {
      const bytes = Buffer.alloc(1_000_000 + index * 777, name);
      const sha256 = storeContent(store, bytes);
      const owner = { mode: 0o644, uid: 0, gid: 0, sizeBytes: bytes.length };
      const entry: FileEntry = { path: name, type: "file", ...owner, sha256 };
      return { name, entry, bytes };
    });
    return { files, image: await makeEfiPartition(files, store, folder, 1_700_000_000), folder };
  };

  it("holds the loaders whole, and hardly anything else", async () => {
    const { files, image, folder } = await made();
    for (const { name, bytes } of files) {
      const copy = join(folder, "copy");
      execFileSync("mcopy", ["-n", "-o", "-i", image, `::/EFI/BOOT/${name}`, copy]);
      expect(readFileSync(copy).equals(bytes)).toBe(true);
    }
    const contentBytes = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(readFileSync(image).length).toBeLessThan(contentBytes + 60_000);
  });

  it("is the same bytes every time", async () => {
    const [first, second] = [await made(), await made()];
    expect(readFileSync(second.image).equals(readFileSync(first.image))).toBe(true);
  });
});
