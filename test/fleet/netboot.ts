import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { cachedPackage } from "../../image/fetch/fetch.ts";
import { manifest } from "../vm/harness/artifacts.ts";
import type { Identity } from "../vm/harness/data-disk.ts";
import { dist } from "../vm/harness/qemu.ts";
import { runOk } from "../vm/harness/run.ts";
import { TestMachine } from "../vm/harness/test-machine.ts";
import { documented } from "./documented.ts";

/** How docs/fleet.md writes the key that a person puts in. */
const keyInPage = "ssh-ed25519 …";
const memoryMiB = 1024;

/** Kernel and initrds over the network by QEMU's DHCP and TFTP: iPXE under BIOS, shim and GRUB under UEFI with Secure Boot. */
export async function checkNetboot(identity: Identity, say: (text: string) => void): Promise<void> {
  const folder = path.join(identity.folder, "tftp");
  await mkdir(path.join(folder, "grub"), { recursive: true });
  for (const name of ["vmlinuz64", "corepure64.gz", "boot2podman.gz"]) {
    await copyFile(path.join(dist, name), path.join(folder, name));
  }
  const key = identity.publicKey.trim().split(" ").slice(0, 2).join(" ");
  const change = { [keyInPage]: key };
  await writeFile(path.join(folder, "boot.ipxe"), documented("#!ipxe", change));
  await writeFile(path.join(folder, "grub/grub.cfg"), documented("set timeout=0", change));
  await loaders(folder);
  await byPxe(identity, folder, "bios", say);
  await byPxe(identity, folder, "secure-boot", say);
  await withConfig(identity, folder, say);
}

/** A config from a server on this host: taken with its sum, and refused with another. */
async function withConfig(
  identity: Identity,
  folder: string,
  say: (text: string) => void,
): Promise<void> {
  const config = JSON.stringify({
    ignition: { version: "3.2.0" },
    passwd: { users: [{ name: "captain", sshAuthorizedKeys: [identity.publicKey.trim()] }] },
    storage: { files: [{ path: "/etc/from-server", contents: { source: "data:,it%20came" } }] },
  });
  const sum = createHash("sha256").update(config).digest("hex");
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response(config) });
  const script = await readFile(path.join(folder, "boot.ipxe"), "utf8");
  const named = async (expected: string) => {
    const words = documented("ignition.config.url=", {
      "boot.example.org": `10.0.2.2:${server.port}`,
      SUM: expected,
    });
    const changed = script.replace("vmlinuz64 ", `vmlinuz64 ${words.trim()} `);
    await writeFile(path.join(folder, "config.ipxe"), changed);
    return await startByPxe(identity, folder, "bios", "config.ipxe");
  };
  try {
    const taken = await named(sum);
    try {
      const shown = await taken.guest("id -un; cat /etc/from-server", { user: "captain" });
      assert.equal(shown, "captain\nit came");
      assert.match(await taken.root("boot2podman status"), /^ignition +ok .*1 files/m);
    } finally {
      await taken.remove();
    }
    const refused = await named("0".repeat(64));
    try {
      assert.equal(await refused.root("ls /etc/from-server 2>/dev/null || echo none"), "none");
      assert.match(await refused.root("dmesg"), /its SHA-256 is [0-9a-f]{64}, and not 0{64}/);
    } finally {
      await refused.remove();
    }
  } finally {
    await server.stop(true);
  }
  say("a config from a server is taken by its sum, and refused with another");
}

/** shim, and GRUB for the network beside it by the name that shim looks for, from the packages that the image has its own of. */
async function loaders(folder: string): Promise<void> {
  const cache = path.join(dist, "../.cache");
  const unpacked = path.join(folder, "../loaders");
  for (const name of ["shim-signed", "grub-efi-amd64-signed"]) {
    const one = manifest().packages.find((each) => each.name === name);
    assert.ok(one, `the image has no ${name}`);
    await runOk(["dpkg-deb", "-x", cachedPackage(cache, one), unpacked]);
  }
  await copyFile(
    path.join(unpacked, "usr/lib/shim/shimx64.efi.signed"),
    path.join(folder, "shimx64.efi.signed"),
  );
  await copyFile(
    path.join(unpacked, "usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed"),
    path.join(folder, "grubx64.efi"),
  );
}

async function byPxe(
  identity: Identity,
  folder: string,
  firmware: "bios" | "secure-boot",
  say: (text: string) => void,
): Promise<void> {
  const file = firmware === "bios" ? "boot.ipxe" : "shimx64.efi.signed";
  const machine = await startByPxe(identity, folder, firmware, file);
  try {
    const shown = await machine.root(
      "cat /proc/mounts; [ -d /sys/firmware/efi ] && echo by uefi || echo by bios",
    );
    assert.match(shown, /^\/dev\/loop\S+ \/usr squashfs ro/m);
    assert.match(shown, firmware === "bios" ? /^by bios$/m : /^by uefi$/m);
    const loader =
      firmware === "bios" ? "iPXE under BIOS" : "shim and GRUB under UEFI with Secure Boot";
    say(`PXE by ${loader}: sshd after ${(machine.bootMs / 1000).toFixed(1)} s, the key logs in`);
  } finally {
    await machine.remove();
  }
}

/** A machine that has booted from a file of the folder, over TFTP. */
async function startByPxe(
  identity: Identity,
  folder: string,
  firmware: "bios" | "secure-boot",
  file: string,
): Promise<TestMachine> {
  const netboot = { folder, file };
  const { key } = identity;
  const machine = await TestMachine.create({ boot: "disk", firmware, netboot, memoryMiB, key });
  try {
    await machine.powerOn();
    await machine.waitForSsh();
    return machine;
  } catch (error) {
    console.error(machine.story());
    await machine.remove();
    throw error;
  }
}
