import { importScript } from "../vm/harness/container-image.ts";
import { inSeconds, type Laboratory, timed } from "./laboratory.ts";

/** How long each step took, in seconds. */
export interface BoxTimes {
  /** `create`, until podman can be used. */
  readonly create: number;
  /** A container of an image that is there, with what runs it in memory. */
  readonly container: number;
  readonly save: number;
}

/** Makes the machine "box" with a container image, and saves it. */
export async function makeBox({ machine }: Laboratory): Promise<BoxTimes> {
  const create = await timed(() => machine("create", "--no-connection", "box"));
  await machine("ssh", "-l", "root", "box", importScript);
  const words = "podman run --rm localhost/busybox true";
  await machine("ssh", "-l", "root", "box", `${words}; ${words}`);
  const container = await timed(() => machine("ssh", "-l", "root", "box", words));
  const save = await timed(() => machine("save", "box"));
  console.log(`save: ${inSeconds(save.seconds)}; ${save.value.trim().split("\n").at(-1)}`);
  return { create: create.seconds, container: container.seconds, save: save.seconds };
}
