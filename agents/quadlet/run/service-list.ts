import type { ServiceState } from "./service.ts";

/** A service as people and programs are shown it. */
export interface ListedService {
  name: string;
  description: string;
  /** The Quadlet file. */
  source: string;
  state: ServiceState;
  /** In words, where there is something to say. */
  detail: string;
  /** Seconds in that state. */
  seconds: number;
  startsAtBoot: boolean;
  mainPid: number | null;
  containerId: string | null;
  restarts: number;
  /** What its files ask for and this system doesn't do. */
  notHonoured: readonly string[];
  log: string;
}
