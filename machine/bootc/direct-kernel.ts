import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { MachineError } from "../error/machine-error.ts";
import { sshToFile } from "../ssh/session.ts";
import { shellWords } from "../ssh/words.ts";
import { syncFolder, writeFileAtomic } from "../store/write-file.ts";
import type { DirectKernel } from "./boot.ts";
import type { Builder, LazyBuilder } from "./builder.ts";
import { readJson } from "./config-file.ts";
import { findDisk, isInside } from "./guest-disk.ts";
import { askGuest } from "./guest-image.ts";
import { consoleDevice } from "./own-architecture.ts";
import type { BootcPlace } from "./place.ts";

const serial = "bootc-disk";

/**
 * Looks on all partitions for entries of a boot loader (the Boot Loader Specification, as ostree and systemd-boot write
 * them), takes the one that such loaders show first, and prints it; or a file that it names.
 */
const script = `
serial=$1 what=$2
${findDisk}${isInside}
place=$(mktemp -d)
trap 'umount "$place" 2>/dev/null || true; rmdir "$place"' EXIT
for part in "$disk"?*; do
  [ -b "$part" ] || continue
  mount -o ro,noload "$part" "$place" 2>/dev/null || mount -o ro "$part" "$place" 2>/dev/null || continue
  for base in "$place" "$place/boot"; do
    entry=
    for one in "$base"/loader/entries/*.conf; do
      [ ! -f "$one" ] || entry=$one
    done
    if [ -n "$entry" ]; then
      if [ "$what" = entry ]; then
        cat "$entry"
      else
        path=$(awk -v key="$what" '$1 == key { print $2; exit }' "$entry")
        [ -f "$base/$path" ] || base=$place
        is_inside "$base/$path" "$place" || fail "the boot loader's entry names $path, which isn't on its disk"
        cat "$base/$path"
      fi
      exit 0
    fi
  done
  umount "$place"
done
fail "no partition that this machine can mount has an entry of a boot loader (loader/entries/*.conf)"
`;

const known = z.object({ commandLine: z.string() });

/** The kernel of an installed disk, with what its boot loader would tell it; taken out of the disk once. */
export async function directKernel(lazy: LazyBuilder, place: BootcPlace): Promise<DirectKernel> {
  const folder = join(place.files.folder, "direct");
  const written = await readJson(join(folder, "boot.json"), known);
  const commandLine = written?.commandLine ?? (await take(await lazy.get(), place, folder));
  return { kernel: join(folder, "vmlinuz"), initrd: join(folder, "initramfs.img"), commandLine };
}

async function take(builder: Builder, place: BootcPlace, folder: string): Promise<string> {
  const unfinished = `${folder}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  const words = (what: string) => ["sh", "-c", script, "bootc", serial, what];
  const disk = { path: place.disk, format: "raw", serial, isReadOnly: true } as const;
  const entry = await builder.withDisk(disk, async () => {
    const text = await askGuest(builder.target, words("entry"), {
      purpose: `Looking for the kernel of ${place.name}`,
    });
    for (const [what, name] of [
      ["linux", "vmlinuz"],
      ["initrd", "initramfs.img"],
    ] as const) {
      await copyOut(builder, words(what), join(unfinished, name));
    }
    return text;
  });
  const commandLine = parseEntry(entry);
  await writeFileAtomic(
    join(unfinished, "boot.json"),
    `${JSON.stringify({ commandLine })}\n`,
    0o600,
  );
  await rm(folder, { recursive: true, force: true });
  await rename(unfinished, folder);
  await syncFolder(place.files.folder);
  return commandLine;
}

/** The kernel's arguments in an entry, with the serial console as the last one, so that its log is kept. */
export function parseEntry(text: string): string {
  const options = [...text.matchAll(/^options[ \t]+(.*)$/gm)].map(
    (match) => match[1]?.trim() ?? "",
  );
  if (options.length === 0) {
    throw new MachineError(
      "The disk's boot loader has no arguments for its kernel, so it has no root.",
    );
  }
  const words = options.join(" ");
  const device = consoleDevice();
  return words.includes(`console=${device}`) ? words : `${words} console=${device}`;
}

async function copyOut(builder: Builder, words: readonly string[], path: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    const status = await sshToFile(builder.target, [shellWords(words)], file.fd);
    const { size } = await file.stat();
    if (status !== 0 || size === 0) {
      throw new MachineError(`${path} could not be copied out of the disk (status ${status}).`);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}
