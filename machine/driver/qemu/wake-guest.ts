import { appendFile, rename } from "node:fs/promises";
import { basesIn, linkBases, makeOverlay } from "../../disk/overlay.ts";
import { MachineError } from "../../error/machine-error.ts";
import { runAfterHolders } from "../../program/afterwards.ts";
import type { Machine } from "../../store/machines.ts";
import { loadTemplate, type Template } from "../../store/templates.ts";
import { writeFileAtomic } from "../../store/write-file.ts";
import type { Report, Waking } from "../contract/driver.ts";
import { openControlPort } from "./control-port.ts";
import { removeHeld, writeHeld } from "./held.ts";
import { makeIdentity, nowSeconds } from "./identity.ts";
import { launch } from "./launch.ts";
import { checkPluggable, plugShares } from "./plug-shares.ts";
import { switchOff } from "./power.ts";
import { connectQmp } from "./qmp.ts";

const monitorTimeoutMs = 60_000;
const identityTimeoutMs = 120_000;

/**
 * Lets a stopped machine go on from a template: with a disk laid over the template's, its memory, and an identity of
 * its own, before which it answers nobody. The mark is the first that is done and goes last: whatever ends this in the
 * middle, the next start does all of it again.
 */
export async function wakeGuest(
  store: string,
  machine: Machine<"qemu">,
  { template: templateName, sameKeys, isSame, hasAgent, afterwards }: Waking,
  report: Report,
): Promise<void> {
  const { name, files, config } = machine;
  checkPluggable(config.Driver.Shares);
  const template = await loadTemplate(store, templateName);
  const identity = await makeIdentity(name, files.folder, sameKeys || isSame);
  const prepare = async () => {
    await writeHeld(files, {
      Kind: "wake",
      Template: templateName,
      SameKeys: sameKeys,
      IsSame: isSame,
      HasAgent: hasAgent,
    });
    await layDisk(machine, template);
  };
  const remains = afterwards && (await runAfterHolders(files.folder, afterwards));
  try {
    const source = { template, hasAgent, prepare, remains: remains?.descriptor };
    await launch(store, machine, report, source);
  } finally {
    remains?.close();
  }
  try {
    const control = await openControlPort(files.controlSocket);
    try {
      const monitor = await connectQmp(files.monitor, monitorTimeoutMs);
      try {
        await plugShares(config.Driver.Shares, monitor);
        await monitor.execute("cont");
      } finally {
        monitor.close();
      }
      if (isSame) {
        control.send(`same ${nowSeconds()}\n`);
        await control.expect("same", identityTimeoutMs);
      } else {
        const keys = identity.hostKeys === undefined ? "" : " keys";
        control.send(`new ${identity.archive.length} ${nowSeconds()}${keys}\n`);
        control.send(identity.archive);
        await control.expect("new", identityTimeoutMs);
      }
    } finally {
      control.close();
    }
    await noteReady(machine, template, identity.hostKeys);
    await removeHeld(files);
  } catch (error) {
    await switchOff(machine);
    throw error;
  }
}

async function layDisk({ files }: Machine<"qemu">, template: Template): Promise<void> {
  await linkBases(template.files.folder, files.folder);
  if (!(await basesIn(files.folder)).includes(template.base)) {
    throw new MachineError(
      `The template "${template.name}" has no disk (${template.base} in ${template.files.folder}): remove it and save it again.`,
    );
  }
  const unfinished = `${files.disk}.new`;
  await makeOverlay(unfinished, template.base);
  await rename(unfinished, files.disk);
}

/** As a boot would have said it: whoever looks for the machine's readiness, or its host keys, finds both. */
async function noteReady(
  { name, files }: Machine<"qemu">,
  template: Template,
  hostKeys: readonly string[] | undefined,
): Promise<void> {
  const keys = hostKeys ?? template.hostKeys;
  await writeFileAtomic(files.knownHosts, keys.map((key) => `${name} ${key}\n`).join(""), 0o600);
  await appendFile(files.bootLog, `${keys.map((key) => `hostkey ${key}\n`).join("")}ready\n`);
}
