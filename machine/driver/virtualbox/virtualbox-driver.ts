import { rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findImage } from "../../boot-image/image.ts";
import { checkIso } from "../../boot-image/iso.ts";
import { checkDisk, virtualSizeBytes } from "../../disk/data-disk.ts";
import { userdataArchive } from "../../disk/userdata-archive.ts";
import { MachineError } from "../../error/machine-error.ts";
import { findProgram } from "../../program/find.ts";
import { waitForBanner } from "../../ssh/banner.ts";
import { makeKey } from "../../ssh/key.ts";
import { sshTarget } from "../../ssh/target.ts";
import type { Machine } from "../../store/machines.ts";
import { addressUrl } from "../contract/address-url.ts";
import type { Driver } from "../contract/driver.ts";
import { creationCommands, settingCommands, type VirtualMachine } from "./command-lines.ts";
import { vboxForwards, vboxManage, vboxState } from "./vboxmanage.ts";

const readyTimeoutMs = 120_000;
const convertTimeoutMs = 300_000;
/** VBoxManage tells of no event, so the end of a machine is asked for. */
const recheckMs = 1000;

const ownFlags = [
  ...["memory", "cpus", "disk-size", "image", "ssh-port", "localports", "ssh-user", "publish"],
  ...["virtualbox-memory", "virtualbox-cpu-count", "virtualbox-disk-size"],
  ...["virtualbox-boot2podman-url", "virtualbox-hostonly-cidr"],
  ...["virtualbox-share-folder", "virtualbox-no-share"],
];

/** Machines run by VirtualBox, from the ISO. */
export function virtualboxDriver(): Driver<"virtualbox"> {
  return {
    isOurs: true,
    hasLogin: true,
    flags: ownFlags,
    forwardsPort: () => true,
    needsHostname: () => true,
    url: addressUrl,
    async observe(machine, timeoutMs) {
      const state = await vboxState(machine.name, timeoutMs);
      return { state: state ?? "Stopped" };
    },
    async prepare(machine, report) {
      report.line("Creating SSH key...");
      const publicKey = await makeKey(machine.files.key);
      report.line("Creating disk image...");
      await makeDisk(machine, publicKey);
    },
    async check(machine) {
      await findProgram("VBoxManage");
      await checkIso(await findImage(machine.config.Driver.Image));
    },
    async launch(machine, report) {
      await checkDisk(diskOf(machine), machine.name);
      const virtual = await virtualMachine(machine);
      if ((await vboxState(machine.name, convertTimeoutMs)) === undefined) {
        report.line("Creating VirtualBox VM...");
        for (const args of creationCommands(virtual)) {
          await vboxManage(args);
        }
      }
      for (const args of settingCommands(virtual, await vboxForwards(machine.name))) {
        await vboxManage(args);
      }
      report.line(`Starting "${machine.name}" (VirtualBox)...`);
      await vboxManage(["startvm", machine.name, "--type", "headless"]);
    },
    async waitUntilReady(machine, { timeoutMs = readyTimeoutMs }) {
      const { SSHPort } = machine.config.Driver;
      if (!(await waitForBanner(SSHPort, AbortSignal.timeout(timeoutMs)))) {
        throw new MachineError(
          `"${machine.name}" was not ready within ${Math.round(timeoutMs / 1000)} s: check its screen in VirtualBox.`,
        );
      }
    },
    async stop(machine, { timeoutMs, report }) {
      await vboxManage(["controlvm", machine.name, "acpipowerbutton"]);
      const deadlineMs = performance.now() + timeoutMs;
      while ((await vboxState(machine.name, timeoutMs)) !== "Stopped") {
        if (performance.now() > deadlineMs) {
          report.warn(
            `"${machine.name}" did not shut down within ${Math.round(timeoutMs / 1000)} s: it is switched off now, and unwritten data of its programs is lost.`,
          );
          await vboxManage(["controlvm", machine.name, "poweroff"]);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, recheckMs));
      }
    },
    async kill(machine) {
      await vboxManage(["controlvm", machine.name, "poweroff"]);
    },
    settingsFor({ name }, { Shares, KernelArguments, Accelerator, ...used }) {
      const unused = [
        Shares !== undefined && "--volume",
        KernelArguments !== undefined && "--append",
        Accelerator !== undefined && "--accelerator",
      ].filter((flag) => typeof flag === "string");
      if (unused.length > 0) {
        throw new MachineError(
          `"${name}" is run by VirtualBox, which doesn't support ${unused.join(" and ")}: nothing was changed.`,
        );
      }
      return used;
    },
    async growDisk(machine, sizeMib) {
      const size = ["--resize", String(sizeMib)];
      await vboxManage(["modifymedium", "disk", diskOf(machine), ...size]);
    },
    async remove(machine) {
      if ((await vboxState(machine.name, convertTimeoutMs)) !== undefined) {
        await vboxManage(["unregistervm", machine.name, "--delete"]);
      }
    },
    sshTarget,
  };
}

function diskOf(machine: Machine): string {
  return join(machine.files.folder, "disk.vdi");
}

/** A raw file with the archive at its start, holes after it, is made into VirtualBox's own format. */
async function makeDisk(machine: Machine<"virtualbox">, publicKey: string): Promise<void> {
  const raw = join(machine.files.folder, "disk.raw");
  const archive = userdataArchive({ publicKey });
  await writeFile(raw, archive, { mode: 0o600 });
  await truncate(raw, virtualSizeBytes(machine.config.Driver.DiskSize, archive.length));
  await vboxManage(["convertfromraw", raw, diskOf(machine), "--format", "VDI"], convertTimeoutMs);
  await rm(raw);
}

async function virtualMachine(machine: Machine<"virtualbox">): Promise<VirtualMachine> {
  const { Memory, CPU, SSHPort, Publish, ShareFolder, Image } = machine.config.Driver;
  const separator = ShareFolder.lastIndexOf(":");
  return {
    name: machine.name,
    folder: machine.files.folder,
    iso: (await findImage(Image)).iso,
    disk: diskOf(machine),
    memoryMib: Memory,
    cpus: CPU,
    sshPort: SSHPort,
    publish: Publish,
    share:
      separator < 1
        ? undefined
        : { folder: ShareFolder.slice(0, separator), name: ShareFolder.slice(separator + 1) },
  };
}
