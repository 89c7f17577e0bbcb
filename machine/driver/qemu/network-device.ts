import type { PublishedPort } from "../../store/driver-config.ts";
import { loopback } from "../../store/port.ts";
import { machineMac } from "./machine-uuid.ts";
import { optionValue } from "./option-value.ts";

/** How the guest is connected. */
export type NetworkPlan =
  | {
      readonly kind: "user";
      /** The guest reaches neither this host nor what is behind it: untrusted code runs there. */
      readonly isRestricted: boolean;
      readonly sshPort: number;
      readonly publish: readonly PublishedPort[];
    }
  | { readonly kind: "tap"; readonly interface: string }
  | { readonly kind: "bridge"; readonly bridge: string };

/**
 * The network interface and what is behind it. Without a ROM the firmware doesn't try the network. On a
 * network that machines share each has an address of its own: QEMU gives all of them the same one.
 *
 * @param folder of the machine.
 */
export function networkArguments(name: string, folder: string, plan: NetworkPlan): string[] {
  const mac = plan.kind === "user" ? "" : `,mac=${machineMac(folder)}`;
  return [
    ...["-netdev", backend(name, plan)],
    ...["-device", `virtio-net-pci,netdev=net0,romfile=${mac}`],
  ];
}

function backend(name: string, plan: NetworkPlan): string {
  switch (plan.kind) {
    case "tap":
      return `tap,id=net0,ifname=${optionValue(plan.interface)},script=no,downscript=no`;
    case "bridge":
      return `bridge,id=net0,br=${optionValue(plan.bridge)}`;
    case "user":
      return [
        "user,id=net0",
        `hostname=${optionValue(name)}`,
        ...(plan.isRestricted ? ["restrict=on"] : []),
        ...forwards(plan),
      ].join(",");
  }
}

function forwards(plan: { sshPort: number; publish: readonly PublishedPort[] }): string[] {
  return [
    `hostfwd=tcp:${loopback}:${plan.sshPort}-:22`,
    ...plan.publish.map(
      ({ Protocol, HostIP, HostPort, GuestPort }) =>
        `hostfwd=${Protocol}:${HostIP}:${HostPort}-:${GuestPort}`,
    ),
  ];
}
