import type { CheckedStore, Damage } from "./check-store.ts";

const mostNamed = 5;
const idLength = 12;

/** One line for `boot2podman status`: what was looked at, or what is damaged and what can be done. */
export function reportLine(checked: readonly CheckedStore[]): string {
  const damaged = checked.filter(({ damaged }) => damaged.length > 0);
  if (damaged.length > 0) {
    return damaged.map(damageLine).join("; ");
  }
  const layers = checked.reduce((sum, one) => sum + one.layers, 0);
  const images = checked.reduce((sum, one) => sum + one.images, 0);
  const containers = checked.reduce((sum, one) => sum + one.containers, 0);
  return `no damage: ${count(layers, "new layer")} of ${count(images, "image")} and ${count(containers, "container")}`;
}

/** "image localhost/a:latest of root is damaged (layer 0123: bin/sh is missing): …" */
function damageLine({ owner, damaged }: CheckedStore): string {
  const named = damaged.slice(0, mostNamed).map((one) => `${nameOf(one)} (${one.why})`);
  const more = damaged.length - named.length;
  const rest = more > 0 ? `, and ${more} more (sudo check-stores)` : "";
  return `of ${owner}, the power cut damaged ${named.join(", ")}${rest}. ${adviceFor(damaged)}`;
}

function adviceFor(damaged: readonly Damage[]): string {
  const isUsed = damaged.some(({ kind }) => kind === "container");
  const save = isUsed
    ? "save what you need from the containers (podman cp), remove them, then "
    : "";
  return `Nothing was removed: ${save}podman rmi the image and pull, load or build it again`;
}

function nameOf({ kind, id, names }: Damage): string {
  return kind === "list" ? "a list" : `${kind} ${names[0] ?? id.slice(0, idLength)}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
