import { rm } from "node:fs/promises";
import { busyboxImage, importBusybox } from "../../vm/harness/container-image.ts";
import { newDataDisk, newIdentity } from "../../vm/harness/data-disk.ts";
import { TestMachine } from "../../vm/harness/test-machine.ts";
import { type BootTimes, measureBoot, medianTimes } from "../measure-boot.ts";
import { grownImages } from "./grown-images.ts";

/** A boot, and a first container, with a store that holds so much. */
export interface StoreTimes extends BootTimes {
  containers: number;
  images: number;
}

/** What the store is filled with, one step after the other. */
export interface StoreSizes {
  images: number;
  layersEach: number;
  /** Containers that exist at each step, from few to many. */
  containers: readonly number[];
}

/** Each machine has its memory's own limits: the ordinary size. */
const flags = { cpu: "max,erms=off", cpus: 2 };

/** Measures boots with an empty store, then with all images and more and more containers. */
export async function measureStore(sizes: StoreSizes, runs: number): Promise<StoreTimes[]> {
  const identity = await newIdentity();
  const options = { ...flags, key: identity.key, disks: [await newDataDisk(identity)] };
  const boots = async (containers: number, images: number): Promise<StoreTimes> => {
    const times: BootTimes[] = [];
    for (let index = 0; index < runs; index++) {
      const machine = await TestMachine.create(options);
      try {
        times.push(await measureBoot(machine));
        await machine.powerDown();
      } finally {
        await machine.remove();
      }
    }
    const found = { containers, images, ...medianTimes(times) };
    console.log(`bench: ${JSON.stringify(found)}`);
    return found;
  };
  try {
    await filled(options, (machine) => importBusybox(machine));
    const measured = [await boots(0, 1)];
    await filled(options, (machine) =>
      machine.root("podman load -q -i /dev/stdin >/dev/null", {
        input: grownImages(sizes.images, sizes.layersEach),
      }),
    );
    let existing = 0;
    for (const containers of sizes.containers) {
      const from = existing;
      if (containers > from) {
        await filled(options, (machine) =>
          machine.root(
            `for i in $(seq ${from + 1} ${containers}); do podman create -q --name grown$i ${busyboxImage} true >/dev/null || exit; done`,
            { timeoutMs: 24 * 3_600_000 },
          ),
        );
      }
      existing = containers;
      measured.push(await boots(containers, 1 + sizes.images));
    }
    return measured;
  } finally {
    await rm(identity.folder, { recursive: true, force: true });
  }
}

/** A boot in which the store is changed. */
async function filled(
  options: Parameters<typeof TestMachine.start>[0],
  fill: (machine: TestMachine) => Promise<unknown>,
): Promise<void> {
  const machine = await TestMachine.start(options);
  try {
    await fill(machine);
    await machine.powerDown();
  } finally {
    await machine.remove();
  }
}
