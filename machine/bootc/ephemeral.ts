import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { parse, TomlError } from "smol-toml";
import * as z from "zod";
import { MachineError } from "../error/machine-error.ts";
import { syncFolder, writeFileAtomic } from "../store/write-file.ts";
import type { Builder } from "./builder.ts";
import { readJson } from "./config-file.ts";
import { findDisk, isInside, notBlank } from "./guest-disk.ts";
import { askGuest, type GuestImage } from "./guest-image.ts";
import { consoleDevice, ownArchitecture } from "./own-architecture.ts";
import type { BootcPlace } from "./place.ts";

const serial = "bootc-root";
/** By which the kernel finds its root, wherever the disk is. */
const label = "bootc-root";
/** Where the kernel and its initramfs come to lie behind the filesystem, until the host has taken them. */
const roomForKernel = 1024 * 2 ** 20;
const block = 2 ** 20;
const makeTimeoutMs = 3_600_000;

const boot = z.object({ kernelArguments: z.string(), sizeBytes: z.int() });

/** What QEMU boots of an image that wasn't installed. */
export interface EphemeralBoot {
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
  readonly kernelArguments: string;
  readonly sizeBytes: number;
}

/**
 * Makes a filesystem of an image's files, and lays the image's kernel and its initramfs behind it: what comes over SSH
 * takes ten times as long where processors are emulated.
 */
const script = `
image=$1 serial=$2 label=$3 sizeKiB=$4
${findDisk}${isInside}
root=$(podman image mount "$image")
trap 'podman image unmount "$image" >/dev/null' EXIT
kernel=
for one in "$root"/usr/lib/modules/*/vmlinuz; do
  is_inside "$one" "$root" && is_inside "\${one%/*}/initramfs.img" "$root" || continue
  [ ! -f "$one" ] || [ ! -f "\${one%/*}/initramfs.img" ] || kernel=$one
done
[ -n "$kernel" ] || fail "the image has no /usr/lib/modules/*/vmlinuz with an initramfs.img beside it: it can't be booted"
/usr/sbin/mke2fs -q -F -t ext4 -L "$label" -m 0 -E lazy_itable_init=1,lazy_journal_init=1 -d "$root" "$disk" "\${sizeKiB}k" >&2
at=$((sizeKiB / 1024))
for one in "$kernel" "\${kernel%/*}/initramfs.img"; do
  set -- $(stat -L -c %s "$one") $(sha256sum <"$one")
  echo "file $at $1 $2"
  dd if="$one" of="$disk" bs=1M seek="$at" conv=notrunc 2>/dev/null
  at=$((at + $1 / 1048576 + 1))
done
sync
blockdev --flushbufs "$disk"
for one in "$root"/usr/lib/bootc/kargs.d/*.toml; do
  ! is_inside "$one" "$root" || [ ! -f "$one" ] || echo "kargs $(base64 -w0 <"$one")"
done
`;

