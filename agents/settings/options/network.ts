import { type InterfaceSetting, ipForms, parseIpSetting } from "./interface-setting.ts";
import { isIpAddress } from "./ip-address.ts";
import { inGroup, type OptionsOf } from "./option.ts";
import { choice, flag, several } from "./option-forms.ts";
import { anywhere } from "./sources.ts";

/** Whether the network comes up by itself. */
export const dhcpOptions = [
  flag({
    name: "nodhcp",
    help: "no DHCP; network interfaces stay unconfigured",
    sources: anywhere,
    sets: "nodhcp",
  }),
];

/** What it does for others. */
export const forwardOptions = [
  choice({
    name: "boot2podman.forward",
    help: "what is forwarded; containers (default): what containers send and what is sent to their published ports; all: everything, which makes the machine a router and every port of a container reachable through it",
    sources: anywhere,
    sets: "forward",
    choices: ["containers", "all"],
    default: "containers",
    refused: "containers",
  }),
];

/** How it comes up. Name servers are asked before those of DHCP. */
export const networkOptions = inGroup("network", [
  several<"interfaces", InterfaceSetting>({
    name: "ip",
    value: "SETTING",
    help: "how a network interface gets its address, in the kernel's format; may be given several times",
    sources: anywhere,
    sets: "interfaces",
    parseOne(value) {
      const setting = parseIpSetting(value);
      return setting === undefined ? { expected: ipForms } : { value: [setting] };
    },
  }),
  several<"nameServers", string>({
    name: "nameserver",
    value: "ADDRESS",
    help: "a name server to ask before those of DHCP; may be given several times",
    sources: anywhere,
    sets: "nameServers",
    parseOne: (value) =>
      isIpAddress(value) ? { value: [value] } : { expected: "an IPv4 or IPv6 address" },
  }),
]);

/** How network interfaces get their addresses, and which name servers are asked first. */
export type NetworkOptions = OptionsOf<(typeof networkOptions)[number]>;
