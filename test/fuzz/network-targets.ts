import { DhcpScript } from "../../agents/init-hooks/network/dhcp-script.testing.ts";
import { leaseText, parseLease } from "../../agents/init-hooks/network/leases.ts";
import { planResolvConf } from "../../agents/init-hooks/network/resolv-conf.ts";
import { readNtpReply } from "../../agents/init-hooks/time/ntp-packet.ts";
import { KernelError } from "../../agents/kernel/kernel-error.ts";
import { parseRouteMessages } from "../../agents/kernel/linux/parse-route-message.ts";
import { isIpAddress } from "../../agents/settings/options/ip-address.ts";
import { must, type Target } from "./target.ts";

/** Whatever was told, resolv.conf has lines of its two kinds alone. Gives whether it has a server. */
function checkResolvConf(leases: Parameters<typeof planResolvConf>[0]): boolean {
  const text = planResolvConf(leases);
  for (const line of text?.split("\n").slice(0, -1) ?? []) {
    const isSane = /^(nameserver [\da-f:.]+(%[\w.-]+)?|search [\w.-]+( [\w.-]+)*)$/i.test(line);
    must(isSane, `a line of resolv.conf that is none: ${JSON.stringify(line)}`);
  }
  return text !== undefined;
}

const lease: Target = {
  name: "what DHCP told",
  seeds: [
    "address 10.0.2.15/24\ndns 10.0.2.3 fe80::1%eth0\nsearch lan example.org\nntp 10.0.2.4\n",
    "dns 1.1.1.1\nsearch $(id) a;b \u0000\ndns ::1\n",
  ].map((text) => Buffer.from(text)),
  check(input) {
    const told = parseLease("eth0", "dhcp", Buffer.from(input).toString("utf8"));
    must(
      told.timeServers.every((server) => isIpAddress(server.replace(/%.*/, ""))),
      "a time server without an address",
    );
    return checkResolvConf([told]);
  },
};

/** As udhcpc hands an answer on: numbers and addresses by their type, a domain as the server wrote it. */
function environmentOf(input: Uint8Array): Record<string, string> {
  const byte = (at: number) => input[at] ?? 0;
  const address = (at: number) => [0, 1, 2, 3].map((one) => byte(at + one)).join(".");
  const has = (bit: number) => (byte(0) >> bit) % 2 === 1;
  const text = Buffer.from(input.subarray(25, 280)).toString("latin1").replaceAll("\0", "");
  return {
    ip: address(1),
    mask: String(byte(5) % 33),
    ...(has(0) ? { router: `${address(6)} ${address(8)}` } : {}),
    ...(has(1) ? { dns: `${address(10)} ${address(12)}` } : {}),
    ...(has(2) ? { mtu: String(byte(14) * 256 + byte(15)) } : {}),
    ...(has(3) ? { ntpsrv: address(16) } : {}),
    ...(has(4) ? { staticroutes: `${address(18)}/${byte(22) % 33} ${address(21)}` } : {}),
    ...(has(5) ? { broadcast: address(20) } : {}),
    ...(has(6) ? { domain: text } : {}),
    ...(has(7) ? { search: text } : {}),
  };
}

const scriptSeed = (first: number, text: string) =>
  Buffer.concat([
    Buffer.from([first, 10, 0, 2, 15, 24, 10, 0, 2, 2, 10, 0, 2, 3, 5, 70, 10, 0, 2, 4]),
    Buffer.from([10, 1, 0, 0, 16]),
    Buffer.from(text),
  ]);

const ownMtu = 1500;