/** Where the kernel or its initramfs lies on the disk. */
interface LaidFile {
  readonly at: number;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** What was made of this image before; undefined when nothing was. */
export async function knownEphemeral(place: BootcPlace): Promise<EphemeralBoot | undefined> {
  const known = await readJson(join(place.ephemeral, "boot.json"), boot);
  return known === undefined
    ? undefined
    : {
        disk: join(place.ephemeral, "root.raw"),
        kernel: join(place.ephemeral, "vmlinuz"),
        initrd: join(place.ephemeral, "initramfs.img"),
        ...known,
      };
}

/**
 * Makes it. What is whole gets its name at the end: a command that is killed leaves a folder that the next one removes.
 *
 * @param sizeBytes of the filesystem.
 */
export async function makeEphemeral(
  builder: Builder,
  image: GuestImage,
  place: BootcPlace,
  sizeBytes: number,
): Promise<EphemeralBoot> {
  const unfinished = `${place.ephemeral}.new`;
  const size = Math.ceil(sizeBytes / block) * block;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  const disk = join(unfinished, "root.raw");
  const file = await open(disk, "wx+", 0o600);
  try {
    await file.write(notBlank);
    await file.truncate(size + roomForKernel);
    const plugged = { path: disk, format: "raw", serial, isReadOnly: false } as const;
    const words = ["sh", "-c", script, "bootc", image.id, serial, label, String(size / 1024)];
    const said = await builder.withDisk(plugged, () =>
      askGuest(builder.target, words, {
        purpose: `Making a disk of ${image.repoTag}`,
        timeoutMs: makeTimeoutMs,
      }),
    );
    const { kernel, initrd, kernelArguments } = parseSaid(said);
    await takeFile(file, kernel, join(unfinished, "vmlinuz"));
    await takeFile(file, initrd, join(unfinished, "initramfs.img"));
    await file.truncate(size);
    await file.sync();
    await writeFileAtomic(
      join(unfinished, "boot.json"),
      `${JSON.stringify({ kernelArguments, sizeBytes: size })}\n`,
      0o600,
    );
  } finally {
    await file.close();
  }
  await rm(place.ephemeral, { recursive: true, force: true });
  await rename(unfinished, place.ephemeral);
  await syncFolder(place.files.folder);
  const made = await knownEphemeral(place);
  if (made === undefined) {
    throw new MachineError(
      `${place.ephemeral} was removed while it was made: run the command again.`,
    );
  }
  return made;
}

/** Reads what the script prints. */
export function parseSaid(text: string): {
  kernel: LaidFile;
  initrd: LaidFile;
  kernelArguments: string;
} {
  const lines = text.split("\n");
  const [kernel, initrd] = lines.flatMap((line) => {
    const match = /^file (\d+) (\d+) ([0-9a-f]{64})$/.exec(line);
    return match === null
      ? []
      : [
          {
            at: Number(match[1]) * block,
            sizeBytes: Number(match[2]),
            sha256: match[3] ?? "",
          },
        ];
  });
  if (kernel === undefined || initrd === undefined) {
    throw new MachineError("The machine didn't say where it laid the image's kernel.");
  }
  const files = lines
    .filter((line) => line.startsWith("kargs "))
    .map((line) => Buffer.from(line.slice("kargs ".length), "base64").toString());
  return { kernel, initrd, kernelArguments: files.flatMap(argumentsIn).join(" ") };
}

const kargs = z.looseObject({
  kargs: z.array(z.string()).default([]),
  "match-architectures": z.array(z.string()).optional(),
});

/** The kernel arguments of a file in /usr/lib/bootc/kargs.d (bootc, "Kernel arguments"). */
function argumentsIn(text: string): string[] {
  try {
    const { kargs: words, "match-architectures": only } = kargs.parse(parse(text));
    const own = ownArchitecture() === "arm64" ? "aarch64" : "x86_64";
    return only === undefined || only.includes(own) ? words : [];
  } catch (error) {
    if (error instanceof TomlError || error instanceof z.ZodError) {
      throw new MachineError(
        `A file of the image in /usr/lib/bootc/kargs.d can't be read as bootc would: ${error.message.split("\n")[0]}`,
        { cause: error },
      );
    }
    throw error;
  }
}

/** Copies a file out of the disk. Throws when it isn't what the machine said. */
async function takeFile(disk: FileHandle, laid: LaidFile, path: string): Promise<void> {
  if (laid.sizeBytes > roomForKernel) {
    throw new MachineError(`A kernel or initramfs of ${laid.sizeBytes} bytes is too large.`);
  }
  const bytes = Buffer.alloc(laid.sizeBytes);
  const { bytesRead } = await disk.read(bytes, 0, bytes.length, laid.at);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (bytesRead !== laid.sizeBytes || sha256 !== laid.sha256) {
    throw new MachineError(`${path} isn't what the machine laid there: run the command again.`);
  }
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The kernel's arguments for a root that was made so. */
export function ephemeralCommandLine(added: string): string {
  // Its files have no labels of SELinux: an image that enforces them wouldn't let anything start.
  return [`root=LABEL=${label} rw console=${consoleDevice()} selinux=0`, added]
    .filter(Boolean)
    .join(" ");
}
