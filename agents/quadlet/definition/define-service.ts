import { oneLine } from "../../command/one-line.ts";
import { allValues, lastValue, parseUnit, type Unit } from "../unit/parse-unit.ts";
import { expandSpecifiers, instanceOf, type SpecifierValues } from "../unit/specifiers.ts";
import { splitWords } from "../unit/split-words.ts";
import { timeSpanMs } from "../unit/time-span.ts";
import { readCommands } from "./commands.ts";
import { keyKind } from "./keys.ts";
import type { ServiceDefinition, ServiceLinks } from "./service-definition.ts";
import { readStatuses } from "./statuses.ts";

/** Whose services these are, and where they run. */
export type ServiceOwner = Pick<SpecifierValues, "user" | "hostName">;

/** Targets of systemd that a boot has reached by the time services are started, and the socket that is served then. */
const reached = /^([a-z-]+\.target|podman\.socket)$/;
/** What starts at boot is wanted by one of them: a user's manager has only the first. */
const bootTargets = new Set(["default.target", "multi-user.target", "graphical.target"]);

const types = ["simple", "exec", "oneshot", "forking", "notify"] as const;
const policies = [
  "no",
  "always",
  "on-success",
  "on-failure",
  "on-abnormal",
  "on-abort",
  "on-watchdog",
] as const;
const killModes = ["control-group", "mixed", "process", "none"] as const;

/** As systemd's defaults (systemd.unit(5), systemd-system.conf(5)). */
const defaultRestartMs = 100;
const defaultLimit = { intervalMs: 10_000, burst: 5 };
/** Nobody waits longer, and a timer can't. */
const longestMs = 2 ** 31 - 1;

const unitName =
  /^[A-Za-z0-9:_.\\-]+(@[A-Za-z0-9:_.\\-]*)?\.(service|target|socket|path|mount|slice|timer)$/;

/**
 * What a unit of the generator means. Throws an Error in one line for what can't be done here, and what the service
 * couldn't do without; the rest that isn't done is named in `notHonoured`.
 *
 * @param name with its suffix, and with its instance when it comes from a template
 */
export function defineService(name: string, text: string, owner: ServiceOwner): ServiceDefinition {
  const unit = parseUnit(text);
  const notHonoured = judgeKeys(unit);
  const sourcePath = lastValue(unit, "Unit", "SourcePath") ?? "";
  const specifiers: SpecifierValues = { ...owner, unitName: name, sourcePath };
  const about = (key: string, read: () => string): string => naming(key, read);
  const expand = (key: string, value: string) =>
    about(key, () => expandSpecifiers(value, specifiers));
  const text1 = (section: string, key: string) => {
    const value = lastValue(unit, section, key);
    return value === undefined ? undefined : expand(key, value);
  };
  const commands = (key: string) =>
    naming(key, () =>
      allValues(unit, "Service", key).flatMap((value) =>
        readCommands(value, (word) => expandSpecifiers(word, specifiers), owner.user.uid === 0),
      ),
    );
  const words = (section: string, key: string) =>
    naming(key, () =>
      allValues(unit, section, key).flatMap((value) =>
        splitWords(value).map((word) => expandSpecifiers(word ?? ";", specifiers)),
      ),
    );
  const time = (section: string, key: string) => {
    const value = lastValue(unit, section, key);
    return value === undefined
      ? undefined
      : naming(key, () => Math.min(longestMs, timeSpanMs(value)));
  };
  const start = commands("ExecStart");
  const type =
    oneOf(types, "Type", lastValue(unit, "Service", "Type")) ??
    (start.length === 0 ? "oneshot" : "simple");
  if (type !== "oneshot" && start.length !== 1) {
    throw new Error(`Type=${type} needs one ExecStart=, and there are ${start.length}`);
  }
  const both = time("Service", "TimeoutSec");
  const { links, startsAtBoot, wantedBy, requiredBy } = readLinks(words, notHonoured);
  return {
    name,
    description: text1("Unit", "Description") ?? "",
    sourcePath,
    type,
    pidFile: text1("Service", "PIDFile"),
    remainsAfterExit: yesOrNo(unit, "RemainAfterExit"),
    startPre: commands("ExecStartPre"),
    start,
    startPost: commands("ExecStartPost"),
    stop: commands("ExecStop"),
    stopPost: commands("ExecStopPost"),
    environment: words("Service", "Environment").map((word) => assignment("Environment", word)),
    environmentFiles: allValues(unit, "Service", "EnvironmentFile").map((value) => ({
      path: expand("EnvironmentFile", value.replace(/^-/, "")),
      isOptional: value.startsWith("-"),
    })),
    unsetEnvironment: words("Service", "UnsetEnvironment"),
    workingDirectory: workingDirectory(text1("Service", "WorkingDirectory"), owner),
    restart: oneOf(policies, "Restart", lastValue(unit, "Service", "Restart")) ?? "no",
    restartMs: time("Service", "RestartSec") ?? defaultRestartMs,
    successStatuses: statuses(unit, "SuccessExitStatus"),
    restartPreventStatuses: statuses(unit, "RestartPreventExitStatus"),
    restartForceStatuses: statuses(unit, "RestartForceExitStatus"),
    startTimeoutMs: time("Service", "TimeoutStartSec") ?? both,
    stopTimeoutMs: time("Service", "TimeoutStopSec") ?? both,
    killMode:
      oneOf(killModes, "KillMode", lastValue(unit, "Service", "KillMode")) ?? "control-group",
    startLimit: {
      intervalMs:
        time("Unit", "StartLimitIntervalSec") ??
        time("Service", "StartLimitInterval") ??
        defaultLimit.intervalMs,
      burst: burst(unit),
    },
    conditions: allValues(unit, "Unit", "ConditionPathExists").map((value) => ({
      path: expand("ConditionPathExists", value.replace(/^!/, "")),
      isNegated: value.startsWith("!"),
    })),
    links,
    startsAtBoot,
    wantedBy,
    requiredBy,
    notHonoured,
  };
}

