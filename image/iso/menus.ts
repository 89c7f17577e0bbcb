import type { Recipe } from "../recipe/recipe.ts";

/** Path of the kernel on the ISO; loaders read it from ISO 9660. */
export const isoKernel = "boot/vmlinuz64";
/** Paths of the base and the add-on initrd on the ISO, in the order in which the kernel unpacks them. */
export const isoInitrds = ["boot/corepure64.gz", "boot/boot2podman.gz"];

type Menu = Pick<Recipe, "image" | "menu" | "machine"> & Partial<Pick<Recipe, "cde">>;

/** The kernel command line of the default entry. */
export function commandLine(recipe: Menu): string {
  const { console, command_line: further } = recipe.machine;
  const common = recipe.image.command_line.replaceAll("{console}", console);
  return further === "" ? common : `${common} ${further}`;
}

/** The kernel command line of a menu entry: the default's, with words replaced and added. */
export function entryCommandLine(recipe: Menu, entry: Menu["menu"]["entries"][number]): string {
  const words = commandLine(recipe)
    .split(" ")
    .map((word) => entry.replace[word] ?? word);
  const cde = (recipe.cde ?? []).length > 0 ? ["cde"] : [];
  return [...words, ...cde, ...entry.add.split(" ")].filter(Boolean).join(" ");
}

/** isolinux.cfg: the menu under BIOS, on the screen and on the serial line. */
export function isolinuxConfig(recipe: Menu): string {
  const [first] = recipe.menu.entries;
  const entries = recipe.menu.entries.flatMap((entry) => [
    `label ${entry.name}`,
    `  menu label ${entry.title}`,
    `  kernel /${isoKernel}`,
    `  initrd ${isoInitrds.map((path) => `/${path}`).join(",")}`,
    `  append ${entryCommandLine(recipe, entry)}`,
  ]);
  return [
    "serial 0 115200",
    "ui menu.c32",
    "menu title boot2podman",
    `default ${first?.name ?? "default"}`,
    `timeout ${recipe.menu.timeout_tenths}`,
    ...entries,
    "",
  ].join("\n");
}

/** How each of our grub.cfg begins: the menu waits, and is on the serial port too. */
export function grubHead(recipe: Pick<Recipe, "menu">): string[] {
  return [
    // GRUB counts whole seconds.
    `set timeout=${Math.ceil(recipe.menu.timeout_tenths / 10)}`,
    "set default=0",
    "if serial --unit=0 --speed=115200; then",
    "  terminal_input console serial",
    "  terminal_output console serial",
    "fi",
  ];
}

/** grub.cfg: the menu under UEFI. */
export function grubConfig(recipe: Menu): string {
  const entries = recipe.menu.entries.flatMap((entry) => [
    `menuentry "${entry.title}" --id ${entry.name} {`,
    `  linux /${isoKernel} ${entryCommandLine(recipe, entry)}`,
    `  initrd ${isoInitrds.map((path) => `/${path}`).join(" ")}`,
    "}",
  ]);
  return [...grubHead(recipe), ...entries, ""].join("\n");
}
