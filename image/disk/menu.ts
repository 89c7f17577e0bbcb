import { entryCommandLine, grubHead } from "../iso/menus.ts";
import type { Recipe } from "../recipe/recipe.ts";

/** Folders of the boot partition that hold a kernel and its initrd each: the first one from the beginning. */
export const slotFolders = ["boot/a", "boot/b"] as const;

/**
 * grubenv, which GRUB reads and writes in place: "slot" is booted; "try" once instead of it, until a boot that came up
 * makes it the slot.
 */
export function environmentBlock(): string {
  return "# GRUB Environment Block\nslot=a\ntry=\n".padEnd(1024, "#");
}

/** Whoever boots the disk may hand it an Ignition config (docs/podman-machine-client.md). */
const always = "ignition.platform.id=qemu";

/** grub.cfg of the disk, for BIOS and UEFI. */
export function diskGrubConfig(recipe: Pick<Recipe, "image" | "menu" | "machine">): string {
  const menuEntry = (title: string, id: string, slot: string, words: string) => [
    `menuentry "${title}" --id ${id} {`,
    `  linux /boot/${slot}/vmlinuz64 ${words} ${always}`,
    `  initrd /boot/${slot}/corepure64.gz`,
    "}",
  ];
  const entries = recipe.menu.entries.flatMap((entry) =>
    menuEntry(entry.title, entry.name, "$slot", `${entryCommandLine(recipe, entry)} $trying`),
  );
  const [first] = recipe.menu.entries;
  const before = first === undefined ? "" : entryCommandLine(recipe, first);
  return [
    ...grubHead(recipe),
    "set slot=a",
    "load_env slot try",
    'if [ -n "$try" ]; then',
    "  set slot=$try",
    "  set trying=boot2podman.trying=$try",
    "  set try=",
    "  save_env try",
    "fi",
    "set other=b",
    'if [ "$slot" = b ]; then set other=a; fi',
    ...entries,
    "if [ -e /boot/$other/corepure64.gz ]; then",
    ...menuEntry("boot2podman, the other version", "other", "$other", before),
    "fi",
    "",
  ].join("\n");
}
