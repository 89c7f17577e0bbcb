import { version } from "../../command/version.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { Streams } from "../../kernel/streams.ts";
import type { OwnName } from "../boot2podman/descriptions.ts";
import type { ownInterfaces } from "../boot2podman/own-interfaces.ts";
import { resolverService } from "../resolver/resolver.ts";
import type { Service } from "../service/interface.ts";
import { addressesOf, podmanSocketOf } from "./places.ts";

/** What this machine serves, by the word of the command that serves it. */
export const serviceNames = [
  "podman",
  "resolver",
  "boot2podman",
  "boot2podman-root",
  "bridge",
] as const;
/** One of them. */
export type ServiceName = (typeof serviceNames)[number];

type Own = ReturnType<typeof ownInterfaces>;

const url = "https://github.com/boot2podman/boot2podman";

/** A service for that user; all but the resolver are run by him. Nothing of it is loaded before it is asked for. */
export function openService(
  name: ServiceName,
  kernel: Kernel,
  streams: Streams,
  uid = kernel.uid(),
): Service {
  const podman = {
    "io.podman": async () => {
      const { ioPodman } = await import("../podman/io-podman.ts");
      const { Podman } = await import("../podman/rest/podman.ts");
      return ioPodman(new Podman(streams, kernel, podmanSocketOf(uid)));
    },
  };
  let opened: Own | undefined;
  const own = async (one: OwnName) => {
    const { ownInterfaces } = await import("../boot2podman/own-interfaces.ts");
    opened ??= ownInterfaces(kernel, uid === 0 && name !== "boot2podman");
    return await opened[one]();
  };
  const owns = {
    "io.boot2podman.Disks": () => own("Disks"),
    "io.boot2podman.Extensions": () => own("Extensions"),
    "io.boot2podman.Health": () => own("Health"),
    "io.boot2podman.Keys": () => own("Keys"),
    "io.boot2podman.Status": () => own("Status"),
  };
  const resolver = resolverService(addressesOf(uid));
  switch (name) {
    case "podman":
      // As the first one called itself, which clients show.
      return { vendor: "Atomic", product: "podman", version, url, interfaces: podman };
    case "resolver":
      return resolver;
    case "boot2podman":
    case "boot2podman-root":
      return { vendor: "boot2podman", product: "boot2podman", version, url, interfaces: owns };
    case "bridge":
      return { ...resolver, interfaces: { ...resolver.interfaces, ...podman, ...owns } };
  }
}
