import { gzipSync } from "node:zlib";
import { originalArchive, readArchive } from "../../agents/automount/archive/archive.ts";
import {
  clientArchive,
  madeArchive,
} from "../../agents/automount/archive/made-archives.testing.ts";
import { readBlkid } from "../../agents/automount/content/blkid.ts";
import { dosTableBytes } from "../../agents/automount/content/dos-table.ts";
import { gptWrites } from "../../agents/automount/content/gpt.ts";
import { probe, ShortReadError } from "../../agents/automount/content/probe.ts";
import { credentialOf, provisionsOf } from "../../agents/provision/credentials/credentials.ts";
import { oemTable } from "../../agents/provision/credentials/made-tables.testing.ts";
import { oemStrings } from "../../agents/provision/credentials/smbios.ts";
import { listed } from "../../agents/provision/model/listed.ts";
import { fatLabel } from "../../agents/provision/nocloud/fat-label.ts";
import { isoLabels } from "../../agents/provision/nocloud/iso-labels.ts";
import { provisionOf } from "../../agents/provision/nocloud/nocloud.ts";
import { hostKeyTypes, parseHostKey } from "../../agents/sshkeys/host-keys.ts";
import { authorizedLine, parseAuthorizedKeys } from "../../agents/sshkeys/keys/authorized-keys.ts";
import { networkTargets } from "./network-targets.ts";
import { must, type Target } from "./target.ts";

const magic = "boot2podman, please format-me";
const key = `ssh-ed25519 ${Buffer.concat([
  Buffer.from([0, 0, 0, 11]),
  Buffer.from("ssh-ed25519"),
  Buffer.from([0, 0, 0, 32]),
  Buffer.alloc(32, 7),
]).toString("base64")} me@here`;

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");
const bytesOf = (...texts: string[]) => texts.map((one) => Buffer.from(one));

const archive: Target = {
  name: "userdata archive",
  seeds: [
    clientArchive(`${key}\n`),
    madeArchive({ name: "a/b/c.txt", content: "x".repeat(700) }, { name: "d", type: "5" }),
    madeArchive({ name: "../x", content: "x" }, { name: "l", type: "2", linkTarget: "/etc" }),
    madeArchive({ name: "name", prefix: "long/prefix", content: "y" }),
  ],
  check(input) {
    // Half of them with right checksums, or hardly one would come further than the first header.
    const fixed = (input[0] ?? 0) % 2 === 0 ? input : withChecksums(input);
    const read = readArchive(fixed, magic);
    originalArchive(fixed, magic);
    if (read.state !== "complete") {
      return false;
    }
    must(read.lengthBytes <= fixed.length, "longer than the disk");
    for (const { path, kind, content } of read.members) {
      const parts = path.split("/");
      must(!path.startsWith("/") && path !== "", `absolute or empty name ${JSON.stringify(path)}`);
      must(!parts.includes("..") && !parts.includes("."), `upward name ${JSON.stringify(path)}`);
      must(!path.includes("\0"), "a zero in a name");
      must(kind === "file" || kind === "folder", `kind ${kind}`);
      must(content.length <= fixed.length, "content longer than the archive");
    }
    return true;
  },
};

/** The mutated headers get the checksums that they need; the magic in front stays. */
function withChecksums(input: Uint8Array): Uint8Array {
  const bytes = Buffer.from(input);
  bytes.write(magic, 0, "latin1");
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    if (bytes.toString("latin1", at + 257, at + 262) !== "ustar") {
      continue;
    }
    bytes.fill(0x20, at + 148, at + 156);
    const sum = bytes.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
    bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, at + 148, "latin1");
  }
  return bytes;
}

function superblock(): Buffer {
  const bytes = Buffer.alloc(4096);
  bytes.writeUInt32LE(5000, 1024 + 0x04);
  bytes.writeUInt32LE(2, 1024 + 0x18);
  bytes.writeUInt16LE(0xef53, 1024 + 0x38);
  bytes.writeUInt32LE(0x4, 1024 + 0x5c);
  bytes.writeUInt32LE(0x42, 1024 + 0x60);
  bytes.write("boot2podman-data", 1024 + 0x78, "latin1");
  return bytes;
}

function withTable(): Buffer {
  const bytes = Buffer.alloc(4096);
  const table = dosTableBytes(7, { type: 0x83, startSector: 2048, sectors: 8192 });
  bytes.set(table, 512 - table.length);
  return bytes;
}

function withGpt(): Buffer {
  const bytes = Buffer.alloc(64 * 1024);
  const table = dosTableBytes(0, { type: 0xee, startSector: 1, sectors: 127 });
  bytes.set(table, 512 - table.length);
  const guid = "0fc63daf-8483-4772-8e79-3d69d8477de4";
  const writes = gptWrites({
    ...{ sectorBytes: 512, diskSectors: 128, startSector: 40, sectors: 40, entriesSector: 2 },
    ...{ diskGuid: guid, partitionGuid: guid, partitionName: "x" },
  });
  for (const { offsetBytes, content } of Object.values(writes)) {
    if (offsetBytes + content.length <= bytes.length) {
      bytes.set(content, offsetBytes);
    }
  }
  return bytes;
}

