import { mkdir, open, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { mebibyte } from "../../../agents/units/bytes.ts";
import { runOk } from "../harness/run.ts";

/** What a seed holds for a machine. */
export interface Seed {
  hostname: string;
  /** Lets in the user that the machine is for. */
  key: string;
  /** Stands in texts that are meant for other things, and lets nobody in. */
  strangersKey: string;
}

/** A CD as cloud-init's own tool makes it: YAML in a MIME message. */
export async function seedDisk(folder: string, seed: Seed): Promise<string> {
  const tree = path.join(folder, "seed");
  await mkdir(tree);
  const stranger = [
    "ssh_authorized_keys:",
    `  - ${seed.strangersKey.trim()}`,
    "users:",
    "  - name: root",
    "    ssh_authorized_keys:",
    `      - ${seed.strangersKey.trim()}`,
  ];
  // A key over two lines, as PyYAML folds it.
  const config = [
    "#cloud-config",
    "write_files:",
    "  - path: /etc/other",
    "    content: |",
    ...stranger.map((line) => `      ${line}`),
    "runcmd:",
    "  - [touch, /run/ran]",
    "users:",
    "  - name: default",
    "    ssh_authorized_keys:",
    `    - ${seed.key.trim().replace(" ", "\n      ")}`,
    "  - name: eve",
    "    ssh_authorized_keys:",
    `    - ${seed.strangersKey.trim()}`,
  ];
  const parts = [
    ["text/x-shellscript", ["#!/bin/sh", "touch /run/ran", ...stranger]],
    ["text/cloud-config", config],
  ] as const;
  const entities = parts.map(([type, lines]) =>
    [
      "--MIMEBOUNDARY",
      `Content-Type: ${type}; charset="utf-8"`,
      "Content-Transfer-Encoding: base64",
      "",
      Buffer.from(lines.join("\n")).toString("base64").replaceAll(/.{76}/g, "$&\r\n"),
    ].join("\r\n"),
  );
  const head = 'Content-Type: multipart/mixed; boundary="MIMEBOUNDARY"\r\nMIME-Version: 1.0\r\n';
  const message = [head, ...entities, "--MIMEBOUNDARY--", ""].join("\r\n");
  const [user, meta] = ["user-data", "meta-data"].map((name) => path.join(tree, name));
  await writeFile(`${user}`, message);
  await writeFile(`${meta}`, `instance-id: i-1\nlocal-hostname: ${seed.hostname}\n`);
  const image = path.join(folder, "seed.iso");
  await runOk(["cloud-localds", image, `${user}`, `${meta}`]);
  return image;
}

/** Where a FAT12's boot sector has its label. */
const bootLabelOffset = 43;

/**
 * A disk with a FAT on its first partition, whose label stands only where Windows writes it, in the root folder:
 * JSON in gzip, the key in meta-data, and a network for the interface of a hardware's address.
 */
export async function fatSeedDisk(folder: string, seed: Seed, mac: string): Promise<string> {
  const tree = path.join(folder, "fat-seed");
  await mkdir(tree);
  const stranger = JSON.stringify({ ssh_authorized_keys: [seed.strangersKey] });
  const config = { fqdn: `${seed.hostname}.example.org`, write_files: [{ content: stranger }] };
  const network = {
    version: 2,
    ethernets: {
      lan: {
        match: { macaddress: mac.toUpperCase() },
        dhcp4: true,
        addresses: ["fd77::5/64", "10.77.0.5/24"],
        mtu: 1400,
        nameservers: { addresses: ["10.9.0.3"] },
      },
    },
  };
  const files = {
    "user-data": gzipSync(`#cloud-config\n${JSON.stringify(config, null, 2)}`),
    "meta-data": JSON.stringify({ "public-keys": { mine: { "openssh-key": seed.key.trim() } } }),
    "network-config": JSON.stringify(network),
  };
  for (const [name, content] of Object.entries(files)) {
    await writeFile(path.join(tree, name), content);
  }
  const filesystem = path.join(folder, "fat");
  // 4 MiB in kibibytes.
  await runOk(["mformat", "-C", "-T", "8192", "-v", "CIDATA", "-i", filesystem, "::"]);
  const paths = Object.keys(files).map((name) => path.join(tree, name));
  await runOk(["mcopy", "-i", filesystem, ...paths, "::"]);
  const fat = await readFile(filesystem);
  fat.write("NO NAME    ", bootLabelOffset, "latin1");
  const image = path.join(folder, "seed.fat");
  const disk = await open(image, "w");
  try {
    await disk.truncate(8 * mebibyte);
    await disk.write(fat, 0, fat.length, mebibyte);
  } finally {
    await disk.close();
  }
  await runOk(["sfdisk", "-q", image], { input: "start=2048, size=8192, type=1\n" });
  return image;
}
