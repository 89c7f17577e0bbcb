import type { CheckedStore, Damage } from "../check/check-store.ts";

/** An image that can be put right: removed, pulled and named again. */
export interface Repair {
  id: string;
  names: readonly string[];
}

/** What was half made or half removed: removed, before anything else is looked at. */
export function planRemovals({ damaged }: CheckedStore): readonly Damage[] {
  return damaged.filter(({ isRemains }) => isRemains === true);
}

/**
 * Images of which nothing would be lost: no container is built on damaged layers, all damage lies in images with
 * names, and each of these is a registry's. One that was built here or that a container needs is left to a person;
 * and as images share layers, so are all others of that store then.
 */
export function planRepairs({ damaged }: CheckedStore): Repair[] {
  const all = damaged
    .filter(({ isRemains }) => isRemains !== true)
    .map(({ kind, id, names }) =>
      kind === "image" && names.length > 0 && names.every(isOfRegistry) ? { id, names } : undefined,
    );
  const repairs = all.filter((one) => one !== undefined);
  return repairs.length === all.length ? repairs : [];
}

/** "docker.io/library/busybox:latest": the first part is a host, and not this one. */
function isOfRegistry(name: string): boolean {
  const [host = "", ...path] = name.split("/");
  return path.length > 0 && /[.:]/.test(host) && !/^localhost(:|$)/.test(host);
}
