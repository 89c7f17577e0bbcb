import type { LockedPackage } from "../resolve/lock.ts";
import type { Manifest } from "./manifest.ts";

export const SBOM_NAME = "sbom.spdx.json";

/** An npm package that is compiled into the agents. */
export interface BundledPackage {
  name: string;
  version: string;
}

type Facts = Pick<Manifest, "version" | "arch" | "suite" | "timeSeconds" | "artifacts">;

/**
 * The software in the image as an SPDX 2.3 document. Its name space is made of the artifacts' hashes
 * instead of a random number, so that the same image has the same document.
 */
export function sbomText(
  facts: Facts,
  packages: readonly LockedPackage[],
  bundled: readonly BundledPackage[],
): string {
  const iso = facts.artifacts.find(({ name }) => name.endsWith(".iso"));
  const image = {
    SPDXID: "SPDXRef-boot2podman",
    name: "boot2podman",
    versionInfo: facts.version,
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    licenseConcluded: "NOASSERTION",
    licenseDeclared: "NOASSERTION",
    copyrightText: "NOASSERTION",
    checksums: iso ? [{ algorithm: "SHA256", checksumValue: iso.sha256 }] : [],
    primaryPackagePurpose: "OPERATING-SYSTEM",
  };
  const parts = [
    ...packages.map((one) => debianPackage(one, facts)),
    ...bundled.map((one) => npmPackage(one)),
  ];
  const document = {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: `boot2podman-${facts.version}-${facts.arch}`,
    documentNamespace: `https://boot2podman.github.io/spdx/${facts.version}-${facts.arch}-${iso?.sha256 ?? "none"}`,
    creationInfo: {
      created: new Date(facts.timeSeconds * 1000).toISOString().replace(".000Z", "Z"),
      creators: [`Tool: boot2podman-build-${facts.version}`],
    },
    packages: [image, ...parts],
    relationships: [
      relationship("SPDXRef-DOCUMENT", "DESCRIBES", image.SPDXID),
      ...parts.map(({ SPDXID }) => relationship(image.SPDXID, "CONTAINS", SPDXID)),
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function debianPackage(one: LockedPackage, facts: Facts) {
  const version = encodeURIComponent(one.version);
  return part(
    `deb-${one.name}`,
    one.name,
    one.version,
    `pkg:deb/debian/${one.name}@${version}?arch=${facts.arch}&distro=${facts.suite}`,
    [{ algorithm: "SHA256", checksumValue: one.sha256 }],
  );
}

function npmPackage({ name, version }: BundledPackage) {
  return part(`npm-${name}`, name, version, `pkg:npm/${name.replace("@", "%40")}@${version}`, []);
}

function part(
  id: string,
  name: string,
  version: string,
  locator: string,
  checksums: { algorithm: string; checksumValue: string }[],
) {
  return {
    // SPDX 2.3: letters, digits, "." and "-" only.
    SPDXID: `SPDXRef-${id.replace(/[^A-Za-z0-9.-]/g, "-")}`,
    name,
    versionInfo: version,
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    licenseConcluded: "NOASSERTION",
    licenseDeclared: "NOASSERTION",
    copyrightText: "NOASSERTION",
    checksums,
    externalRefs: [
      {
        referenceCategory: "PACKAGE-MANAGER",
        referenceType: "purl",
        referenceLocator: locator,
      },
    ],
  };
}

function relationship(from: string, type: string, to: string) {
  return { spdxElementId: from, relationshipType: type, relatedSpdxElement: to };
}
