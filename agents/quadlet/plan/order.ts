import type { ServiceDefinition } from "../definition/service-definition.ts";

/** Services by their names, as far as their links are concerned. */
export type LinkedServices = ReadonlyMap<
  string,
  Pick<ServiceDefinition, "links" | "wantedBy" | "requiredBy">
>;

/** Which services are started, and which each waits for. */
export interface StartPlan {
  /** In an order in which each comes after those that it waits for. */
  services: readonly {
    name: string;
    /** Those of the plan whose start must have ended first. */
    waitsFor: readonly string[];
    /** Those without which it isn't started. */
    needs: readonly string[];
  }[];
  /** What some need and nobody has: "web.service needs db.service". */
  missing: ReadonlyMap<string, string>;
  /** Services that wait for one another in a circle, and so can't be ordered: one line. */
  circles: readonly string[];
}

/** Everything that the start of `wanted` takes along, in order (After=, Before=; Wants=, Requires=, BindsTo=). */
export function planStart(known: LinkedServices, wanted: readonly string[]): StartPlan {
  const members = new Set<string>();
  const missing = new Map<string, string>();
  const open = [...wanted];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const service = known.get(name);
    if (service === undefined || members.has(name)) {
      continue;
    }
    members.add(name);
    for (const needed of needsOf(known, name)) {
      if (known.has(needed)) {
        open.push(needed);
      } else {
        missing.set(name, needed);
      }
    }
    open.push(...wantsOf(known, name).filter((other) => known.has(other)));
  }
  const waitsFor = new Map(
    [...members].map((name) => [
      name,
      [...earlierThan(known, name)].filter((one) => members.has(one)),
    ]),
  );
  const { sorted, circles } = sort(waitsFor);
  return {
    services: sorted.map((name) => ({
      name,
      // In a circle somebody has to be first; that is said.
      waitsFor: (waitsFor.get(name) ?? []).filter(
        (one) => sorted.indexOf(one) < sorted.indexOf(name),
      ),
      needs: needsOf(known, name).filter((one) => members.has(one)),
    })),
    missing,
    circles,
  };
}

/**
 * What stops with `stopped`, in an order in which each stops before those that it was started after. `isExplicit`: asked
 * for, which takes along those that require it, and not only those that are bound to it.
 */
export function planStop(
  known: LinkedServices,
  stopped: readonly string[],
  isExplicit: boolean,
): { name: string; waitsFor: readonly string[] }[] {
  const members = new Set<string>(stopped);
  const open = [...stopped];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    for (const [other, { links }] of known) {
      const isTaken =
        links.bindsTo.includes(name) ||
        (isExplicit && (links.partOf.includes(name) || needsOf(known, other).includes(name)));
      if (isTaken && !members.has(other)) {
        members.add(other);
        open.push(other);
      }
    }
  }
  const startedAfter = new Map(
    [...members].map((name) => [
      name,
      [...earlierThan(known, name)].filter((one) => members.has(one)),
    ]),
  );
  const { sorted } = sort(startedAfter);
  const last = sorted.toReversed();
  return last.map((name, at) => ({
    name,
    waitsFor: last.slice(0, at).filter((one) => startedAfter.get(one)?.includes(name)),
  }));
}

function needsOf(known: LinkedServices, name: string): string[] {
  const links = known.get(name)?.links;
  const by = [...known].filter(([, other]) => other.requiredBy.includes(name)).map(([one]) => one);
  return [...new Set([...(links?.requires ?? []), ...(links?.bindsTo ?? []), ...by])];
}

function wantsOf(known: LinkedServices, name: string): string[] {
  const by = [...known].filter(([, other]) => other.wantedBy.includes(name)).map(([one]) => one);
  return [...(known.get(name)?.links.wants ?? []), ...by];
}

function earlierThan(known: LinkedServices, name: string): Set<string> {
  const after = known.get(name)?.links.after ?? [];
  const before = [...known]
    .filter(([, { links }]) => links.before.includes(name))
    .map(([other]) => other);
  return new Set([...after, ...before].filter((other) => other !== name));
}

/** Each after those that it waits for; by name where nothing else decides. */
function sort(waitsFor: ReadonlyMap<string, readonly string[]>): {
  sorted: string[];
  circles: string[];
} {
  const sorted: string[] = [];
  const circles: string[] = [];
  const state = new Map<string, "open" | "done">();
  const visit = (name: string, path: readonly string[]): void => {
    if (state.get(name) === "done") {
      return;
    }
    if (state.get(name) === "open") {
      const circle = [...path.slice(path.indexOf(name)), name];
      circles.push(`${circle.join(" waits for ")}: one of them is started too early`);
      return;
    }
    state.set(name, "open");
    for (const other of [...(waitsFor.get(name) ?? [])].sort()) {
      visit(other, [...path, name]);
    }
    state.set(name, "done");
    sorted.push(name);
  };
  for (const name of [...waitsFor.keys()].sort()) {
    visit(name, []);
  }
  return { sorted, circles };
}
