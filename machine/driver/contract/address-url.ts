import type { Machine } from "../../store/machines.ts";

/** The URL of a machine that is known by its address, as docker-machine writes it. */
export function addressUrl({ config }: Machine): string {
  return `tcp://${config.Driver.IPAddress}`;
}
