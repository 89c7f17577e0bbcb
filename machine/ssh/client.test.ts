import { expect, test } from "vitest";
import { sshArguments } from "./client.ts";

const target = {
  name: "box",
  user: "tc",
  host: "127.0.0.1",
  port: 40_000,
  keyPath: "/m/box/id_ed25519",
  knownHostsPath: "/m/box/known_hosts",
};

test("the arguments are those of existing clients, with the host key kept", () => {
  expect(sshArguments(target, ["podman", "ps"]).join(" ")).toBe(
    '-F /dev/null -o ConnectionAttempts=3 -o ConnectTimeout=10 -o ControlMaster=no -o ControlPath=none -o LogLevel=ERROR -o PasswordAuthentication=no -o ServerAliveInterval=60 -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile="/m/box/known_hosts" -o HostKeyAlias=box tc@127.0.0.1 -o IdentitiesOnly=yes -o IdentityFile="/m/box/id_ed25519" -p 40000 podman ps',
  );
});

test("spaces and per cent signs in a folder's name reach the files", () => {
  const odd = { ...target, keyPath: "/my %d/key", knownHostsPath: "/my %d/known_hosts" };
  const args = sshArguments(odd, []);
  expect(args).toContain('IdentityFile="/my %%d/key"');
  expect(args).toContain('UserKnownHostsFile="/my %%d/known_hosts"');
});