const probed: Target = {
  name: "first probe",
  seeds: [superblock(), withTable(), withGpt(), Buffer.alloc(70_000), ...bytesOf("LUKS\xba\xbe")],
  check(input) {
    for (const sectorBytes of [512, 4096]) {
      const read = (offset: number, length: number) => input.slice(offset, offset + length);
      try {
        const found = probe({ sizeBytes: input.length, sectorBytes, read, skipBytes: 0 });
        const hasExt = input.length >= 2048 && input[1080] === 0x53 && input[1081] === 0xef;
        must(!(found.is === "empty" && hasExt), "an ext superblock was taken for nothing");
        if (found.is === "table") {
          for (const { startBytes, sizeBytes } of found.table.entries) {
            must(Number.isSafeInteger(startBytes + sizeBytes), "a partition without sane numbers");
          }
        }
        if (sectorBytes === 4096) {
          return found.is !== "empty";
        }
      } catch (error) {
        // Its caller takes it for a disk that can't be read.
        if (!(error instanceof ShortReadError)) {
          throw error;
        }
      }
    }
    return false;
  },
};

const blkid: Target = {
  name: "blkid's answer",
  seeds: bytesOf("DEVNAME=/dev/sda\nTYPE=ext4\nLABEL=a\\ b\nUUID=1\n", "PTTYPE=gpt\n", ""),
  check(input) {
    for (const exitCode of [0, 2, 4, 8]) {
      const said = readBlkid(exitCode, text(input), "");
      const isSilent = exitCode === 2 && text(input).trim() === "";
      must((said.found === "nothing") === isSilent, `status ${exitCode} gave ${said.found}`);
    }
    return readBlkid(0, text(input), "").found === "something";
  },
};

const authorized: Target = {
  name: "authorized keys",
  seeds: bytesOf(`# x\n${key}\nfrom="a,b",no-pty ${key}\n`, `command="a \\" b" ${key}\n`),
  check(input) {
    const { keys } = parseAuthorizedKeys(text(input));
    for (const one of keys) {
      const line = authorizedLine(one);
      must(!/[\r\n\0]/.test(line), `a key of two lines: ${JSON.stringify(line)}`);
      const again = parseAuthorizedKeys(line).keys[0];
      must(again !== undefined && authorizedLine(again) === line, `not the same again: ${line}`);
    }
    return keys.length > 0;
  },
};

/** An ed25519 host key as OpenSSH writes it (openssh: PROTOCOL.key); of a private half that nobody uses. */
function hostKeyBytes(): Buffer {
  const number = (value: number) => Buffer.from(new Uint32Array([value]).buffer).swap32();
  const field = (content: string | Buffer) => {
    const bytes = Buffer.from(content);
    return Buffer.concat([number(bytes.length), bytes]);
  };
  const half = Buffer.alloc(32, 7);
  const publicKey = Buffer.concat([field("ssh-ed25519"), field(half)]);
  const fields = [publicKey, field(Buffer.concat([Buffer.alloc(32, 9), half])), field("")];
  const secret = Buffer.concat([number(5), number(5), ...fields]);
  const padding = Buffer.from(Array.from({ length: 8 - (secret.length % 8) }, (_, at) => at + 1));
  return Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    ...[field("none"), field("none"), field(""), number(1), field(publicKey)],
    field(Buffer.concat([secret, padding])),
  ]);
}

function armoured(bytes: Buffer): Buffer {
  const kind = "OPENSSH PRIVATE KEY";
  const base64 = bytes.toString("base64");
  return Buffer.from(`-----BEGIN ${kind}-----\n${base64}\n-----END ${kind}-----\n`);
}

const hostKey: Target = {
  name: "host key",
  seeds: [armoured(hostKeyBytes()), hostKeyBytes(), hostKeyBytes()],
  check(input) {
    for (const type of hostKeyTypes) {
      try {
        // Most are changed within their base64, or hardly one would come that far.
        const isBare = text(input.subarray(0, 7)) === "openssh";
        const bytes = isBare ? armoured(Buffer.from(input)) : input;
        must(parseHostKey(type, bytes).public.bits > 0, "a key without bits");
        return true;
      } catch (error) {
        must(error instanceof Error && error.message.length > 0, "an error without a word");
      }
    }
    return false;
  },
};

const smbios: Target = {
  name: "SMBIOS table",
  seeds: [oemTable(`io.systemd.credential:ssh.authorized_keys.root=${key}`, "other")],
  check(input) {
    const strings = oemStrings(input);
    const credentials = strings.flatMap((one) => credentialOf(one) ?? []);
    const given = provisionsOf(credentials, { name: "tc", home: "/home/tc" });
    const keys = given.flatMap(({ users }) => users.flatMap((user) => user.keys));
    for (const lines of keys) {
      parseAuthorizedKeys(lines);
    }
    return keys.length > 0;
  },
};

