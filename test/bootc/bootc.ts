// npm run bootc [-- NAME…]: bootc images as machines, from a stand-in of one that is booted for real. As root; without
// KVM it takes an hour. With names: only those parts. The figures go to bootc.json.
import { rename, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import path from "node:path";
import { runOk } from "../vm/harness/run.ts";
import { images } from "./images.ts";
import { disk, toDisk } from "./installed.ts";
import { kills } from "./kills.ts";
import { type Figure, Laboratory } from "./laboratory.ts";
import { pairs } from "./pairs.ts";
import { session } from "./session.ts";
import { watch } from "./watch.ts";

// The session begins with the image whose making was killed.
const parts = { images, kills, session, watch, pairs, disk, toDisk };

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in parts));
if (unknown.length > 0) {
  throw new Error(`${unknown.join(", ")}: the parts are ${Object.keys(parts).join(", ")}`);
}
const lab = await Laboratory.open();
try {
  for (const [name, part] of Object.entries(parts)) {
    if (asked.length === 0 || asked.includes(name)) {
      console.log(`${name}:`);
      try {
        // Whatever the part before left of it.
        await lab.machine("start", "box");
        await part(lab);
      } catch (error) {
        lab.check(
          false,
          `${name} goes through`,
          error instanceof Error ? error.message : String(error),
        );
      }
    }
  }
} finally {
  await writeFigures(lab.figures);
  await lab.close();
}
console.log(lab.failed === 0 ? "bootc: all of it holds" : `bootc: ${lab.failed} checks failed`);
process.exitCode = lab.failed === 0 ? 0 : 1;

async function writeFigures(figures: readonly Figure[]): Promise<void> {
  const [qemu = ""] = (await runOk(["qemu-system-x86_64", "--version"])).split("\n");
  const host = { cpus: cpus().length, cpu: cpus()[0]?.model, qemu };
  const file = path.resolve(import.meta.dirname, "../../bootc.json");
  await writeFile(`${file}.part`, `${JSON.stringify({ host, untilSsh: figures }, null, 2)}\n`);
  await rename(`${file}.part`, file);
}
