// npm run fleet: what docs/fleet.md has, by the engines themselves: Debian's libvirt, network boot, the container disk. Takes
// minutes. `-- PART…` runs parts alone.
import { rm } from "node:fs/promises";
import { newIdentity } from "../vm/harness/data-disk.ts";
import { checkContainerDisk } from "./container-disk.ts";
import { checkHttpBoot } from "./http-boot.ts";
import { checkIgnitionOnDisk } from "./ignition.ts";
import { checkLibvirt } from "./libvirt.ts";
import { checkNetboot } from "./netboot.ts";

const started = Date.now();
const say = (text: string) =>
  console.log(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${text}`);

const parts = {
  "container-disk": checkContainerDisk,
  libvirt: checkLibvirt,
  ignition: checkIgnitionOnDisk,
  netboot: checkNetboot,
  "http-boot": checkHttpBoot,
};
const known = Object.keys(parts);
const asked = process.argv.slice(2);
if (asked.some((name) => !known.includes(name))) {
  console.error(`usage: npm run fleet [-- PART…]; parts: ${known.join(", ")}`);
  process.exit(2);
}
for (const [name, check] of Object.entries(parts)) {
  if (asked.length > 0 && !asked.includes(name)) {
    continue;
  }
  const identity = await newIdentity();
  try {
    await check(identity, say);
  } finally {
    await rm(identity.folder, { recursive: true, force: true });
  }
}
say("all as promised");
