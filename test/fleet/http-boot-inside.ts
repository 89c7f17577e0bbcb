// In a network namespace of its own: DHCP and HTTP at the host's end of a machine's second card, from which it boots.
// Words: the folder with an identity's key.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { newDataDisk } from "../vm/harness/data-disk.ts";
import { dist } from "../vm/harness/qemu.ts";
import { runOk } from "../vm/harness/run.ts";
import { TestMachine } from "../vm/harness/test-machine.ts";
import { documented } from "./documented.ts";

const [, , folder = ""] = process.argv;
const host = "10.9.0.1";
const card = "tap0";

await runOk(["ip", "link", "set", "lo", "up"]);
await runOk(["ip", "tuntap", "add", card, "mode", "tap"]);
await runOk(["ip", "address", "add", `${host}/24`, "dev", card]);
await runOk(["ip", "link", "set", card, "up"]);

const iso = Bun.file(path.join(dist, "boot2podman.iso"));
const asked: string[] = [];
const server = Bun.serve({
  hostname: host,
  port: 80,
  fetch({ method, url }) {
    asked.push(`${method} ${new URL(url).pathname}`);
    return new URL(url).pathname === "/boot2podman.iso"
      ? new Response(iso)
      : new Response("", { status: 404 });
  },
});

const inPage = documented("dhcp-vendorclass=", { "boot.example.org": host }).trim().split("\n");
const dnsmasq = spawn(
  "dnsmasq",
  [
    ...["--no-daemon", "--conf-file=/dev/null", "--port=0", "--bind-interfaces"],
    ...[`--interface=${card}`, "--dhcp-range=10.9.0.10,10.9.0.20,1h"],
    ...[`--dhcp-leasefile=${path.join(folder, "leases")}`, "--user=root"],
    ...inPage.map((line) => `--${line}`),
  ],
  { stdio: "ignore" },
);

const publicKey = await readFile(path.join(folder, "id.pub"), "utf8");
const identity = { folder, key: path.join(folder, "id"), publicKey };
const machine = await TestMachine.create({
  boot: "disk",
  firmware: "secure-boot",
  memoryMiB: 768,
  key: identity.key,
  disks: [await newDataDisk(identity, { name: "http-data.raw" })],
  extra: [
    ...["-netdev", `tap,id=boot,ifname=${card},script=no,downscript=no`],
    ...["-device", "virtio-net-pci,netdev=boot,romfile=,bootindex=0"],
    // OVMF would wait for PXE's servers first.
    ...["-fw_cfg", "name=opt/org.tianocore/IPv4PXESupport,string=no"],
    ...["-fw_cfg", "name=opt/org.tianocore/IPv6PXESupport,string=no"],
  ],
});
try {
  await machine.powerOn();
  await machine.waitForSsh();
  const shown = await machine.root("cat /proc/mounts; dmesg | grep -i 'secure boot'");
  assert.match(shown, /^\/dev\/loop\S+ \/usr squashfs ro/m);
  assert.match(shown, /secureboot: Secure boot enabled/);
  assert.deepEqual([...new Set(asked)], ["HEAD /boot2podman.iso", "GET /boot2podman.iso"]);
  const seconds = (machine.bootMs / 1000).toFixed(1);
  console.log(
    `UEFI HTTP boot of the ISO under Secure Boot: sshd after ${seconds} s, the key logs in`,
  );
  await machine.powerDown();
} catch (error) {
  console.error(machine.story());
  throw error;
} finally {
  await machine.remove();
  dnsmasq.kill();
  await server.stop(true);
}
