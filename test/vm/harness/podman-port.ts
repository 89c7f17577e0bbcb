import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { recordedFor } from "../../client/recorded.ts";
import type { Identity } from "./data-disk.ts";
import { eventually } from "./eventually.ts";

/** The user that podman machine's config is for. */
export const podmanUser = "core";

/**
 * QEMU's arguments as `podman machine start` gives them: its config, with the identity's key for core and root, and the
 * port that it waits at without a time limit.
 */
export async function asPodmanStarts({ folder, publicKey }: Identity): Promise<string[]> {
  const config = path.join(folder, "podman.ign");
  await writeFile(config, await recordedFor(podmanUser, publicKey));
  return [
    ...["-fw_cfg", `name=opt/com.coreos/config,file=${config}`],
    ...["-chardev", `file,id=ready,path=${saidFile(folder)}`],
    ...["-device", "virtserialport,chardev=ready,name=org.fedoraproject.port.0"],
  ];
}

/** Waits for a whole line at that port, as the client does, and gives it. */
export function saidToPodman({ folder }: Identity): Promise<string> {
  return eventually(
    () => readFile(saidFile(folder), "utf8"),
    (text) => text.endsWith("\n"),
  );
}

function saidFile(folder: string): string {
  return path.join(folder, "said-to-podman");
}