const dhcpScript: Target = {
  name: "DHCP's answer",
  costs: 4,
  seeds: [
    scriptSeed(0x4f, "lan"),
    scriptSeed(0xff, "a.lan $(touch x) `touch x`; touch x\ndns 6.6.6.6"),
    scriptSeed(0x56, "-n \\n* ../../x"),
  ],
  check(input) {
    const script = new DhcpScript("eth0", ownMtu);
    try {
      const before = script.files();
      const calls = script.run("bound", environmentOf(input));
      must(script.mtu >= 576 && script.mtu <= ownMtu, `an MTU of ${script.mtu}`);
      for (const call of calls) {
        const isSane = /^(addr replace|route (replace|del)|link set) [\d./ a-z]+$/.test(call);
        must(isSane, `a call that is none: ip ${JSON.stringify(call)}`);
      }
      const fresh = script.files().filter((name) => !before.includes(name));
      const kept = ["dhcp", "mtu", "routes"].map((file) => `run/network/eth0.${file}`);
      const expected = ["calls", "run/network", ...kept];
      must(
        fresh.every((name) => expected.includes(name)),
        `files that nobody expects: ${fresh}`,
      );
      return checkResolvConf([parseLease("eth0", "dhcp", script.lease() ?? "")]);
    } finally {
      script.remove();
    }
  },
};

/** A message of NETLINK_ROUTE (kernel: rtnetlink.h). */
function routeMessage(type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(16 + body.length, 0);
  header.writeUInt16LE(type, 4);
  return Buffer.concat([header, body]);
}

const nameServerOption = Buffer.concat([
  Buffer.from("19050000" + "00000e10", "hex"),
  Buffer.from("fd090000000000000000000000000053", "hex"),
  Buffer.from("fe800000000000000000000000000001", "hex"),
]);
const userOption = routeMessage(
  68,
  Buffer.concat([Buffer.from("0a00280002000000" + "8600000000000000", "hex"), nameServerOption]),
);
const link = routeMessage(
  16,
  Buffer.concat([
    Buffer.from("00000100020000004310010000000000", "hex"),
    Buffer.from("09000300", "hex"),
    Buffer.from("eth0\0\0\0\0", "latin1"),
  ]),
);

const routerAdvertisement: Target = {
  name: "the kernel's word of a router's name servers",
  seeds: [userOption, Buffer.concat([link, userOption]), link],
  check(input) {
    const messages = parseRouteMessages(input);
    must(messages.length <= input.length / 16, "more messages than bytes for them");
    let isTaken = false;
    for (const message of messages) {
      if (message.of === "link") {
        must(!message.name.includes("\0"), "a zero in a name");
        continue;
      }
      if (message.of === "address") {
        continue;
      }
      must(message.servers.every(isIpAddress), `no addresses: ${message.servers}`);
      must(message.lifetimeS >= 0 && message.lifetimeS < 2 ** 32, "a life without end");
      const { servers: nameServers, domains: searchDomains } = message;
      const told = parseLease("eth0", "ra", leaseText({ nameServers, searchDomains }));
      must(told.searchDomains.join() === searchDomains.join(), "not the same domains");
      must(told.nameServers.join() === nameServers.join(), "not the same when it is read again");
      isTaken = checkResolvConf([told]) || isTaken;
    }
    return isTaken;
  },
};

/** An answer of a server of stratum 2 in 2023. */
const ntpSeed = Buffer.concat([
  Buffer.from("240206ec" + "00000100" + "00000200" + "0a000001", "hex"),
  Buffer.from("e8f0a0c000000000" + "0102030405060708", "hex"),
  Buffer.from("e8f0a0d080000000" + "e8f0a0d090000000", "hex"),
]);

const timeServer: Target = {
  name: "a time server's answer",
  seeds: [ntpSeed],
  check(input) {
    // Of our own cookie mostly: whoever doesn't know it comes no further.
    const isOurs = (input[0] ?? 0) % 8 !== 0 || input === ntpSeed;
    const cookie = isOurs ? input.slice(24, 32) : Buffer.alloc(8, 1);
    const reply = { payload: input, sentMs: 1.7e12, receivedMs: 1.7e12 + 20 };
    try {
      const { offsetMs, delayMs } = readNtpReply("10.0.0.1", cookie, reply);
      must(Number.isFinite(offsetMs) && Number.isFinite(delayMs), "a time without a number");
      must(delayMs >= 0, "an answer before the question");
      return true;
    } catch (error) {
      must(error instanceof KernelError && error.code === "EPROTO", `an error of another kind`);
      must(!/\p{Cc}/u.test(String(error)), "a control character for the log");
      return false;
    }
  },
};

/** Readers of what the network says. */
export const networkTargets = [lease, dhcpScript, routerAdvertisement, timeServer] as const;
