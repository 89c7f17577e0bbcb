/**
 * `npm run forks`: machines of this host that are saved, forked and thrown away, with the built image: what forks have
 * of their own, what they share, what `run` hands through, and what kill -9 leaves; with the figures of each. Takes an
 * hour without KVM. `-- --parts row,run` does some of it, `-- --row 4` less of a part.
 */
import { parseArgs } from "node:util";
import { Registry } from "../vm/harness/registry.ts";
import { makeBox } from "./box.ts";
import { Identities } from "./identities.ts";
import { makeLaboratory } from "./laboratory.ts";
import { measureForks, sayFigures } from "./parts/figures.ts";
import { forkFlags } from "./parts/flags.ts";
import { kills } from "./parts/kills.ts";
import { atOnce, inARow } from "./parts/many.ts";
import { runMakes } from "./parts/run-makes.ts";
import { runPasses } from "./parts/run-passes.ts";
import { templateHashes } from "./template-content.ts";

const allParts = ["row", "once", "flags", "passes", "makes", "kills"];
const { values } = parseArgs({
  options: {
    /** How often fork and run are measured. */
    times: { type: "string", default: "3" },
    row: { type: "string", default: "50" },
    once: { type: "string", default: "10" },
    /** How often each of three commands is killed. */
    kills: { type: "string", default: "4" },
    parts: { type: "string", default: allParts.join(",") },
  },
});
const parts = new Set(values.parts.split(","));
for (const part of parts) {
  if (!allParts.includes(part)) {
    throw new Error(`There is no part "${part}": ${allParts.join(", ")}.`);
  }
}

const laboratory = await makeLaboratory();
const { machine, expectThat, failures, store } = laboratory;

async function main(): Promise<void> {
  const save = await makeBox(laboratory);
  const before = await templateHashes(store, "box");

  const measured = await measureForks(laboratory, Number(values.times));
  sayFigures(measured);
  const identities = new Identities(laboratory);
  await identities.look("box");
  if (parts.has("row")) {
    await inARow(laboratory, identities, Number(values.row));
  }
  if (parts.has("once")) {
    await atOnce(laboratory, identities, Number(values.once));
  }
  identities.check();
  if (parts.has("flags")) {
    await forkFlags(laboratory);
  }
  if (parts.has("passes") || parts.has("makes")) {
    const registry = await Registry.start();
    try {
      if (parts.has("passes")) {
        await runPasses(laboratory, registry);
      }
      if (parts.has("makes")) {
        await runMakes(laboratory, registry);
      }
    } finally {
      await registry.stop();
    }
  }
  if (parts.has("kills")) {
    const { end, run } = measured.figures;
    await kills(laboratory, { fork: end, run, save }, Number(values.kills));
  }
  await machine("fork", "--rm", "box", "last");
  await machine("kill", "last");
  expectThat(
    (await templateHashes(store, "box")) === before,
    "the template is as it was, byte for byte",
  );
  await machine("ssh", "-l", "root", "box", "touch /var/lib/boot2podman/later");
  await machine("restore", "-y", "box");
  const there = await machine("ssh", "-l", "root", "box", "hostname; ls /var/lib/boot2podman");
  const isBack = there.startsWith("box\n") && !there.includes("later");
  expectThat(isBack, "box is put back to what was saved");
}

try {
  await main();
} catch (error) {
  failures.push(String(error));
  console.error(error);
} finally {
  await laboratory.dispose();
}
if (failures.length > 0) {
  console.error(`${failures.length} failed:\n${failures.join("\n")}`);
  process.exitCode = 1;
}
