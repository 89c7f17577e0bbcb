// npm run first-touched: records which files of /usr a boot and first containers read, for image/usr/first-touched.txt.
import { writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { generalPath } from "../../image/usr/first-touched.ts";
import { busyboxImage } from "../vm/harness/container-image.ts";
import { TestMachine } from "../vm/harness/test-machine.ts";
import { usedDisk } from "../vm/harness/used-disk.ts";

const list = path.resolve(import.meta.dirname, "../../image/usr/first-touched.txt");
const head =
  "# Files of /usr in the order in which a boot and first containers read them; made by npm run first-touched.\n";
const event = "filemap:mm_filemap_add_to_page_cache";
const trace = "/sys/kernel/tracing";
/** Its end is another one with each build: it would change the blocks of all that follow it. */
const ours = "lib/boot2podman/agents";

/** Numbers of the inodes whose pages the kernel read from the loop device below /usr, the first ones first. */
function touchedInodes(text: string): number[] {
  const found = [...text.matchAll(/mm_filemap_add_to_page_cache: dev 7:0 ino ([0-9a-f]+) /g)];
  return [...new Set(found.map(([, inode = ""]) => Number.parseInt(inode, 16)))];
}

/** path below usr of each file's inode. */
function pathsByInode(text: string): Map<number, string> {
  const lines = text.split("\n").filter((line) => line !== "");
  return new Map(
    lines.map((line) => {
      const [inode = "", ...rest] = line.split(" ");
      return [Number(inode), rest.join(" ").slice("/usr/".length)];
    }),
  );
}

const { identity, disk } = await usedDisk();
const machine = await TestMachine.start({
  key: identity.key,
  disks: [disk],
  append: `trace_event=${event} trace_buf_size=64M`,
});
try {
  for (const user of ["root", "tc"] as const) {
    await machine.guest(`podman run --rm ${busyboxImage} echo done`, { user });
  }
  await machine.root(`podman run -d --rm --name web -p 8080:80 ${busyboxImage} httpd -f`);
  await machine.root("podman exec web id; podman ps; podman stop -t 0 web");
  // What follows is read by asking only.
  const readTrace = `mount -t tracefs tracefs ${trace} 2>/dev/null; echo 0 > ${trace}/tracing_on; cat ${trace}/trace`;
  const inodes = touchedInodes(await machine.root(readTrace));
  const names = await machine.root("find /usr -xdev -type f -exec stat -c '%i %n' {} +");
  const paths = pathsByInode(names);
  const touched = inodes.flatMap((inode) => paths.get(inode) ?? []).filter((one) => one !== ours);
  writeFileSync(list, `${head}${touched.map(generalPath).join("\n")}\n`);
  console.log(`${touched.length} files, written to ${list}`);
  await machine.powerDown();
} finally {
  await machine.remove();
  await rm(identity.folder, { recursive: true, force: true });
}
