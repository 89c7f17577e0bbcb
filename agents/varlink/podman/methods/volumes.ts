import { oneLine } from "../../../command/one-line.ts";
import type { Fields } from "../../json/json.ts";
import type { Podman } from "../rest/podman.ts";
import { asked, type Methods, pathOf } from "./methods.ts";

/** Volumes. */
export function volumeMethods(podman: Podman): Methods {
  const list = () => podman.objects({ method: "GET", path: "/libpod/volumes/json" });
  const inspect = async (name: string) => {
    const request = podman.object({ method: "GET", path: pathOf("volumes", name, "json") });
    return await asked("VolumeNotFound", name, request);
  };
  return {
    async VolumeCreate({ parameters }) {
      const options = parameters.object("options");
      const made = await podman.object({
        method: "POST",
        path: "/libpod/volumes/create",
        json: {
          Name: options.text("volumeName"),
          Driver: options.text("driver"),
          Labels: options.map("labels"),
          Options: options.map("options"),
        },
      });
      return { volumeName: made.text("Name") };
    },
    async VolumeRemove({ parameters }) {
      const options = parameters.object("options");
      const names = options.flag("all")
        ? (await list()).map((one) => one.text("Name"))
        : options.texts("volumes");
      const successes: string[] = [];
      const failures: Record<string, string> = {};
      for (const name of names) {
        try {
          const path = pathOf("volumes", name);
          await podman.text({ method: "DELETE", path, query: { force: options.flag("force") } });
          successes.push(name);
        } catch (error) {
          failures[name] = oneLine(error);
        }
      }
      return { successes, failures };
    },
    async GetVolumes({ parameters }) {
      const names = parameters.texts("args");
      const isAll = parameters.flag("all") || names.length === 0;
      const found = isAll ? await list() : await Promise.all(names.map(inspect));
      return { volumes: found.map(volumeOf) };
    },
    async InspectVolume({ parameters }) {
      const { value } = await inspect(parameters.text("name"));
      return { volume: JSON.stringify(value) };
    },
    async VolumesPrune() {
      const pruned = await podman.objects({ method: "POST", path: "/libpod/volumes/prune" });
      const errors = pruned.map((one) => one.text("Err")).filter((one) => one !== "");
      const names = pruned.filter((one) => one.text("Err") === "").map((one) => one.text("Id"));
      return { prunedNames: names, prunedErrors: errors };
    },
  };
}

function volumeOf(volume: Fields) {
  return {
    name: volume.text("Name"),
    labels: volume.map("Labels"),
    mountPoint: volume.text("Mountpoint"),
    driver: volume.text("Driver"),
    options: volume.map("Options"),
  };
}
