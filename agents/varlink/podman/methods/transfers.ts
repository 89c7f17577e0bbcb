import type { Fields } from "../../json/json.ts";
import type { Call } from "../../service/interface.ts";
import type { Podman } from "../rest/podman.ts";
import { repositoryAndTag } from "./images.ts";
import { asked, containerId, errorOccurred, LogReplies, type Methods, pathOf } from "./methods.ts";
import { fileBody, isTemporary, temporaryPath, writeParts } from "./temporary-files.ts";

/** Images that come and go: registries, archives, containers. */
export function transferMethods(podman: Podman): Methods {
  /** Replies with what Podman says on its way; gives the image's ID, the last that is named. */
  const follow = async (lines: AsyncIterable<Fields>, replies: LogReplies) => {
    let id = "";
    for await (const line of lines) {
      if (line.text("error") !== "") {
        throw errorOccurred(line.text("error"));
      }
      id = line.text("id") || id;
      if (line.text("stream") !== "") {
        await replies.add(line.text("stream"));
      }
    }
    return id;
  };
  /** Writes an archive of images to a new file. */
  const exportTo = async (
    file: string,
    references: readonly [string, ...string[]],
    query: Readonly<Record<string, string | boolean>>,
    { gone }: Pick<Call, "gone">,
  ) => {
    const path = "/libpod/images/export";
    const answer = podman.ask({ method: "GET", path, query: { references, ...query }, gone });
    const response = await asked("ImageNotFound", references[0], answer);
    await writeParts(podman, file, response.parts());
  };
  return {
    async PullImage(call) {
      const replies = new LogReplies(call, "reply");
      const creds = call.parameters.object("creds");
      const lines = podman.lines({
        method: "POST",
        path: "/libpod/images/pull",
        query: { reference: call.parameters.text("name"), quiet: false },
        headers: authorization(creds),
        gone: call.gone,
      });
      return replies.last(await follow(lines, replies));
    },
    async PushImage(call) {
      const { parameters, gone } = call;
      const replies = new LogReplies(call, "reply");
      const name = parameters.text("name");
      const path = pathOf("images", name, "json");
      await asked("ImageNotFound", name, podman.text({ method: "GET", path }));
      const lines = podman.lines({
        method: "POST",
        path: pathOf("images", name, "push"),
        query: {
          destination: parameters.text("tag") || name,
          format: parameters.text("format") || undefined,
          compressionForce: undefined,
          removeSignatures: parameters.flag("removeSignatures"),
          quiet: false,
        },
        gone,
      });
      await follow(lines, replies);
      return replies.last("");
    },
    async LoadImage(call) {
      const file = call.parameters.text("inputFile");
      const replies = new LogReplies(call, "reply");
      const body = fileBody(podman, file);
      const path = "/libpod/images/load";
      const loaded = await podman.object({ method: "POST", path, body, gone: call.gone });
      const name = call.parameters.text("name");
      if (name !== "") {
        const [first = ""] = loaded.texts("Names");
        const query = repositoryAndTag(name);
        await podman.text({ method: "POST", path: pathOf("images", first, "tag"), query });
      }
      if (call.parameters.flag("deleteFile") && isTemporary(file)) {
        podman.kernel.unlink(file);
      }
      return replies.last(loaded.texts("Names").join(","));
    },
    async ImageSave(call) {
      const options = call.parameters.object("options");
      const name = options.text("name");
      const format = options.text("format") || "docker-archive";
      if (!["docker-archive", "oci-archive"].includes(format)) {
        throw errorOccurred(
          `format "${format}" is a folder; known are docker-archive, oci-archive`,
        );
      }
      const more = options.texts("moreTags").filter((one) => one !== "");
      const file = temporaryPath();
      const query = { format, compress: options.flag("compress") };
      await exportTo(file, [name, ...more], query, call);
      return new LogReplies(call, "reply").last(file);
    },
    async ExportImage(call) {
      const { parameters } = call;
      const name = parameters.text("name");
      const [, format = "", file = ""] =
        /^(docker-archive|oci-archive):(\/[^:]*)/.exec(parameters.text("destination")) ?? [];
      if (file === "") {
        throw errorOccurred("the destination must be docker-archive:/PATH or oci-archive:/PATH");
      }
      await exportTo(file, [name, ...parameters.texts("tags")], { format }, call);
      const found = { method: "GET", path: pathOf("images", name, "json") } as const;
      return { image: (await podman.object(found)).text("Id") };
    },
    async ImportImage({ parameters }) {
      const source = parameters.text("source");
      const isUrl = /^https?:\/\//.test(source);
      const query = {
        reference: parameters.text("reference") || undefined,
        message: parameters.text("message") || undefined,
        changes: parameters.texts("changes"),
        url: isUrl ? source : undefined,
      };
      const body = isUrl ? {} : { body: fileBody(podman, source) };
      const path = "/libpod/images/import";
      const made = await podman.object({ method: "POST", path, query, ...body });
      const image = made.text("Id").replace(/^sha256:/, "");
      if (parameters.flag("delete") && isTemporary(source)) {
        podman.kernel.unlink(source);
      }
      return { image };
    },
    async ExportContainer({ parameters }) {
      const name = parameters.text("name");
      const answer = podman.ask({ method: "GET", path: pathOf("containers", name, "export") });
      const response = await asked("ContainerNotFound", name, answer);
      const tarfile = parameters.text("path") || temporaryPath();
      await writeParts(podman, tarfile, response.parts());
      return { tarfile };
    },
    async Commit(call) {
      const { parameters } = call;
      const container = await containerId(podman, parameters.text("name"));
      const imageName = parameters.text("image_name");
      const query = {
        container,
        ...(imageName === "" ? {} : repositoryAndTag(imageName)),
        author: parameters.text("author") || undefined,
        comment: parameters.text("message") || undefined,
        changes: parameters.texts("changes"),
        pause: parameters.flag("pause"),
        format: parameters.text("manifestType") || undefined,
      };
      const image = await podman.object({ method: "POST", path: "/libpod/commit", query });
      return new LogReplies(call, "reply").last(image.text("Id").replace(/^sha256:/, ""));
    },
  };
}

/** What the registry is told, as Podman's clients send it. */
function authorization(creds: Fields): Record<string, string> {
  if (creds.text("username") === "") {
    return {};
  }
  const { username, password } = {
    username: creds.text("username"),
    password: creds.text("password"),
  };
  const text = JSON.stringify({ username, password });
  return { "X-Registry-Auth": Buffer.from(text).toString("base64url") };
}
