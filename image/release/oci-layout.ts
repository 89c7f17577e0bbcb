import { createHash } from "node:crypto";
import { linkSync, mkdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256OfFile } from "../fetch/download.ts";

/** A reference to a blob of the layout (OCI image specification, descriptor.md). */
export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  platform?: { architecture: string; os: string };
  annotations?: Record<string, string>;
}

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";
/** An artifact that needs no configuration. */
const emptyType = "application/vnd.oci.empty.v1+json";

/** A folder in the form of an OCI image layout: images by tags, as skopeo and podman copy them to a registry. */
export class OciLayout {
  readonly #blobs: string;
  readonly #tagged: Descriptor[] = [];

  constructor(readonly folder: string) {
    this.#blobs = join(folder, "blobs", "sha256");
    mkdirSync(this.#blobs, { recursive: true });
  }

  /** Adds a file as a blob: by another name for it, where `keep` says that it stays where it is. */
  async file(path: string, mediaType: string, how: "keep" | "move"): Promise<Descriptor> {
    const sha256 = await sha256OfFile(path);
    const size = statSync(path).size;
    const blob = join(this.#blobs, sha256);
    if (how === "keep") {
      linkSync(path, blob);
    } else {
      renameSync(path, blob);
    }
    return { mediaType, digest: `sha256:${sha256}`, size };
  }

  /** Adds JSON data as a blob. */
  json(data: unknown, mediaType: string): Descriptor {
    const text = JSON.stringify(data);
    const sha256 = createHash("sha256").update(text).digest("hex");
    writeFileSync(join(this.#blobs, sha256), text);
    return { mediaType, digest: `sha256:${sha256}`, size: Buffer.byteLength(text) };
  }

  /** Adds the manifest of an image or, without a configuration, of an artifact. */
  manifest(layers: readonly Descriptor[], config?: Descriptor): Descriptor {
    const given = config ?? this.json({}, emptyType);
    return this.json(
      { schemaVersion: 2, mediaType: manifestType, config: given, layers },
      manifestType,
    );
  }

  /** Adds an index, which a tag names. */
  tag(name: string, manifests: readonly Descriptor[]): void {
    const index = this.json({ schemaVersion: 2, mediaType: indexType, manifests }, indexType);
    const annotations = { "org.opencontainers.image.ref.name": name };
    this.#tagged.push({ ...index, annotations });
  }

  /** Writes what makes a folder a layout. */
  finish(): void {
    const write = (name: string, data: unknown) =>
      writeFileSync(join(this.folder, name), JSON.stringify(data));
    write("oci-layout", { imageLayoutVersion: "1.0.0" });
    write("index.json", { schemaVersion: 2, mediaType: indexType, manifests: this.#tagged });
  }
}
