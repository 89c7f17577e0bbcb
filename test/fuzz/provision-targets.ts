import { gzipSync } from "node:zlib";
import { credentialOf, provisionsOf } from "../../agents/provision/credentials/credentials.ts";
import { oemTable } from "../../agents/provision/credentials/made-tables.testing.ts";
import { oemStrings } from "../../agents/provision/credentials/smbios.ts";
import { listed } from "../../agents/provision/model/listed.ts";
import { provisionOf } from "../../agents/provision/nocloud/nocloud.ts";
import { parseAuthorizedKeys } from "../../agents/sshkeys/keys/authorized-keys.ts";
import { bytesOf, key, text } from "./seeds.ts";
import { must, type Target } from "./target.ts";

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

/** Readers of credentials and NoCloud's files. */
export const provisionTargets = [smbios, tmpfiles, noCloud] as const;
