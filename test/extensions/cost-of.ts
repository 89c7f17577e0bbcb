import type { TestMachine } from "../vm/harness/test-machine.ts";

/** How often each is loaded; the medians count. */
const times = 3;

/** What loading an extension takes: seconds, and memory that is less available afterwards. */
export interface Cost {
  loadS: number;
  ramMiB: number;
}

/**
 * Loads an extension that isn't loaded and unloads it, three times in one boot. Memory is looked at when it has come to
 * rest, without what can be dropped of the caches; services of the extension run then.
 */
export async function costOf(machine: TestMachine, name: string): Promise<Cost> {
  const costs: Cost[] = [];
  for (let time = 0; time < times; time += 1) {
    const said = await machine.root(script(name));
    const [before = 0, from = 0, to = 0, after = 0] = said.split("\n").map(Number);
    costs.push({ loadS: to - from, ramMiB: (before - after) / 1024 });
  }
  return {
    loadS: median(costs.map(({ loadS }) => loadS)),
    ramMiB: median(costs.map(({ ramMiB }) => ramMiB)),
  };
}

/**
 * A function of the shell that prints KiB available once three looks in a row, a second apart, differ by less than
 * 512 KiB: what an unload gives back comes late, when the kernel has let go of the mount.
 */
const settled = `available() {
      last=0; same=0
      while [ $same -lt 2 ]; do
        sync; echo 3 >/proc/sys/vm/drop_caches; usleep 1000000
        now=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
        if [ $((now - last)) -lt 512 ] && [ $((last - now)) -lt 512 ]; then same=$((same + 1)); else same=0; fi
        last=$now
      done
      echo $last
    }`;

/** Prints KiB available, uptime before and after the load, KiB available. */
function script(name: string): string {
  // Docker's is the one service that stays; others are run once.
  const served =
    name === "docker" ? "until docker info >/dev/null 2>&1; do usleep 200000; done" : ":";
  return `set -e
    ${settled}
    available; cut -d' ' -f1 /proc/uptime
    boot2podman extension load ${name} >/dev/null; cut -d' ' -f1 /proc/uptime
    ${served}
    available
    boot2podman extension unload ${name} >/dev/null`;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
