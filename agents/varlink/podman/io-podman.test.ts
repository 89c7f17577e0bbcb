import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { linuxStreams } from "../../kernel/linux/linux-streams.ts";
import { parseInterface } from "../idl/parse-interface.ts";
import { Fields } from "../json/json.ts";
import { podmanDescription } from "./description.ts";
import { ioPodman, notInPodman } from "./io-podman.ts";
import { Podman } from "./rest/podman.ts";
import { oldInspect } from "./translate/container-data.ts";
import { psContainer } from "./translate/container-lists.ts";
import { createArguments } from "./translate/create-arguments.ts";
import { durationText } from "./translate/times.ts";

test("every method is done, or has a reason why it isn't; the documentation says how, or why not", () => {
  const { handlers } = ioPodman(new Podman(linuxStreams, new FakeKernel(), "/run/x"));
  const described = [...parseInterface(podmanDescription).methods.keys()].sort();
  expect([...Object.keys(handlers), ...Object.keys(notInPodman)].sort()).toEqual(described);
  const text = readFileSync("docs/varlink.md", "utf8");
  expect(described.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});

test("a container is created by the options that a client gives, its command after them", () => {
  const create = {
    args: ["image", "--not", "an option"],
    name: "-x",
    env: ["A=b c", ""],
    tty: true,
    privileged: false,
    readonlytmpfs: false,
    cpus: 1.5,
    memory: null,
    detach: true,
  };
  expect(createArguments(new Fields(create))).toEqual([
    ...["create", "--cpus=1.5", "--env=A=b c", "--name=-x", "--read-only-tmpfs=false"],
    ...["--tty=true", "--", "image", "--not", "an option"],
  ]);
});

test.each([
  [0, "Less than a second"],
  [1.5, "1 second"],
  [59, "59 seconds"],
  [61, "About a minute"],
  [3000, "50 minutes"],
  [4000, "About an hour"],
  [90_000, "25 hours"],
  [300_000, "3 days"],
  [2e6, "3 weeks"],
  [1e7, "3 months"],
  [1e8, "3 years"],
])("%d seconds are told as %s", (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});

test.each([
  [{ State: "running", StartedAt: 1000 }, "Up 2 minutes ago"],
  [{ State: "exited", ExitCode: 3, ExitedAt: 1100 }, "Exited (3) 20 seconds ago"],
  [{ State: "created" }, "Created"],
  [{ State: "paused" }, "Paused"],
  [{ State: "?" }, "Error"],
])("the status of %j is told as %s", (container, status) => {
  expect(psContainer(new Fields(container), 1_120_000, false).status).toBe(status);
});

test("ports, an entry point, a signal and addresses are in inspect as Podman 1.9 read them", () => {
  const inspected = oldInspect(
    new Fields({
      Config: { Entrypoint: ["a", "b"], StopSignal: "SIGQUIT" },
      NetworkSettings: {
        Ports: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "8080" }], "81/udp": null },
        SecondaryIPAddresses: [{ Addr: "10.0.0.1", PrefixLength: 8 }],
      },
    }),
  );
  expect(inspected).toMatchObject({
    Config: { Entrypoint: "a b", StopSignal: 3 },
    NetworkSettings: {
      Ports: [{ hostPort: 8080, containerPort: 80, protocol: "tcp", hostIP: "127.0.0.1" }],
      SecondaryIPAddresses: ["10.0.0.1"],
    },
  });
});

test.each(["GetPodsByContext", "GetVolumes", "GetContainersByContext"])(
  "%s of a name that is none, beside one that isn't answered for, fails and leaves nothing behind",
  async (method) => {
    const podman = new Podman(linuxStreams, new FakeKernel(), "/run/nobody-is-here");
    const call = {
      method,
      parameters: new Fields({ args: ["a", ""] }),
      wantsMore: false,
      wantsUpgrade: false,
      gone: new AbortController().signal,
      replyMore: () => Promise.reject(new Error("more")),
      upgrade: () => Promise.reject(new Error("upgrade")),
    };
    // A failure that nobody waits for would end the service, and every client with it.
    const left: unknown[] = [];
    const keep = (error: unknown) => left.push(error);
    process.on("unhandledRejection", keep);
    await expect(ioPodman(podman).handlers[method]?.(call)).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.off("unhandledRejection", keep);
    expect(left).toEqual([]);
  },
);
