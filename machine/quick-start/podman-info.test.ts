import { expect, test } from "vitest";
import { type PodmanInfo, summary } from "./podman-info.ts";

const info: PodmanInfo = {
  version: { Version: "5.4.2" },
  host: {
    cgroupManager: "cgroupfs",
    cgroupVersion: "v2",
    cpus: 2,
    kernel: "6.12.48+deb13-amd64",
    memFree: 734_003_200,
    memTotal: 1_048_576_000,
    networkBackend: "netavark",
    ociRuntime: { name: "crun" },
  },
  store: {
    graphDriverName: "overlay",
    graphRoot: "/var/lib/containers/storage",
    graphRootAllocated: 20_500_000_000,
    graphRootUsed: 500_000_000,
    containerStore: { number: 1 },
    imageStore: { number: 0 },
  },
};

test("the summary is what a person asks first", () => {
  expect(summary(info)).toEqual([
    "podman 5.4.2",
    "  storage   overlay in /var/lib/containers/storage, 20.0 of 20.5 GB free",
    "  holds     1 container, 0 images",
    "  cgroups   v2, cgroupfs",
    "  network   netavark",
    "  runtime   crun",
    "  memory    700 of 1000 MiB free, 2 CPUs",
    "  kernel    6.12.48+deb13-amd64",
  ]);
});
