import { importScript } from "../vm/harness/container-image.ts";
import { inSeconds, type Laboratory, timed } from "./laboratory.ts";

const containerWords = "podman run --rm localhost/busybox true";

/** How long `create` takes until podman can be used, in seconds. */
export async function createTime({ machine }: Laboratory, name: string): Promise<number> {
  return (await timed(() => machine("create", "--no-connection", name))).seconds;
}

/** How long a container takes in box, which has its image and ran it before, in seconds. */
export async function containerTime({ machine }: Laboratory): Promise<number> {
  return (await timed(() => machine("ssh", "-l", "root", "box", containerWords))).seconds;
}

/** Makes the machine "box" with a container image, and saves it; returns how long that takes, in seconds. */
export async function makeBox(laboratory: Laboratory): Promise<number> {
  const { machine } = laboratory;
  await createTime(laboratory, "box");
  await machine("ssh", "-l", "root", "box", importScript);
  await machine("ssh", "-l", "root", "box", `${containerWords}; ${containerWords}`);
  const save = await timed(() => machine("save", "box"));
  console.log(`save: ${inSeconds(save.seconds)}; ${save.value.trim().split("\n").at(-1)}`);
  return save.seconds;
}
