import { type Entry, rootLink } from "../files/entry.ts";

/** Where busybox lies in the image. */
const busybox = "usr/bin/busybox";

/**
 * Links to busybox for the applets of the recipe, except where a file of a package or of the static
 * tree already gives the command, in either folder.
 */
export function busyboxLinks(
  applets: { bin: readonly string[]; sbin: readonly string[] },
  present: ReadonlySet<string>,
): Entry[] {
  const isGiven = (name: string) =>
    present.has(`usr/bin/${name}`) || present.has(`usr/sbin/${name}`);
  return [
    ...applets.bin
      .filter((name) => !isGiven(name))
      .map((name) => rootLink(`usr/bin/${name}`, "busybox")),
    ...applets.sbin
      .filter((name) => !isGiven(name))
      .map((name) => rootLink(`usr/sbin/${name}`, `../${busybox.slice("usr/".length)}`)),
  ];
}
