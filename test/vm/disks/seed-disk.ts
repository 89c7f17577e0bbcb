import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { runOk } from "../harness/run.ts";

/** A CD as cloud-init's NoCloud wants it. */
export async function seedDisk(folder: string, name: string, key: string): Promise<string> {
  const tree = path.join(folder, "seed");
  await mkdir(tree);
  await writeFile(path.join(tree, "meta-data"), `local-hostname: ${name}\n`);
  const lines = ["#cloud-config", "users:", "  - name: me", "    ssh_authorized_keys:"];
  await writeFile(path.join(tree, "user-data"), `${lines.join("\n")}\n      - ${key}`);
  const image = path.join(folder, "seed.iso");
  await runOk([
    "xorriso",
    "-as",
    "mkisofs",
    "-quiet",
    "-V",
    "cidata",
    "-J",
    "-r",
    "-o",
    image,
    tree,
  ]);
  return image;
}
