import type { HostSystem } from "./contract.ts";
import { darwin } from "./darwin.ts";
import { linux } from "./linux.ts";

/** This host's. */
export const hostSystem: HostSystem = process.platform === "darwin" ? darwin : linux;
