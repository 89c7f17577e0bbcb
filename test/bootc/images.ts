import { type Laboratory, told } from "./laboratory.ts";

/** What can be booted is listed, by a machine that is started for that and stopped again. */
export async function images(lab: Laboratory): Promise<void> {
  await lab.machine("stop", "box");
  const listed = await lab.bootc("images");
  const [header = "", line = ""] = listed.stdout.split("\n");
  lab.check(
    /^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$/.test(header) &&
      /^localhost\/stand-in +1 +[0-9a-f]{12} .* ago +\d+ MB$/.test(line),
    "images has the columns of podman-bootc's",
    told(listed),
  );
  const state = await lab.machine("status", "box");
  lab.check(
    /Stopped/.test(state.stdout),
    "the machine that builds is started for it, and stopped again",
    told(state),
  );
}
