/** One command of a service. */
export interface ServiceCommand {
  argv: readonly string[];
  /** "-": its failure counts as success. */
  ignoresFailure: boolean;
  /** ":": $NAME stays as it is. */
  keepsDollars: boolean;
}

/** When a service is started again (systemd.service(5)). */
export type RestartPolicy =
  | "no"
  | "always"
  | "on-success"
  | "on-failure"
  | "on-abnormal"
  | "on-abort"
  | "on-watchdog";

/** What this service is told of others, by their names with suffix. */
export interface ServiceLinks {
  after: readonly string[];
  before: readonly string[];
  wants: readonly string[];
  requires: readonly string[];
  bindsTo: readonly string[];
  partOf: readonly string[];
}

/** A service, as the unit that Podman's generator printed describes it. */
export interface ServiceDefinition {
  /** "web.service" */
  name: string;
  description: string;
  /** The Quadlet file. */
  sourcePath: string;
  type: "simple" | "exec" | "oneshot" | "forking" | "notify";
  /** Who may report readiness: everybody, or nobody. */
  pidFile: string | undefined;
  remainsAfterExit: boolean;
  startPre: readonly ServiceCommand[];
  start: readonly ServiceCommand[];
  startPost: readonly ServiceCommand[];
  stop: readonly ServiceCommand[];
  stopPost: readonly ServiceCommand[];
  /** In order; later ones win. */
  environment: readonly (readonly [string, string])[];
  environmentFiles: readonly { path: string; isOptional: boolean }[];
  unsetEnvironment: readonly string[];
  workingDirectory: string | undefined;
  restart: RestartPolicy;
  restartMs: number;
  /** Statuses that count as success, besides 0. */
  successStatuses: ReadonlySet<number>;
  restartPreventStatuses: ReadonlySet<number>;
  restartForceStatuses: ReadonlySet<number>;
  /** Undefined: the default, which counts only time in which nothing moves. */
  startTimeoutMs: number | undefined;
  stopTimeoutMs: number | undefined;
  killMode: "control-group" | "mixed" | "process" | "none";
  startLimit: { intervalMs: number; burst: number };
  /** Paths that have to be there (or, negated, not), else the service is passed over. */
  conditions: readonly { path: string; isNegated: boolean }[];
  links: ServiceLinks;
  /** Whether it is started at boot, and by which other services it is wanted. */
  startsAtBoot: boolean;
  wantedBy: readonly string[];
  requiredBy: readonly string[];
  /** What the files ask for and this system doesn't do, a line each. */
  notHonoured: readonly string[];
}
