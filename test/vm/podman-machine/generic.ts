import path from "node:path";
import { expect } from "vitest";
import { runOk } from "../harness/run.ts";
import { type Client, machine, program } from "./client.ts";

/** The driver generic, with the machine as one that somebody else runs. */
export async function isReachedAsAnyMachine(client: Client): Promise<void> {
  const { env, folder, machine: name } = client;
  const format = "{{.Driver.SSHPort}} {{.Driver.SSHKeyPath}}";
  const said = await runOk([program, "inspect", "-f", format, name], { env });
  const [port = "", key = ""] = said.trim().split(" ");
  const create = (keyPath: string) =>
    machine(
      client,
      ...["create", "--driver", "generic", "--generic-ip-address", "127.0.0.1", "--no-connection"],
      ...[
        "--generic-ssh-port",
        port,
        "--generic-ssh-user",
        "tc",
        "--generic-ssh-key",
        keyPath,
        "far",
      ],
    );
  const wrong = path.join(folder, "wrong-key");
  await runOk(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", wrong], { env });
  const refused = await create(wrong);
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toMatch(
    /^tc@127\.0\.0\.1:\d+ can't be logged in to: .*Permission denied.*\n$/,
  );
  expect(await create(key)).toMatchObject({ exitCode: 0, stderr: "" });
  expect((await machine(client, "ssh", "far", "id -un")).stdout).toBe("tc\n");
  expect((await machine(client, "ls", "-f", "{{.Name}} {{.DriverName}} {{.State}}")).stdout).toBe(
    `far generic Running\n${name} qemu Running\n`,
  );
  expect(await machine(client, "stop", "far")).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("generic driver does not support stop"),
  });
  expect((await machine(client, "rm", "-y", "far")).exitCode).toBe(0);
}
