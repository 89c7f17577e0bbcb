import path from "node:path";
import { expect } from "vitest";
import { run, runOk } from "../harness/run.ts";
import { type Client, inGuest, program } from "./client.ts";

/** ssh, scp, sftp, and podman-machine's own scp, none of which asks or warns. */
export async function filesAreCopied(client: Client): Promise<void> {
  const { env, folder, machine: name } = client;
  await runOk([program, "scp", "-q", `${name}:/usr/bin/busybox`, folder], { env });
  await runOk([program, "scp", "-q", "-r", path.join(folder, "bin"), `${name}:/tmp/bin`], { env });
  expect(await inGuest(client, "ls /tmp/bin")).toBe("person-sftp\nperson-ssh\n");
  await runOk([program, "ssh-config", "--install"], { env });
  const bin = env.PERSON_BIN ?? "";
  const strict = ["-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes"];
  const byName = await run(
    [path.join(bin, "person-ssh"), ...strict, `root@${name}.podman-machine`, "id -u"],
    { env },
  );
  expect(byName).toEqual({ exitCode: 0, stdout: "0\n", stderr: "" });
  const port = (
    await runOk([program, "inspect", "-f", "{{.Driver.SSHPort}}", name], { env })
  ).trim();
  const byPort = await run(
    [path.join(bin, "person-ssh"), ...strict, "-p", port, "root@127.0.0.1", "id -u"],
    { env },
  );
  expect(byPort).toEqual({ exitCode: 0, stdout: "0\n", stderr: "" });
  const sftp = await run(
    [path.join(bin, "person-sftp"), ...strict, "-b", "-", `${name}.podman-machine`],
    {
      env,
      input: `put ${path.join(folder, "containers.conf")} /tmp/by-sftp\nls /tmp/by-sftp\n`,
    },
  );
  expect(sftp.exitCode).toBe(0);
  expect(sftp.stdout).toContain("/tmp/by-sftp");
}
