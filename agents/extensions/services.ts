import { oneLine } from "../command/one-line.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { scrubbedEnvironment } from "../kernel/processes.ts";
import { writeServiceState } from "../services/service-state.ts";
import type { Supervisor } from "../services/supervisor.ts";
import { foldersOf } from "./inspect.ts";
import type { Loaded } from "./loaded.ts";
import { longestTextBytes } from "./places.ts";

/** Where services lie, below /usr. */
export const servicesFolder = "lib/boot2podman/services";

/** A service of an extension, as its file describes it. */
export interface ExtensionService {
  name: string;
  /** Program and arguments. */
  command: string[];
  /** "never": it is run once. */
  restart: "always" | "never";
  /** Services of extensions that must be ready before. */
  needs: string[];
  /** A path that appears when it is ready. */
  ready: string | undefined;
  environment: Record<string, string>;
}

/** Reads the text of a service's file, which `parse` has read as TOML. Throws in words. */
export function parseService(name: string, document: unknown): ExtensionService {
  const table = isTable(document) ? document : {};
  const known = ["command", "restart", "needs", "ready", "environment"];
  const unknown = Object.keys(table).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new Error(`unknown key ${unknown}; known are ${known.join(", ")}`);
  }
  const { command, restart = "always", needs = [], ready, environment = {} } = table;
  if (!isTexts(command) || command.length === 0 || command[0] === "") {
    throw new Error("command: expected a list of a program and its arguments");
  }
  if (restart !== "always" && restart !== "never") {
    throw new Error('restart: expected "always" or "never"');
  }
  if (!isTexts(needs)) {
    throw new Error("needs: expected a list of services");
  }
  if (ready !== undefined && (typeof ready !== "string" || !/^\/[^\0]+$/.test(ready))) {
    throw new Error("ready: expected an absolute path");
  }
  if (!isTable(environment) || !isTexts(Object.values(environment))) {
    throw new Error("environment: expected a table of texts");
  }
  const texts = Object.fromEntries(
    Object.entries(environment).map(([key, value]) => [key, String(value)]),
  );
  return { name, command, restart, needs, ready, environment: texts };
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is string[] {
  return (
    Array.isArray(value) && value.every((one) => typeof one === "string" && !one.includes("\0"))
  );
}

/** Services that were found, and one line for each file that is none. */
export interface FoundServices {
  services: ExtensionService[];
  problems: string[];
}

/** The services of an extension that is mounted. */
export function readServices(
  kernel: Kernel,
  { root, name }: Pick<Loaded, "root" | "name">,
  parseToml: (text: string) => unknown,
): FoundServices {
  return readServicesIn(kernel, { usr: `${root}/usr`, name }, parseToml);
}

/** The services below a /usr; `name` says whose it is. */
export function readServicesIn(
  kernel: Kernel,
  { usr, name }: { usr: string; name: string },
  parseToml: (text: string) => unknown,
): FoundServices {
  const services: ExtensionService[] = [];
  const problems: string[] = [];
  for (const file of foldersOf(kernel, usr, servicesFolder)) {
    const [, called] = /^([a-z0-9][a-z0-9._-]*)\.toml$/.exec(file) ?? [];
    if (called === undefined) {
      continue;
    }
    try {
      const bytes = kernel.readNoFollow(`${usr}/${servicesFolder}/${file}`, longestTextBytes);
      const text = new TextDecoder().decode(bytes ?? new Uint8Array());
      services.push(parseService(called, parseToml(text)));
    } catch (error) {
      problems.push(`service ${called} of ${name}: ${oneLine(error)}`);
    }
  }
  return { services, problems };
}

/** What runs of extensions. */
export interface ServiceRunner {
  /**
   * Starts what extensions in /usr and the image itself have and stops what they no longer have. Never rejects; gives
   * lines.
   */
  follow(
    loaded: readonly Loaded[],
    ofImage?: FoundServices,
  ): Promise<{ started: string[]; problems: string[] }>;
}

const readyTimeout = { quietMs: 120_000 };

/** Runs services in the resident agent. */
export function openRunner(
  kernel: Kernel,
  supervisor: Supervisor,
  parseToml: (text: string) => unknown,
): ServiceRunner {
  /** Service → the mount that it came from. */
  const running = new Map<string, string>();
  const once = async (service: ExtensionService, options: object) => {
    const startedMs = kernel.uptimeMs();
    const child = kernel.spawn(service.command, options);
    writeServiceState(kernel, { name: service.name, pid: child.pid, startedMs, failures: 0 });
    const status = await child.exited;
    if (status !== 0) {
      throw new Error(`it ended with ${status}; see /var/log/${service.name}.log`);
    }
  };
  const start = async (service: ExtensionService) => {
    const { name, command, environment, ready, restart } = service;
    const env = { ...scrubbedEnvironment, ...environment };
    const options = { env, logPath: `/var/log/${name}.log` };
    if (restart === "never") {
      await once(service, options);
      return;
    }
    supervisor.start({ name, argv: command, options });
    if (ready !== undefined) {
      await waitForFile(kernel, ready);
    }
  };
  return {
    async follow(loaded, ofImage = { services: [], problems: [] }) {
      const found = [
        { root: "", ...ofImage },
        ...loaded.map((one) => ({ root: one.root, ...readServices(kernel, one, parseToml) })),
      ];
      const problems = found.flatMap((each) => each.problems);
      const wanted = new Map(
        found.flatMap(({ root, services }) =>
          services.map((service) => [service.name, { service, root }] as const),
        ),
      );
      // What was started last needs what was started before it.
      for (const [name, root] of [...running].reverse()) {
        if (wanted.get(name)?.root !== root) {
          running.delete(name);
          await supervisor.stop(name);
        }
      }
      const started: string[] = [];
      const begun = new Map<string, Promise<void>>();
      const begin = (name: string, path: readonly string[]): Promise<void> => {
        const known = begun.get(name);
        const one = wanted.get(name);
        if (path.includes(name) || one === undefined) {
          return Promise.reject(
            new Error(`it needs ${name}, ${one ? "in a loop" : "which is not there"}`),
          );
        }
        if (known !== undefined || running.has(name)) {
          return known ?? Promise.resolve();
        }
        const work = Promise.all(
          one.service.needs.map((needed) => begin(needed, [...path, name])),
        ).then(async () => {
          running.set(name, one.root);
          await start(one.service);
          started.push(name);
        });
        begun.set(name, work);
        return work;
      };
      await Promise.all(
        [...wanted.keys()].map((name) =>
          begin(name, []).catch((error: unknown) =>
            problems.push(`service ${name}: ${oneLine(error)}`),
          ),
        ),
      );
      return { started, problems };
    },
  };
}

/** Its folder may come later than we look. */
async function waitForFile(kernel: Kernel, path: string): Promise<void> {
  const folder = path.slice(0, path.lastIndexOf("/"));
  if (!kernel.exists(folder)) {
    kernel.mkdir(folder);
  }
  await kernel.waitForPath(path, readyTimeout);
}
