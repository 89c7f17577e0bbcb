import type { Fields } from "../../json/json.ts";
import type { Podman } from "../rest/podman.ts";
import { errorOccurred, LogReplies, type Methods, pathOf } from "./methods.ts";
import { fileBody, isTemporary, temporaryPath } from "./temporary-files.ts";

/** Images that are built. */
export function buildMethods(podman: Podman): Methods {
  return {
    async BuildImage(call) {
      const build = call.parameters.object("build");
      const context = await contextArchive(podman, build.text("contextDir"));
      const replies = new LogReplies(call, "image");
      let id = "";
      try {
        const lines = podman.lines({
          method: "POST",
          path: "/libpod/build",
          query: buildQuery(build),
          body: fileBody(podman, context),
          gone: call.gone,
        });
        for await (const line of lines) {
          const text = line.text("stream");
          if (line.text("error") !== "") {
            throw errorOccurred(line.text("error"));
          }
          if (text !== "") {
            // The last that is printed is the image.
            id = /^(?:sha256:)?([0-9a-f]{64})\s*$/.exec(text)?.[1] ?? id;
            await replies.add(text);
          }
        }
      } finally {
        if (isTemporary(context)) {
          podman.kernel.unlink(context);
        }
      }
      const name = build.text("output");
      if (id === "" && name !== "") {
        id = (await podman.object({ method: "GET", path: pathOf("images", name, "json") })).text(
          "Id",
        );
      }
      return replies.last(id);
    },
  };
}

/** A folder of this machine as an archive; what a client has sent is one already. */
async function contextArchive(podman: Podman, path: string): Promise<string> {
  if (podman.kernel.stat(path)?.kind !== "folder") {
    return path;
  }
  const archive = temporaryPath();
  const { exitCode, stderr } = await podman.kernel.run([
    "tar",
    "-c",
    "-f",
    archive,
    "-C",
    path,
    ".",
  ]);
  if (exitCode !== 0) {
    throw errorOccurred(`tar of ${path}: ${stderr.trim().split("\n").at(-1)}`);
  }
  return archive;
}

function buildQuery(build: Fields) {
  const limits = build.object("buildOptions");
  const list = (all: readonly string[]) => (all.length === 0 ? undefined : JSON.stringify(all));
  const text = (value: string) => value || undefined;
  const number = (value: number) => value || undefined;
  // The client's paths: in the context it is the name that counts.
  const files = build
    .texts("dockerfiles")
    .map((one) => (isUrl(one) ? one : one.replace(/^.*\//, "")));
  const labels = Object.fromEntries(
    build.texts("label").map((one) => {
      const equals = one.indexOf("=");
      return equals === -1 ? [one, ""] : [one.slice(0, equals), one.slice(equals + 1)];
    }),
  );
  // What a client leaves out is as it is by default, not off.
  const given = (name: string) => (build.has(name) ? build.flag(name) : undefined);
  return {
    dockerfile: list(files),
    t: [build.text("output"), ...build.texts("additionalTags")].filter((one) => one !== ""),
    buildargs: JSON.stringify(build.map("buildArgs")),
    labels: JSON.stringify(labels),
    annotations: list(build.texts("annotations")),
    addcaps: list(build.texts("addCapabilities")),
    dropcaps: list(build.texts("dropCapabilities")),
    devices: list(build.texts("devices")),
    nocache: build.flag("nocache"),
    layers: given("layers"),
    squash: build.flag("squash"),
    forcerm: build.flag("forceRmIntermediateCtrs"),
    rm: given("remoteIntermediateCtrs"),
    outputformat: outputFormat(build.text("outputFormat")),
    target: text(build.text("target")),
    q: build.flag("quiet"),
    extrahosts: list(limits.texts("addHosts")),
    cgroupparent: text(limits.text("cgroupParent")),
    cpuperiod: number(limits.integer("cpuPeriod")),
    cpuquota: number(limits.integer("cpuQuota")),
    cpushares: number(limits.integer("cpuShares")),
    cpusetcpus: text(limits.text("cpusetCpus")),
    cpusetmems: text(limits.text("cpusetMems")),
    memory: number(limits.integer("memory")),
    memswap: number(limits.integer("memorySwap")),
    ulimits: list(limits.texts("ulimit")),
    volume: limits.texts("volume"),
  };
}

function isUrl(text: string): boolean {
  return /^(https?:\/\/|git:\/\/|github\.com\/)/.test(text);
}

/** The old client sends a media type, or a word. */
function outputFormat(format: string): string | undefined {
  if (format === "") {
    return undefined;
  }
  return format.includes("docker")
    ? "application/vnd.docker.distribution.manifest.v2+json"
    : "application/vnd.oci.image.manifest.v1+json";
}
