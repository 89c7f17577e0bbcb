import type { Fields } from "../../json/json.ts";
import type { Podman } from "../rest/podman.ts";
import { never, timeText } from "../translate/times.ts";
import { asked, errorOccurred, filtersText, type Methods, pathOf } from "./methods.ts";

/** Images that are here, and what is done to them. */
export function imageMethods(podman: Podman): Methods {
  const list = async (filters?: string) => {
    const query = { all: true, filters };
    return await podman.objects({ method: "GET", path: "/libpod/images/json", query });
  };
  const inspect = (name: string) =>
    asked(
      "ImageNotFound",
      name,
      podman.object({ method: "GET", path: pathOf("images", name, "json") }),
    );
  const remove = async (name: string, isForced: boolean) => {
    const path = pathOf("images", name);
    const query = { force: isForced };
    const answer = podman.object({ method: "DELETE", path, query });
    return await asked("ImageNotFound", name, answer);
  };
  return {
    async ListImages() {
      return { images: imagesOf(await list()) };
    },
    async ListImagesWithFilters({ parameters }) {
      return { images: imagesOf(await list(filtersText(parameters.texts("filters")))) };
    },
    async GetImage({ parameters }) {
      const inspected = await inspect(parameters.text("id"));
      const id = inspected.text("Id");
      const image = imagesOf(await list()).find((one) => one.id === id);
      if (image === undefined) {
        throw errorOccurred(`image ${id} went while it was asked for`);
      }
      return {
        image: { ...image, topLayer: inspected.object("RootFS").texts("Layers").at(-1) ?? "" },
      };
    },
    async ImageExists({ parameters }) {
      const path = pathOf("images", parameters.text("name"), "exists");
      return { exists: (await podman.exists(path)) ? 0 : 1 };
    },
    async InspectImage({ parameters }) {
      const { value } = await inspect(parameters.text("name"));
      return { image: JSON.stringify(value) };
    },
    async HistoryImage({ parameters }) {
      const name = parameters.text("name");
      const path = pathOf("images", name, "history");
      const layers = await asked("ImageNotFound", name, podman.objects({ method: "GET", path }));
      return {
        history: layers.map((layer) => ({
          id: layer.text("Id"),
          created: timeText(layer.number("Created")),
          createdBy: layer.text("CreatedBy"),
          tags: layer.texts("Tags"),
          size: layer.integer("Size"),
          comment: layer.text("Comment"),
        })),
      };
    },
    async TagImage({ parameters }) {
      const name = parameters.text("name");
      const path = pathOf("images", name, "tag");
      const query = repositoryAndTag(parameters.text("tagged"));
      await asked("ImageNotFound", name, podman.text({ method: "POST", path, query }));
      return { image: (await inspect(name)).text("Id") };
    },
    async UntagImage({ parameters }) {
      const name = parameters.text("name");
      const tag = parameters.text("tag");
      const image = (await inspect(name)).text("Id");
      const query = tag === "" ? {} : repositoryAndTag(tag);
      const path = pathOf("images", name, "untag");
      await asked("ImageNotFound", name, podman.text({ method: "POST", path, query }));
      return { image };
    },
    async RemoveImage({ parameters }) {
      const name = parameters.text("name");
      const image = (await inspect(name)).text("Id");
      await remove(name, parameters.flag("force"));
      return { image };
    },
    async RemoveImageWithResponse({ parameters }) {
      const removed = await remove(parameters.text("name"), parameters.flag("force"));
      return {
        response: {
          untagged: removed.texts("Untagged"),
          deleted: removed.texts("Deleted").at(-1) ?? removed.text("Deleted"),
        },
      };
    },
    async DeleteUnusedImages() {
      return { images: await prune(podman, { all: true }) };
    },
    async ImagesPrune({ parameters }) {
      const filters = filtersText(parameters.texts("filter"));
      return { pruned: await prune(podman, { all: parameters.flag("all"), filters }) };
    },
    async SearchImages({ parameters }) {
      const filter = parameters.object("filter");
      const filters = {
        ...(filter.has("is_official")
          ? { "is-official": [String(filter.flag("is_official"))] }
          : {}),
        ...(filter.has("is_automated")
          ? { "is-automated": [String(filter.flag("is_automated"))] }
          : {}),
        ...(filter.integer("star_count") > 0
          ? { stars: [String(filter.integer("star_count"))] }
          : {}),
      };
      const query = {
        term: parameters.text("query"),
        limit: parameters.integer("limit") || undefined,
        filters: JSON.stringify(filters),
      };
      const found = await podman.objects({ method: "GET", path: "/libpod/images/search", query });
      return {
        results: found.map((one) => ({
          description: one.text("Description"),
          is_official: one.text("Official") === "[OK]",
          is_automated: one.text("Automated") === "[OK]",
          registry: one.text("Index"),
          name: one.text("Name"),
          star_count: one.integer("Stars"),
        })),
      };
    },
    async ImageTree({ parameters }) {
      const name = parameters.text("name");
      const path = pathOf("images", name, "tree");
      const query = { whatrequires: parameters.flag("whatRequires") };
      const answer = podman.object({ method: "GET", path, query });
      return { tree: (await asked("ImageNotFound", name, answer)).text("Tree") };
    },
  };
}

async function prune(
  podman: Podman,
  query: Readonly<Record<string, string | boolean | undefined>>,
): Promise<string[]> {
  const path = "/libpod/images/prune";
  const pruned = await podman.objects({ method: "POST", path, query });
  return pruned.filter((one) => one.text("Err") === "").map((one) => one.text("Id"));
}

/** "localhost:5000/a:b" in its two parts. */
export function repositoryAndTag(name: string): { repo: string; tag: string } {
  const colon = name.lastIndexOf(":");
  return colon > name.lastIndexOf("/")
    ? { repo: name.slice(0, colon), tag: name.slice(colon + 1) }
    : { repo: name, tag: "latest" };
}

function imagesOf(images: readonly Fields[]) {
  const parents = new Set(images.map((one) => one.text("ParentId")));
  return images.map((one) => ({
    id: one.text("Id"),
    digest: one.text("Digest"),
    digests: one.has("Digests") ? one.texts("Digests") : [one.text("Digest")],
    parentId: one.text("ParentId"),
    repoTags: one.has("RepoTags") ? one.texts("RepoTags") : one.texts("Names"),
    repoDigests: one.texts("RepoDigests"),
    created: one.number("Created") > 0 ? timeText(one.number("Created")) : never,
    size: one.integer("Size"),
    virtualSize: one.integer("VirtualSize") || one.integer("Size"),
    containers: one.integer("Containers"),
    labels: one.map("Labels"),
    isParent: parents.has(one.text("Id")),
    topLayer: "",
    readOnly: one.flag("ReadOnly"),
    history: one.texts("History"),
  }));
}
