import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { runOk } from "../harness/run.ts";

/** A CD as cloud-init's NoCloud wants it. */
export async function seedDisk(folder: string, name: string, key: string): Promise<string> {
  const tree = path.join(folder, "seed");
  await writeSeed(tree, name, key);
  const image = path.join(folder, "seed.iso");
  const volume = ["-V", "cidata", "-J", "-r"];
  await runOk(["xorriso", "-as", "mkisofs", "-quiet", ...volume, "-o", image, tree]);
  return image;
}

/** The same on a disk with FAT, whose labels are in capitals. */
export async function fatSeedDisk(folder: string, name: string, key: string): Promise<string> {
  const tree = path.join(folder, "fat-seed");
  await writeSeed(tree, name, key);
  const image = path.join(folder, "seed.fat");
  // 4 MiB in kibibytes.
  await runOk(["mformat", "-C", "-T", "8192", "-v", "CIDATA", "-i", image, "::"]);
  const files = ["meta-data", "user-data"].map((file) => path.join(tree, file));
  await runOk(["mcopy", "-i", image, ...files, "::"]);
  return image;
}

async function writeSeed(tree: string, name: string, key: string): Promise<void> {
  await mkdir(tree);
  await writeFile(path.join(tree, "meta-data"), `local-hostname: ${name}\n`);
  const lines = ["#cloud-config", "users:", "  - name: default", "    ssh_authorized_keys:"];
  await writeFile(path.join(tree, "user-data"), `${lines.join("\n")}\n      - ${key}`);
}