/** The instance that a template is started as where none is named; undefined when it has none. */
export function defaultInstance(name: string, text: string): string | undefined {
  return instanceOf(name) === ""
    ? lastValue(parseUnit(text), "Install", "DefaultInstance")
    : undefined;
}

/** Lines about keys that are left out. Throws for one without which the service would be another. */
function judgeKeys(unit: Unit): string[] {
  const lines = new Set<string>();
  for (const [section, assignments] of unit) {
    for (const { key } of assignments) {
      const kind = keyKind(section, key);
      if (typeof kind === "string" || allValues(unit, section, key).length === 0) {
        continue;
      }
      if ("refused" in kind) {
        throw new Error(`${key}= of [${section}] can't be done: ${kind.refused}`);
      }
      lines.add(`${key}= of [${section}] is not honoured: ${kind.leftOut}`);
    }
  }
  return [...lines];
}

function readLinks(
  words: (section: string, key: string) => string[],
  notHonoured: string[],
): Pick<ServiceDefinition, "links" | "startsAtBoot" | "wantedBy" | "requiredBy"> {
  const names = (section: string, key: string) =>
    words(section, key).map((word) => {
      if (!unitName.test(word)) {
        throw new Error(`${key}=: "${word}" is no name of a unit like web.service`);
      }
      return word;
    });
  const services = (key: string, isNeeded: boolean) =>
    names("Unit", key).filter((name) => {
      if (name.endsWith(".service")) {
        return true;
      }
      if (isNeeded && !reached.test(name)) {
        throw new Error(`${key}=${name} can't be done: there are no such units here`);
      }
      return false;
    });
  const links: ServiceLinks = {
    after: services("After", false),
    before: services("Before", false),
    wants: services("Wants", false),
    requires: services("Requires", true),
    bindsTo: services("BindsTo", true),
    partOf: services("PartOf", false),
  };
  const install = ["WantedBy", "RequiredBy"].flatMap((key) =>
    names("Install", key).map((name) => ({ key, name })),
  );
  for (const { key, name } of install) {
    if (!name.endsWith(".service") && !bootTargets.has(name)) {
      notHonoured.push(`${key}=${name} of [Install] is not honoured: use default.target`);
    }
  }
  const by = (wanted: string) =>
    install
      .filter(({ key, name }) => key === wanted && name.endsWith(".service"))
      .map(({ name }) => name);
  return {
    links,
    startsAtBoot: install.some(({ name }) => bootTargets.has(name)),
    wantedBy: by("WantedBy"),
    requiredBy: by("RequiredBy"),
  };
}

function workingDirectory(value: string | undefined, owner: ServiceOwner): string | undefined {
  const path = value === "~" ? owner.user.home : value;
  if (path !== undefined && !/^-?\//.test(path)) {
    throw new Error(`WorkingDirectory=${path} is no absolute path`);
  }
  return path;
}

function assignment(key: string, word: string): [string, string] {
  const match = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(word);
  if (match === null) {
    throw new Error(`${key}=: "${word}" is no NAME=value`);
  }
  return [match[1] ?? "", match[2] ?? ""];
}

function statuses(unit: Unit, key: string): ReadonlySet<number> {
  return naming(key, () => readStatuses(allValues(unit, "Service", key).join(" ")));
}

function burst(unit: Unit): number {
  const value =
    lastValue(unit, "Unit", "StartLimitBurst") ?? lastValue(unit, "Service", "StartLimitBurst");
  if (value !== undefined && !/^\d{1,6}$/.test(value)) {
    throw new Error(`StartLimitBurst=${value} is no number`);
  }
  return value === undefined ? defaultLimit.burst : Number(value);
}

function yesOrNo(unit: Unit, key: string): boolean {
  const value = lastValue(unit, "Service", key) ?? "no";
  if (/^(1|yes|y|true|t|on)$/i.test(value)) {
    return true;
  }
  if (/^(0|no|n|false|f|off)$/i.test(value)) {
    return false;
  }
  throw new Error(`${key}=${value} is neither yes nor no`);
}

function oneOf<T extends string>(
  values: readonly T[],
  key: string,
  value: string | undefined,
): T | undefined {
  const found = values.find((one) => one === value);
  if (value !== undefined && found === undefined) {
    throw new Error(`${key}=${value} is not known here; expected ${values.join(", ")}`);
  }
  return found;
}

function naming<T>(key: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`${key}=: ${oneLine(error)}`, { cause: error });
  }
}
