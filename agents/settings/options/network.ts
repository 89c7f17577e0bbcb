import type { BootOptionKind } from "../boot-option-table.ts";
import { anywhere } from "../sources.ts";
import { ipForms, parseIpSetting } from "./interface-setting.ts";
import { isIpAddress } from "./ip-address.ts";
import { flag } from "./option-kinds.ts";

/** How the network comes up. */
export const networkOptions: readonly BootOptionKind[] = [
  flag("nodhcp", "no DHCP; network interfaces stay as they are", anywhere, (options, isOn) => {
    options.nodhcp = isOn;
  }),
  {
    name: "ip",
    value: "SETTING",
    help: "how a network interface gets its address, as the kernel writes it; may be given several times",
    sources: anywhere,
    read(options, value, isFirst) {
      const setting = parseIpSetting(value);
      if (setting === undefined) {
        return ipForms;
      }
      const interfaces = isFirst ? [] : options.network.interfaces;
      options.network = { ...options.network, interfaces: [...interfaces, setting] };
      return undefined;
    },
  },
  {
    name: "nameserver",
    value: "ADDRESS",
    help: "a name server to ask before those of DHCP; may be given several times",
    sources: anywhere,
    read(options, value, isFirst) {
      if (!isIpAddress(value)) {
        return "an address of IPv4 or IPv6";
      }
      const servers = isFirst ? [] : options.network.nameServers;
      options.network = { ...options.network, nameServers: [...servers, value] };
      return undefined;
    },
  },
];
