import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { hasCode } from "../../kernel/kernel-error.ts";
import { mebibyte } from "../../units/bytes.ts";
import type { Layer } from "../stores/lists.ts";
import { Crc64 } from "./crc64.ts";
import { type LayerFile, readTarSplit } from "./tar-split.ts";

const partBytes = mebibyte;
const longestNotesBytes = 256 * mebibyte;
const linkBytes = 26;

/** What a check found of a layer: undefined when it is whole. */
export async function damageOf(
  kernel: Kernel,
  folder: string,
  layer: Layer,
): Promise<string | undefined> {
  const place = `overlay/${layer.id}`;
  try {
    if (kernel.lstat(`${folder}/${place}/diff`)?.kind !== "folder") {
      return "its folder is missing";
    }
    for (const [name, isWanted] of [
      ["link", true],
      ["lower", (layer.parent ?? "") !== ""],
    ] as const) {
      if (isWanted && sizeOf(kernel, `${folder}/${place}`, name) < linkBytes) {
        return `${folder}/${place}/${name} is empty`;
      }
    }
    const notes = kernel.withFolderBeneath(folder, "overlay-layers", (path) =>
      kernel.readNoFollow(`${path}/${layer.id}.tar-split.gz`, longestNotesBytes),
    );
    if (notes === undefined) {
      // A container's own layer: there is nothing to compare it with. An image's layer always has notes.
      return layer["diff-digest"] === undefined
        ? undefined
        : "Podman's notes of its files are missing";
    }
    for (const [path, file] of await readTarSplit(notes)) {
      const damage = fileDamage(kernel, `${folder}/${place}/diff`, path, file);
      if (damage !== undefined) {
        return `${path} ${damage}`;
      }
    }
    return undefined;
  } catch (error) {
    return `it can't be read: ${oneLine(error)}`;
  }
}

function sizeOf(kernel: Kernel, folder: string, name: string): number {
  return kernel.lstat(`${folder}/${name}`)?.sizeBytes ?? 0;
}

/** Undefined for a file that is as it came. Nothing but a regular file, reached without links, is read. */
function fileDamage(
  kernel: Kernel,
  diff: string,
  path: string,
  { sizeBytes, sum }: LayerFile,
): string | undefined {
  const slash = path.lastIndexOf("/");
  const [parent, name] = slash === -1 ? [".", path] : [path.slice(0, slash), path.slice(slash + 1)];
  try {
    return kernel.withFolderBeneath(diff, parent, (within) => {
      const reader = kernel.openReader(`${within}/${name}`);
      if (reader === undefined) {
        return "is missing";
      }
      try {
        if (reader.sizeBytes !== sizeBytes) {
          return `has ${reader.sizeBytes} bytes instead of ${sizeBytes}`;
        }
        const crc = new Crc64();
        for (let left = sizeBytes; left > 0; ) {
          const part = reader.read(Math.min(left, partBytes));
          if (part.length === 0) {
            return "was truncated while it was read";
          }
          crc.update(part);
          left -= part.length;
        }
        return crc.digest() === sum ? undefined : "differs from its recorded checksum";
      } finally {
        reader.close();
      }
    });
  } catch (error) {
    if (hasCode(error, "ENOENT")) {
      return "is missing";
    }
    throw error;
  }
}
