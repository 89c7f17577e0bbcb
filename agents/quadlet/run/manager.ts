import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { defaultInstance, defineService } from "../definition/define-service.ts";
import type { ServiceDefinition } from "../definition/service-definition.ts";
import { readExtensionUnits } from "../generate/extension-units.ts";
import { generate } from "../generate/generate.ts";
import { hasQuadletFiles } from "../generate/quadlet-folders.ts";
import { planStart, planStop } from "../plan/order.ts";
import { instanceOf, type SpecifierValues, stem } from "../unit/specifiers.ts";
import { followDeaths } from "./deaths.ts";
import { openService, type Service } from "./service.ts";
import type { ListedService } from "./service-list.ts";

/** How a change of services went, by name. */
export interface ServicesResult {
  done: readonly string[];
  /** A line each. */
  failed: readonly string[];
  warnings: readonly string[];
}

/** The services of one owner, as his Quadlet files describe them; root's are those of extensions too. */
export interface ServiceManager {
  /** Reads the files again. Running services go on; theirs counts from their next start on. Throws an Error when the generator can't be run. */
  reload(): Promise<ServicesResult>;
  startAtBoot(): Promise<ServicesResult>;
  /**
   * Reads the units again that loaded extensions bring, stops those that are gone or replaced, and starts those that
   * their extensions want to run. Only root has any.
   */
  followExtensions(): Promise<ServicesResult>;
  start(names: readonly string[]): Promise<ServicesResult>;
  stop(names: readonly string[]): Promise<ServicesResult>;
  restart(names: readonly string[]): Promise<ServicesResult>;
  stopAll(): Promise<void>;
  list(): ListedService[];
  /** What is wrong with the files, a line each. */
  readonly warnings: readonly string[];
}

const folder = "/run/boot2podman/quadlet";

