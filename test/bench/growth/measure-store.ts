import { rm } from "node:fs/promises";
import { ImageRoot } from "../../powercut/containers/image-root.ts";
import { busyboxImage, importBusybox } from "../../vm/harness/container-image.ts";
import { newDataDisk, newIdentity } from "../../vm/harness/data-disk.ts";
import { TestMachine } from "../../vm/harness/test-machine.ts";
import { type BootTimes, measureBoot, medianTimes } from "../measure-boot.ts";
import { fillStore } from "./fill-store.ts";
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
  const disk = await newDataDisk(identity);
  const options = { ...flags, key: identity.key, disks: [disk] };
  const imageRoot = await ImageRoot.open();
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
    const machine = await TestMachine.start(options);
    try {
      await importBusybox(machine);
      await machine.powerDown();
    } finally {
      await machine.remove();
    }
    const measured = [await boots(0, 1)];
    const images = grownImages(sizes.images, sizes.layersEach);
    await fillStore(imageRoot, disk.file, 'podman load -q -i "$1" >/dev/null', images);
    let existing = 0;
    for (const containers of sizes.containers) {
      const numbers = `$(seq ${existing + 1} ${containers})`;
      const create = `podman create -q --name grown$i ${busyboxImage} true >/dev/null`;
      await fillStore(imageRoot, disk.file, `for i in ${numbers}; do ${create} || exit; done`);
      existing = containers;
      measured.push(await boots(containers, 1 + sizes.images));
    }
    return measured;
  } finally {
    await imageRoot.remove();
    await rm(identity.folder, { recursive: true, force: true });
  }
}
