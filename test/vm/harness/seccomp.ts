import { readdir, readFile } from "node:fs/promises";

/** How the kernel confines every thread of a process, as proc_pid_status(5) has it: "Seccomp 2 NoNewPrivs 1". */
export async function confinementOf(pid: number): Promise<string[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  return Promise.all(
    threads.map(async (thread) => {
      const status = await readFile(`/proc/${pid}/task/${thread}/status`, "utf8");
      const value = (name: string) => new RegExp(`^${name}:\\s*(\\d+)$`, "m").exec(status)?.[1];
      return `Seccomp ${value("Seccomp")} NoNewPrivs ${value("NoNewPrivs")}`;
    }),
  );
}