/** No files are read yet. */
export function openManager(kernel: Kernel, user: SpecifierValues["user"]): ServiceManager {
  const services = new Map<string, Service>();
  /** Texts of templates, by names like "queue@.service". */
  let templates = new Map<string, string>();
  /** Names of services that extensions bring, and where each of these is mounted. */
  let ofExtensions: ReadonlyMap<string, string> = new Map();
  /** Those that were followed last. */
  let followed: typeof ofExtensions = new Map();
  let warnings: readonly string[] = [];
  let deaths: ReturnType<typeof followDeaths> | undefined;
  let isGoingOff = false;
  let count = 0;
  const owner = { user, hostName: kernel.hostname() };
  const notifyFolder = `${folder}/${user.uid}` as const;

  const definitions = (): Map<string, ServiceDefinition> =>
    new Map([...services].map(([name, { definition }]) => [name, definition]));

  const open = (definition: ServiceDefinition): void => {
    const known = services.get(definition.name);
    if (known !== undefined) {
      known.redefine(definition);
      return;
    }
    deaths ??= followDeaths(kernel, user);
    count += 1;
    const { name } = definition;
    const service = openService(definition, {
      kernel,
      user,
      deaths,
      notifyPath: `${notifyFolder}/${count}`,
      logPath: logPathOf(user, name),
      onEnd() {
        void stopAlong(planStop(definitions(), [name], false).filter((one) => one.name !== name));
      },
      onRestart() {
        if (!isGoingOff) {
          void startAll([name], "policy");
        }
      },
    });
    services.set(name, service);
  };

  /** The service of that name, made from its template where it is an instance. */
  const find = (called: string): string => {
    const name = /\.[a-z]+$/.test(called) ? called : `${called}.service`;
    if (services.has(name)) {
      return name;
    }
    // By the name of the Quadlet file.
    for (const [known, { definition }] of services) {
      if (definition.sourcePath.endsWith(`/${called}`)) {
        return known;
      }
    }
    const template = templates.get(`${name.replace(/@.*$/s, "")}@.service`);
    const isInstance = /^[A-Za-z0-9:_.\\-]+@[A-Za-z0-9:_.\\-]+\.service$/.test(name);
    if (template !== undefined && isInstance) {
      open(defineService(name, template, owner));
      return name;
    }
    throw new Error(`${called}: no such service; boot2podman service ls shows them`);
  };

  const startAll = async (
    wanted: readonly string[],
    by: "hand" | "policy",
  ): Promise<ServicesResult> => {
    const plan = planStart(definitions(), wanted);
    const done: string[] = [];
    const failed: string[] = [];
    const starts = new Map<string, Promise<boolean>>();
    for (const { name, waitsFor, needs } of plan.services) {
      const start = async (): Promise<boolean> => {
        await Promise.all(waitsFor.map((other) => starts.get(other)));
        const service = services.get(name);
        const missing = plan.missing.get(name);
        if (service === undefined || isGoingOff) {
          return false;
        }
        if (missing !== undefined) {
          failed.push(`${name}: it needs ${missing}, which nothing here makes`);
          return false;
        }
        for (const other of needs.filter((one) => waitsFor.includes(one))) {
          if ((await starts.get(other)) === false) {
            failed.push(`${name}: it needs ${other}, which isn't started`);
            return false;
          }
        }
        const wasUp = service.state === "running" || service.state === "done";
        try {
          await service.start(by);
        } catch (error) {
          failed.push(oneLine(error));
          return false;
        }
        if (!wasUp) {
          done.push(name);
        }
        return service.state !== "inactive" || service.definition.type === "oneshot";
      };
      starts.set(name, start());
    }
    await Promise.all(starts.values());
    const left = plan.services.flatMap(({ name }) =>
      (services.get(name)?.definition.notHonoured ?? []).map((line) => `${name}: ${line}`),
    );
    return { done, failed, warnings: [...plan.circles, ...left] };
  };

  const stopAlong = async (
    plan: readonly { name: string; waitsFor: readonly string[] }[],
  ): Promise<string[]> => {
    const done: string[] = [];
    const stops = new Map<string, Promise<void>>();
    for (const { name, waitsFor } of plan) {
      const stop = async (): Promise<void> => {
        await Promise.all(waitsFor.map((other) => stops.get(other)));
        const service = services.get(name);
        if (service === undefined || service.state === "inactive") {
          return;
        }
        await service.stop();
        done.push(name);
      };
      stops.set(name, stop());
    }
    await Promise.all(stops.values());
    return done;
  };

  const reload = async (): Promise<ServicesResult> => {
    const brought = user.uid === 0 ? readExtensionUnits(kernel) : { units: [], problems: [] };
    // Where there is no Podman there is no generator, and extensions have services all the same.
    const generated =
      brought.units.length > 0 && !hasQuadletFiles(kernel, user)
        ? { units: new Map<string, string>(), warnings: [] }
        : await generate(kernel, user);
    kernel.mkdir(notifyFolder);
    const said = [...generated.warnings, ...brought.problems];
    const found = new Set<string>();
    const seen = new Map<string, string>();
    /** Says whether it can be run. */
    const take = (name: string, text: string, as = (defined: ServiceDefinition) => defined) => {
      found.add(name);
      try {
        open(as(defineService(name, text, owner)));
        return true;
      } catch (error) {
        said.push(`${name} can't be run here: ${oneLine(error)}`);
        return false;
      }
    };
    for (const [name, text] of generated.units) {
      const isTemplate = /@\.service$/.test(name);
      if (!isTemplate) {
        take(name, text);
        continue;
      }
      seen.set(name, text);
      const instance = defaultInstance(name, text);
      if (instance !== undefined && /^[A-Za-z0-9:_.\\-]+$/.test(instance)) {
        take(name.replace("@.", `@${instance}.`), text);
      }
    }
    const roots = new Map<string, string>();
    for (const { name, text, root, isWanted } of brought.units) {
      if (found.has(name) || seen.has(name)) {
        said.push(`${name} of an extension is left out: a Quadlet file makes one of that name`);
      } else if (/@\.service$/.test(name)) {
        seen.set(name, text);
      } else if (take(name, text, (defined) => extensionService(defined, isWanted))) {
        roots.set(name, root);
      }
    }
    ofExtensions = roots;
    templates = seen;
    for (const [name, service] of services) {
      const isOfTemplate =
        instanceOf(name) !== "" && templates.has(`${stem(name).replace(/@.*$/s, "")}@.service`);
      if (!found.has(name) && !isOfTemplate && service.state === "inactive") {
        services.delete(name);
      }
    }
    warnings = said;
    return { done: [...found].sort(), failed: [], warnings };
  };

  return {
    reload,
    startAtBoot() {
      const wanted = [...services]
        .filter(([name, { definition }]) => definition.startsAtBoot && !ofExtensions.has(name))
        .map(([name]) => name);
      return startAll(wanted, "hand");
    },
    async followExtensions() {
      const before = followed;
      await reload();
      followed = ofExtensions;
      const gone = [...before]
        .filter(([name, root]) => ofExtensions.get(name) !== root && services.has(name))
        .map(([name]) => name);
      await stopAlong(planStop(definitions(), gone, true));
      for (const name of gone) {
        if (!ofExtensions.has(name)) {
          services.delete(name);
        }
      }
      const wanted = [...ofExtensions.keys()].filter(
        (name) => services.get(name)?.definition.startsAtBoot === true,
      );
      return await startAll(wanted, "hand");
    },
    start: async (names) => await startAll(names.map(find), "hand"),
    async stop(names) {
      const done = await stopAlong(planStop(definitions(), names.map(find), true));
      return { done, failed: [], warnings: [] };
    },
    async restart(names) {
      const found = names.map(find);
      const stopped = await stopAlong(planStop(definitions(), found, true));
      return await startAll([...new Set([...found, ...stopped])], "hand");
    },
    async stopAll() {
      isGoingOff = true;
      await stopAlong(planStop(definitions(), [...services.keys()], true));
    },
    list: () =>
      [...services.values()]
        .map((service) => listed(kernel, user, service))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    get warnings() {
      return warnings;
    },
  };
}

/** [Install] only says what `systemctl enable` would do: what an extension wants to run, its targets say. */
function extensionService(defined: ServiceDefinition, isWanted: boolean): ServiceDefinition {
  const sourcePath = `/usr/lib/systemd/system/${defined.name}`;
  return { ...defined, sourcePath, startsAtBoot: isWanted, wantedBy: [], requiredBy: [] };
}

function logPathOf(user: SpecifierValues["user"], name: string): string {
  const whose = user.uid === 0 ? "" : `${user.name}-`;
  return `/var/log/service-${whose}${stem(name)}.log`;
}

function listed(
  kernel: Kernel,
  user: SpecifierValues["user"],
  { definition, state, detail, sinceMs, main, restarts }: Service,
): ListedService {
  return {
    name: definition.name,
    description: definition.description,
    source: definition.sourcePath,
    state,
    detail,
    seconds: Math.round((kernel.uptimeMs() - sinceMs) / 1000),
    startsAtBoot: definition.startsAtBoot,
    mainPid: main?.pid ?? null,
    containerId: main?.containerId ?? null,
    restarts,
    notHonoured: definition.notHonoured,
    log: logPathOf(user, definition.name),
  };
}
