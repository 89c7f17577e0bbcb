import type { Kernel } from "../../kernel/kernel.ts";
import {
  type Image,
  type Layer,
  type Lists,
  readLists,
  type StoredContainer,
} from "../stores/lists.ts";
import type { Store } from "../stores/stores.ts";
import { damageOf } from "./check-layer.ts";

/** Something that Podman lists and that doesn't work. */
export interface Damage {
  kind: "image" | "container" | "layer" | "list";
  /** Empty for a list. */
  id: string;
  names: readonly string[];
  why: string;
  /** Half made or half removed when the power went, and never or no longer anybody's: to remove it loses nothing. */
  isRemains?: boolean;
  /** Of such a container: Podman itself may know it still, with settings that would be lost. */
  mayBeKnown?: boolean;
}

/** What a look at one store of containers found. */
export interface CheckedStore {
  owner: string;
  /** How many layers were compared with what they were when they came. */
  layers: number;
  images: number;
  containers: number;
  damaged: readonly Damage[];
}

/** Looked at although they are a little older: clocks are put right while a machine runs. */
const clockMarginMs = 24 * 3_600_000;

/**
 * Compares layers of a store with what they were when they came: those made since then, all others were on the disk
 * long before. Takes none of Podman's locks: `podman system check` holds them from the start to the end, and
 * every other podman, `ps` too, waits for it as long. So what is made or removed meanwhile may be read by half, and
 * damage counts only when it is still listed and still there at a second look.
 */
export async function checkStore(
  kernel: Kernel,
  { owner, folder }: Store,
  sinceMs: number,
): Promise<CheckedStore> {
  const lists = readLists(kernel, folder);
  const fresh = lists.layers.filter(({ id }) =>
    isFresh(kernel, `${folder}/overlay/${id}`, sinceMs),
  );
  const why = new Map<string, string>();
  for (const layer of fresh) {
    const damage = await damageOf(kernel, folder, layer);
    if (damage !== undefined) {
      why.set(layer.id, damage);
    }
  }
  const now = readLists(kernel, folder);
  for (const [id, first] of why) {
    const layer = now.layers.find((one) => one.id === id);
    const again = layer === undefined ? undefined : await damageOf(kernel, folder, layer);
    if (again === undefined) {
      why.delete(id);
    } else if (again !== first) {
      why.set(id, again);
    }
  }
  const remains = remainsOf(kernel, folder, now);
  return {
    owner: owner.name,
    layers: fresh.length,
    images: now.images.length,
    containers: now.containers.length,
    damaged: [...damagesOf(now, why).filter(isNoneOf(remains)), ...remains],
  };
}

/**
 * What was being made or removed. An image is listed shortly before its manifest is written, and as long as one is
 * without, `podman images` fails and lists none at all. A container that is being removed loses its layer before
 * its place in the list, and until that is gone too nobody can use its name again; where a list of layers was lost, their
 * files are still there. What came in this boot is still being made by somebody.
 */
function remainsOf(
  kernel: Kernel,
  folder: string,
  { images, containers, layers }: Lists,
): Damage[] {
  const bootedMs = kernel.nowMs() - kernel.uptimeMs();
  const isOld = (path: string) => (kernel.lstat(path)?.mtimeMs ?? 0) < bootedMs;
  const known = new Set(layers.map(({ id }) => id));
  const halfMade = images.filter(({ id }) => {
    const place = `${folder}/overlay-images/${id}`;
    return kernel.lstat(`${place}/manifest`) === undefined && isOld(place);
  });
  const halfRemoved = containers.filter(
    (one) =>
      !known.has(one.layer ?? "") &&
      (isTemporary(one) || kernel.lstat(`${folder}/overlay/${one.layer ?? ""}`) === undefined) &&
      isOld(`${folder}/overlay-containers/${one.id}`),
  );
  const why = "it is incomplete";
  return [
    ...halfMade.map(
      ({ id, names }): Damage => ({ kind: "image", id, names: names ?? [], why, isRemains: true }),
    ),
    ...halfRemoved.map(
      (one): Damage => ({
        ...{ kind: "container", id: one.id, names: one.names ?? [], why, isRemains: true },
        ...(isTemporary(one) ? {} : { mayBeKnown: true }),
      }),
    ),
  ];
}

function isNoneOf(others: readonly Damage[]): (one: Damage) => boolean {
  return ({ kind, id }) => !others.some((other) => other.kind === kind && other.id === id);
}

function isTemporary(one: StoredContainer): boolean {
  return isOfBuild(one) || one.flags?.Volatile === true;
}

function isOfBuild({ metadata }: StoredContainer): boolean {
  return (metadata ?? "").trim() === "";
}

function isFresh(kernel: Kernel, path: string, sinceMs: number): boolean {
  const found = kernel.lstat(path);
  return found === undefined || found.mtimeMs >= sinceMs - clockMarginMs;
}

/** What is built on damaged layers, or on layers that aren't listed; damaged layers that nothing is built on, by themselves. */
export function damagesOf(lists: Lists, why: ReadonlyMap<string, string>): Damage[] {
  const layers = new Map(lists.layers.map((layer) => [layer.id, layer]));
  const named = new Set<string>();
  const built = (kind: "image" | "container") => (one: Image | StoredContainer) => {
    const found = firstDamage(layers, why, one.layer ?? "");
    if (found === undefined) {
      return [];
    }
    named.add(found.layer);
    const names = one.names ?? [];
    return [{ kind, id: one.id, names, why: found.why } satisfies Damage];
  };
  const damaged: Damage[] = [
    ...lists.unreadable.map((line): Damage => ({ kind: "list", id: "", names: [], why: line })),
    ...lists.images.flatMap(built("image")),
    // Without its layer a container of a build is what is left of it: see remainsOf.
    ...lists.containers
      .filter((one) => !isOfBuild(one) || layers.has(one.layer ?? ""))
      .flatMap(built("container")),
  ];
  for (const [id, reason] of why) {
    if (!named.has(id)) {
      damaged.push({ kind: "layer", id, names: [], why: reason });
    }
  }
  return damaged;
}

function firstDamage(
  layers: ReadonlyMap<string, Layer>,
  why: ReadonlyMap<string, string>,
  top: string,
): { layer: string; why: string } | undefined {
  const seen = new Set<string>();
  for (let id = top; id !== "" && !seen.has(id); id = layers.get(id)?.parent ?? "") {
    seen.add(id);
    const reason = why.get(id) ?? (layers.has(id) ? undefined : "its layer is not there");
    if (reason !== undefined) {
      return { layer: id, why: `layer ${id.slice(0, 12)}: ${reason}` };
    }
  }
  return undefined;
}
