import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { Identity } from "../vm/harness/data-disk.ts";
import { newDiskImage } from "../vm/harness/disk-image.ts";
import type { DiskOptions } from "../vm/harness/qemu.ts";
import { runOk } from "../vm/harness/run.ts";
import { TestMachine } from "../vm/harness/test-machine.ts";

/** Where the boot partition lies on the disk, as mtools says it. */
const bootPartition = "@@1M";
const lasting = "/etc/containers/registries.conf.d/fleet.conf";

/** An Ignition config in the disk image's first partition, where no hypervisor hands one over: applied once, and what lasts stays as the person leaves it. */
export async function checkIgnitionOnDisk(
  identity: Identity,
  say: (text: string) => void,
): Promise<void> {
  const disk = await diskWithConfig(identity, {
    ignition: { version: "3.4.0" },
    passwd: {
      users: [
        { name: "captain", uid: 1500, sshAuthorizedKeys: [identity.publicKey.trim()] },
        { name: "root", sshAuthorizedKeys: [identity.publicKey.trim()] },
      ],
    },
    storage: {
      files: [
        { path: lasting, mode: 0o640, contents: { source: "data:,%23%20from%20Ignition%0A" } },
        { path: "/etc/hostname", mode: 0o644, contents: { source: "data:,from-the-partition" } },
      ],
    },
  });
  const machine = await TestMachine.start({ boot: "disk", disks: [disk], key: identity.key });
  try {
    const shown = await machine.guest("id -u; hostname", { user: "captain" });
    assert.equal(shown, "1500\nfrom-the-partition");
    assert.equal(
      await machine.root(`cat ${lasting}; stat -c %a ${lasting}`),
      "# from Ignition\n640",
    );
    say(`a config in the boot partition: ${await stage(machine)}`);
    await machine.root(`echo '# mine' >${lasting}; sync`);
    await machine.powersUpAgain((monitor) => monitor.execute("system_reset"));
    assert.equal(await machine.root(`cat ${lasting}; hostname`), "# mine\nfrom-the-partition");
    assert.equal(await machine.guest("id -u", { user: "captain" }), "1500");
    say(`the boot after it keeps what was changed: ${await stage(machine)}`);
  } catch (error) {
    console.error(machine.story());
    throw error;
  } finally {
    await machine.remove();
  }
}

function stage(machine: TestMachine): Promise<string> {
  return machine.root("boot2podman status | grep '^ignition ' | tr -s ' '");
}

async function diskWithConfig(identity: Identity, config: unknown): Promise<DiskOptions> {
  const unpacked = await newDiskImage(identity, 4);
  const file = path.join(identity.folder, "disk.raw");
  await runOk(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", unpacked.file, file]);
  const source = path.join(identity.folder, "config.ign");
  await writeFile(source, JSON.stringify(config));
  await runOk(["mmd", "-i", `${file}${bootPartition}`, "::/ignition"]);
  await runOk(["mcopy", "-i", `${file}${bootPartition}`, source, "::/ignition/config.ign"]);
  return { ...unpacked, file, format: "raw" };
}
