import { writeFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { ImageRoot } from "../../powercut/containers/image-root.ts";
import { runOk } from "../../vm/harness/run.ts";

const table = z.object({
  partitiontable: z.object({
    sectorsize: z.number(),
    partitions: z.array(z.object({ start: z.number(), size: z.number() })).min(1),
  }),
});

/**
 * Runs a script of the image's shell, with the image's own Podman, over root's store on a raw data disk that no machine
 * uses: in namespaces of this host, since under emulation it takes twenty times as long. `$1` of the script is a file
 * with `input`. Throws an Error with what it printed when it fails.
 */
export async function fillStore(
  imageRoot: ImageRoot,
  file: string,
  script: string,
  input?: Buffer,
): Promise<void> {
  const { sectorsize, partitions } = table.parse(
    JSON.parse(await runOk(["sfdisk", "--json", file])),
  ).partitiontable;
  const [first] = partitions;
  const offset = String((first?.start ?? 0) * sectorsize);
  const size = String((first?.size ?? 0) * sectorsize);
  const node = (
    await runOk(["losetup", "--find", "--show", "--offset", offset, "--sizelimit", size, file])
  ).trim();
  const given = "fill-store-input";
  try {
    const checked = `( ${script}\n) && rm -f "$1" && echo filled`;
    const said = await imageRoot.over(node, checked, async (disk) => {
      if (input !== undefined) {
        await writeFile(path.join(disk, given), input);
      }
      return [`/mnt/data/${given}`];
    });
    if (!/^filled$/m.test(said)) {
      throw new Error(`the store isn't filled: ${said}`);
    }
  } finally {
    await runOk(["losetup", "--detach", node]);
  }
}