const tmpfiles: Target = {
  name: "tmpfiles.extra",
  seeds: bytesOf(
    `d /root/.ssh 0750 root root -\nf+~ /root/.ssh/authorized_keys 700 root root - ${Buffer.from(key).toString("base64")}\n`,
    `f /home/tc/.ssh/authorized_keys 600 tc tc - ${key}\n`,
  ),
  check(input) {
    const credential = { name: "tmpfiles.extra", text: text(input), from: "fuzz" };
    const given = provisionsOf([credential], { name: "tc", home: "/home/tc" });
    const keys = given.flatMap(({ users }) => users.flatMap((user) => user.keys));
    return keys.some((lines) => parseAuthorizedKeys(lines).keys.length > 0);
  },
};

const noCloudSeeds = bytesOf(
  `#cloud-config\nhostname: web\nssh_authorized_keys:\n  - ${key}\n  - "x"\nusers:\n  - name: a\n    ssh_authorized_keys: [${key}, 'b']\n`,
  `#cloud-config\nx: &x {ssh_authorized_keys: [\n${JSON.stringify(key)}\n]}\nuser: {<<: *x, name: me}\nusers: [{name: root, <<: *x}]\n`,
  `Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/cloud-config\nContent-Transfer-Encoding: base64\n\n${Buffer.from(`ssh_authorized_keys: ["${key}"]`).toString("base64")}\n--b--\n`,
  `#cloud-config-archive\n- type: text/cloud-config\n  content: |\n    ssh_authorized_keys:\n    - ${key}\n- "#!/bin/sh"\n`,
  `version: 2\nethernets: {a: {match: {macaddress: "52:54:00:12:34:56"}, addresses: [10.0.0.1/8, "fd00::1/64"], gateway4: 10.0.0.2, mtu: 1400, nameservers: {addresses: [1.1.1.1]}}}\n`,
  `network: {version: 1, config: [{type: physical, name: e, subnets: [{type: static, address: 10.0.0.1, netmask: 255.0.0.0, routes: [{network: 10.1.0.0/16, gateway: 10.0.0.3}]}]}]}\n`,
  `public-keys: {0: {openssh-key: ${key}}, me: [${key}]}\nlocal-hostname: web.example.org\n`,
);

const noCloud: Target = {
  name: "NoCloud's files",
  seeds: [...noCloudSeeds, ...noCloudSeeds.map((seed) => gzipSync(seed))],
  check(input) {
    const bytes = Buffer.from(input);
    const files = { "user-data": bytes, "meta-data": bytes, "network-config": bytes };
    const { users, network, notHonoured, warnings } = provisionOf("fuzz", files, []);
    for (const { addresses, routes } of network?.interfaces ?? []) {
      const words = [...addresses, ...routes.flatMap(({ to, via }) => [to, via])];
      must(
        words.every((word) => /^(default|[\da-f.:]+(\/\d+)?)$/i.test(word)),
        "a word for ip that is no address",
      );
    }
    const keys = users.flatMap((user) => user.keys);
    for (const one of keys) {
      must(!/[\r\n]/.test(one), "a key of two lines");
    }
    must(!/\p{Cc}/u.test(listed(notHonoured)), "a control character for the console");
    must(warnings.length < 200, "warnings without end");
    return parseAuthorizedKeys(keys.join("\n")).keys.length > 0;
  },
};

/** A disk whose label is in its FAT's root folder or in Joliet's descriptor. */
function labelledDisks(): Buffer[] {
  const fat = Buffer.alloc(40_000);
  fat.write("\xeb\x3c\x90mkfs.fat", 0, "latin1");
  fat.set([0x00, 0x02, 0x01, 0x01, 0x00, 0x02, 0x10, 0x00, 0x40, 0x00, 0xf8, 0x01, 0x00], 11);
  fat.set([0x29, 1, 2, 3, 4], 38);
  fat.set([0x55, 0xaa], 510);
  fat.write("CIDATA     \x08", 3 * 512, "latin1");
  const fat32 = Buffer.from(fat);
  fat32.set([0, 0], 17);
  fat32.set([0, 0], 22);
  fat32.set([1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0], 36);
  const iso = Buffer.alloc(40_000);
  iso.write("\x01CD001", 32_768, "latin1");
  iso.write("\x02CD001", 34_816, "latin1");
  iso.write("%/E", 34_816 + 88, "latin1");
  iso.set(Buffer.from("cidata", "utf16le").swap16(), 34_816 + 40);
  return [fat, fat32, iso];
}

const label: Target = {
  name: "a disk's label",
  seeds: labelledDisks(),
  check(input) {
    let readBytes = 0;
    const read = (offset: number, length: number) => {
      must(Number.isSafeInteger(offset) && offset >= 0 && length >= 0, "a place that is none");
      readBytes += length;
      return input.slice(offset, offset + length);
    };
    const labels = [...(isoLabels(read) ?? []), fatLabel(read)];
    must(readBytes < 1024 * 1024, "more read than a label takes");
    return labels.some((one) => one?.toLowerCase() === "cidata");
  },
};

export const targets = [
  ...[archive, probed, blkid, authorized, hostKey, smbios, tmpfiles, noCloud, label],
  ...networkTargets,
] as const;
