import { busyboxImage } from "../vm/harness/container-image.ts";
import type { TestMachine } from "../vm/harness/test-machine.ts";

/** Milliseconds from power-on, on the host's clock. */
export interface BootTimes {
  /** sshd's greeting reached the host. */
  sshMs: number;
  /** `podman info` over SSH has answered. */
  podmanMs: number;
  /** The first container has run, printed and been removed. */
  containerMs: number;
}

/** Switches a machine on that has the container image in its store already, and takes the times. */
export async function measureBoot(machine: TestMachine): Promise<BootTimes> {
  const start = performance.now();
  const since = () => Math.round(performance.now() - start);
  await machine.powerOn();
  await machine.waitForSsh();
  const sshMs = since();
  await machine.root("podman info");
  const podmanMs = since();
  await machine.root(`podman run --rm ${busyboxImage} echo done`);
  return { sshMs, podmanMs, containerMs: since() };
}

/** The middle one; of an even number the mean of the two in the middle. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  const lower = sorted[sorted.length - 1 - middle] ?? Number.NaN;
  return (upper + lower) / 2;
}

/** The medians of several boots, each time on its own. */
export function medianTimes(runs: BootTimes[]): BootTimes {
  const of = (key: keyof BootTimes) => Math.round(median(runs.map((run) => run[key])));
  return { sshMs: of("sshMs"), podmanMs: of("podmanMs"), containerMs: of("containerMs") };
}
