import { isAbsolute, resolve } from "node:path";
import { UsageError } from "../error/machine-error.ts";
import type { PublishedPort } from "../store/driver-config.ts";
import type { FolderShare } from "../store/share.ts";

/** Reads HOST:GUEST[:ro] of --volume. A relative folder of the host counts from here. */
export function parseVolume(text: string, index: number): FolderShare {
  const parts = text.split(":");
  const [host = "", guest = "", access = "rw"] = parts;
  if (host === "" || parts.length > 3 || !["ro", "rw"].includes(access)) {
    throw new UsageError(
      `"${text}" is not a volume: expected HOST-FOLDER:GUEST-FOLDER or with :ro.`,
    );
  }
  const place = guest === "" ? resolve(host) : guest;
  if (!isAbsolute(place) || place === "/" || place.includes('"')) {
    throw new UsageError(
      `"${text}" is not a volume: the folder in the guest has to be absolute, not / itself, and without ".`,
    );
  }
  return {
    Tag: `share${index}`,
    HostFolder: resolve(host),
    GuestFolder: place,
    ReadOnly: access === "ro",
  };
}

/** Reads [IP:]HOST-PORT:GUEST-PORT[/udp] of --publish; one port alone is both. */
export function parsePublish(text: string): PublishedPort {
  const match = /^(?:(\d{1,3}(?:\.\d{1,3}){3}):)?(\d{1,5})(?::(\d{1,5}))?(?:\/(tcp|udp))?$/.exec(
    text,
  );
  const HostPort = Number(match?.[2]);
  const GuestPort = Number(match?.[3] ?? match?.[2]);
  const inRange = (port: number) => port >= 1 && port <= 65_535;
  if (match === null || !inRange(HostPort) || !inRange(GuestPort)) {
    throw new UsageError(
      `"${text}" is not a port to publish: expected HOST-PORT:GUEST-PORT, such as 8080:80, 127.0.0.1:8080:80 or 5353:53/udp.`,
    );
  }
  return {
    HostIP: match[1] ?? "127.0.0.1",
    HostPort,
    GuestPort,
    Protocol: match[4] === "udp" ? "udp" : "tcp",
  };
}
